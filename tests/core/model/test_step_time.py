from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from pv_heater.core.model.local_time import LocalDay, StepTime
from tests.builders import NOON


def test_the_first_step_takes_no_time_wherever_the_callers_clock_begins() -> None:
    time = StepTime()
    time.advance(NOON, 5000.0)
    assert (time.tick_s, time.elapsed_s) == (5000.0, 0.0)
    time.advance(NOON, 5003.0)
    assert (time.tick_s, time.elapsed_s) == (5003.0, 3.0)


def test_without_ticks_time_goes_on_with_the_wall_clock_but_never_back() -> None:
    time = StepTime()
    for seconds, expected_s in ((0, 0.0), (10, 10.0), (-3600, 10.0), (-3590, 20.0)):
        time.advance(NOON + timedelta(seconds=seconds), None)
        assert time.tick_s == expected_s


def test_a_caller_that_counts_from_zero_again_goes_on_where_it_was() -> None:
    time = StepTime()
    for given_s, expected_s in ((0.0, 0.0), (100.0, 100.0), (0.0, 100.0), (7.0, 107.0)):
        time.advance(NOON, given_s)
        assert time.tick_s == expected_s


def test_an_instant_of_the_wall_clock_is_told_as_a_tick() -> None:
    time = StepTime()
    assert time.tick_at(NOON) is None
    time.advance(NOON, 50.0)
    assert time.tick_at(NOON + timedelta(hours=1)) == 3650.0
    assert time.tick_at(None) is None


def test_a_day_begins_at_local_midnight_and_is_as_long_as_the_clocks_make_it() -> None:
    day = LocalDay(ZoneInfo("Europe/Vienna"))
    assert not day.has_changed(datetime(2026, 3, 28, 12, 0, tzinfo=UTC))
    assert not day.has_changed(datetime(2026, 3, 28, 22, 59, 59, tzinfo=UTC))
    assert day.has_changed(datetime(2026, 3, 28, 23, 0, tzinfo=UTC))
    assert day.day == date(2026, 3, 29)
    assert day.midnight_at == datetime(2026, 3, 29, 22, 0, tzinfo=UTC)
    assert not day.has_changed(datetime(2026, 3, 29, 21, 59, tzinfo=UTC))


def test_a_clock_that_is_set_back_over_midnight_changes_the_day_too() -> None:
    day = LocalDay(ZoneInfo("Europe/Vienna"))
    assert not day.has_changed(NOON)
    assert day.has_changed(NOON - timedelta(days=1))
    assert not day.has_changed(NOON - timedelta(days=1))


def test_counts_of_a_saved_day_end_at_the_first_step_of_another() -> None:
    day = LocalDay(UTC)
    day.day = NOON.date() - timedelta(days=1)
    assert day.has_changed(NOON)
    same = LocalDay(UTC)
    same.day = NOON.date()
    assert not same.has_changed(NOON)
