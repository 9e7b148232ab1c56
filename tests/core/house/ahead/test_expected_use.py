"""What is known of the use: a usual household, the day so far, and the days before."""

import json

import pytest

from pv_heater.core.house.ahead.expected_use import USUAL_COURSE, UseAhead
from pv_heater.core.settings.home import USUAL_HOUSE_W


def day_of(use: UseAhead, use_w: float, hours: range = range(24)) -> None:
    for hour in hours:
        use.observe(hour, use_w, 3600.0)


def test_at_first_a_usual_household_is_expected() -> None:
    assert UseAhead().by_hour_w() == [USUAL_HOUSE_W * share for share in USUAL_COURSE]


def test_a_busy_night_makes_a_busy_day() -> None:
    """Six hours of 500 W where 250 W are usual: 3000 + 2938 Wh of trust against 1500 + 2938."""
    use = UseAhead()
    day_of(use, 500.0, range(6))
    trust_wh = 6.0 * USUAL_HOUSE_W * sum(USUAL_COURSE) / 24
    assert use.by_hour_w()[12] == pytest.approx(USUAL_HOUSE_W * (3000 + trust_wh) / (1500 + trust_wh))


def test_an_hour_moves_a_tenth_of_the_way_each_day() -> None:
    use = UseAhead()
    day_of(use, 1000.0)
    use.end_day()
    assert use.by_hour_w()[12] == pytest.approx(500 + 0.1 * 500)
    assert use.by_hour_w()[2] == pytest.approx(250 + 0.1 * 750)


def test_after_two_months_the_habit_is_known_and_the_day_so_far_adds_nothing() -> None:
    use = UseAhead()
    for _ in range(60):
        day_of(use, 300.0)
        use.end_day()
    day_of(use, 300.0, range(10))
    assert use.by_hour_w()[18] == pytest.approx(300, abs=2)


def test_an_hour_hardly_seen_teaches_nothing() -> None:
    use = UseAhead()
    use.observe(12, 5000.0, 600.0)
    use.end_day()
    assert use.by_hour_w()[12] == 500


def test_it_goes_on_after_a_restart() -> None:
    use = UseAhead()
    day_of(use, 900.0)
    use.end_day()
    day_of(use, 700.0, range(9))
    later = UseAhead()
    later.restore(json.loads(json.dumps(use.state())))
    assert later.by_hour_w() == pytest.approx(use.by_hour_w(), rel=1e-3)


@pytest.mark.parametrize("broken", [{}, {"hours_w": [1.0] * 23}, {"hours_w": [-1.0] * 24}, {"hours_w": ["x"] * 24}])
def test_a_broken_state_is_as_none(broken: dict[str, object]) -> None:
    use = UseAhead()
    use.restore(broken)
    assert use.by_hour_w() == UseAhead().by_hour_w()


def test_what_is_on_now_is_likely_to_be_over_in_an_hour() -> None:
    """A kilowatt more than usual at noon: after an hour a third of it is likely, in the evening nothing."""
    use = UseAhead()
    usual_w = USUAL_HOUSE_W * USUAL_COURSE[12]
    for _ in range(4 * 60):
        use.observe(12, usual_w + 1000.0, 60.0)
    now_w, later_w, evening_w = use.likely_w(12, [(12, 0.0), (13, 1.0), (19, 7.0)])
    assert now_w == pytest.approx(usual_w + 1000, abs=25)
    assert later_w == pytest.approx(usual_w + 460, abs=60), "the day so far counts a little too"
    assert evening_w / (USUAL_HOUSE_W * USUAL_COURSE[19]) == pytest.approx(1.4, abs=0.05)


def test_a_wash_counts_no_more_than_twice_the_usual_for_the_rest_of_the_day() -> None:
    """Three kilowatts for an hour: the scale of strategies trebles the evening, what is likely stays near habit."""
    use = UseAhead()
    for _ in range(60):
        use.observe(3, 3000.0, 60.0)
    (evening_w,) = use.likely_w(5, [(20, 15.0)])
    habit_w = USUAL_HOUSE_W * USUAL_COURSE[20]
    assert evening_w == pytest.approx(1.08 * habit_w, rel=0.02)
    assert use.at_hour_w(20) > 1.5 * habit_w


def test_nothing_is_likely_to_draw_less_than_nothing() -> None:
    use = UseAhead()
    use.observe(19, 0.0, 3600.0)
    assert min(use.likely_w(19, [(19, 0.0), (3, 8.0)])) >= 0
