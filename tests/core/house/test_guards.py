import math
from dataclasses import replace
from datetime import timedelta

import pytest

from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.house.guards import (
    SITE_GUARDS,
    Block,
    load_block,
    site_blocks,
)
from pv_heater.core.house.headroom import headroom_w, phase_headroom_w
from pv_heater.core.house.least_charge import LeastCharge
from pv_heater.core.house.limited import Limited, Quantities
from pv_heater.core.model.power_balance import house_w
from pv_heater.core.model.rule_id import SAFETY_RULES, Rule
from pv_heater.core.model.values import Inputs, Reading
from pv_heater.core.settings.home import Battery, Inverter, Limits, Site
from pv_heater.core.settings.load import LoadSettings
from tests import builders
from tests.builders import NOON

SITE = Site(battery=Battery(capacity_wh=4800), inverter=Inverter(max_w=3000))
LIMITS = Limits(max_house_w=8000, max_phase_w=4000)
NO_CLOCK = Inputs(clock_trusted=False)


def reading(**fields: object) -> Reading:
    return builders.reading(**({"grid_phase_w": (100.0, 0.0, -100.0)} | fields))


def known(seen: Reading | None, site: Site) -> Quantities:
    limited = Limited(site, LIMITS)
    if seen is not None:
        limited.note(seen, 0.0, 0.0, {})
    return limited.at(1.0, 60.0, seen, None if seen is None else house_w(seen), 0.0)


def first(
    seen: Reading | None,
    held: set[str] | None = None,
    site: Site = SITE,
    limits: Limits = LIMITS,
    **changes: object,
) -> Block | None:
    values = dict(
        now=NOON, reading=seen, reading_age_s=1.0 if seen is not None else None, max_reading_age_s=60.0,
        source_interval_s=10.0, daylight=True, vacation_until_at=None, known=known(seen, site),
        least_charge=LeastCharge(percent=25.0, release_percent=27.0),
    )  # fmt: skip
    blocks = site_blocks(HouseFacts(**(values | changes)), site, limits, frozenset(held or ()))  # type: ignore[arg-type]
    return blocks[0] if blocks else None


def guard(block: Block | None) -> str | None:
    return block.guard if block is not None else None


def test_a_healthy_noon_blocks_nothing() -> None:
    assert first(reading()) is None


@pytest.mark.parametrize(("soc", "held", "expected"), [
    (24.9, False, "battery_low"), (25.0, False, None), (26.9, True, "battery_low"), (27.0, True, None),
])  # fmt: skip
def test_battery_low_at_below_and_above_its_limit(soc: float, held: bool, expected: str | None) -> None:
    assert guard(first(reading(battery_soc_percent=soc), {"battery_low"} if held else None)) == expected


def test_battery_at_reserve_ends_heating_at_once() -> None:
    block = first(reading(battery_soc_percent=20.0))
    assert block is not None
    assert block.at_once


@pytest.mark.parametrize(("grid_w", "held", "expected"), [
    (80.0, False, None), (80.1, False, "grid_draw"), (73.0, True, "grid_draw"), (72.0, True, None),
])  # fmt: skip
def test_grid_draw_at_below_and_above_its_limit(grid_w: float, held: bool, expected: str | None) -> None:
    assert guard(first(reading(grid_w=grid_w), {"grid_draw"} if held else None)) == expected


def test_a_grid_draw_of_five_times_the_limit_ends_heating_at_once() -> None:
    moderate, heavy = first(reading(grid_w=400.0)), first(reading(grid_w=400.1))
    assert moderate is not None
    assert heavy is not None
    assert (moderate.at_once, heavy.at_once) == (False, True)


@pytest.mark.parametrize(
    ("grid_w", "own_rise_w", "at_once"),
    [(1000.0, 1000.0, None), (1080.0, 1000.0, None), (1081.0, 1000.0, False), (1401.0, 1000.0, True)],
)  # fmt: skip
def test_what_the_grid_bears_of_our_own_step_is_no_draw(grid_w: float, own_rise_w: float, at_once: bool | None) -> None:
    block = first(reading(grid_w=grid_w), own_rise_w=own_rise_w)
    assert (block.at_once if block is not None else None) == at_once
    assert block is None or f"{own_rise_w:.0f} W of it for our own step" in block.because


@pytest.mark.parametrize("off_grid", [True, False])
@pytest.mark.parametrize(
    ("source", "expected"), [("generator", "generator"), ("shore", None), ("grid", None), ("none", None), (None, None)]
)
def test_a_generator_is_not_the_sun(source: str | None, expected: str | None, off_grid: bool) -> None:
    block = first(reading(ac_source=source), site=replace(SITE, off_grid=off_grid))
    assert guard(block) == expected
    if block is not None:
        assert (block.safety, block.at_once) == (False, True)
        assert block.because == "a generator runs: its power is fuel, not sun"


def test_a_home_with_a_grid_on_its_generator_has_lost_the_grid() -> None:
    block = first(reading(ac_source="generator", grid_connected=False))
    assert block is not None
    assert (block.guard, block.because) == ("grid_lost", "the grid is gone, a generator runs")
    assert guard(first(reading(ac_source="generator", grid_connected=False), site=Site(off_grid=True))) == "generator"


