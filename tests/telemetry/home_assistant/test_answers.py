"""What a real Home Assistant made of these announcements, as `make home-assistant` recorded it, still fits them."""

import json
from typing import Any

import pytest

from pv_heater.telemetry.home_assistant.entity import TEXT_CHARACTERS
from tests.telemetry.home_assistant.evening import ANSWERS, BOILER_SETTINGS, KEPT_ATTRIBUTES, PUMP
from tests.telemetry.home_assistant.test_discovery import home

RECORDED: dict[str, Any] = json.loads(ANSWERS.read_text(encoding="utf-8"))
FACTS, ENTITIES = RECORDED["facts"], RECORDED["entities"]
TOLD = {each["unique_id"]: each for each in home(BOILER_SETTINGS, PUMP).components.values()}
EXPECTED = (
    # The broker is killed; a load that is gone has no state any more; one form of discovery takes over from the other.
    "[homeassistant.components.mqtt.client] Error returned from MQTT server",
    "[homeassistant.components.mqtt.entity] Erroneous JSON:",
    "[homeassistant.components.mqtt.entity] Received a conflicting MQTT discovery message",
    "[homeassistant.components.mqtt.discovery] No device components to cleanup",
)
COMPARED = [name for name in KEPT_ATTRIBUTES if name not in ("friendly_name", "options")]


def test_every_entity_that_was_made_is_still_announced_under_the_same_identity() -> None:
    """Whoever changes one makes orphans in every home: statistics of years hang on it."""
    assert set(ENTITIES) <= set(TOLD)
    assert {key: TOLD[key]["default_entity_id"] for key in ENTITIES} == {
        key: row["entity_id"] for key, row in ENTITIES.items()
    }


@pytest.mark.parametrize("key", ENTITIES)
def test_unit_and_kind_are_those_that_it_took(key: str) -> None:
    row, told = ENTITIES[key], TOLD[key]
    for name in COMPARED:
        if name in row:
            assert told[name] == row[name], name
    if told["p"] == "sensor" and told.get("state_class"):
        assert row["state_class"] == told["state_class"]
    assert row["state"] != "unavailable"


def test_it_made_all_of_them_and_took_every_command() -> None:
    assert FACTS["made"] == FACTS["announced"] == len(ENTITIES)
    words = " ".join(FACTS["commands that arrived"])
    assert all(kind in words for kind in ("select/", "number/", "button/", "switch/"))
    assert FACTS["status of a number beyond its limits"] >= 400


def test_its_energy_dashboard_found_nothing_wrong() -> None:
    checked = FACTS["energy/validate"]
    assert set(checked) >= {"energy_sources", "device_consumption"}
    assert not [issue for part in checked.values() for rows in part for issue in rows]
    assert "sensor.pv_heater_water_heater_energy" in FACTS["statistics"]


def test_kills_and_restarts_left_nothing_wrong() -> None:
    assert FACTS["seconds until a killed program is gone"] < 60
    assert FACTS["told again within 10 s of its birth"]
    assert FACTS["energy after its restart"] == "a number"
    assert FACTS["entities of a load that is gone"] == 0
    assert FACTS["name of a renamed load's power"].endswith("Hot tank power")


def test_sentences_were_cut_and_no_number_was_none() -> None:
    cut, whole = FACTS["characters of a long reason"]
    assert cut == TEXT_CHARACTERS < whole
    assert FACTS["messages with NaN"] == 0
    assert {line for line in FACTS["complaints of Home Assistant"] if not line.startswith(EXPECTED)} == set()
