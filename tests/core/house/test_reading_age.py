from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pv_heater.core.house.reading_age import ReadingAge
from tests.builders import NOON, reading


def local(**fields: object) -> ReadingAge:
    evidence = ReadingAge(max_reading_age_s=None, local_source=True)
    evidence.observe(reading(**fields), NOON, 0.0)  # type: ignore[arg-type]
    return evidence


def test_age_is_counted_by_monotonic_time_after_the_first_sight() -> None:
    evidence = local()
    evidence.observe(reading(), NOON + timedelta(days=200), 5.0)
    assert evidence.age_s(5.0) == 5.0
    assert not evidence.is_new


def test_a_reading_from_the_future_has_age_zero() -> None:
    evidence = ReadingAge(max_reading_age_s=None, local_source=True)
    evidence.observe(reading(NOON + timedelta(hours=1)), NOON, 0.0)
    assert evidence.age_s(0.0) == 0.0


def test_an_old_answer_is_old_on_arrival() -> None:
    evidence = ReadingAge(max_reading_age_s=None, local_source=False)
    evidence.observe(reading(NOON - timedelta(hours=6)), NOON, 100.0)
    assert evidence.age_s(100.0) == 6 * 3600
    assert evidence.share(100.0) == 0.0


@pytest.mark.parametrize(("interval_s", "is_local", "limit_s"), [
    (1.0, True, 30.0), (20.0, True, 60.0), (60.0, False, 180.0), (10.0, False, 180.0), (300.0, False, 900.0),
    (900.0, False, 900.0),
])  # fmt: skip
def test_automatic_age_limit_is_three_intervals_within_bounds(
    interval_s: float, is_local: bool, limit_s: float
) -> None:
    evidence = ReadingAge(max_reading_age_s=None, local_source=is_local)
    evidence.observe(reading(interval_s=interval_s), NOON, 0.0)
    assert evidence.max_age_s == limit_s


def test_a_source_that_does_not_tell_its_pace_is_measured() -> None:
    evidence = ReadingAge(max_reading_age_s=None, local_source=True)
    for step in range(4):
        evidence.observe(reading(NOON + timedelta(seconds=40 * step), interval_s=None), NOON, 40.0 * step)
    assert evidence.max_age_s == 120.0


def test_hold_then_ramp_then_nothing() -> None:
    evidence = local(interval_s=60.0)
    assert evidence.max_age_s == 180.0
    assert [round(evidence.share(tick_s), 3) for tick_s in (0, 60, 90, 120, 150, 179, 180)] == [
        1.0, 1.0, 0.75, 0.5, 0.25, 0.008, 0.0,
    ]  # fmt: skip


def test_readings_that_are_always_a_minute_old_are_not_ramped_while_on_time() -> None:
    evidence = ReadingAge(max_reading_age_s=None, local_source=False)
    for minute in range(5):
        now = NOON + timedelta(minutes=minute)
        evidence.observe(reading(now - timedelta(seconds=60), interval_s=60.0), now, 60.0 * minute)
        assert evidence.share(60.0 * minute + 59.0) == 1.0
    assert 0.0 < evidence.share(240.0 + 90.0) < 1.0
    assert evidence.share(240.0 + 120.0) == 0.0


def test_own_power_is_that_of_the_moment_the_reading_was_taken() -> None:
    evidence = ReadingAge(max_reading_age_s=None, local_source=True)
    evidence.remember_own(0.0, {"heater": 0.0})
    evidence.remember_own(100.0, {"heater": 1500.0})
    evidence.observe(reading(NOON - timedelta(seconds=60)), NOON, 150.0)
    assert evidence.own_w == 0.0
    evidence.observe(reading(NOON + timedelta(seconds=1)), NOON + timedelta(seconds=1), 151.0)
    assert evidence.own_w == 1500.0


def test_measured_own_power_wins_over_the_setpoint() -> None:
    evidence = ReadingAge(max_reading_age_s=None, local_source=True)
    evidence.remember_own(0.0, {"heater": 1500.0, "pump": 800.0})
    evidence.observe(reading(NOON, load_w={"heater": 1433.0}), NOON, 10.0)
    assert evidence.own_w == 2233.0


