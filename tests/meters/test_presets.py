"""Every preset in Files/presets/meters, with an example of what its device sends, through a real server or broker."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from pv_heater.config.load import load_config
from pv_heater.config.presets import PRESETS_FOLDER, preset_words
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import Reading
from tests.mqtt_brokers import AmqttBroker, Peer, wait_for
from tests.source_tools import tools_for

EM1 = {
    "id": 0, "current": 1.2, "voltage": 231.4, "act_power": -245.6, "aprt_power": 278.1, "pf": -0.88, "freq": 50.0,
    "calibration": "factory",
}  # fmt: skip
EM = {
    "id": 0, "a_voltage": 230.1, "a_act_power": 120.5, "b_act_power": -300.0, "c_act_power": 20.0, "n_current": None,
    "total_current": 2.1, "total_act_power": -159.5, "total_aprt_power": 500.2, "user_calibrated_phase": [],
}  # fmt: skip
EM_READING = {"grid_w": -159.5, "grid_phase_w": (120.5, -300.0, 20.0)}
TASMOTA = {
    "Time": "1970-01-01T00:00:12",
    "ENERGY": {"TotalStartTime": "2026-01-01T00:00:00", "Total": 3.7, "Power": 152, "Voltage": 230, "Current": 0.71},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What a device sends where, what a user must give, and what the reading must be then."""

    sends: Mapping[str, Any]
    """By path with query, or by topic. A text is sent as it is."""
    reads: Mapping[str, Any]
    given: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """What the device wants to see in the request."""


EXAMPLES = {
    "pzem_power": Example(
        sends={"smeter/pzem/PRODUCTION": {"power": 2000}, "smeter/pzem/CONSOMMATION": {"power": 300.5}},
        reads={"pv_w": 2000.0, "consumption_w": 300.5},
    ),
    "pzem_vcpe": Example(
        sends={
            "pzem/0": {"v": 230.1, "c": 1.3, "p": 299, "e": 40123},
            "pzem/1": {"v": 231.0, "c": 5.2, "p": 1196, "e": 90001},
        },
        reads={"pv_w": 1196.0, "consumption_w": 299.0},
    ),
    "shelly_pro_3em_mqtt": Example(
        sends={"shellypro3em-1/status/em:0": EM}, reads=EM_READING, given={"device": "shellypro3em-1"}
    ),
    "shelly_pro_em_mqtt": Example(
        sends={"em/status/em1:1": EM1}, reads={"grid_w": -245.6}, given={"device": "em", "channel": 1}
    ),
    "tasmota_mqtt": Example(
        sends={"tele/tasmota_1/SENSOR": TASMOTA}, reads={"grid_w": 152.0}, given={"device": "tasmota_1"}
    ),
    "home_assistant_statestream": Example(
        sends={"homeassistant/sensor/grid_power/state": "-120.5"},
        reads={"grid_w": -120.5},
        given={"grid": "grid_power"},
    ),
    "esp_router_pv": Example(
        sends={
            "/api/routeur": {"FID": 4187, "EIB": 2092.7, "MPC": 37.5, "REE": -90.43, "POR": 784.7, "SPL": 57, "VO2": 0}
        },
        reads={"grid_w": 90.43},
    ),
    "pv_router_text": Example(sends={"/state": "Injection;-120;35"}, reads={"grid_w": -120.0}),
    "pv_router_esp32": Example(
        sends={"/state": {"state": "Injection", "watt": -87, "dimmer": 350, "temperature": "48.6", "relay1": 0}},
        reads={"grid_w": -87.0},
    ),
    "shelly_em": Example(
        sends={"/status": {"emeters": [{"power": 9.9, "is_valid": True}, {"power": -512.3, "is_valid": True}]}},
        reads={"grid_w": -512.3},
        given={"channel": 1},
    ),
    "shelly_3em": Example(
        sends={"/status": {"emeters": [{"power": 1.5}, {"power": 2}, {"power": -10}], "total_power": -6.5}},
        reads={"grid_w": -6.5, "grid_phase_w": (1.5, 2.0, -10.0)},
    ),
    "shelly_pro_em": Example(sends={"/rpc/EM1.GetStatus?id=0": EM1}, reads={"grid_w": -245.6}),
    "shelly_em_gen3": Example(sends={"/rpc/EM1.GetStatus?id=1": EM1}, reads={"grid_w": -245.6}, given={"channel": "1"}),
    "shelly_pro_3em": Example(sends={"/rpc/EM.GetStatus?id=0": EM}, reads=EM_READING),
    "tasmota": Example(sends={"/cm?cmnd=Status 8": {"StatusSNS": TASMOTA}}, reads={"grid_w": 152.0}),
    "home_assistant": Example(
        sends={"/api/states/sensor.grid": {"entity_id": "sensor.grid", "state": "431.0", "attributes": {"unit": "W"}}},
        reads={"grid_w": 431.0},
        given={"grid": "sensor.grid", "token": "abc"},
        headers={"Authorization": "Bearer abc"},
    ),
}


