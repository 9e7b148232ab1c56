"""Every preset for a probe, with what such a device sends, through a real server or broker."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from pv_heater.config.load import load_config
from pv_heater.config.presets import PRESETS_FOLDER, preset_words
from pv_heater.errors import BadReply
from pv_heater.io.system.clock import SystemClock
from pv_heater.ports import Tools
from pv_heater.run.sources import LoadTemperatures
from tests.builders import config, heater
from tests.mqtt_brokers import AmqttBroker, Peer, wait_for
from tests.source_tools import GRAZ, no_pins

TASMOTA = {"Time": "2026-06-21T11:00:00", "DS18B20": {"Id": "0316A2795EFF", "Temperature": 48.6}, "TempUnit": "C"}
HTTP: dict[str, tuple[dict[str, Any], str, dict[str, str], Any, Any]] = {
    # what the owner writes beside the preset, path, query, what a probe answers, what it answers when it is lost
    "xlyric_dimmer": ({}, "/state", {}, {"dimmer": 35, "temperature": "48.6"}, {"dimmer": 0, "temperature": "99.9"}),
    "tasmota": ({}, "/cm", {"cmnd": "Status 10"}, {"StatusSNS": TASMOTA}, {"StatusSNS": {"Time": "2026-06-21"}}),
    "shelly_addon": (
        {}, "/rpc/Temperature.GetStatus", {"id": "100"}, {"id": 100, "tC": 48.6, "tF": 119.5},
        {"id": 100, "tC": None, "tF": None, "errors": ["read"]},
    ),
    "shelly_1_addon": (
        {}, "/status", {}, {"ext_temperature": {"0": {"hwID": "28ff", "tC": 48.6, "tF": 119.5}}},
        {"ext_temperature": {}},
    ),
    "home_assistant": (
        {"token": "a-long-token", "entity": "sensor.boiler"}, "/api/states/sensor.boiler", {},
        {"entity_id": "sensor.boiler", "state": "48.6"}, {"entity_id": "sensor.boiler", "state": "unavailable"},
    ),
}  # fmt: skip
MQTT: dict[str, tuple[dict[str, Any], str, Any, Any]] = {
    "tasmota_mqtt": (
        {"device": "boiler"}, "tele/boiler/SENSOR", TASMOTA, {**TASMOTA, "DS18B20": {"Temperature": 85.0}}),
    "zigbee2mqtt": (
        {"device": "boiler"}, "zigbee2mqtt/boiler", {"battery": 90, "temperature": 48.6}, {"battery": 90}),
}  # fmt: skip


def built(folder: Path, **temperature_from: Any) -> Any:
    row = load_config(config(loads=[heater(temperature_from=temperature_from)])).temperatures["heater"]
    return row.build(Tools(clock=SystemClock(), site=GRAZ, state_dir=folder, pins=no_pins))


def test_every_preset_has_an_example_here() -> None:
    assert sorted([*HTTP, *MQTT]) == preset_words("sensors")
    for path in PRESETS_FOLDER.glob("sensors/*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert all(part in text for part in ("# Shape: ", f"preset: {path.stem}")), path


@pytest.mark.parametrize("word", HTTP)
def test_what_a_device_answers_over_http_is_understood(httpserver: HTTPServer, tmp_path: Path, word: str) -> None:
    own, path, query, answer, lost = HTTP[word]
    url = load_config(config(loads=[heater(temperature_from={"preset": word, "host": "box", **own})]))
    wanted = url.temperatures["heater"].settings.url
    here = wanted.replace("//box:8123", "//box").replace("//box", f"//{httpserver.host}:{httpserver.port}")
    sensor = built(tmp_path, preset=word, host="box", url=here, **own)
    headers = {"Authorization": "Bearer a-long-token"} if "token" in own else None
    for body in (answer, lost):
        httpserver.expect_oneshot_request(path, query_string=query or None, headers=headers).respond_with_json(body)
    assert sensor.read() == 48.6
    with pytest.raises(BadReply):
        sensor.read()
    sensor.close()


@pytest.mark.parametrize("word", MQTT)
def test_what_a_device_says_over_mqtt_is_understood(tmp_path: Path, word: str) -> None:
    own, topic, message, lost = MQTT[word]
    with AmqttBroker() as broker, Peer(broker.port) as peer:
        sensor = built(tmp_path, preset=word, host="127.0.0.1", port=broker.port, **own)
        temperatures = LoadTemperatures({"heater": sensor}, time.monotonic)
        temperatures.start()
        # Published until it is heard: the first may be earlier than the subscription.
        wait_for(lambda: peer.publish(topic, json.dumps(message)) or temperatures.latest(), "the temperature came")
        assert temperatures.latest() == {"heater": 48.6}
        peer.publish(topic, json.dumps(lost))
        wait_for(lambda: temperatures.status()[0].trouble, "the lost probe is told")
        temperatures.close()
