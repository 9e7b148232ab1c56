"""A clock that runs faster than the world, for days of real traffic in minutes."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta


class HurriedClock:
    """Satisfies `ports.Clock`: `speed` of its seconds pass in each real one. Monotonic seconds begin at 0."""

    def __init__(self, start_at: datetime, speed: float) -> None:
        self._start_at = start_at
        self.speed = speed
        self.began_s = time.monotonic()
        """The real monotonic second of its beginning."""
        self._woken = threading.Event()

    def now(self) -> datetime:
        """Its wall time."""
        return self._start_at + timedelta(seconds=self.monotonic_s())

    def monotonic_s(self) -> float:
        """Its seconds since the beginning."""
        return (time.monotonic() - self.began_s) * self.speed

    def wait_until(self, monotonic_s: float) -> None:
        """Return at its second `monotonic_s`, or earlier when woken."""
        self._woken.wait(max(0.0, (monotonic_s - self.monotonic_s()) / self.speed))
        self._woken.clear()

    def wake(self) -> None:
        """End a running or the next `wait_until`."""
        self._woken.set()


class DatingClock:
    """Dates by a hurried clock, but counts real seconds: for sources, whose waits are on real threads and sockets."""

    def __init__(self, clock: HurriedClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """The hurried wall time."""
        return self._clock.now()

    def monotonic_s(self) -> float:
        """Real seconds."""
        return time.monotonic()

    def wait_until(self, monotonic_s: float) -> None:
        """Return at that real second."""
        time.sleep(max(0.0, monotonic_s - time.monotonic()))

    def wake(self) -> None:
        """Nobody waits here for others."""
