"""The energies of the day: where the loads had it from, what was lost and why, and that it all adds up."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from pv_heater import ClearFault, Force, Mode
from pv_heater.core.loads.lost_sun import BY_RULE
from pv_heater.core.model.day_energies import DayEnergies, Lost
from pv_heater.core.model.lean import to_jsonable
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.values import Forecast
from pv_heater.run.day_summary import WHY_LOST
from tests.builders import NOON, House, config, forecast, heater

HOUR_S = 3600


def lived(house: House, seconds: int = HOUR_S, from_s: int = 0, step_s: int = 60, **fields: Any) -> DayEnergies:
    """The day after these seconds of the same weather."""
    for second in range(from_s, from_s + seconds + 1, step_s):
        decision = house.at(second, **fields)
    assert decision.today is not None
    assert sum(decision.today.lost_wh.values()) + decision.today.caught_wh == pytest.approx(decision.today.possible_wh)
    return decision.today


def settings(*loads: dict[str, Any], **changes: Any) -> dict[str, Any]:
    site = {**config()["site"], "feed_in": True}
    return config(site=site, loads=list(loads) or [heater()], **changes)


SUNNY = {"pv_w": 3000.0, "consumption_w": 2500.0, "grid_w": -500.0, "battery_soc_percent": 100.0}
"""500 W of house, 2 kW of heater, and 500 W that go to the grid."""


def test_what_the_heater_took_and_what_it_could_not_take_are_the_sun_that_was_possible() -> None:
    house = House(settings())
    lived(house, 300, **SUNNY)
    before = house.decisions[-1][1].today
    assert before is not None
    today = lived(house, HOUR_S, from_s=300, **SUNNY)
    assert today.caught_wh - before.caught_wh == pytest.approx(2000)
    assert today.lost_wh[Lost.HEATER_TOO_SMALL] - before.lost_wh.get(Lost.HEATER_TOO_SMALL, 0) == pytest.approx(500)
    assert (today.bought_wh, today.battery_drain_wh, today.hidden_wh) == (0, 0, 0)
    assert today.loads["heater"].sun_wh == pytest.approx(today.caught_wh)
    assert today.loads["heater"].energy_wh == house.decisions[-1][1].loads["heater"].energy_wh
    assert today.pv_wh == pytest.approx(3000 * 3900 / 3600)
    assert today.feed_in_wh == pytest.approx(500 * 3900 / 3600)
    assert today.seen_s == 3900


def test_a_forced_heater_by_night_is_bought_or_drained_and_no_sun_is_lost() -> None:
    house = House(settings())
    force = {"commands": (Force(load="heater", mode=Mode.ON, for_s=7200),)}
    house.at(0, pv_w=0.0, consumption_w=500.0, grid_w=500.0, inputs=force)
    night = {"pv_w": 0.0, "consumption_w": 2500.0, "grid_w": 1500.0, "battery_soc_percent": 80.0}
    today = lived(house, HOUR_S, from_s=60, **night)
    assert today.caught_wh == 0
    assert today.bought_wh == pytest.approx(1500, rel=0.03)
    assert today.battery_drain_wh == pytest.approx(500, rel=0.05)
    assert not today.lost_wh


IDLE = {"pv_w": 3000.0, "consumption_w": 500.0, "grid_w": -2500.0, "battery_w": 0.0, "battery_soc_percent": 100.0}


@pytest.mark.parametrize(
    ("load", "inputs", "changes", "why"),
    [
        ({}, {"commands": (Force(load="heater", mode=Mode.OFF, for_s=9000),)}, {}, Lost.LOAD_OFF_BY_OWNER),
        ({}, {"health": {"heater": "the relay does not answer"}}, {}, Lost.FAULT),
        ({}, {"unreachable": {"heater": "no answer"}}, {}, Lost.FAULT),
        ({}, {"wishes": {"heater": Mode.OFF}}, {}, Lost.RULE),
        ({}, {}, {"limits": {"max_house_w": 400}}, Lost.LIMIT),
        ({}, {}, {"limits": {"daylight": {"from": "03:00", "to": "04:00"}}}, Lost.RULE),
        ({"target_c": 40}, {"load_c": {"heater": 60.0}}, {}, Lost.LOAD_FULL),
        ({"type": "dry_run", "start_delay_s": 3600}, {}, {}, Lost.NOT_SEEN),
    ],
)
def test_who_kept_the_heater_off_answers_for_what_it_could_have_taken(
    load: dict[str, Any], inputs: dict[str, Any], changes: dict[str, Any], why: Lost
) -> None:
    house = House(settings(heater(**load), **changes))
    for second in range(0, 1801, 60):
        once = "commands" in inputs and second > 0
        today = house.at(second, inputs={} if once else inputs, **IDLE).today
    assert today is not None
    total_wh = sum(today.lost_wh.values())
    assert total_wh == pytest.approx(1250, rel=0.05)
    assert today.lost_wh[why] == pytest.approx(0.8 * total_wh, rel=0.05)
    assert today.lost_wh[Lost.HEATER_TOO_SMALL] == pytest.approx(0.2 * total_wh, rel=0.05)


def test_a_full_load_is_blamed_only_for_what_the_others_could_not_take() -> None:
    house = House(settings(heater("tank", target_c=40), heater("room")))
    inputs = {"load_c": {"tank": 60.0}, "commands": (Force(load="room", mode=Mode.OFF, for_s=9000),)}
    house.at(0, inputs=inputs, **IDLE)
    today = lived(house, HOUR_S, from_s=60, inputs={"load_c": {"tank": 60.0}}, **IDLE)
    assert today.lost_wh[Lost.LOAD_OFF_BY_OWNER] == pytest.approx(2000, rel=0.05)
    assert today.lost_wh[Lost.LOAD_FULL] == pytest.approx(500, rel=0.05)


def test_sun_that_throttled_chargers_hide_is_estimated_by_the_forecast_as_the_day_corrects_it() -> None:
    house = House(config())
    seen = forecast(pv_w=4000.0)
    off = {"commands": (Force(load="heater", mode=Mode.OFF, for_s=20_000),)}
    house.at(0, with_forecast=seen, inputs=off, pv_w=2000.0, consumption_w=500.0, battery_soc_percent=60.0)
    half = {"pv_w": 2000.0, "consumption_w": 500.0, "battery_soc_percent": 60.0, "pv_throttled": False}
    lived(house, 3 * HOUR_S, from_s=60, with_forecast=seen, **half)
    held = {"pv_w": 500.0, "consumption_w": 500.0, "battery_soc_percent": 100.0, "pv_throttled": True}
    today = lived(house, HOUR_S, from_s=3 * HOUR_S + 120, with_forecast=seen, **held)
    assert today.pv_possible_w == pytest.approx(2000, rel=0.1), "the day gave half of what was expected"
    assert today.hidden_wh == pytest.approx(1500, rel=0.15)
    assert today.lost_wh == {Lost.LOAD_OFF_BY_OWNER: pytest.approx(today.hidden_wh)}


def test_without_throttling_the_sun_is_what_it_gives_and_without_a_reading_nobody_knows() -> None:
    house = House(settings())
    assert lived(house, 600, **SUNNY).pv_possible_w == 3000.0
    before = house.decisions[-1][1].today
    silent = house.at(5 * HOUR_S, silent=True).today
    assert silent is not None
    assert before is not None
    assert silent.pv_possible_w is None
    assert silent.pv_wh == before.pv_wh
    assert silent.seen_s == before.seen_s


def test_what_the_battery_sells_is_no_lost_sun() -> None:
    today = lived(
        House(settings()), pv_w=0.0, consumption_w=500.0, grid_w=-1500.0, battery_w=-2000.0, battery_soc_percent=90.0
    )
    assert today.feed_in_wh == pytest.approx(1500)
    assert not today.lost_wh


def test_the_day_is_saved_restored_and_begun_anew_at_midnight_by_the_clock_of_the_home() -> None:
    house = House(settings())
    today = lived(house, HOUR_S, **SUNNY)
    state = json.loads(json.dumps(house.controller.state()))
    again = House(settings(), state=state)
    resumed = again.at(HOUR_S + 60, **SUNNY).today
    assert resumed is not None
    assert resumed.caught_wh == pytest.approx(today.caught_wh)
    assert resumed.lost_wh == pytest.approx(today.lost_wh)
    assert resumed.loads["heater"].sun_wh == pytest.approx(today.loads["heater"].sun_wh)
    before_midnight = NOON + timedelta(hours=10, minutes=59)  # 23:59 in Vienna, 21:59 UTC
    last = again.at(HOUR_S + 120, now=before_midnight, silent=True).today
    first = again.at(HOUR_S + 240, now=before_midnight + timedelta(minutes=2), silent=True).today
    assert last is not None
    assert first is not None
    assert (str(last.day), str(first.day)) == ("2026-06-21", "2026-06-22")
    assert (last.caught_wh > 0, first.caught_wh, first.lost_wh) == (True, 0, {})


@pytest.mark.parametrize("damage", [None, 7, [], {"caught_wh": "much", "lost_wh": 3, "sun_wh": {"heater": None}}, "x"])
def test_a_damaged_day_begins_anew_and_costs_nothing_else(damage: object) -> None:
    house = House(settings())
    lived(house, HOUR_S, **SUNNY)
    state = {**house.controller.state(), "today": damage}
    decision = House(settings(), state=state).at(HOUR_S + 60, **SUNNY)
    assert decision.today is not None
    assert decision.today.caught_wh == 0
    assert decision.loads["heater"].energy_wh > 1000


def test_its_plain_form_is_json_and_adds_up_after_rounding() -> None:
    house = House(settings(), None)
    today = lived(house, 1234, step_s=7, **SUNNY)
    plain = today.as_json()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["possible_wh"] == pytest.approx(plain["caught_wh"] + sum(plain["lost_wh"].values()), abs=1e-9)
    assert json.dumps(to_jsonable(house.decisions[-1][1].today))


def test_every_rule_and_every_cause_has_its_words() -> None:
    assert set(Rule) - set(BY_RULE) == {Rule.MIN_ON}
    assert set(WHY_LOST) == set(Lost)


def test_a_cleared_fault_and_an_empty_forecast_disturb_no_count() -> None:
    house = House(settings())
    empty = Forecast(issued_at=NOON, source="none", step_s=3600, steps=())
    house.at(0, inputs={"health": {"heater": "broken"}}, **IDLE)
    today = lived(house, 600, from_s=60, inputs={"commands": (ClearFault(load="heater"),)}, with_forecast=empty, **IDLE)
    assert today.possible_wh > 0