def test_a_source_whose_clock_was_set_back_is_believed_again_after_its_limit() -> None:
    evidence = local()
    evidence.observe(reading(NOON - timedelta(days=1)), NOON, 10.0)
    assert not evidence.is_new
    evidence.observe(reading(NOON - timedelta(days=1)), NOON, 30.0)
    assert evidence.is_new


def test_readings_in_a_local_zone_survive_the_end_of_summer_time() -> None:
    """At 03:00 the clocks go back to 02:00: by wall clock every new reading would look an hour older."""
    zone = ZoneInfo("Europe/Vienna")
    before_utc = datetime(2026, 10, 25, 0, 59, 55, tzinfo=UTC)
    evidence = ReadingAge(max_reading_age_s=None, local_source=True)
    for second in range(0, 60, 10):
        now = before_utc + timedelta(seconds=second)
        evidence.observe(reading(now.astimezone(zone)), now, float(second))
        assert evidence.is_new
        assert evidence.age_s(float(second)) == 0.0
    assert evidence.max_age_s == 30.0


def test_the_least_a_load_was_set_to_before_the_reading_was_taken() -> None:
    evidence = ReadingAge(max_reading_age_s=None, local_source=True)
    evidence.remember_own(0.0, {"heater": 1500.0, "pool": 0.0})
    evidence.remember_own(90.0, {"heater": 700.0, "pool": 300.0})
    evidence.remember_own(95.0, {"heater": 900.0, "pool": 300.0})
    for second, least_w in ((89.0, 1500.0), (100.0, 700.0), (114.0, 700.0), (115.0, 900.0)):
        now = NOON + timedelta(seconds=second)
        evidence.observe(reading(now), now, second)
        assert evidence.least_own_w(20.0)["heater"] == least_w
    assert evidence.least_own_w(20.0)["pool"] == 300.0
    assert evidence.least_own_w(26.0)["pool"] == 0.0
    assert evidence.least_own_w(200.0)["heater"] == 0.0  # before the program began


def test_what_a_load_was_set_to_is_taken_back_when_it_drew_nothing() -> None:
    evidence = ReadingAge(max_reading_age_s=None, local_source=True)
    evidence.remember_own(0.0, {"heater": 1500.0, "pool": 300.0})
    evidence.observe(reading(NOON), NOON, 100.0)
    assert evidence.own_w == 1800.0
    evidence.disown("heater")
    assert evidence.own_w == 300.0


def stamped(evidence: ReadingAge, clock_off_s: float, *taken_and_came: tuple[float, float]) -> list[float]:
    """Ages at arrival of readings (second taken, second come) of a meter whose clock is `clock_off_s` ahead of ours."""
    ages = []
    for taken_s, came_s in taken_and_came:
        row = reading(NOON + timedelta(seconds=taken_s + clock_off_s))
        evidence.observe(row, NOON + timedelta(seconds=came_s), came_s)
        assert evidence.reading == row
        ages.append(evidence.age_s(came_s) or 0.0)
    return ages


@pytest.mark.parametrize("clock_off_s", [100.0, 3600.0, 90 * 86_400.0])
def test_by_a_clock_that_is_ahead_a_reading_is_at_least_as_old_as_its_stamps_show(clock_off_s: float) -> None:
    evidence = ReadingAge(max_reading_age_s=None, local_source=False)
    ages = stamped(evidence, clock_off_s, (0.0, 10.0), (60.0, 65.0), (120.0, 200.0))
    assert ages == [0.0, 0.0, 75.0]  # the second took 5 s, which nobody can know; the third 75 s more


def test_clocks_that_agree_leave_an_age_as_it_is() -> None:
    evidence = ReadingAge(max_reading_age_s=None, local_source=False)
    assert stamped(evidence, 0.0, (0.0, 60.0), (60.0, 62.0), (120.0, 200.0)) == [60.0, 2.0, 80.0]
    assert evidence.earliest_tick_s == evidence.taken_tick_s == 120.0
    assert stamped(evidence, 2.0, (180.0, 181.0)) == [0.0]
    assert evidence.earliest_tick_s == evidence.taken_tick_s


