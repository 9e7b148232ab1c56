"""Import of our own: what passes, what less power ends, and for how long either may take."""

from typing import Any

import pytest

from pv_heater.core.house.ceiling import ANSWERED_S, ANSWERED_WH, CALM_S, HOLD_S, LONGEST_HOLD_S, Ceiling, Import
from pv_heater.core.house.surplus import Budget
from tests.builders import reading

LIMIT_W = 80.0


def seen(imported: Import, tick_s: float, grid_w: float, *, rise_w: float = 0.0, interval_s: float = 1.0) -> None:
    imported.observe(reading(grid_w=grid_w, interval_s=interval_s), tick_s, rise_w)


def lasting(grid_w: float, seconds: int, *, interval_s: int = 1) -> Import:
    imported = Import(LIMIT_W)
    for second in range(0, seconds + 1, interval_s):
        seen(imported, second, grid_w, interval_s=interval_s)
    return imported


@pytest.mark.parametrize(
    ("seconds", "can_fall", "answered"), [(3, False, True), (4, False, False), (4, True, True), (20, True, False)]
)
def test_import_passes_for_four_seconds_and_is_answered_by_less_power_for_twenty(
    seconds: int, can_fall: bool, answered: bool
) -> None:
    assert lasting(400.0, seconds).is_answered(seconds, can_fall=can_fall) is answered


def test_it_may_not_cost_more_than_some_watt_hours_however_short_each_time_is() -> None:
    imported, tick_s, spent_wh = Import(LIMIT_W), 0.0, 0.0
    while imported.is_answered(tick_s, can_fall=True):
        for grid_w in (0.0, 3000.0, 3000.0):
            tick_s += 1.0
            seen(imported, tick_s, grid_w)
        spent_wh += 2 * (3000.0 - LIMIT_W) / 3600.0
        assert spent_wh < 2 * ANSWERED_WH + 4
    assert tick_s < 30
    for second in range(int(CALM_S) + 2):
        seen(imported, tick_s + second, 0.0)
    assert imported.is_answered(tick_s + CALM_S + 2, can_fall=True)


def test_nobody_waits_for_a_slow_meter_to_show_what_passes() -> None:
    assert not lasting(400.0, 0, interval_s=10).passes(0)
    assert lasting(400.0, 0, interval_s=60).is_answered(100, can_fall=True)
    assert not lasting(400.0, 0, interval_s=60).is_answered(120, can_fall=True)
    assert not lasting(400.0, 0, interval_s=60).is_answered(0, can_fall=False)


def test_a_silent_meter_ends_the_wait_as_well() -> None:
    assert not lasting(400.0, 2).is_answered(2 + ANSWERED_S, can_fall=True)


def test_what_our_own_step_explains_has_not_begun() -> None:
    imported = Import(LIMIT_W)
    for second in range(6):
        seen(imported, second, 1000.0, rise_w=1000.0)
    assert (imported.beyond_w, imported.lasted_s(6)) == (0.0, 0.0)


def found(own_w: float = 2000.0, grid_w: float = 1000.0, tick_s: float = 100.0, **fields: Any) -> Ceiling:
    ceiling = Ceiling()
    see(ceiling, own_w, grid_w, tick_s, **fields)
    return ceiling


def see(ceiling: Ceiling, own_w: float, grid_w: float, tick_s: float, **fields: Any) -> None:
    house = {"consumption_w": own_w + 500.0, "battery_w": 1500.0}
    imported = Import(LIMIT_W)
    for before_s in (5.0, 0.0):
        seen(imported, tick_s - before_s, grid_w)
    ceiling.observe(reading(grid_w=grid_w, **(house | fields)), tick_s, own_w, imported)


def most_w(ceiling: Ceiling, base_w: float | None = 500.0) -> float:
    return ceiling.lowered(Budget(power_w=5000.0, rule="plan", because="5.0 kW spare"), base_w).power_w


def test_what_reaches_the_house_without_the_grid_is_the_ceiling_and_the_house_comes_first() -> None:
    ceiling = found()
    see(ceiling, 1000.0, 0.0, 110.0)
    lowered = ceiling.lowered(Budget(power_w=2500.0, rule="plan", because="2.5 kW spare"), 500.0)
    assert (lowered.power_w, lowered.rule) == (1000.0, "ceiling")
    assert lowered.because == "limited to 1.0 kW: with more the grid delivered 1.0 kW; 2.5 kW spare"
    assert (most_w(ceiling, 300.0), most_w(ceiling, 1600.0), most_w(ceiling, None)) == (1200.0, 0.0, 5000.0)


def test_without_a_house_it_is_that_of_the_loads() -> None:
    ceiling = found(consumption_w=None, pv_w=None)
    see(ceiling, 1000.0, 0.0, 110.0, consumption_w=None, pv_w=None)
    assert (most_w(ceiling, None), most_w(ceiling, 700.0)) == (1000.0, 1000.0)


@pytest.mark.parametrize("fields", [{"battery_w": 0.0}, {"battery_w": None}, {"battery_w": -900.0}])
def test_a_lack_of_sun_is_no_ceiling(fields: dict[str, Any]) -> None:
    lacking = found(**fields)
    assert most_w(lacking) == 1000.0  # at once, and for as long as it is imported
    see(lacking, 1000.0, 0.0, 110.0, **fields)
    assert most_w(lacking) == 5000.0
    assert most_w(found(**(fields | {"pv_throttled": True}))) == 1000.0


def test_it_rises_gently_and_is_kept_longer_each_time_that_it_held() -> None:
    ceiling, tick_s, holds_s = found(), 100.0, []
    see(ceiling, 1000.0, 0.0, 100.0)
    for _ in range(6):
        began_s = tick_s
        while most_w(ceiling) < 1100.0:
            tick_s += 1.0
            ceiling.pass_time(tick_s, 2000.0)
            assert most_w(ceiling) <= 1102.0
        holds_s.append(tick_s - began_s - 60.0)
        see(ceiling, 1100.0, 100.0, tick_s)
        see(ceiling, 1000.0, 0.0, tick_s)
        assert most_w(ceiling) == pytest.approx(1000.0, abs=1)
    assert holds_s == pytest.approx([min(LONGEST_HOLD_S, HOLD_S * 2**n) for n in range(6)], abs=2)


def test_once_nothing_comes_near_it_it_is_forgotten() -> None:
    ceiling = found()
    see(ceiling, 1000.0, 0.0, 110.0)
    for tick_s in range(110, 100 + 4 * 3600, 10):
        ceiling.pass_time(tick_s, 2000.0)
    assert most_w(ceiling) == 5000.0
