"""The search for sun behind a full battery: when it is tried, what it may cost, when it is given up."""

import pytest

from pv_heater.core.settings import Limits, Site
from pv_heater.core.surplus import View
from pv_heater.strategies.hidden_sun import HiddenSun
from tests.builders import NOON, reading


def full(tick_s: float = 0.0, *, least_w: float = 2000.0, commanded_w: float = 0.0, **seen: object) -> View:
    """A full battery, PV that gives just what the house uses, and a relay of 2 kW."""
    values: dict[str, object] = {"pv_w": 500.0, "battery_soc_percent": 100.0, **seen}
    return View(
        now=NOON,
        tick_s=tick_s,
        reading=reading(**values),
        reading_is_new=True,
        taken_tick_s=tick_s,
        forecast=None,
        sun_elevation_deg=60.0,
        own_w=commanded_w,
        base_w=500.0,
        spare_w=0.0,
        commanded_w=commanded_w,
        capacity_w=2000.0,
        least_w=least_w,
        feed_in=False,
        site=Site(),
        limits=Limits(),
        battery_target_percent=None,
    )


def test_a_regulated_load_needs_no_trial() -> None:
    assert HiddenSun(200).trial_w(full(least_w=60.0, pv_throttled=True), 5000.0, 0.0) is None


def test_throttled_trackers_are_reason_enough() -> None:
    assert HiddenSun(200).trial_w(full(pv_throttled=True), None, 0.0) == 2000


def test_where_victron_says_that_nothing_is_throttled_no_sky_matters() -> None:
    assert HiddenSun(200).trial_w(full(pv_throttled=False), 5000.0, 0.0) is None


@pytest.mark.parametrize(("expected_w", "power_w"), [(None, None), (2099.0, None), (2100.0, 2000.0)])
def test_without_word_of_throttling_the_sky_must_promise_most_of_it(
    expected_w: float | None, power_w: float | None
) -> None:
    assert HiddenSun(200).trial_w(full(), expected_w, 0.0) == power_w


def test_a_battery_that_already_gives_hides_nothing() -> None:
    assert HiddenSun(200).trial_w(full(battery_w=-150.0), 5000.0, 0.0) is None


def test_a_trial_lasts_a_minute_or_three_readings_and_failing_pauses_longer_each_time() -> None:
    """00:00 tried; 01:00 nothing came back: 15 min of rest; 16:00 tried again, failed; then 30 min."""
    hidden = HiddenSun(1000)
    assert hidden.trial_w(full(0), 5000.0, 0.0) == 2000
    assert hidden.trial_w(full(59, commanded_w=2000.0), 5000.0, -1900.0) == 2000
    assert hidden.trial_w(full(60, commanded_w=2000.0), 5000.0, -1900.0) is None
    assert hidden.trial_w(full(959), 5000.0, 0.0) is None
    assert hidden.trial_w(full(960), 5000.0, 0.0) == 2000
    assert hidden.trial_w(full(1020, commanded_w=2000.0), 5000.0, -1900.0) is None
    assert hidden.trial_w(full(1020 + 1799), 5000.0, 0.0) is None
    assert hidden.trial_w(full(1020 + 1800), 5000.0, 0.0) == 2000


def test_a_slow_portal_gets_three_readings_to_judge_by() -> None:
    hidden = HiddenSun(1000)
    hidden.trial_w(full(0, interval_s=60.0), 5000.0, 0.0)
    assert hidden.trial_w(full(179, interval_s=60.0, commanded_w=2000.0), 5000.0, 0.0) == 2000
    assert hidden.trial_w(full(180, interval_s=60.0, commanded_w=2000.0), 5000.0, 0.0) is None


def test_a_trial_that_paid_may_be_repeated_at_once() -> None:
    hidden = HiddenSun(1000)
    hidden.trial_w(full(0), 5000.0, 0.0)
    assert hidden.trial_w(full(60, commanded_w=2000.0), 5000.0, 1950.0) is None
    assert hidden.trial_w(full(61), 5000.0, 0.0) == 2000


def test_the_budget_of_a_day_ends_the_search_until_tomorrow() -> None:
    """Five minutes of 1.8 kW out of the battery are 150 Wh of 200."""
    hidden = HiddenSun(200)
    hidden.note(full(battery_w=-1800.0, commanded_w=2000.0), 300.0)
    assert hidden.spent_wh == pytest.approx(150)
    assert hidden.give_w(full()) == 100
    assert hidden.trial_w(full(), 5000.0, 0.0) == 2000
    hidden.note(full(battery_w=-1800.0, commanded_w=2000.0), 100.0)
    assert hidden.give_w(full()) == 0
    later = full(5000.0)
    assert hidden.trial_w(full(60), 5000.0, -1800.0) is None
    assert hidden.trial_w(later, 5000.0, 0.0) is None
    hidden.begin_day()
    assert hidden.trial_w(later, 5000.0, 0.0) == 2000


def test_what_the_house_takes_from_the_battery_is_not_the_searchs_cost() -> None:
    hidden = HiddenSun(200)
    hidden.note(full(battery_w=-3000.0, commanded_w=200.0), 3600.0)
    assert hidden.spent_wh == pytest.approx(200)