def test_by_a_clock_that_is_ahead_a_reading_may_have_been_taken_long_ago() -> None:
    evidence = ReadingAge(max_reading_age_s=None, local_source=False)
    stamped(evidence, 100.0, (0.0, 60.0))
    assert evidence.taken_tick_s == 60.0
    assert evidence.earliest_tick_s == 60.0 - 900.0
    stamped(evidence, 7200.0, (60.0, 120.0))
    assert evidence.earliest_tick_s <= 120.0 - 7140.0


def test_a_clock_that_is_set_right_is_believed_again() -> None:
    """The meter's: its stamps fall back. Ours: it jumps, and the readings come as before."""
    evidence = ReadingAge(max_reading_age_s=None, local_source=True)
    stamped(evidence, 3600.0, *((second, second) for second in (0.0, 10.0)))
    assert stamped(evidence, 0.0, (50.0, 50.0)) == [0.0]
    assert evidence.earliest_tick_s == evidence.taken_tick_s
    evidence.observe(reading(NOON + timedelta(seconds=60)), NOON - timedelta(hours=1), 60.0)
    assert evidence.earliest_tick_s < evidence.taken_tick_s
    assert stamped(evidence, 0.0, (70.0, 70.0)) == [0.0]
    assert evidence.earliest_tick_s == evidence.taken_tick_s


def test_where_a_clock_is_ahead_the_least_of_all_that_time_counts() -> None:
    evidence = ReadingAge(max_reading_age_s=None, local_source=True)
    for second, power_w in ((0.0, 0.0), (100.0, 700.0)):
        evidence.remember_own(second, {"heater": power_w})
    stamped(evidence, 60.0, (950.0, 1000.0))
    assert evidence.least_own_w(20.0)["heater"] == 0.0
    stamped(evidence, 60.0, (1100.0, 1150.0))
    assert evidence.least_own_w(20.0)["heater"] == 700.0


def stepped(house_w: list[float], *, before_w: float, after_w: float, **fields: object) -> list[float]:
    """What our loads count for, a reading a second; after the third the heater goes from one power to another."""
    evidence = ReadingAge(max_reading_age_s=None, local_source=True)
    evidence.remember_own(-60.0, {"heater": before_w})
    counted_w = []
    for second, power_w in enumerate(house_w):
        now = NOON + timedelta(seconds=second)
        evidence.observe(reading(now, consumption_w=power_w, **fields), now, float(second))  # type: ignore[arg-type]
        counted_w.append(evidence.own_w)
        if second == 2:
            evidence.remember_own(2.0, {"heater": after_w})
    return counted_w


@pytest.mark.parametrize(
    ("house_w", "counted_w"),
    [
        ([760, 760, 760, 1800, 1800, 1800], [0, 0, 0, 1040, 1040, 1040]),
        ([760, 760, 760, 760, 1800, 1800], [0, 0, 0, 0, 1040, 1040]),
        ([760, 760, 760, 760, 760, 1800], [0, 0, 0, 0, 0, 1040]),
        ([760, 760, 760, 1200, 1800, 1800], [0, 0, 0, 440, 1040, 1040]),  # a meter that means over two seconds
    ],
    ids=["at once", "a second late", "two seconds late", "half of it first"],
)
def test_a_step_up_counts_as_soon_as_the_meter_shows_it_and_no_sooner(
    house_w: list[float], counted_w: list[float]
) -> None:
    assert stepped(house_w, before_w=0.0, after_w=1040.0) == pytest.approx(counted_w)


def test_a_step_down_counts_as_soon_as_the_meter_shows_it_and_no_sooner() -> None:
    house_w = [2760.0, 2760.0, 2760.0, 2760.0, 1260.0, 1260.0]
    assert stepped(house_w, before_w=2000.0, after_w=500.0) == pytest.approx([2000, 2000, 2000, 2000, 500, 500])


def test_a_kettle_beyond_our_own_step_is_seen_at_once() -> None:
    house_w = [760.0, 760.0, 760.0, 760.0 + 1040.0 + 2000.0]
    assert stepped(house_w, before_w=0.0, after_w=1040.0)[-1] == pytest.approx(1040.0)


