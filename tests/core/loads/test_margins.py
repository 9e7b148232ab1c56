"""What would flip a decision: that the number told is the number that does it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pv_heater.core.loads.load_step import LoadStep, Memory
from pv_heater.core.loads.machine import advance
from pv_heater.core.model.requests import Force, Mode, Vacation
from pv_heater.core.model.values import Decision, Phase
from pv_heater.core.model.words import flip_text
from pv_heater.core.settings.load import LoadSettings
from tests.builders import NOON, House, config, heater
from tests.core.loads import steps

VIENNA = ZoneInfo("Europe/Vienna")
POLICY = LoadSettings(name="heater", max_power_w=2000, min_power_w=100, min_on_s=300, min_off_s=200, start_delay_s=30)


def load_step(tick_s: float, offered_w: float = 0.0, **changes: Any) -> LoadStep:
    values = {"because": "so much sun", "margins": {"surplus_w": offered_w}} | changes
    return steps.load_step(tick_s, max(0.0, offered_w), offered_w=offered_w, **values)


def margins(decision: Decision, name: str = "heater") -> dict[str, float]:
    return dict(decision.loads[name].margins)


@pytest.mark.parametrize("use_w", [300.0, 500.0, 3000.0])
@pytest.mark.parametrize("soc_percent", [85.0, 96.9, 97.0, 99.0])
def test_the_watts_told_start_an_idle_load_and_one_less_does_not(use_w: float, soc_percent: float) -> None:
    seen = {"consumption_w": use_w, "pv_w": 250.0, "battery_soc_percent": soc_percent}
    house = House()
    decision = house.at(0, **seen)
    assert not decision.setpoints["heater"].on
    missing_w = margins(decision)["surplus_w"]
    assert missing_w > 0
    assert not house.at(1, **seen | {"pv_w": 250.0 + missing_w - 1}).setpoints["heater"].on
    assert house.at(2, **seen | {"pv_w": 250.0 + missing_w + 0.1}).setpoints["heater"].on


@pytest.mark.parametrize("sun_w", [800.0, 1500.0, 4000.0])
def test_the_watts_told_stop_a_running_load_and_one_less_does_not(sun_w: float) -> None:
    house = House()
    less_w = margins(house.at(0, pv_w=sun_w))["surplus_w"]
    assert less_w == 560 - sun_w
    house.at(1, pv_w=sun_w + less_w + 1, consumption_w=500 + min(2000.0, sun_w - 500))
    assert house.decisions[-1][1].setpoints["heater"].power_w == 61
    assert not house.at(2, pv_w=sun_w + less_w - 1, consumption_w=561.0).setpoints["heater"].on


def test_a_load_behind_another_lacks_what_that_one_would_take_first() -> None:
    house = House(config(loads=[heater("boiler", max_power_w=1000), heater("pool")]))
    decision = house.at(0, pv_w=900.0)  # 400 W for the boiler
    assert margins(decision, "boiler") == {"surplus_w": -340}
    assert margins(decision, "pool") == {"surplus_w": 700}
    seen = {"consumption_w": 900.0}
    assert not house.at(1, pv_w=900.0 + 699, **seen).setpoints["pool"].on
    assert house.at(2, pv_w=900.0 + 700, consumption_w=500.0 + 999).setpoints["pool"].on


def test_a_running_load_behind_another_stops_before_that_one_does() -> None:
    house = House(config(loads=[heater("boiler", max_power_w=1000), heater("pool")]))
    decision = house.at(0, pv_w=2000.0)
    assert margins(decision, "boiler") == {"surplus_w": -1440}
    assert margins(decision, "pool") == {"surplus_w": -440}


def test_a_strategy_that_does_not_go_by_surplus_is_not_said_to() -> None:
    outcome = advance(POLICY, Memory(), load_step(0, 50.0, margins={"gap_w": 3.0}))
    assert outcome.margins == {"budget_w": 70}
    assert flip_text("forecast_gap", outcome.margins) == "70 W more from the strategy"


def test_a_start_delay_ends_by_itself_or_by_too_little_sun() -> None:
    outcome = advance(POLICY, Memory(phase=Phase.ARMED, since_s=0.0), load_step(10, 500.0))
    assert outcome.margins == {"surplus_w": -380, "wait_s": 20}
    assert outcome.next_change_s == 30


def test_a_minimum_on_time_ends_by_itself_or_by_more_sun() -> None:
    heating = Memory(phase=Phase.HEATING, since_s=0.0, power_w=100.0)
    outcome = advance(POLICY, heating, load_step(120, -40.0))
    assert outcome.margins == {"surplus_w": 140, "wait_s": 180}
    assert flip_text(outcome.rule, outcome.margins) == "140 W more, or 3 min"


def test_a_running_load_is_not_flipped_before_its_minimum_on_time_is_over() -> None:
    heating = Memory(phase=Phase.HEATING, since_s=0.0, power_w=500.0)
    outcome = advance(POLICY, heating, load_step(180, 500.0))
    assert outcome.margins == {"surplus_w": -400, "after_s": 120}
    assert flip_text(outcome.rule, outcome.margins) == "400 W less, not before 2 min"


def test_an_ageing_reading_needs_more_sun_to_keep_a_load_on() -> None:
    heating = Memory(phase=Phase.HEATING, since_s=0.0, power_w=500.0)
    assert advance(POLICY, heating, load_step(400, 500.0, stale_share=0.5)).margins == {"surplus_w": -300}


def test_a_rest_ends_by_itself() -> None:
    outcome = advance(POLICY, Memory(phase=Phase.COOLDOWN, opened_s=0.0), load_step(50, 900.0))
    assert outcome.margins == {"wait_s": 150}


def test_a_fault_has_no_number_but_a_command() -> None:
    outcome = advance(POLICY, Memory(phase=Phase.FAULT, fault="pin lost"), load_step(50, 900.0))
    assert (outcome.margins, outcome.next_change_s) == ({}, None)
    assert flip_text(outcome.rule, outcome.margins) == "`clear`, once the cause is fixed"


def test_used_up_closings_come_back_at_midnight() -> None:
    policy = LoadSettings(name="heater", max_power_w=2000, max_closings_per_day=2)
    outcome = advance(policy, Memory(closings=2), load_step(100, 900.0, midnight_s=5000.0))
    assert (outcome.rule, outcome.margins, outcome.next_change_s) == ("max_closings", {"wait_s": 4900}, 5000)


def test_a_full_load_tells_how_much_cooler_it_must_be_or_when_the_day_ends() -> None:
    warm = LoadSettings(name="heater", max_power_w=2000, target_c=60, hysteresis_c=3)
    outcome = advance(warm, Memory(phase=Phase.FULL), load_step(0, 900.0, temperature_c=59.0, midnight_s=5000.0))
    assert (outcome.margins, outcome.next_change_s) == ({"temperature_c": -2}, None)
    assert flip_text("full", outcome.margins) == "2.0 degC less at the load"
    eaten = LoadSettings(name="heater", max_power_w=2000, daily_max_wh=3000)
    outcome = advance(eaten, Memory(phase=Phase.FULL, energy_wh=3000.0), load_step(0, 900.0, midnight_s=5000.0))
    assert (outcome.margins, outcome.next_change_s) == ({"wait_s": 5000}, 5000)


@pytest.mark.parametrize(
    ("seen", "rule", "expected"),
    [
        ({"battery_soc_percent": 20.0}, "battery_low", {"battery_soc_percent": 2.9}),
        ({"grid_w": 107.0}, "grid_draw", {"grid_w": -35}),
        ({"consumption_w": 8200.0, "pv_w": 9000.0}, "soft_fuse", {"house_w": -1000}),
        ({"grid_phase_w": (100.0, 4200.0)}, "soft_fuse", {"grid_phase_w": -600}),
        ({"interval_s": 900.0}, "slow_source", {"interval_s": -600}),
        ({"grid_connected": False}, "grid_lost", {}),
        ({"ac_source": "generator"}, "generator", {}),
    ],
)
def test_a_guard_tells_how_far_it_is_to_its_release_in_its_own_unit(
    seen: dict[str, Any], rule: str, expected: dict[str, float]
) -> None:
    house = House(config(limits={"max_house_w": 8000, "max_phase_w": 4000}))
    decision = house.at(0, **({"grid_phase_w": (100.0, 0.0)} | seen))
    assert (decision.blocked_by, decision.loads["heater"].rule) == (rule, rule)
    assert decision.margins == expected == margins(decision)
    assert flip_text(rule, expected) != flip_text("no such rule", {})


def test_a_guard_told_of_while_the_load_rests_says_not_before_when() -> None:
    house = House(config(loads=[heater(min_off_s=200, min_power_w=2000)]))
    house.at(0)
    house.at(10, grid_w=500.0)
    decision = house.at(110, grid_w=172.0)
    assert margins(decision) == {"grid_w": -100, "after_s": 100}


def test_the_night_ends_at_its_sunrise_and_the_day_at_sunset() -> None:
    late = datetime(2026, 6, 21, 22, 0, tzinfo=VIENNA)
    house = House()
    decision = house.at(0, now=late)
    begins_at = decision.loads["heater"].next_change_at
    assert begins_at is not None
    assert begins_at.date() == late.date() + timedelta(days=1)
    assert 5 <= begins_at.hour < 6  # half an hour after sunrise
    assert margins(decision) == {"wait_s": pytest.approx((begins_at - late).total_seconds(), abs=0.1)}
    assert House().at(0, now=begins_at - timedelta(seconds=1)).blocked_by == "night"
    day = House().at(0, now=begins_at)
    assert day.blocked_by is None
    ends_at = day.loads["heater"].next_change_at
    assert ends_at is not None
    assert House().at(0, now=ends_at).blocked_by == "night"


def test_a_forced_mode_flips_when_it_ends() -> None:
    house = House()
    force = Force(load="heater", mode=Mode.ON, for_s=600.0)
    decision = house.at(0, pv_w=0.0, inputs={"commands": (force,)})
    assert margins(decision) == {"wait_s": 600}
    assert decision.loads["heater"].next_change_at == NOON + timedelta(seconds=600)


def test_midnight_is_the_owners_also_after_a_restart() -> None:
    settings = config(loads=[heater(daily_max_wh=100)])
    house = House(settings)
    house.at(0)
    house.at(300)
    decision = house.at(600)
    midnight = datetime(2026, 6, 22, 0, 0, tzinfo=VIENNA)
    assert (decision.loads["heater"].phase, decision.loads["heater"].next_change_at) == (Phase.FULL, midnight)
    again = House(settings, state=house.controller.state()).at(0, now=NOON + timedelta(seconds=700))
    assert again.loads["heater"].next_change_at == midnight


def test_vacation_ends_when_it_was_said_to() -> None:
    until_at = NOON + timedelta(days=3)
    decision = House().at(0, inputs={"commands": (Vacation(until_at=until_at),)})
    assert decision.loads["heater"].next_change_at == until_at
    assert flip_text("vacation", decision.margins) == "3 days"


def test_every_margin_is_a_whole_tenth() -> None:
    outcome = advance(POLICY, replace(Memory(), since_s=0.0), load_step(0, 33.3333333))
    assert outcome.margins == {"surplus_w": 86.7}
