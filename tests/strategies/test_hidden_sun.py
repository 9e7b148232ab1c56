"""The search for sun behind a full battery: when it is tried, what it may cost, when it is given up."""

import pytest

from pv_heater.core.house.ahead.house_ahead import HouseAhead
from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.house.least_charge import LeastCharge
from pv_heater.core.house.surplus import AutomaticLoads, View
from pv_heater.core.settings.home import Limits, Site
from pv_heater.core.settings.load import LoadSettings
from pv_heater.strategies.hidden_sun import HiddenSun
from tests.builders import NOON, reading


def relay(power_w: float = 2000.0, **changes: object) -> LoadSettings:
    values: dict[str, object] = {"name": "pump", "max_power_w": power_w, "min_power_w": power_w, "min_on_s": 0.0}
    return LoadSettings(**(values | changes))  # type: ignore[arg-type]


RELAY = relay()


def full(
    tick_s: float = 0.0,
    *,
    load: LoadSettings | None = RELAY,
    commanded_w: float = 0.0,
    own_w: float = 0.0,
    **seen: object,
) -> View:
    """A full battery, PV that gives just what the house uses, and a relay of 2 kW."""
    values: dict[str, object] = {"pv_w": 500.0, "battery_soc_percent": 100.0, **seen}
    seen_now = reading(**values)
    house = HouseFacts(
        now=NOON,
        tick_s=tick_s,
        vacation_until_at=None,
        daylight=True,
        reading=seen_now,
        taken_tick_s=tick_s,
        reading_age_s=0.0,
        max_reading_age_s=60.0,
        least_charge=LeastCharge(percent=25.0, release_percent=26.0),
        source_interval_s=None,
        own_w=own_w or commanded_w,
        commanded_w=commanded_w,
        base_w=500.0,
        spare_w=0.0,
    )
    return View(
        house=house,
        loads=AutomaticLoads(capacity_w=2000.0, next_to_start=load),
        reading=seen_now,
        forecast=None,
        ahead=HouseAhead(Site()),
        sun=None,
        feed_in=False,
        charge_percent=100.0,
        sun_hides=True,
        site=Site(),
        limits=Limits(),
        battery_target_percent=None,
    )


def test_a_regulated_load_needs_no_trial() -> None:
    assert HiddenSun(200).trial_w(full(load=relay(60.0), pv_throttled=True), 5000.0, 0.0) is None


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


def tried(hidden: HiddenSun, at_s: float, spare_w: float, *, for_s: float = 60.0, **seen: object) -> None:
    """Offered at `at_s`, running ten seconds later, judged after `for_s`: the load is found to have that much spare."""
    assert hidden.trial_w(full(at_s, **seen), 5000.0, 0.0) == 2000
    assert hidden.trial_w(full(at_s + 10, load=None, commanded_w=2000.0, **seen), 5000.0, spare_w) == 2000
    last_s = at_s + 10 + for_s
    assert hidden.trial_w(full(last_s - 1, load=None, commanded_w=2000.0, **seen), 5000.0, spare_w) == 2000
    assert hidden.trial_w(full(last_s, load=None, commanded_w=2000.0, **seen), 5000.0, spare_w) is None


def test_a_trial_lasts_a_minute_and_failing_pauses_longer_each_time() -> None:
    """00:00 tried, 01:10 nothing has come back: 15 min of rest; tried and failed again: 30 min."""
    hidden = HiddenSun(1000)
    tried(hidden, 0, -1900.0)
    assert hidden.trial_w(full(70 + 899), 5000.0, 0.0) is None
    tried(hidden, 70 + 900, -1900.0)
    assert hidden.trial_w(full(1040 + 1799), 5000.0, 0.0) is None
    assert hidden.trial_w(full(1040 + 1800), 5000.0, 0.0) == 2000


def test_a_slow_portal_gets_three_readings_to_judge_by() -> None:
    tried(HiddenSun(1000), 0, -1900.0, for_s=180.0, interval_s=60.0)


def test_a_trial_that_paid_may_be_repeated_at_once() -> None:
    hidden = HiddenSun(1000)
    tried(hidden, 0, 1950.0)
    assert hidden.trial_w(full(71), 5000.0, 0.0) == 2000


def test_a_trial_that_a_guard_holds_back_has_not_failed() -> None:
    """Offered all night long, it never ran: the first chance in the morning is taken."""
    hidden = HiddenSun(1000)
    for at_s in range(0, 36_000, 60):
        assert hidden.trial_w(full(at_s), 5000.0, 0.0) == 2000
    assert hidden.trial_w(full(36_000), 0.0, 0.0) is None
    assert hidden.trial_w(full(36_060), 5000.0, 0.0) == 2000


def test_one_more_load_is_tried_beside_those_that_run() -> None:
    assert HiddenSun(1000).trial_w(full(load=relay(500.0), commanded_w=1500.0), 5000.0, 0.0) == 2000


def test_a_trial_costs_its_loads_minimum_on_time() -> None:
    """2 kW for five minutes are 167 Wh."""
    slow = full(load=relay(min_on_s=300.0))
    assert HiddenSun(166).trial_w(slow, 5000.0, 0.0) is None
    assert HiddenSun(167).trial_w(slow, 5000.0, 0.0) == 2000


def test_the_budget_of_a_day_ends_the_search_until_tomorrow() -> None:
    """Five minutes of 1.8 kW out of the battery are 150 Wh of 200."""
    hidden = HiddenSun(200)
    hidden.note(full(battery_w=-1800.0, own_w=2000.0), 300.0, may_hide=True)
    assert hidden.spent_wh == pytest.approx(150)
    assert hidden.give_w(full()) == 100
    assert hidden.trial_w(full(), 5000.0, 0.0) == 2000
    hidden.note(full(battery_w=-1800.0, own_w=2000.0), 100.0, may_hide=True)
    assert hidden.give_w(full()) == 0
    assert hidden.trial_w(full(60), 5000.0, 0.0) is None
    hidden.begin_day()
    assert hidden.trial_w(full(120), 5000.0, 0.0) == 2000


def test_what_the_house_takes_from_the_battery_is_not_the_searchs_cost() -> None:
    hidden = HiddenSun(200)
    hidden.note(full(battery_w=-3000.0, own_w=200.0), 3600.0, may_hide=True)
    assert hidden.spent_wh == pytest.approx(200)


def test_a_trial_is_booked_however_far_it_has_emptied_the_battery_until_that_gives_nothing() -> None:
    """Slow readings show the last of it when it is over, and by then the battery is not full any more."""
    hidden = HiddenSun(200)
    paid = full(60, battery_w=-1800.0, own_w=2000.0)
    hidden.note(paid, 60.0, may_hide=False)
    assert hidden.spent_wh == 0
    assert hidden.trial_w(full(), 5000.0, 0.0) == 2000
    assert hidden.trial_w(full(commanded_w=2000.0), 5000.0, 0.0) == 2000
    hidden.note(paid, 60.0, may_hide=False)
    assert hidden.trial_w(full(120), 5000.0, 0.0) is None
    hidden.note(paid, 60.0, may_hide=False)
    assert hidden.spent_wh == pytest.approx(60)
    hidden.note(full(240, battery_w=0.0, own_w=0.0), 60.0, may_hide=False)
    hidden.note(paid, 60.0, may_hide=False)
    assert hidden.spent_wh == pytest.approx(60)
