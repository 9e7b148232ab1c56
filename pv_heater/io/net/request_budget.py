"""How many requests a service may still be sent."""

from __future__ import annotations


class RequestBudget:
    """A bucket of requests that starts full and is refilled evenly. Time comes in as monotonic seconds.

    A full bucket allows a burst at start-up; in the long run no more than `per_hour` requests an hour are made.
    """

    def __init__(self, per_hour: float, now_s: float) -> None:
        self._per_hour = float(per_hour)
        self._tokens = self._per_hour
        self._counted_s = now_s

    def spend(self, count: int, now_s: float) -> None:
        """Take out `count` requests. A poll that has begun may overdraw; the next one then waits longer."""
        self._refill(now_s)
        self._tokens -= count

    def seconds_until(self, count: int, now_s: float) -> float:
        """Seconds until `count` requests can be paid for; 0 when they can be now."""
        self._refill(now_s)
        # More than a full bucket is never there, so a full one has to be enough.
        missing = min(float(count), self._per_hour) - self._tokens
        return max(0.0, missing * 3600.0 / self._per_hour)

    def _refill(self, now_s: float) -> None:
        earned = (now_s - self._counted_s) * self._per_hour / 3600.0
        self._tokens = min(self._per_hour, self._tokens + earned)
        self._counted_s = now_s
