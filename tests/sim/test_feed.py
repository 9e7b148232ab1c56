"""Feeds in simulated time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pv_heater.core.model.values import Forecast
from pv_heater.errors import Unreachable
from pv_heater.sim.clock import SimClock
from pv_heater.sim.feed import DailyForecastFeed, SimulatedFeed

START = datetime(2026, 6, 21, 0, 0, tzinfo=UTC)


def test_a_feed_asks_when_its_interval_has_passed_and_not_before() -> None:
    clock = SimClock(START)
    asked: list[float] = []

    def read() -> float:
        asked.append(clock.monotonic_s())
        return clock.monotonic_s()

    feed = SimulatedFeed(read, 60.0, clock)
    for second in range(0, 181, 20):
        clock.wait_until(float(second))
        feed.latest()
    assert asked == [0.0, 60.0, 120.0, 180.0]


def test_late_ticks_do_not_shift_the_grid_of_the_feed() -> None:
    clock = SimClock(START)
    feed = SimulatedFeed(clock.monotonic_s, 60.0, clock)
    seen = []
    for second in (0, 70, 119, 121, 400):
        clock.wait_until(float(second))
        seen.append(feed.latest())
    assert seen == [0.0, 70.0, 70.0, 121.0, 400.0]


def test_a_delayed_feed_shows_what_was_true_a_minute_ago() -> None:
    clock = SimClock(START)
    feed = SimulatedFeed(clock.monotonic_s, 60.0, clock, delay_s=60.0)
    seen = {}
    for second in range(0, 241, 30):
        clock.wait_until(float(second))
        seen[second] = feed.latest()
    assert seen == {0: None, 30: None, 60: 0.0, 90: 0.0, 120: 60.0, 150: 60.0, 180: 120.0, 210: 120.0, 240: 180.0}


def test_a_source_that_fails_leaves_the_value_before_it() -> None:
    clock = SimClock(START)

    def read() -> float:
        if 50.0 < clock.monotonic_s() < 100.0:
            raise Unreachable("nobody answers")
        return clock.monotonic_s()

    feed = SimulatedFeed(read, 60.0, clock)
    seen = []
    for second in (0, 60, 120):
        clock.wait_until(float(second))
        seen.append(feed.latest())
    assert seen == [0.0, 0.0, 120.0]


def test_a_long_forecast_shows_today_and_tomorrow_only() -> None:
    clock = SimClock(START)
    steps = tuple((START + timedelta(hours=hour), float(hour)) for hour in range(72))
    feed = DailyForecastFeed(Forecast(issued_at=START, source="test", step_s=3600, steps=steps), clock)
    first = feed.latest()
    assert first is not None
    assert first.end_at == START + timedelta(days=2)
    clock.wait_until(86_400.0 * 2 + 3600.0)
    third = feed.latest()
    assert third is not None
    assert third.steps[0] == (START + timedelta(days=2), 48.0)
    assert third is feed.latest()
    clock.wait_until(86_400.0 * 3)
    assert feed.latest() is None


def test_no_forecast_stays_none() -> None:
    assert DailyForecastFeed(None, SimClock(START)).latest() is None
