"""Every preset for an output over MQTT, with a device that speaks as the real one does, through a real broker."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import field
from pathlib import Path
from typing import Any

import pytest

from pv_heater.config.load import load_config
from pv_heater.config.presets import PRESETS_FOLDER, preset_words
from pv_heater.config.yaml_lines import read_document
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import OFF
from tests.builders import config
from tests.loads.mqtt_devices import Device, as_json, confirmed, on, running
from tests.mqtt_brokers import BROKERS, AmqttBroker, Mosquitto, wait_for

Reply = Callable[[str, str], list[tuple[str, str]]]
MAX_W = 1000.0


def tasmota_relay(_topic: str, text: str) -> list[tuple[str, str]]:
    return [("stat/t1/RESULT", as_json(POWER=text)), ("stat/t1/POWER", text)]


def tasmota_dimmer(_topic: str, text: str) -> list[tuple[str, str]]:
    power = "OFF" if text == "0" else "ON"
    # Switched off, it remembers the level it had.
    return [("stat/t1/RESULT", as_json(POWER=power, Dimmer=int(text) or 40)), ("stat/t1/POWER", power)]


class ShellyGen1:
    """Says its state when it changes, and when it is asked."""

    def __init__(self) -> None:
        self.state = "off"

    def __call__(self, topic: str, text: str) -> list[tuple[str, str]]:
        changed = topic.endswith("/0/command") and text != self.state
        self.state = text if changed else self.state
        return [("shellies/s1/relay/0", self.state)] if changed or text == "update" else []


class ShellyGen2:
    """Answers a request at the topic of whom it came from."""

    def __init__(self) -> None:
        self.output = False

    def __call__(self, _topic: str, text: str) -> list[tuple[str, str]]:
        request = json.loads(text)
        result: dict[str, Any] = {"id": 0, "output": self.output, "apower": 0.0}
        if request["method"] == "Switch.Set":
            result = {"was_on": self.output}
            self.output = request["params"]["on"]
            assert request["params"].get("toggle_after") == (300 if self.output else None)
        return [(f"{request['src']}/rpc", as_json(id=request["id"], src="shelly1", dst=request["src"], result=result))]


class Zigbee2Mqtt:
    def __init__(self) -> None:
        self.state = "OFF"

    def __call__(self, topic: str, text: str) -> list[tuple[str, str]]:
        if topic.endswith("/set"):
            self.state = json.loads(text)["state"]
        return [("zigbee2mqtt/plug1", as_json(state=self.state, linkquality=94))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What an owner gives beside host and name, what the device hears, and how it answers."""

    given: dict[str, Any]
    topic: str
    half: str
    """What it hears for half of its power, or for all of a load that can only be on."""
    off: str
    reply: Callable[[], Reply] = field(default=lambda: lambda _topic, _text: [])
    listen: tuple[str, ...] = ()


EXAMPLES = {
    "domoticz_mqtt_switch": Example(
        given={"idx": 359},
        topic="domoticz/in",
        half='{"command":"switchlight","idx":359,"switchcmd":"On"}',
        off='{"command":"switchlight","idx":359,"switchcmd":"Off"}',
    ),
    "domoticz_mqtt_dimmer": Example(
        given={"idx": 41},
        topic="domoticz/in",
        half='{"command":"switchlight","idx":41,"switchcmd":"Set Level","level":50}',
        off='{"command":"switchlight","idx":41,"switchcmd":"Off"}',
    ),
    "tasmota_mqtt_relay": Example(
        given={"device": "t1"}, topic="cmnd/t1/POWER", half="ON", off="OFF", reply=lambda: tasmota_relay
    ),
    "tasmota_mqtt_dimmer": Example(
        given={"device": "t1"}, topic="cmnd/t1/Dimmer", half="50", off="0", reply=lambda: tasmota_dimmer
    ),
    "shelly_gen1_mqtt_relay": Example(
        given={"device": "s1"},
        topic="shellies/s1/relay/0/command",
        half="on",
        off="off",
        reply=ShellyGen1,
        listen=("shellies/s1/command",),
    ),
    "shelly_gen2_mqtt_relay": Example(
        given={"device": "shelly1"},
        topic="shelly1/rpc",
        half='{"id":1,"src":"shelly1/pv_heater","method":"Switch.Set", "params":{"id":0,"on":true,"toggle_after":300}}',
        off='{"id":1,"src":"shelly1/pv_heater","method":"Switch.Set","params":{"id":0,"on":false}}',
        reply=ShellyGen2,
    ),
    "zigbee2mqtt_plug": Example(
        given={"device": "plug1"},
        topic="zigbee2mqtt/plug1/set",
        half='{"state":"ON"}',
        off='{"state":"OFF"}',
        reply=Zigbee2Mqtt,
        listen=("zigbee2mqtt/plug1/get",),
    ),
    "xlyric_dimmer_mqtt": Example(
        given={"device": "dimmer-1A2B"},
        topic="Xlyric/dimmer-1A2B/command/number/powdimmer",
        half='{"powdimmer":50}',
        off='{"powdimmer":0}',
    ),
}


def mqtt_words() -> list[str]:
    return [word for kind in ("mqtt_switch", "mqtt_variator") for word in preset_words("loads", kind)]


@pytest.fixture(scope="module")
def broker() -> Iterator[AmqttBroker | Mosquitto]:
    with BROKERS[-1]() as broker:
        yield broker


def test_every_preset_over_mqtt_has_an_example_here() -> None:
    assert set(mqtt_words()) == set(EXAMPLES)


@pytest.mark.parametrize("word", EXAMPLES)
def test_a_device_hears_its_own_words_and_is_believed(word: str, broker: Mosquitto, tmp_path: Path) -> None:
    example = EXAMPLES[word]
    row = {"preset": word, "max_power_w": MAX_W, "host": "127.0.0.1", **example.given}
    power_w = MAX_W / 2 if "dimmer" in word else MAX_W
    with (
        Device(broker.port, example.topic, reply=example.reply(), listen=example.listen) as device,
        running(tmp_path, broker.port, **row) as load,
    ):
        confirmed(load, OFF)
        wait_for(lambda: example.off in device.commands, "what it hears for off")
        confirmed(load, on(power_w))
        wait_for(lambda: example.half in device.commands, f"what it hears for {power_w} W")
        confirmed(load, OFF)


@pytest.mark.parametrize("word", EXAMPLES)
def test_the_file_of_a_preset_says_where_its_shape_is_from_and_how_it_is_used(word: str, tmp_path: Path) -> None:
    path = PRESETS_FOLDER / "loads" / f"{word}.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("# Shape: ") for line in lines)
    assert all(len(line) <= 120 for line in lines)
    example = next(line for line in lines if line.startswith("#     - {preset: "))
    file = tmp_path / "config.yaml"
    file.write_text(f"loads:\n  {example[6:]}\nmeter: {{type: recording, path: x}}\n", encoding="utf-8")
    row = read_document(file).values["loads"][0]
    assert row["preset"] == word
    load_config(config(loads=[row]))
