"""Two measurements of one house, contradicting each other in different ways."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from pv_heater.core.house.two_measurements import TwoMeasurements, Way
from pv_heater.core.model.values import Reading
from tests.builders import NOON, House, balanced, reading

Change = Callable[[Reading], Reading]
HOUSE_W = 760.0


class Home:
    """A steady house and one load of ours, seen every `pace_s` by a meter that `change` makes wrong."""

    def __init__(self, *, pace_s: float = 1.0, sun_w: float = 1800.0, twice: TwoMeasurements | None = None) -> None:
        self.twice = twice or TwoMeasurements(off_grid=False, has_battery=True)
        self.pace_s, self.sun_w, self.tick_s, self.own_w = pace_s, sun_w, 0.0, 0.0

    def live(self, seconds: float, own_w: float | None = None, change: Change = lambda seen: seen) -> Reading:
        """So long with our load at `own_w`; the last reading as it is believed."""
        self.own_w = self.own_w if own_w is None else own_w
        until_s = self.tick_s + seconds
        while self.tick_s < until_s:
            now = NOON + timedelta(seconds=self.tick_s)
            true = reading(now, pv_w=self.sun_w, consumption_w=HOUSE_W + self.own_w, interval_s=self.pace_s)
            seen = change(balanced(true))
            believed = self.twice.observe(seen, self.tick_s, self.own_w, own_is_steady=True)
            self.tick_s += self.pace_s
        return believed


def wrong(**fields: float | None) -> Change:
    return lambda seen: replace(seen, **fields)  # type: ignore[arg-type]


def plus(name: str, power_w: float) -> Change:
    return lambda seen: replace(seen, **{name: getattr(seen, name) + power_w})


def believed_w(seen: Reading) -> float:
    """The house that is believed."""
    if seen.consumption_w is not None:
        return seen.consumption_w
    return (seen.pv_w or 0.0) + (seen.grid_w or 0.0) - (seen.battery_w or 0.0) - (seen.dc_load_w or 0.0)


def test_while_both_say_the_same_the_consumption_counts_and_nothing_is_told() -> None:
    home = Home()
    assert home.live(60).consumption_w == HOUSE_W
    assert home.live(60, 1000.0, plus("consumption_w", 140.0)).consumption_w == HOUSE_W + 1140.0
    assert home.twice.notice is None


@pytest.mark.parametrize(
    ("change", "house_w"),
    [
        (wrong(consumption_w=71.0), HOUSE_W + 500),  # the inverter's driver is lost
        (plus("battery_w", -800.0), HOUSE_W + 1300),  # DC loads that nobody measures
        (plus("consumption_w", 1500.0), HOUSE_W + 2000),  # the car counts twice
        (plus("pv_w", -700.0), HOUSE_W + 500),  # a charger is lost
        (plus("grid_w", 600.0), HOUSE_W + 1100),  # a clamp in the wrong place
        (plus("battery_w", 900.0), HOUSE_W + 500),  # the battery's monitor hangs
    ],
    ids=["house lost", "DC loads", "house too high", "sun lost", "grid too high", "battery hangs"],
)
def test_where_they_differ_for_some_seconds_the_higher_house_counts(change: Change, house_w: float) -> None:
    home = Home()
    home.live(60, 500.0)
    assert believed_w(home.live(10, change=change)) == house_w
    assert home.twice.is_open
    assert home.twice.notice is not None
    assert "the higher counts" in home.twice.notice


def test_one_reading_is_no_contradiction_and_neither_are_two_seconds() -> None:
    home = Home()
    home.live(60)
    assert home.live(2, change=plus("battery_w", -800.0)).consumption_w == HOUSE_W
    home.live(10)
    assert home.twice.notice is None
    slow = Home(pace_s=60.0)
    slow.live(120)
    assert slow.live(60, change=plus("battery_w", -800.0)).consumption_w == HOUSE_W
    assert slow.live(60, change=plus("battery_w", -800.0)).consumption_w is None


def test_a_house_below_our_own_loads_is_none_and_nothing_is_waited_for() -> None:
    home = Home()
    home.live(60, 1333.0)
    assert home.live(1, change=wrong(consumption_w=75.0)).consumption_w is None


def test_a_load_that_draws_nothing_is_not_taken_for_a_wrong_house() -> None:
    """Its thermostat has opened: both say that the house draws less than it was told alone."""
    home = Home()
    home.live(60)
    seen = balanced(reading(NOON + timedelta(seconds=60), pv_w=1800.0, consumption_w=75.0))
    assert home.twice.observe(seen, 60.0, 1333.0, own_is_steady=True).consumption_w == 75.0


@pytest.mark.parametrize(
    ("change", "right"),
    [
        (wrong(consumption_w=900.0), Way.BALANCE),  # hangs
        (lambda seen: replace(seen, consumption_w=2.5 * (seen.consumption_w or 0.0)), Way.BALANCE),
        (plus("consumption_w", 1500.0), Way.BALANCE),
        (wrong(battery_w=1500.0), Way.CONSUMPTION),  # hangs
        (lambda seen: replace(seen, battery_w=-(seen.battery_w or 0.0)), Way.CONSUMPTION),
    ],
    ids=["house hangs", "house x 2.5", "house + 1500", "battery hangs", "battery reversed"],
)
def test_a_step_of_our_own_shows_which_is_right(change: Change, right: Way) -> None:
    home = Home(sun_w=2600.0)
    home.live(30, 0.0, change)
    home.live(30, 500.0, change)
    if home.twice.trusted is None:
        home.live(30, 1000.0, change)
    assert home.twice.trusted is right
    assert home.twice.notice is not None
    assert "showed" in home.twice.notice or "before" in home.twice.notice
    seen = home.live(30, 1200.0, change)
    expected_w = HOUSE_W + 1200.0 if right is Way.BALANCE else seen.consumption_w
    assert believed_w(seen) == expected_w


def test_what_a_step_showed_outlasts_a_restart_and_a_damaged_state_is_no_trouble() -> None:
    home = Home()
    change = plus("consumption_w", 1500.0)
    home.live(30, 0.0, change)
    home.live(30, 500.0, change)
    saved = home.twice.state()
    again = TwoMeasurements(off_grid=False, has_battery=True)
    again.restore(saved)
    assert believed_w(Home(twice=again).live(10, 0.0, change)) == HOUSE_W
    for damaged in (None, 5, {"trusted": 7}, {"trusted": "nobody"}, []):
        fresh = TwoMeasurements(off_grid=False, has_battery=True)
        fresh.restore(damaged)
        assert fresh.trusted is None


def test_one_step_that_met_a_kettle_does_not_overturn_it_and_two_do() -> None:
    home = Home(sun_w=4000.0)
    change = plus("consumption_w", 1500.0)
    home.live(30, 0.0, change)
    home.live(30, 500.0, change)
    hangs = lambda seen: plus("consumption_w", 1500.0)(replace(seen, battery_w=2700.0))  # noqa: E731
    home.live(30, 1000.0, hangs)
    assert home.twice.trusted is Way.BALANCE
    home.live(30, 1500.0, hangs)
    assert home.twice.trusted is Way.CONSUMPTION


def test_they_agree_again_and_an_hour_later_nothing_is_held_against_either() -> None:
    home = Home(pace_s=10.0)
    change = wrong(consumption_w=71.0)
    home.live(60, 500.0)
    home.live(60, 500.0, change)
    home.live(60, 1000.0, change)
    assert home.twice.trusted is Way.BALANCE
    assert home.live(60).consumption_w == HOUSE_W + 1000.0
    assert home.twice.notice == "house by consumption and by sun, grid and battery agree again"
    home.live(3700)
    assert home.twice.trusted is None


@pytest.mark.parametrize(
    "missing",
    [
        {"battery_w": None},
        {"grid_w": None},
        {"pv_w": None},
        {"consumption_w": None},
        {"ac_source": "generator"},
    ],
    ids=str,
)
def test_where_one_of_them_is_not_there_nothing_is_compared(missing: dict[str, float | None]) -> None:
    home = Home()
    seen = home.live(60, 500.0, lambda true: replace(plus("battery_w", -800.0)(true), **missing))  # type: ignore[arg-type]
    assert home.twice.notice is None
    assert seen.consumption_w == (None if "consumption_w" in missing else HOUSE_W + 500.0)


def test_without_a_grid_the_battery_alone_is_the_other_measurement() -> None:
    home = Home(twice=TwoMeasurements(off_grid=True, has_battery=True))
    seen = home.live(60, 500.0, lambda true: replace(plus("battery_w", -800.0)(true), grid_w=None))
    assert seen.consumption_w is None


def test_dc_loads_that_are_told_are_no_contradiction() -> None:
    home = Home()
    change: Change = lambda true: replace(plus("battery_w", -800.0)(true), dc_load_w=800.0)  # noqa: E731
    assert home.live(60, 500.0, change).consumption_w == HOUSE_W + 500.0


@pytest.mark.parametrize("lost", ["consumption_w", "grid_w"])
def test_a_reading_without_one_of_them_ends_a_trial_and_no_step(lost: str) -> None:
    """The two differ, nothing runs and one load is tried; then a reading lacks one of the two."""
    home = House()
    seen = {"pv_w": 2500.0, "consumption_w": 600.0, "battery_w": 200.0, "battery_soc_percent": 95.0}
    tried_at = next(second for second in range(0, 300, 10) if "a trial with" in home.at(second, **seen).because)
    after = home.at(tried_at + 10, **seen | {lost: None})
    assert "a trial with" not in after.because
