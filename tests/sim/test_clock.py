"""The simulated clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pv_heater.sim.clock import SimClock

START = datetime(2026, 6, 21, 0, 0, tzinfo=UTC)


def test_waiting_lets_time_pass_at_once() -> None:
    clock = SimClock(START)
    clock.wait_until(3600.0)
    assert clock.monotonic_s() == 3600.0
    assert clock.now() == START + timedelta(hours=1) == clock.at(3600.0)


def test_waiting_for_the_past_does_nothing() -> None:
    clock = SimClock(START)
    clock.wait_until(10.0)
    clock.wait_until(5.0)
    assert clock.monotonic_s() == 10.0


def test_wake_ends_the_next_wait_without_advancing_and_only_that_one() -> None:
    clock = SimClock(START)
    clock.wake()
    clock.wait_until(10.0)
    assert clock.monotonic_s() == 0.0
    clock.wait_until(10.0)
    assert clock.monotonic_s() == 10.0


def test_listeners_hear_every_stretch_of_time() -> None:
    clock = SimClock(START)
    heard: list[tuple[float, float]] = []
    clock.on_advance(lambda from_s, to_s: heard.append((from_s, to_s)))
    clock.wait_until(1.0)
    clock.wait_until(1.0)
    clock.wait_until(2.5)
    assert heard == [(0.0, 1.0), (1.0, 2.5)]


def test_a_paced_clock_pauses_for_the_real_share_of_the_time() -> None:
    pauses: list[float] = []
    clock = SimClock(START, pause=pauses.append, speed=60.0)
    clock.wait_until(60.0)
    assert sum(pauses) == pytest.approx(1.0)
    assert max(pauses) <= 0.5
    assert clock.monotonic_s() == 60.0


def test_a_wake_during_a_paced_wait_ends_it_early() -> None:
    def pause(seconds: float) -> None:
        clock.wake()

    clock = SimClock(START, pause=pause, speed=1.0)
    clock.wait_until(3600.0)
    assert clock.monotonic_s() == 0.5


def test_the_end_of_summer_time_is_lived_through_in_real_seconds() -> None:
    before = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Vienna"))
    clock = SimClock(before)
    clock.wait_until(7200.0)
    assert clock.now() == datetime(2026, 10, 25, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_speed_that_is_not_above_zero_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        SimClock(START, pause=[].append, speed=speed)


def test_a_start_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        SimClock(datetime(2026, 6, 21))  # noqa: DTZ001 - that is the point