def test_no_reading_yet_and_an_old_reading_block_at_once() -> None:
    for block in (first(None, site=Site(), limits=Limits()), first(reading(), reading_age_s=60.0)):
        assert block is not None
        assert (block.guard, block.at_once, block.safety) == ("no_reading", True, False)
    assert first(reading(), reading_age_s=59.9) is None


def test_a_site_that_logs_slower_than_every_five_minutes_is_not_regulated() -> None:
    assert guard(first(reading(), source_interval_s=300.0)) is None
    block = first(reading(), source_interval_s=900.0)
    assert guard(block) == "slow_source"
    assert block is not None
    assert "15 min" in block.because
    assert "log interval" in block.because


def test_soft_fuse_watches_the_house_and_every_phase() -> None:
    assert guard(first(reading(consumption_w=8000.1))) == "soft_fuse"
    assert guard(first(reading(consumption_w=7300.0), {"soft_fuse"})) == "soft_fuse"
    block = first(reading(grid_phase_w=(100.0, 4000.1, 0.0)))
    assert block is not None
    assert block.because.startswith("phase 2 draws 4000 W")


def test_headroom_leaves_a_tenth_below_the_fuse_and_the_inverter() -> None:
    assert headroom_w(500.0, SITE, LIMITS) == 0.9 * 3000 - 500
    assert headroom_w(500.0, replace(SITE, inverter=Inverter(max_w=3000, loads_on="in")), LIMITS) == 0.9 * 8000 - 500
    assert headroom_w(500.0, Site(), Limits()) == math.inf
    assert headroom_w(None, SITE, LIMITS) == 0.0
    assert headroom_w(None, Site(), Limits()) == math.inf
    assert headroom_w(9000.0, SITE, LIMITS) == 0.0


def test_inverter_limit_counts_only_loads_behind_it() -> None:
    assert guard(first(reading(consumption_w=3000.1))) == "inverter"
    outside = replace(SITE, inverter=Inverter(max_w=3000, loads_on="in"))
    assert first(reading(consumption_w=3000.1), site=outside) is None


def test_a_lost_grid_is_normal_only_off_grid() -> None:
    assert guard(first(reading(grid_connected=False))) == "grid_lost"
    assert first(reading(grid_connected=False), site=replace(SITE, off_grid=True)) is None


def test_an_unknown_time_of_day_holds_back_automatic_heat_until_the_sun_is_measured() -> None:
    block = first(reading(pv_w=10.0), inputs=NO_CLOCK, knows_time=False, daylight=False)
    assert block is not None
    assert (block.guard, block.safety, block.at_once) == ("clock", False, False)
    assert first(reading(), inputs=NO_CLOCK, knows_time=False, daylight=False) is None
    assert first(reading(pv_w=10.0), inputs=Inputs(clock_trusted=None)) is None


def test_night_and_vacation_block() -> None:
    assert guard(first(reading(), daylight=False)) == "night"
    assert guard(first(reading(), vacation_until_at=NOON + timedelta(days=1))) == "vacation"
    assert first(reading(), vacation_until_at=NOON) is None


def test_temperature_guard_at_its_maximum_with_hysteresis_and_without_a_probe() -> None:
    policy = LoadSettings(name="heater", max_power_w=2000, max_c=70, hysteresis_c=5)
    assert load_block(policy, {"heater": 69.9}, was_hot=False) is None
    assert guard(load_block(policy, {"heater": 70.0}, was_hot=False)) == "too_hot"
    assert guard(load_block(policy, {"heater": 65.1}, was_hot=True)) == "too_hot"
    assert load_block(policy, {"heater": 64.9}, was_hot=True) is None
    hot = load_block(policy, {"heater": 72.0}, was_hot=True)
    assert hot is not None
    assert hot.margins == {"temperature_c": -7.0}, "so much colder, and it may heat"
    assert guard(load_block(policy, {}, was_hot=False)) == "probe_lost"
    assert load_block(replace(policy, max_c=None), {}, was_hot=False) is None


def test_every_safety_guard_leads_to_a_safety_stop() -> None:
    assert {"grid_lost", "soft_fuse", "inverter"} <= SAFETY_RULES
    assert all(isinstance(rule, Rule) for rule in SAFETY_RULES)
    assert {Rule(guard.__name__) for guard in SITE_GUARDS} < set(Rule)
    assert {rule for rule in SAFETY_RULES if rule in {item.__name__ for item in SITE_GUARDS}} == {
        "grid_lost", "soft_fuse", "inverter",
    }  # fmt: skip


def test_a_phase_can_carry_nine_tenths_of_its_fuse_without_the_loads_known_to_hang_on_it() -> None:
    seen = reading(grid_phase_w=(1000.0, 3700.0, -500.0))
    own_w = {"boiler": 800.0, "pool": 300.0, "guest": 200.0}
    phases = {"boiler": 2, "pool": 3, "guest": None}
    assert phase_headroom_w(seen.grid_phase_w, LIMITS, own_w, phases) == (2600.0, 700.0, 4400.0)
    assert phase_headroom_w(seen.grid_phase_w, Limits(), own_w, phases) == ()
    assert phase_headroom_w((), LIMITS, own_w, phases) == ()
