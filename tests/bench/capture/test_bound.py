"""The bound of perfect foresight: small cases by hand, and that no one beats it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf
from random import Random

import pytest

from bench.capture.bound import perfect_foresight
from bench.capture.days import GRAZ, minutes_w
from pv_heater.report.foresight import HEATER_SLACK_W
from pv_heater.sim.home import Home, HomeSettings, Ledger
from pv_heater.sim.recording import HomeRecording
from pv_heater.sim.tank import TankSettings
from pv_heater.sim.weather import site_clear_sky, synthetic_days
from tests.builders import NOON

MIDNIGHT = NOON.replace(hour=0)
HEATER_W = 2000.0
FULL = HomeSettings(start_percent=100.0, tanks={"heater": None})
Policy = Callable[[float, float, float], float]
"""(sun W, use W, state of charge %) -> heater W."""


def played(sun_w: Sequence[float], use_w: Sequence[float], heater_w: Sequence[float], home: HomeSettings) -> Ledger:
    life = Home(home)
    for minute, row in enumerate(zip(sun_w, use_w, heater_w, strict=True)):
        life.advance(60.0 * minute, 60.0 * minute + 60.0, row[0], row[1], {"heater": row[2]})
    return life.ledger


def followed(sun_w: Sequence[float], use_w: Sequence[float], policy: Policy, home: HomeSettings) -> float:
    """The value of a policy that is asked every minute and obeys the bound's own limit."""
    life = Home(home)
    for minute, (sun, use) in enumerate(zip(sun_w, use_w, strict=True)):
        wanted_w = policy(sun, use, life.soc_percent)
        heater_w = min(HEATER_W, max(0.0, wanted_w), max(0.0, sun - use + HEATER_SLACK_W))
        life.advance(60.0 * minute, 60.0 * minute + 60.0, sun, use, {"heater": heater_w})
    return life.ledger.value_wh()


def spell(weather: str, seed: int) -> tuple[list[float], list[float]]:
    day: HomeRecording = synthetic_days(1, weather, seed, MIDNIGHT, site_clear_sky(GRAZ.site))
    return minutes_w(day)


def test_a_full_battery_leaves_all_sun_to_the_heater() -> None:
    bound = perfect_foresight([1500.0] * 60, [500.0] * 60, FULL, HEATER_W)
    # Heating 100 W beyond the surplus would gain 1 Wh and lose 2 in the battery.
    assert bound.value_wh == pytest.approx(1000.0 + 1.94 * 4800.0, abs=0.1)
    assert all(power_w == pytest.approx(1000.0, abs=0.1) for power_w in bound.heater_w)


def test_the_heater_takes_no_more_than_its_power_and_the_rest_is_thrown_away() -> None:
    bound = perfect_foresight([5000.0] * 60, [500.0] * 60, FULL, HEATER_W)
    assert bound.value_wh == pytest.approx(2000.0 + 1.94 * 4800.0, abs=0.1)


def test_an_hour_too_short_to_fill_the_battery_fills_it_instead_of_heating() -> None:
    bound = perfect_foresight([1500.0] * 60, [500.0] * 60, HomeSettings(start_percent=50.0), HEATER_W)
    assert bound.value_wh == pytest.approx(1.94 * (2400.0 + 960.0), abs=0.1)
    assert max(bound.heater_w) < 0.1


def test_what_the_battery_cannot_take_is_heated() -> None:
    bound = perfect_foresight([3500.0] * 30, [100.0] * 30, HomeSettings(start_percent=20.0), HEATER_W)
    assert bound.value_wh == pytest.approx(1.94 * (960.0 + 0.96 * 1200.0) + 500.0, abs=0.1)


def test_a_night_is_paid_from_the_battery_down_to_its_reserve_and_then_by_the_grid() -> None:
    bound = perfect_foresight([0.0] * 60, [2000.0] * 60, HomeSettings(start_percent=40.0), HEATER_W)
    from_battery_wh = 0.97 * 0.2 * 4800.0
    assert bound.value_wh == pytest.approx(1.94 * 960.0 - 2.0 * (2000.0 - from_battery_wh), abs=0.1)


def test_it_fills_the_battery_and_heats_with_all_the_rest() -> None:
    home = HomeSettings(start_percent=60.0, taper_from_percent=100.0)
    bound = perfect_foresight([2000.0] * 120, [0.0] * 120, home, HEATER_W)
    charge_wh = 0.4 * 4800.0
    assert bound.value_wh == pytest.approx(1.94 * 4800.0 + 4000.0 - charge_wh / 0.96, abs=0.1)


def test_with_endless_slack_the_battery_may_be_emptied_for_a_noon_that_fills_it_again() -> None:
    sun_w = [0.0] * 60 + [6000.0] * 120
    home = HomeSettings(start_percent=60.0, taper_from_percent=100.0)
    tight = perfect_foresight(sun_w, [0.0] * 180, home, HEATER_W)
    loose = perfect_foresight(sun_w, [0.0] * 180, home, HEATER_W, slack_w=inf)
    # All above the reserve is heated in the hour before; the sun after it fills the battery in either case.
    assert loose.value_wh - tight.value_wh == pytest.approx(0.97 * 0.4 * 4800.0 - 100.0, abs=1.0)


