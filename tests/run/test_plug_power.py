"""What a load draws by a meter of its own, `power_from:`, through a real server or broker, up to the decision."""

import json
import logging
import time
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from pv_heater.config.load import load_config
from pv_heater.config.presets import PRESETS_FOLDER, preset_words
from pv_heater.errors import BadReply, ConfigError
from pv_heater.io.system.clock import SystemClock
from pv_heater.ports import Tools
from pv_heater.run.sources import LoadPowers
from pv_heater.sensors.values import plug_w
from tests.builders import config, heater
from tests.mqtt_brokers import AmqttBroker, Peer, wait_for
from tests.source_tools import GRAZ, HandClock, no_pins

ENERGY = {"ENERGY": {"Total": 12.3, "Power": 812, "ApparentPower": 830, "Voltage": 231}}
HTTP: dict[str, tuple[str, dict[str, str], Any, Any]] = {
    # path, query, what it answers while it measures, what it answers when it does not
    "shelly_gen2_switch": (
        "/rpc/Switch.GetStatus", {"id": "0"}, {"id": 0, "output": True, "apower": 812.0, "voltage": 231.0},
        {"id": 0, "output": True},
    ),
    "shelly_gen1_relay": (
        "/meter/0", {}, {"power": 812.0, "is_valid": True, "total": 1234}, {"is_valid": False, "power": None},
    ),
    "tasmota": ("/cm", {"cmnd": "Status 10"}, {"StatusSNS": ENERGY}, {"StatusSNS": {"Time": "2026-06-21"}}),
}  # fmt: skip
MQTT: dict[str, tuple[str, Any, Any]] = {
    "tasmota_mqtt": ("tele/washer/SENSOR", ENERGY, {"ENERGY": {"Power": "n/a"}}),
    "zigbee2mqtt": ("zigbee2mqtt/washer", {"state": "ON", "power": 812, "voltage": 231}, {"state": "ON"}),
}


def built(folder: Path, **power_from: Any) -> Any:
    row = load_config(config(loads=[heater(power_from=power_from)])).power_meters["heater"]
    return row.build(Tools(clock=SystemClock(), site=GRAZ, state_dir=folder, pins=no_pins))


def test_every_preset_has_an_example_here() -> None:
    assert sorted([*HTTP, *MQTT]) == preset_words("power_meters")
    for path in PRESETS_FOLDER.glob("power_meters/*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert all(part in text for part in ("# Shape: ", f"preset: {path.stem}")), path


@pytest.mark.parametrize("word", HTTP)
def test_what_a_plug_answers_over_http_is_understood(httpserver: HTTPServer, tmp_path: Path, word: str) -> None:
    path, query, answer, none = HTTP[word]
    wanted = load_config(config(loads=[heater(power_from={"preset": word, "host": "box"})])).power_meters["heater"]
    here = wanted.settings.url.replace("//box", f"//{httpserver.host}:{httpserver.port}")
    plug = built(tmp_path, preset=word, host="box", url=here)
    for body in (answer, none):
        httpserver.expect_oneshot_request(path, query_string=query or None).respond_with_json(body)
    assert plug.read() == 812
    with pytest.raises(BadReply, match="power"):
        plug.read()
    plug.close()


@pytest.mark.parametrize("word", MQTT)
def test_what_a_plug_says_over_mqtt_is_understood(tmp_path: Path, word: str) -> None:
    topic, message, none = MQTT[word]
    with AmqttBroker() as broker, Peer(broker.port) as peer:
        plug = built(tmp_path, preset=word, host="127.0.0.1", port=broker.port, device="washer")
        powers = LoadPowers({"heater": plug}, time.monotonic)
        powers.start()
        # Published until it is heard: the first may be earlier than the subscription.
        wait_for(lambda: peer.publish(topic, json.dumps(message)) or powers.latest(), "the power came")
        power_w, age_s = powers.latest_with_age()["heater"]
        assert (power_w, age_s < 60) == (812, True)
        peer.publish(topic, json.dumps(none))
        wait_for(lambda: powers.status()[0].trouble, "the plug that does not measure is told")
        powers.close()


@pytest.mark.parametrize("value", [None, "", "on", True, [812], {"W": 812}, "NaN", float("inf"), 1e9, -1e9])
def test_what_is_no_power_is_refused(value: Any) -> None:
    with pytest.raises(BadReply):
        plug_w(value, "the plug")


@pytest.mark.parametrize(
    ("value", "scale", "power_w"), [(812, 1.0, 812), ("812.5", 1.0, 812.5), (0.8, 1000.0, 800), (-5, 1.0, -5)]
)
def test_a_number_is_scaled_to_watts(value: Any, scale: float, power_w: float) -> None:
    assert plug_w(value, "the plug", scale=scale) == power_w


def test_a_plug_that_falls_silent_is_left_out_after_its_limit_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    class Plug:
        interval_s, max_age_s = 5.0, 30.0

        def read(self) -> float:
            return 812.0

        def close(self) -> None:
            """Nothing is open."""

    caplog.set_level(logging.INFO)
    clock = HandClock()
    powers = LoadPowers({"washer": Plug()}, clock.monotonic_s)
    powers.poll_once()
    clock.advance(30)
    assert powers.latest_with_age() == {"washer": (812.0, 30.0)}
    clock.advance(1)
    for _ in range(3):
        assert powers.latest() == {}
    lost = [line for line in caplog.messages if "is lost" in line]
    assert lost == [
        "The power of washer is lost, 812.0 W was 31 s ago and the limit is 30 s: its sensor has not answered"
    ]


def test_a_mistake_in_it_is_told_with_its_place() -> None:
    with pytest.raises(ConfigError, match=r"loads\[0\]\.power_from\.type: must be one of mqtt, http, not 'gx'"):
        load_config(config(loads=[heater(power_from={"type": "gx"})]))
