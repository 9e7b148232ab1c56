"""The target charge, with numbers that can be checked by hand."""

from datetime import UTC, datetime
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pv_heater.strategies.outlooks import (
    LEANINGS,
    USUAL_REGRETS,
    Home,
    Levels,
    Stretch,
    levels_of,
    target_wh,
)

NOON = datetime(2026, 6, 21, 12, tzinfo=UTC)
HOME = Home(capacity_wh=4800.0, charge_limit_w=2400.0, heaters_w=2000.0)


def hour(sun_w: float, use_w: float = 500.0, hours: float = 1.0) -> Stretch:
    return Stretch(start_at=NOON, end_at=NOON, hours=hours, sun_w=sun_w, clear_w=sun_w, use_w=use_w)


def middle(*rest_of_day: Stretch, home: Home = HOME) -> Levels:
    """The outlook in which all comes as expected."""
    return levels_of(rest_of_day, home, leaning=0.0, spread=1.0)


def test_after_the_last_sun_only_a_full_battery_is_full_enough() -> None:
    assert middle() == Levels(waste_above_wh=4800, fills_above_wh=4800)


def test_sun_that_the_heater_can_take_fills_the_battery_and_wastes_nothing() -> None:
    """1500 W to spare for an hour are 1440 Wh in the battery; the heater could take them all."""
    assert middle(hour(2000)) == Levels(waste_above_wh=4800, fills_above_wh=pytest.approx(4800 - 1440))


def test_sun_beyond_the_heater_needs_room_in_the_battery() -> None:
    """3500 W to spare: the heater takes 2000, so 1500 W need 1440 Wh of room; unheated 2400 W go in."""
    assert middle(hour(4000)) == Levels(
        waste_above_wh=pytest.approx(4800 - 1440), fills_above_wh=pytest.approx(4800 - 0.96 * 2400)
    )


def test_use_without_sun_empties_the_battery_first() -> None:
    """485 W out of the battery for an hour are 500 Wh; then 1440 Wh come in."""
    levels = middle(hour(0, use_w=485.0), hour(2000))
    assert levels.fills_above_wh == pytest.approx(4800 - 1440 + 500)
    assert levels.waste_above_wh == 4800


def test_use_after_the_sun_does_not_make_room_beyond_full() -> None:
    assert middle(hour(2000), hour(0, use_w=3000.0)) == middle(hour(2000))


def test_a_bright_day_leaves_less_than_no_room_in_the_morning() -> None:
    """Eight hours of 4 kW: even an empty battery would overflow beside the running heater."""
    assert middle(*[hour(4500)] * 8).waste_above_wh < 0


def test_little_hot_water_can_wait_for_later_sun() -> None:
    """The later of two hours gives the heater 2000 Wh: enough for 1500 Wh, so nothing is wasted by waiting."""
    little = Home(capacity_wh=4800.0, charge_limit_w=2400.0, heaters_w=2000.0, wanted_wh=1500.0)
    much = Home(capacity_wh=4800.0, charge_limit_w=2400.0, heaters_w=2000.0, wanted_wh=2500.0)
    assert middle(hour(4000), hour(4000), home=little).waste_above_wh == 4800
    assert middle(hour(4000), hour(4000), home=much) == middle(hour(4000), hour(4000))


def test_brighter_outlooks_fill_and_waste_earlier() -> None:
    rest = [hour(3000, hours=0.25)] * 12
    outlooks = [levels_of(rest, HOME, leaning, 1.0) for leaning in LEANINGS]
    assert [o.fills_above_wh for o in outlooks] == sorted((o.fills_above_wh for o in outlooks), reverse=True)
    assert [o.waste_above_wh for o in outlooks] == sorted((o.waste_above_wh for o in outlooks), reverse=True)


def test_certainty_leaves_only_the_doubt_about_the_use() -> None:
    rest = [hour(4000, use_w=0.0)] * 2
    assert levels_of(rest, HOME, 1.6, 0.0) == levels_of(rest, HOME, -1.6, 0.0)


def test_one_outlook_aims_as_high_as_wastes_nothing() -> None:
    outlook = Levels(waste_above_wh=3000, fills_above_wh=1000)
    assert target_wh([outlook], 4800, USUAL_REGRETS) == 3000


def test_where_filling_and_wasting_are_both_sure_any_charge_in_between_would_do() -> None:
    assert target_wh([Levels(waste_above_wh=-500, fills_above_wh=-2000)], 4800, USUAL_REGRETS) == -500


def test_as_many_dark_outlooks_as_bright_ones_decide_for_heat_because_it_loses_less() -> None:
    """Below 4800 the dark one regrets heating (0.862), above 1000 the bright one regrets storing (1)."""
    dark, bright = Levels(waste_above_wh=4800, fills_above_wh=4800), Levels(waste_above_wh=1000, fills_above_wh=0)
    assert target_wh([dark, bright], 4800, USUAL_REGRETS) == 1000
    assert target_wh([dark, dark, bright], 4800, USUAL_REGRETS) == 4800


def test_sure_waste_at_any_charge_heats_all() -> None:
    assert target_wh([Levels(waste_above_wh=-inf, fills_above_wh=-inf)], 4800, USUAL_REGRETS) == -inf


@given(
    sun_w=st.lists(st.floats(0, 8000), min_size=1, max_size=60),
    use_w=st.floats(0, 3000),
    leaning=st.sampled_from(LEANINGS),
    spread=st.floats(0, 2),
    heaters_w=st.floats(0, 6000),
)
def test_what_fills_is_never_above_what_wastes(
    sun_w: list[float], use_w: float, leaning: float, spread: float, heaters_w: float
) -> None:
    home = Home(capacity_wh=4800.0, charge_limit_w=2400.0, heaters_w=heaters_w)
    levels = levels_of([hour(watts, use_w, 0.25) for watts in sun_w], home, leaning, spread)
    assert levels.fills_above_wh <= levels.waste_above_wh + 1e-6 <= 4800 + 1e-5
    target = target_wh([levels], 4800, USUAL_REGRETS)
    assert target == pytest.approx(levels.waste_above_wh)
