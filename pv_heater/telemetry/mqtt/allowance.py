"""How many commands are taken: some together, then one at a time."""

from __future__ import annotations

from collections.abc import Callable


class Allowance:
    """For one thread."""

    def __init__(self, monotonic_s: Callable[[], float], *, at_once: int, each_s: float) -> None:
        """`at_once` may come together; each `each_s` seconds one more is allowed."""
        self._monotonic_s, self._most, self._each_s = monotonic_s, float(at_once), each_s
        self._left, self._looked_s = float(at_once), monotonic_s()
        self._refused = 0

    def take(self) -> bool:
        """Whether one more is allowed now; if so, it is counted."""
        now_s = self._monotonic_s()
        self._left = min(self._most, self._left + (now_s - self._looked_s) / self._each_s)
        self._looked_s = now_s
        if self._left < 1:
            self._refused += 1
            return False
        self._left -= 1
        if self._left >= self._most / 2:
            self._refused = 0
        return True

    @property
    def is_first_refusal(self) -> bool:
        """Whether the last `take` was the first to be refused since it was quiet."""
        return self._refused == 1
