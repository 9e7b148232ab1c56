"""The topics of an earlier balancer: its JSON to the letter, and its orders with an end."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pv_heater.core.model.requests import Mode
from pv_heater.core.settings.mqtt import Balancer
from pv_heater.telemetry.mqtt.balancer import balancer_request, balancer_status
from pv_heater.telemetry.mqtt.request import Refused
from tests.mqtt_brokers import BROKERS, AmqttBroker, Mosquitto, wait_for
from tests.telemetry.mqtt.rig import Listener, telling
from tests.web.rig import WebHome

KEYS = [
    *("date", "date_str", "power_consumption", "power_production", "production_energy", "injection", "grid"),
    *("CLOUD_forecast", "ECS_energy_yesterday", "power_equipments", "power_house", "equipments"),
]


@pytest.fixture
def house() -> WebHome:
    home = WebHome()
    home.tick(pv_w=2000.0, consumption_w=300.0, grid_w=-1700.0)
    return home


@pytest.fixture
def broker() -> Iterator[AmqttBroker | Mosquitto]:
    with BROKERS[-1]() as running:
        yield running


def test_its_status_has_its_keys_in_its_order(house: WebHome) -> None:
    status = house.home.status()
    assert status is not None
    found = balancer_status(status, {"heater": "heater"}, None, ZoneInfo("Europe/Vienna"))
    assert list(found) == KEYS
    assert found["date_str"] == "2026-06-21 13:00:01"
    assert found["date"] == 1_782_039_601
    assert (found["power_consumption"], found["power_production"]) == (300, 2000)
    assert (found["injection"], found["grid"]) == (-1700, 0)
    assert found["power_house"] == 300 - found["power_equipments"]
    assert [list(row) for row in found["equipments"]] == [["name", "current_power", "energy", "overed", "forced"]] * 2
    assert found["equipments"][0] == {
        "name": "heater", "current_power": found["power_equipments"], "energy": 0, "overed": False, "forced": False
    }  # fmt: skip


def test_what_is_not_known_is_null(house: WebHome) -> None:
    house.fields.clear()
    for _ in range(200):
        house.tick()
    status = house.home.status()
    assert status is not None
    found = balancer_status(status, {}, None, ZoneInfo("UTC"))
    assert {found[key] for key in ("power_consumption", "power_production", "injection", "grid", "power_house")} == {
        None
    }


def force(**more: Any) -> dict[str, Any]:
    return {"command": "force", "name": "heater", **more}


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (force(power=700, duration=3600), {"mode": "on", "for_s": 3600, "power_w": 700}),
        (force(name="HEATER", power=99999, duration=60), {"mode": "on", "for_s": 60, "power_w": None}),
        (force(power=0, duration=60), {"mode": "off", "for_s": 60}),
        (force(power=700), {"mode": "on", "for_s": 7200, "power_w": 700}),
        (force(power=700, duration=None), {"mode": "on", "for_s": 7200, "power_w": 700}),
        (force(power=700, duration=1e9), {"mode": "on", "for_s": 604800, "power_w": 700}),
        ({"command": "unforce", "name": "heater"}, {"mode": "auto"}),
    ],
)
def test_its_orders_are_requests_with_an_end(asked: dict[str, Any], wanted: dict[str, Any], house: WebHome) -> None:
    found = balancer_request(json.dumps(asked).encode(), house.home.policies())
    assert found == {"command": "force", "load": "heater", **wanted}


@pytest.mark.parametrize(("power_w", "wanted"), [(700, {"mode": "on", "power_w": 700}), (0, {"mode": "off"})])
def test_without_a_duration_it_is_for_good_where_the_load_may_be_forced_so(
    power_w: float, wanted: dict[str, Any], house: WebHome
) -> None:
    policies = {"heater": replace(house.home.policies()["heater"], forced_without_end=True)}
    found = balancer_request(json.dumps(force(power=power_w)).encode(), policies)
    assert found == {"command": "force", "load": "heater", "for_good": True, **wanted}
    timed = balancer_request(json.dumps(force(power=power_w, duration=60)).encode(), policies)
    assert timed["for_s"] == 60
    assert "for_good" not in timed


@pytest.mark.parametrize(
    "payload",
    [b"", b"1", b'{"command": "force"}', b'{"command": "force", "name": "attic", "power": 5}', b"{",
     b'{"command": "on", "name": "heater"}', b'{"command": "force", "name": "heater", "power": -5}',
     b'{"command": "force", "name": "heater", "power": "all"}', b'{"command": "force", "name": ["heater"]}',
     b'{"command": "force", "name": "heater", "power": NaN}',
     b'{"command": "force", "name": "heater", "duration": true}'],
)  # fmt: skip
def test_what_is_no_order_is_refused(payload: bytes, house: WebHome) -> None:
    with pytest.raises(Refused):
        balancer_request(payload, house.home.policies())


def test_a_force_without_an_end_says_what_it_gets(house: WebHome, caplog: pytest.LogCaptureFixture) -> None:
    balancer_request(b'{"command": "force", "name": "heater", "power": 700}', house.home.policies())
    [said] = caplog.messages
    assert said.startswith("mqtt: heater is forced without a duration; it ends after 2 h 0 min, the usual time.")


def test_at_a_broker_it_is_obeyed_and_told(house: WebHome, broker: AmqttBroker | Mosquitto, tmp_path: Path) -> None:
    with (
        Listener(broker.port, "regul/status", "pv_heater/#") as peer,
        telling(house, tmp_path, broker.port, commands=True, balancer=Balancer()),
    ):
        wait_for(lambda: peer.last("regul/status"), "its status")
        assert list(peer.last("regul/status")) == KEYS
        wait_for(lambda: peer.payloads("pv_heater/availability"), "it is there")
        peer.publish("regul/mode", '{"command": "force", "name": "heater", "power": 0, "duration": 600}')
        wait_for(lambda: peer.payloads("pv_heater/answer"), "an answer")
        house.tick()
        status = house.home.status()
        assert status is not None
        assert status.decision.loads["heater"].mode is Mode.OFF
        wait_for(lambda: peer.last("regul/status")["equipments"][0]["forced"], "it is told so")