def test_a_kettle_that_comes_as_a_load_goes_off_counts_as_house_once_the_step_must_show() -> None:
    """Until then the two look alike; it is never taken for sun."""
    house_w = [2760.0, 2760.0, 2760.0, 2760.0, 2760.0, 2760.0]
    assert stepped(house_w, before_w=2000.0, after_w=0.0) == pytest.approx([2000, 2000, 2000, 2000, 2000, 0])


def test_a_load_measured_alone_shows_its_step_before_the_house_does() -> None:
    evidence, counted_w = ReadingAge(max_reading_age_s=None, local_source=True), []
    for second, house_w in enumerate([760.0, 760.0, 760.0, 760.0, 1800.0, 1800.0]):
        now, told_w = NOON + timedelta(seconds=second), 1040.0 if second >= 3 else 0.0
        evidence.observe(reading(now, consumption_w=house_w, load_w={"heater": told_w}), now, float(second))
        counted_w.append(evidence.own_w)
        evidence.remember_own(second + 0.0, {"heater": 1040.0 if second >= 2 else 0.0})
    assert counted_w == [0, 0, 0, 0, 1040, 1040]


def test_without_a_reading_before_the_least_counts_that_may_have_been_drawn() -> None:
    evidence = ReadingAge(max_reading_age_s=None, local_source=True)
    evidence.remember_own(0.0, {"heater": 0.0})
    evidence.remember_own(99.0, {"heater": 1500.0})
    evidence.observe(reading(NOON), NOON, 100.0)
    assert evidence.own_w == 0.0


def test_a_reading_of_the_portal_is_as_old_as_it_says() -> None:
    evidence = ReadingAge(max_reading_age_s=None, local_source=False)
    evidence.remember_own(0.0, {"heater": 0.0})
    evidence.remember_own(99.0, {"heater": 1500.0})
    evidence.observe(reading(NOON, source="vrm"), NOON, 100.0)
    assert evidence.own_w == 1500.0


def test_a_meter_of_the_grid_alone_shows_no_sun_for_our_step() -> None:
    """1040 W are sold; the heater takes them, and the meter shows it two seconds later."""
    evidence = ReadingAge(max_reading_age_s=None, local_source=True)
    spare_w = []
    for second, grid_w in enumerate([-1040.0, -1040.0, -1040.0, -1040.0, -1040.0, 0.0]):
        now = NOON + timedelta(seconds=second)
        seen = reading(now, pv_w=None, consumption_w=None, battery_w=None, grid_w=grid_w)
        evidence.observe(seen, now, float(second))
        spare_w.append(evidence.own_w - grid_w)
        evidence.remember_own(float(second), {"heater": 1040.0 if second >= 2 else 0.0})
    assert spare_w == [1040.0] * 6


@pytest.mark.parametrize("back", [timedelta(minutes=1), timedelta(days=20_000)])
@pytest.mark.parametrize("stamped_before", [False, True])
def test_a_meter_that_is_stamped_by_our_clock_is_heard_on_when_that_is_set_back(
    back: timedelta, stamped_before: bool
) -> None:
    """Also where one reading was under way while the clock was set."""
    evidence = local()
    now = NOON - back + timedelta(seconds=1)
    if stamped_before:
        evidence.observe(reading(NOON + timedelta(seconds=0.9)), now, 1.0)
        assert evidence.is_new
    for second in range(1, 4):
        now = NOON - back + timedelta(seconds=1 + second)
        evidence.observe(reading(now), now, 1.0 + second)
        assert evidence.is_new
        assert evidence.age_s(1.0 + second) == 0.0


def test_a_portal_that_says_older_things_when_our_clock_is_set_back_is_not_believed() -> None:
    """It has a clock of its own: what it says from before the newest is older than that by any clock."""
    evidence = local()
    now = NOON - timedelta(minutes=1)
    evidence.observe(reading(NOON - timedelta(hours=6)), now, 1.0)
    assert not evidence.is_new
    evidence.observe(reading(), now, 1.0)
    assert not evidence.is_new
