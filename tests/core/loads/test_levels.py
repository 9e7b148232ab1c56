"""Loads that can run at a few powers only: what they ask for, what they get, and how often they change."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pv_heater.core.house.surplus import Budget
from pv_heater.core.loads.allocator import Claim, allot
from pv_heater.core.loads.load_step import Memory
from pv_heater.core.loads.machine import advance
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.values import Phase
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.start_power import level_w, needed_w
from tests.core.loads.steps import load_step


class Staged(LoadSettings):
    """Elements of 1 and 2 kW."""

    adjustable = False
    levels_w = (1000.0, 2000.0, 3000.0)


class Slow(Staged):
    level_dwell_s = 60.0


def staged(kind: type[Staged] = Staged, **changes: float) -> Staged:
    return kind(name="boiler", max_power_w=3000, min_on_s=0, min_off_s=0, start_delay_s=0, **changes)  # type: ignore[arg-type]


def play(policy: LoadSettings, script: list[tuple[float, float, float]]) -> None:
    """Rows of (second, allotted W, expected W), from a load that is off."""
    memory = Memory()
    for tick_s, allotted_w, power_w in script:
        memory = advance(policy, memory, load_step(tick_s, allotted_w)).memory
        assert memory.power_w == power_w, f"at {tick_s} s"


def test_the_least_power_is_the_first_level() -> None:
    assert staged().least_power_w == 1000
    assert needed_w(staged(), running=False) == 1000
    assert needed_w(staged(), running=True) == 900


def test_it_runs_at_the_highest_level_that_the_share_carries() -> None:
    play(staged(), [(0, 999, 0), (1, 1000, 1000), (2, 1999, 1000), (3, 2999, 2000), (4, 9000, 3000), (5, 1500, 1000)])


def test_a_level_that_runs_is_kept_on_a_dead_band_less() -> None:
    play(staged(), [(0, 2000, 2000), (1, 1900, 2000), (2, 1899, 1000), (3, 1950, 1000), (4, 900, 1000), (5, 899, 0)])


def test_a_dead_band_wider_than_a_step_keeps_half_of_it() -> None:
    play(staged(dead_band_w=5000), [(0, 3000, 3000), (1, 2500, 3000), (2, 2499, 2000), (3, 1499, 1000), (4, 499, 0)])


def test_it_climbs_once_in_its_dwell_and_falls_at_once() -> None:
    play(staged(Slow), [
        (0, 1000, 1000), (30, 3000, 1000), (60, 3000, 3000), (61, 1000, 1000), (100, 3000, 1000), (121, 3000, 3000),
        (122, 0, 0), (123, 3000, 3000),
    ])  # fmt: skip


@pytest.mark.parametrize(("forced_w", "power_w"), [(None, 3000), (1400, 1000), (1600, 2000), (50, 1000), (9000, 3000)])
def test_forced_to_some_power_it_runs_at_the_nearest_level(forced_w: float | None, power_w: float) -> None:
    forced = Memory(mode=Mode.ON, mode_until_s=100.0, forced_w=forced_w)
    assert advance(staged(), forced, load_step(0, 0.0)).memory.power_w == power_w


def test_while_its_minimum_on_time_runs_it_falls_to_the_first_level() -> None:
    policy = Staged(name="boiler", max_power_w=3000, min_on_s=300, start_delay_s=0)
    running = Memory(phase=Phase.HEATING, power_w=3000.0)
    assert advance(policy, running, load_step(10, 0.0)).memory.power_w == 1000


def test_what_is_left_above_its_level_passes_on() -> None:
    rows = [
        Claim(policy=staged(), available=True, running=False, held_w=0.0),
        Claim(policy=LoadSettings(name="pool", max_power_w=1500), available=True, running=False, held_w=0.0),
    ]
    shares = allot(Budget(power_w=2700.0, battery_w=0.0, rule="test", because="test"), rows)
    assert {name: share.power_w for name, share in shares.items()} == {"boiler": 2000, "pool": 700}


def test_a_running_level_is_kept_before_a_lower_load_gets_its_watts() -> None:
    running = Claim(policy=staged(), available=True, running=True, held_w=0.0, power_w=3000.0)
    for budget_w, power_w in ((2900.0, 3000), (2899.0, 2000)):
        shares = allot(Budget(power_w=budget_w, battery_w=0.0, rule="test", because="test"), [running])
        assert shares["boiler"].power_w == power_w
        idle = replace(running, running=False, power_w=0.0)
        assert allot(Budget(power_w=budget_w, battery_w=0.0, rule="t", because="t"), [idle])["boiler"].power_w == 2000


@given(power_w=st.floats(0, 5000), before_w=st.sampled_from([0.0, 1000.0, 2000.0, 3000.0]), band_w=st.floats(0, 5000))
def test_what_it_takes_is_a_level_and_never_more_than_its_share_and_a_dead_band(
    power_w: float, before_w: float, band_w: float
) -> None:
    taken_w = level_w(staged(dead_band_w=band_w), power_w, before_w)
    assert taken_w in (0.0, *Staged.levels_w)
    assert taken_w <= power_w + min(band_w, 500.0) if taken_w <= before_w else taken_w <= power_w
