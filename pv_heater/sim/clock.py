"""A clock for simulations: time passes only while somebody waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

LONGEST_PAUSE_S = 0.5
"""A paced wait looks for `wake` at least this often, so that stopping a slow replay feels immediate."""


class SimClock:
    """Satisfies `ports.Clock`; monotonic seconds start at 0, wall time at `start_at` and never jumps.

    Without `speed` a wait ends at once. With it, `pause` (real seconds) is called so that `speed` simulated seconds
    pass in each real one. Raises ValueError for a `start_at` without zone, a speed that is not above 0, or a speed
    without `pause`.
    """

    def __init__(
        self,
        start_at: datetime,
        pause: Callable[[float], None] | None = None,
        speed: float | None = None,
        paced_from_s: float = 0.0,
    ) -> None:
        """Before `paced_from_s` a wait ends at once, as without `speed`."""
        if start_at.tzinfo is None:
            raise ValueError(f"start_at must carry a time zone, but {start_at.isoformat()} has none")
        if speed is not None and (pause is None or not speed > 0):
            raise ValueError(f"a paced clock needs a speed above 0 and a way to pause, not speed {speed:g}")
        # Kept in UTC: adding seconds to a local time would be an hour off after a change of summer time.
        self._start_at = start_at.astimezone(UTC)
        self._pause = pause
        self._speed = speed
        self._paced_from_s = paced_from_s
        self._now_s = 0.0
        self._listeners: list[Callable[[float, float], None]] = []
        self._woken = threading.Event()

    def now(self) -> datetime:
        """Simulated wall time in UTC."""
        return self._start_at + timedelta(seconds=self._now_s)

    def monotonic_s(self) -> float:
        """Simulated seconds since the start."""
        return self._now_s

    def at(self, monotonic_s: float) -> datetime:
        """The simulated wall time, in UTC, of a monotonic second."""
        return self._start_at + timedelta(seconds=monotonic_s)

    def on_advance(self, listener: Callable[[float, float], None]) -> None:
        """Call `listener(from_s, to_s)` for every stretch of simulated time, before the wait ends."""
        self._listeners.append(listener)

    def wake(self) -> None:
        """End a running wait soon, or the next one without advancing."""
        self._woken.set()

    def wait_until(self, monotonic_s: float) -> None:
        """Let simulated time pass until `monotonic_s`, or until `wake`."""
        while self._now_s < monotonic_s and not self._woken.is_set():
            self._advance_to(min(monotonic_s, self._now_s + self._pause_once(monotonic_s - self._now_s)))
        self._woken.clear()

    def _pause_once(self, left_s: float) -> float:
        """Pause for at most `LONGEST_PAUSE_S`; the simulated seconds that have passed meanwhile."""
        if self._speed is None or self._pause is None or self._now_s < self._paced_from_s:
            return left_s
        pause_s = min(left_s / self._speed, LONGEST_PAUSE_S)
        self._pause(pause_s)
        # The whole rest in one piece where it was all paused: dividing and multiplying could fall short by rounding.
        return left_s if pause_s < LONGEST_PAUSE_S else pause_s * self._speed

    def _advance_to(self, to_s: float) -> None:
        from_s, self._now_s = self._now_s, to_s
        for listener in self._listeners:
            listener(from_s, to_s)
