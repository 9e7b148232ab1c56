"""Each guard exactly at its limit, at its release, and where half of what it needs is missing.

Found by `bench mutate`: these are the changes of a guard that no other test noticed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pv_heater.core.house.guards import (
    DONE_STATES,
    SITE_GUARDS,
    generator,
    grid_lost,
    guards_of,
    inverter,
    soft_fuse,
)
from pv_heater.core.settings.home import Battery, Inverter, Limits, Site
from tests.builders import NOON
from tests.core.house.test_guards import LIMITS, NO_CLOCK, SITE, first, guard, known, reading

HOUSE_ALONE, PHASES_ALONE = Limits(max_house_w=8000), Limits(max_phase_w=4000)
NO_INVERTER = replace(SITE, inverter=None)


@pytest.mark.parametrize(("house_w", "held", "blocks"), [
    (8000.0, False, False), (8000.1, False, True), (7200.0, True, False), (7200.1, True, True),
])  # fmt: skip
def test_the_house_at_its_limit_and_at_its_release(house_w: float, held: bool, blocks: bool) -> None:
    block = first(reading(consumption_w=house_w), {"soft_fuse"} if held else None, NO_INVERTER, HOUSE_ALONE)
    assert guard(block) == ("soft_fuse" if blocks else None)
    if block is not None:
        assert (block.safety, block.at_once) == (True, True)
        assert block.margins == {"house_w": pytest.approx(7200.0 - house_w)}


@pytest.mark.parametrize(("phase_w", "held", "blocks"), [
    (4000.0, False, False), (4000.1, False, True), (3600.0, True, False), (3600.1, True, True),
])  # fmt: skip
def test_a_phase_at_its_limit_and_at_its_release(phase_w: float, held: bool, blocks: bool) -> None:
    seen = reading(grid_phase_w=(0.0, 0.0, phase_w), grid_w=0.0)
    block = first(seen, {"soft_fuse"} if held else None, NO_INVERTER, PHASES_ALONE)
    assert guard(block) == ("soft_fuse" if blocks else None)
    if block is not None:
        assert (block.safety, block.at_once) == (True, True)
        assert block.because.startswith("phase 3 draws")
        assert block.margins == {"grid_phase_w": pytest.approx(3600.0 - phase_w)}


@pytest.mark.parametrize(("load_w", "held", "blocks"), [
    (3000.0, False, False), (3000.1, False, True), (2700.0, True, False), (2700.1, True, True),
])  # fmt: skip
def test_the_inverter_at_its_limit_and_at_its_release(load_w: float, held: bool, blocks: bool) -> None:
    block = first(reading(consumption_w=load_w), {"inverter"} if held else None)
    assert guard(block) == ("inverter" if blocks else None)
    if block is not None:
        assert (block.safety, block.at_once) == (True, True)
        assert block.margins == {"inverter_load_w": pytest.approx(2700.0 - load_w)}


def test_a_limit_of_which_nothing_is_known_is_a_safety_stop_too() -> None:
    for site, limits, seen in (
        (NO_INVERTER, HOUSE_ALONE, None),
        (NO_INVERTER, PHASES_ALONE, None),
        (NO_INVERTER, PHASES_ALONE, reading(grid_phase_w=())),
        (SITE, Limits(), None),
    ):
        block = first(seen, site=site, limits=limits)
        assert block is not None
        assert (block.safety, block.at_once) == (True, True)
        assert "is set, but" in block.because


@pytest.mark.parametrize(("fields", "is_back"), [
    ({"grid_connected": True}, True),
    ({"ac_source": "grid"}, True),
    ({"ac_source": "shore"}, True),
    ({"grid_w": 30.0}, True),
    ({"grid_w": -30.0}, True),
    ({"grid_w": 29.9}, False),
    ({"ac_source": "none"}, False),
    ({}, False),
])  # fmt: skip
def test_a_grid_that_was_gone_is_back_when_something_says_so(fields: dict[str, object], is_back: bool) -> None:
    silent = {"grid_connected": None, "ac_source": None, "grid_w": 0.0, "grid_phase_w": (0.0, 0.0, 0.0)}
    block = first(reading(**(silent | fields)), {"grid_lost"})
    assert guard(block) == (None if is_back else "grid_lost")
    assert block is None or (block.safety, block.at_once) == (True, True)


def test_a_grid_that_was_gone_is_not_back_because_the_meter_is_silent() -> None:
    block = first(None, {"grid_lost"})
    assert guard(block) == "grid_lost"
    assert guard(first(None, {"grid_lost"}, replace(SITE, off_grid=True), Limits())) != "grid_lost"


def test_no_guard_is_left_out_that_has_something_to_judge() -> None:
    assert guards_of(SITE, LIMITS) == SITE_GUARDS
    for limits in (HOUSE_ALONE, PHASES_ALONE):
        assert soft_fuse in guards_of(SITE, limits)
    assert soft_fuse not in guards_of(SITE, Limits())
    assert inverter not in guards_of(NO_INVERTER, LIMITS)
    assert inverter not in guards_of(replace(SITE, inverter=Inverter(max_w=3000, loads_on="in")), LIMITS)
    off_grid = guards_of(replace(SITE, off_grid=True), LIMITS)
    assert grid_lost not in off_grid
    assert generator in off_grid


@pytest.mark.parametrize(("pv_w", "held", "blocks"), [
    (19.9, False, True), (20.0, False, False), (49.9, True, True), (50.0, True, False),
])  # fmt: skip
def test_how_much_sun_proves_the_day(pv_w: float, held: bool, blocks: bool) -> None:
    seen = reading(pv_w=pv_w)
    block = first(seen, {"clock"} if held else None, inputs=NO_CLOCK, knows_time=False, daylight=False)
    assert guard(block) == ("clock" if blocks else None)
    assert first(seen, {"clock"}, inputs=NO_CLOCK, knows_time=False, always_allowed=True) is None


def test_without_pv_only_what_a_home_without_battery_exports_is_sun() -> None:
    alone, seen = Site(), reading(pv_w=None, grid_w=-60.0, battery_soc_percent=None, battery_w=None)
    changes = {"inputs": NO_CLOCK, "knows_time": False, "daylight": False}
    assert first(seen, {"clock"}, alone, Limits(), **changes) is None
    for site, other in (
        (alone, replace(seen, grid_w=60.0)),
        (alone, replace(seen, grid_w=None, consumption_w=100.0)),
        (Site(battery=Battery(capacity_wh=4800)), seen),
        (alone, replace(seen, battery_w=0.0)),
    ):
        assert guard(first(other, {"clock"}, site, Limits(), **changes)) == "clock"


def test_what_the_portal_says_has_no_age_without_a_clock() -> None:
    block = first(reading(source="vrm"), inputs=NO_CLOCK, knows_time=False)
    assert block is not None
    assert (block.guard, block.at_once) == ("clock", True)


def test_a_slow_source_and_a_vacation_say_how_far_it_is() -> None:
    slow = first(reading(), source_interval_s=301.0)
    assert slow is not None
    assert (slow.at_once, slow.margins) == (True, {"interval_s": -1.0})
    away = first(reading(), vacation_until_at=NOON + timedelta(seconds=1))
    assert away is not None
    assert (away.at_once, away.safety, away.margins) == (False, False, {"wait_s": 1.0})
    unknown = first(reading(), vacation_until_at=NOON - timedelta(days=1), inputs=NO_CLOCK, knows_time=False)
    assert guard(unknown) == "vacation"
    night = first(reading(), daylight=False, daylight_changes_at=NOON + timedelta(hours=1))
    assert night is not None
    assert night.margins == {"wait_s": 3600.0}


@pytest.mark.parametrize(("soc", "at_once"), [(20.0, True), (20.1, False)])
def test_a_battery_at_its_reserve_and_above(soc: float, at_once: bool) -> None:
    site = replace(SITE, battery=Battery(capacity_wh=4800, reserve_percent=20))
    block = first(reading(battery_soc_percent=soc), site=site)
    assert block is not None
    assert (block.at_once, block.safety) == (at_once, False)
    assert block.margins == {"battery_soc_percent": pytest.approx(27.0 - soc)}
    assert f"holds {int(soc)} %, heating starts at 27 %" in block.because


def test_a_charger_at_its_end_voltage_stands_for_a_charge_that_is_not_told() -> None:
    seen = reading(battery_soc_percent=None)
    lacking = replace(known(seen, SITE), charge_missing=True)
    assert guard(first(seen, known=lacking)) == "battery_low"
    assert first(seen, known=lacking, battery_is_full=True) is None
    for state in DONE_STATES:
        assert first(replace(seen, charger_state=state), known=lacking) is None
    assert guard(first(replace(seen, charger_state="bulk"), known=lacking)) == "battery_low"


def test_import_that_less_power_answers_is_not_blocked_and_what_is_missing_is() -> None:
    seen = reading(grid_w=500.0)
    block = first(seen)
    assert block is not None
    assert block.margins == {"grid_w": pytest.approx(72.0 - 500.0)}
    assert first(seen, import_is_answered=True) is None
    missing = replace(known(seen, SITE), grid_w=None, grid_missing=True)
    gone = first(seen, known=missing)
    assert gone is not None
    assert (gone.guard, gone.at_once) == ("grid_draw", True)
    assert first(seen, known=replace(missing, grid_missing=False)) is None


def test_without_a_battery_in_the_settings_only_an_empty_one_ends_heating_at_once() -> None:
    for soc_percent, at_once in ((0.5, False), (0.0, True)):
        block = first(reading(battery_soc_percent=soc_percent), site=Site())
        assert block is not None
        assert (block.guard, block.at_once) == ("battery_low", at_once)


def test_of_a_grid_that_is_known_from_before_nothing_is_taken_for_our_own_step() -> None:
    seen = reading(grid_w=None, grid_phase_w=())
    for grid_w, expected in ((80.0, None), (80.5, "grid_draw")):
        before = replace(known(seen, SITE), grid_w=grid_w, grid_missing=False, phases_known=True, phase_w=())
        assert guard(first(seen, known=before, own_rise_w=500.0)) == expected


def test_a_step_of_less_than_a_watt_is_named_as_well() -> None:
    block = first(reading(grid_w=200.0), own_rise_w=0.8)
    assert block is not None
    assert "200 W, 1 W of it for our own step," in block.because
