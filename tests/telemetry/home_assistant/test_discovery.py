"""What Home Assistant is told of a home: whole, in its own words, and the same for years."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from pv_heater import load_config
from pv_heater.telemetry.home_assistant.discovery import Announced, announced, as_one, device_id_of, one_by_one
from pv_heater.telemetry.mqtt.topics import Topics
from tests.builders import config, heater
from tests.telemetry.home_assistant.rules import KNOWN, faults

TANK = {"target_c": 60, "max_c": 75, "hot_water": {"volume_l": 200}}


def home(
    *loads: Mapping[str, Any],
    identities: Mapping[str, str] | None = None,
    base: str = "pv_heater",
    commands: bool = True,
    water_heater: bool = False,
    **settings: Any,
) -> Announced:
    values = load_config(config(loads=list(loads), **settings))
    policies = {policy.name: policy for policy in values.policies}
    known = identities or {name: name for name in policies}
    return announced(values.site, policies, known, Topics(base), commands=commands, water_heater=water_heater)


def regulated(name: str = "boiler", **changes: Any) -> dict[str, Any]:
    return {"name": name, "type": "dry_run", "max_power_w": 2000.0, **changes}


def message(told: Announced, gone: Mapping[str, str] | None = None) -> dict[str, Any]:
    [(_, payload)] = as_one(told, "homeassistant", gone or {})
    found: dict[str, Any] = json.loads(payload)
    return found


RELAY = {"pin": "GPIO17", "active_high": True}
OFF_GRID = {"site": {"timezone": "Europe/Vienna", "off_grid": True}}
HOMES = {
    "plain relay": home(heater()),
    "tank, regulated": home(regulated(**TANK), water_heater=True),
    "twelve loads": home(*(regulated(f"load_{number}") for number in range(12))),
    "listens only": home(regulated(**TANK), commands=False),
    "capitals, another topic": home(regulated("Boiler_Süd".replace("ü", "u")), base="home/heater"),
}


@pytest.mark.parametrize("told", HOMES.values(), ids=HOMES.keys())
def test_it_says_nothing_that_home_assistant_refuses(told: Announced) -> None:
    assert faults(message(told)) == []


def test_one_load_with_everything_has_less_than_25_entities_that_are_shown() -> None:
    told = home(regulated(**TANK)).components
    enabled = [key for key, each in told.items() if each.get("enabled_by_default", True)]
    assert len(enabled) < 25
    assert {"pv_w", "load_boiler_mode", "load_boiler_why", "load_boiler_power", "load_boiler_energy"} <= set(enabled)


def test_what_is_measured_expires_and_what_is_set_does_not() -> None:
    told = home(regulated(**TANK)).components
    expires = {key for key, each in told.items() if "expire_after" in each}
    assert {"pv_w", "grid_w", "battery_soc", "load_boiler_power", "load_boiler_temperature"} <= expires
    assert not {key for key in expires if told[key]["p"] != "sensor"}
    assert not expires & {"load_boiler_energy", "load_boiler_target", "load_boiler_phase", "soc_tonight"}


def test_energies_are_counters_in_kilowatt_hours() -> None:
    counters = [each for each in home(heater()).components.values() if each.get("state_class") == "total_increasing"]
    assert {each["unit_of_measurement"] for each in counters if each.get("device_class") == "energy"} == {"kWh"}
    assert home(heater()).components["load_heater_energy"]["state_class"] == "total_increasing"


def test_a_renamed_load_and_a_renamed_home_stay_the_same_entities() -> None:
    before = home(regulated("boiler"), site={"name": "Home", "timezone": "Europe/Vienna"})
    after = home(regulated("tank"), identities={"tank": "boiler"}, site={"name": "Cabin", "timezone": "Europe/Vienna"})
    ids = [[each["unique_id"] for each in told.components.values()] for told in (before, after)]
    assert before.components.keys() == after.components.keys()
    assert ids[0] == ids[1]
    assert before.device["device"]["identifiers"] == after.device["device"]["identifiers"]
    assert after.components["load_boiler_power"]["name"] == "Tank power"


def test_without_commands_nothing_can_be_pressed() -> None:
    told = home(regulated(**TANK), commands=False, water_heater=True).components
    assert {each["p"] for each in told.values()} == {"sensor", "binary_sensor"}
    assert not [key for key, each in told.items() if "command_topic" in each]


def test_no_key_is_of_two_platforms() -> None:
    listens, obeys = home(heater(), commands=False).components, home(heater()).components
    assert {key: listens[key]["p"] for key in listens.keys() & obeys} == {
        key: obeys[key]["p"] for key in listens.keys() & obeys
    }


def test_what_a_home_does_not_have_is_left_out() -> None:
    told = home({"name": "heater", "type": "relay", "max_power_w": 2000, "relay": RELAY}, **OFF_GRID).components
    assert not {"grid_w", "battery_w", "battery_soc", "soc_tonight", "feed_in_energy"} & set(told)
    assert "load_heater_force_power" not in told, "a relay has one power"


def test_what_is_gone_is_retired_beside_what_is_there() -> None:
    told = message(home(heater()), {"load_old_power": "sensor"})
    assert told["components"]["load_old_power"] == {"p": "sensor"}
    assert faults(told) == []


def test_one_message_for_each_entity_says_the_same() -> None:
    told = home(regulated(**TANK))
    single = dict(one_by_one(told, "ha", {"load_old_mode": "select"}))
    assert single.pop("ha/select/pv_heater/load_old_mode/config") == b""
    assert len(single) == len(told.components)
    power = json.loads(single["ha/sensor/pv_heater/load_boiler_power/config"])
    assert power["device"] == told.device["device"]
    assert power["origin"]["name"] == "pv-heater"
    assert power["availability"] == told.device["availability"]
    assert power["unique_id"] == told.components["load_boiler_power"]["unique_id"]
    assert "p" not in power


@pytest.mark.parametrize(
    ("base", "device_id"),
    [("pv_heater", "pv_heater"), ("pv_heater2", "pv_heater2"), ("cabin", "pv_heater_cabin")],
)
def test_the_device_is_known_by_the_first_part_of_the_topics(base: str, device_id: str) -> None:
    assert device_id_of(base) == device_id


def test_first_parts_that_look_the_same_are_two_devices() -> None:
    assert device_id_of("home/heater") != device_id_of("home_heater") != device_id_of("home heater")


def test_the_rules_notice_what_home_assistant_refuses() -> None:
    told = message(home(heater()))
    assert faults({key: value for key, value in told.items() if key != "origin"})
    for slip in ({"p": "lamp"}, {"unit_of_measurement": "W"}, {"unique_id": "gänge"}, {"object_id": "x"}):
        energy = {**told["components"]["load_heater_energy"], **slip}
        assert faults({**told, "components": {"energy": energy}}), slip
    assert "object_id" not in {word for words in KNOWN.values() for word in words}