@pytest.fixture(scope="module")
def broker() -> Iterator[AmqttBroker]:
    with AmqttBroker() as broker:
        yield broker


def meter_of(word: str, state_dir: Path, **given: Any) -> Any:
    rows = {"meter": {"preset": word, **given}, "loads": [{"name": "a", "type": "dry_run", "max_power_w": 1000}]}
    return load_config(rows).meter[0].build(tools_for(state_dir))


def payload(sent: Any) -> str:
    return sent if isinstance(sent, str) else json.dumps(sent)


def as_expected(reading: Reading, example: Example) -> bool:
    names = ("pv_w", "consumption_w", "grid_w", "battery_w", "battery_v", "battery_soc_percent")
    read = {name: value for name in names if (value := getattr(reading, name)) is not None}
    if reading.grid_phase_w:
        read["grid_phase_w"] = reading.grid_phase_w
    return read == dict(example.reads)


@pytest.mark.parametrize("word", preset_words("meters", "mqtt"))
def test_a_preset_over_mqtt_reads_what_its_device_publishes(word: str, broker: AmqttBroker, tmp_path: Path) -> None:
    example = EXAMPLES[word]
    meter = meter_of(word, tmp_path, host="127.0.0.1", port=broker.port, **example.given)
    readings: list[Reading] = []
    reader = threading.Thread(target=lambda: readings.append(meter.read()), daemon=True)
    reader.start()
    with Peer(broker.port) as peer:

        def publish_until_read() -> bool:
            for topic, sent in example.sends.items():
                peer.publish(topic, payload(sent))
            return bool(readings)

        wait_for(publish_until_read, "a reading")
    meter.close()
    assert as_expected(readings[0], example), readings


@pytest.mark.parametrize("word", preset_words("meters", "http"))
def test_a_preset_over_http_reads_what_its_device_answers(word: str, httpserver: HTTPServer, tmp_path: Path) -> None:
    example = EXAMPLES[word]
    for where, sent in example.sends.items():
        path, _, query = where.partition("?")
        asked = dict([query.split("=")]) if query else None
        handler = httpserver.expect_request(path, query_string=asked, headers=dict(example.headers))
        handler.respond_with_data(payload(sent))
    # Home Assistant has a port of its own; the others are at the port of the web, here with the address.
    given = (
        {"host": "127.0.0.1", "port": httpserver.port}
        if word == "home_assistant"
        else {"host": f"127.0.0.1:{httpserver.port}"}
    )
    meter = meter_of(word, tmp_path, **given, **example.given)
    assert as_expected(meter.read(), example)
    meter.close()


def test_every_preset_has_an_example_here_and_says_where_its_shape_is_from() -> None:
    paths = sorted((PRESETS_FOLDER / "meters").glob("*.yaml"))
    assert {path.stem for path in paths} == set(EXAMPLES)
    for path in paths:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert any(line.startswith("# Shape: ") for line in lines), path.name
        assert f"preset: {path.stem}" in path.read_text(encoding="utf-8"), f"{path.name} shows no example of its use"
        assert all(len(line) <= 120 for line in lines), path.name


@pytest.mark.parametrize("word", EXAMPLES)
def test_the_example_in_the_comment_of_a_preset_is_one_that_loads(word: str, tmp_path: Path) -> None:
    lines = (PRESETS_FOLDER / "meters" / f"{word}.yaml").read_text(encoding="utf-8").splitlines()
    example = [line[6:] for line in lines if line.startswith(("#     meter:", "#       "))]
    path = tmp_path / "config.yaml"
    (tmp_path / "ha-token").write_text("abc", encoding="utf-8")
    path.write_text("\n".join([*example, "loads: [{name: a, type: dry_run, max_power_w: 1000}]"]), encoding="utf-8")
    assert load_config(path).meter[0].type in ("mqtt", "http")
