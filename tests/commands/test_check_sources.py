"""`main.py check` asks every source once, and says what it answered or what is wrong with it."""

import time
from pathlib import Path
from typing import Any

import pytest

from bench.doubles.gx_mqtt import PORTAL_ID, GxPeer
from pv_heater.commands.check import check_all
from pv_heater.config.load import load_config
from tests.builders import config, heater
from tests.mqtt_brokers import AmqttBroker, free_port
from tests.vrm_server import VrmServer

HOUSE = {
    "system/0/Ac/Grid/L1/Power": 10, "system/0/Ac/Consumption/L1/Power": 500, "system/0/Dc/Pv/Power": 3000,
    "system/0/Dc/Battery/Power": 2500, "system/0/Dc/Battery/Soc": 97, "system/0/SystemType": "ESS",
    "system/0/Ac/ActiveIn/Source": 1, "system/0/Ac/ActiveIn/ServiceType": "grid", "grid/30/Ac/Power": 10,
    "solarcharger/280/MppOperationMode": 1, "system/0/Dc/System/Power": 120,
}  # fmt: skip


def test_each_meter_probe_and_forecast_has_a_line_of_its_own(tmp_path: Path) -> None:
    probe = tmp_path / "28-0316a2b3"
    probe.mkdir()
    (probe / "w1_slave").write_text("a1 01 4b 46 7f ff 0c 10 5e : crc=5e YES\na1 01 4b 46 7f ff 0c 10 5e t=48625\n")
    (probe / "temperature").write_text("48625\n")
    with AmqttBroker() as broker, GxPeer(broker.port, HOUSE), VrmServer() as vrm:
        vrm.values.update({"Pdc": 3000.0})
        settings = load_config(config(
            meter=[
                {"type": "gx_mqtt", "host": "127.0.0.1", "port": broker.port, "portal_id": PORTAL_ID},
                {"type": "vrm", "base_url": vrm.url, "token": vrm.token, "installation_id": vrm.installation_id},
                {"type": "mqtt", "host": "127.0.0.1", "port": free_port(), "values": {"grid_w": {"topic": "g"}}},
            ],
            forecast={"type": "clear_sky"},
            loads=[heater(max_c=60, temperature_from={"type": "ds18b20", "folder": str(tmp_path)})],
        ))  # fmt: skip
        report = check_all(settings)
    said = {finding.what: finding for finding in report.findings}
    gx = said["meter gx_mqtt"].says
    for part in (
        "pv_w 3000", "consumption_w 500", "grid_w 10", "battery_soc_percent 97", "PV is throttled", "0 s old",
        "dc_load_w 120", "fed by the grid",
    ):  # fmt: skip
        assert part in gx
    assert "pv_w 3000" in said["meter vrm"].says
    assert said["meter vrm"].says.endswith("by VRM's REST API")
    assert said["meter mqtt"].exit_code == 5
    assert "cannot be reached" in said["meter mqtt"].says
    assert said["loads.heater.temperature_from ds18b20"].says.startswith("48.6 degC")
    assert said["forecast clear_sky"].exit_code == 5, "this home has no modules in site.pv"
    assert report.exit_code == 5


@pytest.mark.parametrize(
    ("age_s", "limits", "text"),
    [
        (7200.0, {}, "is 2 h 0 min old"),
        (400.0, {}, "The limit is 180 s"),
        (100.0, {"max_reading_age_s": 90}, "The limit is 90 s"),
        (-4000.0, {}, "ahead of this machine's clock"),
    ],
    ids=["two hours old", "older than three log intervals", "older than its owner allows", "from the future"],
)
def test_a_reading_that_nothing_may_be_decided_from_is_wrong(age_s: float, limits: dict[str, Any], text: str) -> None:
    with VrmServer() as vrm:
        vrm.age_s = age_s
        meter = {"type": "vrm", "base_url": vrm.url, "token": vrm.token, "installation_id": vrm.installation_id}
        report = check_all(load_config(config(meter=meter, limits=limits)))
    found = next(finding for finding in report.findings if finding.what == "meter vrm")
    assert text in found.says
    assert (found.exit_code, report.exit_code) == (5, 5)


def test_limits_that_this_meter_can_never_judge_are_named() -> None:
    with VrmServer() as vrm:
        del vrm.values["g1"]
        meter = {"type": "vrm", "base_url": vrm.url, "token": vrm.token, "installation_id": vrm.installation_id}
        report = check_all(load_config(config(meter=meter, limits={"max_phase_w": 4000})))
    limits = [finding for finding in report.findings if finding.what == "limits"]
    assert [(finding.exit_code, finding.says) for finding in limits] == [
        (2, "max_phase_w is set, but no meter reports phases: nothing would ever heat")
    ]


def test_a_portal_says_which_of_its_two_ways_answers_and_for_how_long_the_token_lasts() -> None:
    with VrmServer() as vrm:
        vrm.tokens[0]["expires"] = f"{time.time() + 20.5 * 86_400:.0f}"
        meter = {"type": "vrm", "base_url": vrm.url, "token": vrm.token, "installation_id": vrm.installation_id}
        report = check_all(load_config(config(meter=meter)))
    (said,) = (finding.says for finding in report.findings if finding.what == "meter vrm")
    why_not = "not live: VRM does not tell the site's portal ID"
    assert said.endswith(f"by VRM's REST API, {why_not}; the access token is valid for 20 more days")
