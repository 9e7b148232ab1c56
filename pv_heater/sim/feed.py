"""Feeds for simulated time: a source is asked inline whenever its interval has passed, without threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import Forecast
from pv_heater.errors import SourceError
from pv_heater.ports import Clock

T = TypeVar("T")

DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast, how late and how much a meter tells."""

    interval_s: float
    delay_s: float
    tells_throttling: bool
    tells_loads: bool


LIVE = Pace(interval_s=10.0, delay_s=0.0, tells_throttling=True, tells_loads=True)
"""The GX device in the house."""
REAL = Pace(interval_s=1.0, delay_s=0.0, tells_throttling=True, tells_loads=False)
"""The same, as it is: see `victron_chain`."""
VRM = Pace(interval_s=60.0, delay_s=60.0, tells_throttling=False, tells_loads=False)
"""The portal at its fastest: a reading a minute, each a minute old."""
VRM_LIVE = Pace(interval_s=3.0, delay_s=2.0, tells_throttling=True, tells_loads=False)
"""The portal's own broker: what the GX device says, seconds later."""


class SimulatedFeed(Generic[T]):
    """Satisfies `ports.Feed`: asks `read` every `interval_s`, and shows each answer `delay_s` later.

    A SourceError of `read` leaves the value before it in force, as a worker does in life.
    """

    def __init__(self, read: Callable[[], T], interval_s: float, clock: Clock, delay_s: float = 0.0) -> None:
        self._read = read
        self._interval_s = interval_s
        self._clock = clock
        self._delay_s = delay_s
        self._next_s = clock.monotonic_s()
        self._underway: deque[tuple[float, T]] = deque()
        self._latest: T | None = None

    def latest(self) -> T | None:
        """The newest value that has arrived, or None before the first."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._next_s:
            # On its own grid, however late a tick comes.
            self._next_s += self._interval_s * (1 + (now_s - self._next_s) // self._interval_s)
            self._ask(now_s)
        while self._underway and self._underway[0][0] <= now_s:
            self._latest = self._underway.popleft()[1]
        return self._latest

    def _ask(self, now_s: float) -> None:
        try:
            self._underway.append((now_s + self._delay_s, self._read()))
        except SourceError:
            return


class DailyForecastFeed:
    """Satisfies `ports.Feed` with a long forecast shown as in life: every midnight the day and the one after it.

    Days are counted from the forecast's first step. None in, None out; None as well beyond its end.
    """

    def __init__(self, forecast: Forecast | None, clock: Clock) -> None:
        self._whole = forecast
        self._clock = clock
        self._next_s = clock.monotonic_s()
        self._latest: Forecast | None = None

    def latest(self) -> Forecast | None:
        """Today's and tomorrow's part."""
        now_s = self._clock.monotonic_s()
        if self._whole is not None and self._whole.steps and now_s >= self._next_s:
            day, past_s = divmod((self._clock.now() - self._whole.steps[0][0]).total_seconds(), DAY_S)
            self._next_s = now_s + DAY_S - past_s
            self._latest = _part_of(self._whole, int(day))
        return self._latest


def _part_of(whole: Forecast, day: int) -> Forecast | None:
    """Its day number `day`, counted from 0, and the next; before the first day the first one."""
    steps_a_day = DAY_S // whole.step_s
    steps = whole.steps[max(0, day) * steps_a_day : (day + 2) * steps_a_day]
    return replace(whole, issued_at=steps[0][0], steps=steps) if steps else None
