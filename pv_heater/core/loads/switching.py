"""`max_changes_per_minute`: all loads together switch no more often, those that stood longest first."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from pv_heater.core.model.lean import dataclass

PERIOD_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A load that would go on or off in this step."""

    on: bool
    since_s: float | None
    """When it last went on or off; None: not yet."""


class Switching:
    """Counts what was switched within the last minute."""

    def __init__(self, most_per_minute: int | None) -> None:
        """None: as often as they like."""
        self.adopt(most_per_minute)
        self._switched_s: deque[float] = deque()

    def adopt(self, most_per_minute: int | None) -> None:
        """From now on so many; what was switched within the last minute counts on."""
        self._most = most_per_minute
        self.is_limited = most_per_minute is not None
        """Whether there is anything to count."""

    def too_many(self, changes: Mapping[str, Change], tick_s: float) -> list[str]:
        """Which of the loads that would change must wait.

        What goes off comes before what goes on, since its power may already be another's; else what stood longest.
        """
        if self._most is None:
            return []
        while self._switched_s and tick_s - self._switched_s[0] >= PERIOD_S:
            self._switched_s.popleft()
        waiting = sorted(changes, key=lambda name: (changes[name].on, _stood_since_s(changes[name])))
        return waiting[max(0, self._most - len(self._switched_s)) :]

    def note(self, count: int, tick_s: float) -> None:
        """So many loads were switched in this step."""
        if self._most is not None:
            self._switched_s.extend([tick_s] * count)

    def free_s(self, tick_s: float) -> float:
        """The tick at which those that are too many now may change at the earliest."""
        return (self._switched_s[0] if self._switched_s else tick_s) + PERIOD_S


def _stood_since_s(change: Change) -> float:
    return float("-inf") if change.since_s is None else change.since_s