def test_a_taper_slows_the_filling() -> None:
    home = HomeSettings(start_percent=95.0, max_charge_w=2400.0)
    late = perfect_foresight([2400.0] * 10, [0.0] * 10, replace(home, taper_from_percent=90.0), 1.0)
    soon = perfect_foresight([2400.0] * 10, [0.0] * 10, replace(home, taper_from_percent=100.0), 1.0)
    # Tapering from 90 %, what is missing shrinks with a time constant of 480 Wh / (0.96 x 2400 W): to 0.449 of it.
    assert soon.value_wh == pytest.approx(1.94 * 4800.0, abs=1.0)
    assert late.value_wh == pytest.approx(1.94 * (4800.0 - 240.0 * 0.449), abs=15.0)


def test_a_hot_tank_takes_only_its_losses_and_what_is_drawn() -> None:
    tank = TankSettings(start_c=65.0, loss_w_per_k=1.0, draws=((0.5, 1000.0),))
    bound = perfect_foresight([1500.0] * 120, [500.0] * 120, FULL, HEATER_W, tank)
    overshoot_wh = HEATER_W * 10.0 / 3600.0
    # 5.7 K colder after the draw, reheated in an hour.
    spared_wh = 5.7 / 2
    expected_wh = 1000.0 + 2 * 45.0 + overshoot_wh - spared_wh
    assert bound.value_wh - 1.94 * 4800.0 == pytest.approx(expected_wh, abs=1.0)


def test_a_cold_tank_leaves_a_draw_unserved() -> None:
    tank = TankSettings(start_c=12.0, room_c=12.0, draws=((0.5, 5000.0),))
    bound = perfect_foresight([0.0] * 60, [0.0] * 60, FULL, 1000.0, tank)
    assert bound.value_wh == pytest.approx(1.94 * 4800.0, abs=0.1)


def test_sun_and_use_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        perfect_foresight([0.0], [0.0, 0.0], FULL, HEATER_W)


USUAL = HomeSettings(tanks={"heater": None})
SMALL = replace(USUAL, capacity_wh=2000.0, taper_from_percent=90.0)
SLOW = replace(USUAL, max_charge_w=1000.0, taper_from_percent=100.0)


@pytest.mark.parametrize(
    ("weather", "home"),
    [("clear", USUAL), ("cloudy", USUAL), ("broken", USUAL), ("broken", SMALL), ("clear", SLOW)],
    ids=["clear", "cloudy", "broken", "broken, small battery", "clear, slow battery"],
)
def test_its_own_course_played_in_the_software_home_is_worth_nearly_as_much(weather: str, home: HomeSettings) -> None:
    sun_w, use_w = spell(weather, 3)
    bound = perfect_foresight(sun_w, use_w, home, HEATER_W)
    idle_wh = played(sun_w, use_w, [0.0] * 1440, home).value_wh()
    value_wh = played(sun_w, use_w, bound.heater_w, home).value_wh()
    assert value_wh <= bound.value_wh + 1.0
    assert value_wh >= bound.value_wh - 0.01 * max(500.0, bound.value_wh - idle_wh)


def test_its_course_with_a_tank_comes_close_although_the_thermostat_has_a_gap() -> None:
    tank = TankSettings()
    home = HomeSettings(tanks={"heater": tank})
    sun_w, use_w = spell("broken", 4)
    bound = perfect_foresight(sun_w, use_w, home, HEATER_W, tank)
    idle_wh = played(sun_w, use_w, [0.0] * 1440, home).value_wh()
    value_wh = played(sun_w, use_w, bound.heater_w, home).value_wh()
    assert bound.value_wh + 1.0 >= value_wh >= bound.value_wh - 0.05 * (bound.value_wh - idle_wh)


POLICIES: dict[str, Policy] = {
    "never": lambda sun, use, soc: 0.0,
    "all surplus": lambda sun, use, soc: sun - use,
    "full battery first": lambda sun, use, soc: sun - use if soc > 99.0 else 0.0,
    "held at 97 %": lambda sun, use, soc: sun - use + 48.0 * 4.0 * (soc - 97.0),
    "more than there is": lambda sun, use, soc: 2.0 * HEATER_W,
}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("tank", [None, TankSettings()], ids=["endless water", "tank"])
def test_no_simple_policy_beats_it_on_random_days(seed: int, tank: TankSettings | None) -> None:
    chance = Random(seed)
    home = HomeSettings(
        capacity_wh=chance.uniform(1500.0, 12_000.0),
        max_charge_w=chance.uniform(800.0, 5000.0),
        start_percent=chance.uniform(20.0, 100.0),
        taper_from_percent=chance.choice([90.0, 98.0, 100.0]),
        tanks={"heater": tank},
    )
    sun_w, use_w = spell("mixed", seed)
    bound = perfect_foresight(sun_w, use_w, home, HEATER_W, tank)
    shares = [chance.random() for _ in range(1440)]
    anything = iter(shares)
    policies = POLICIES | {"at random": lambda sun, use, soc: next(anything) * HEATER_W}
    values = {name: followed(sun_w, use_w, policy, home) for name, policy in policies.items()}
    assert max(values.values()) <= bound.value_wh + 1.0, values
