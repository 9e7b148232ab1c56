"""What conditions remember between two steps: since when they have been true, and what they last answered.

One entry for each place that asks, by a key of its own. Seconds are monotonic and mean nothing after a restart, so
ages are saved. An entry that nobody has looked at for some time is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pv_heater.core.model.numbers import number_of

UNSEEN_S = 330.0
"""What nobody has looked at for this long begins anew: it may have changed in the meantime. Steps come every 300 s at
the slowest."""


class Holds:
    """Since when each condition has been true."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[float, float]] = {}
        """Key to the first and the last second at which the condition was seen to be true."""

    def lasted(self, key: str, condition: bool | None, for_s: float, now_s: float) -> bool | None:
        """Whether `condition` has been true for `for_s` seconds; None when it is not known. `now_s` never goes back."""
        if not condition:
            self._since.pop(key, None)
            return condition
        if key not in self._since:
            self._since = {other: times for other, times in self._since.items() if now_s - times[1] <= UNSEEN_S}
        since_s, seen_s = self._since.get(key, (now_s, now_s))
        if now_s - seen_s > UNSEEN_S:
            since_s = now_s
        self._since[key] = (since_s, now_s)
        return now_s - since_s >= for_s

    def count_without(self, key: str) -> int:
        """How many other conditions are true now."""
        return len(self._since.keys() - {key})

    def as_json(self, now_s: float) -> dict[str, list[float]]:
        """Each as how long it has lasted, and how long ago it was seen; what would begin anew is left out."""
        return {
            key: [now_s - since_s, now_s - seen_s]
            for key, (since_s, seen_s) in self._since.items()
            if now_s - seen_s <= UNSEEN_S
        }

    def take_back(self, saved: Mapping[str, object], now_s: float, away_s: float) -> None:
        """Go on from what `as_json` gave `away_s` seconds ago; anything else is left out."""
        for key, item in saved.items():
            ages = [number_of(age_s) for age_s in item] if isinstance(item, list) else []
            if len(ages) == 2 and ages[0] is not None and ages[1] is not None:
                self._since[str(key)] = (now_s - ages[0] - away_s, now_s - ages[1] - away_s)


@dataclass(slots=True)
class _Latch:
    """What one place answered last, since when, and when it was last asked."""

    on: bool
    since_s: float
    seen_s: float


class Latches:
    """Answers that stay as they are for a while: between two thresholds, or for a least time."""

    def __init__(self) -> None:
        self._latches: dict[str, _Latch] = {}

    def hysteresis(self, key: str, value: float | None, on_at: float, off_at: float, now_s: float) -> bool | None:
        """True from `on_at` on until beyond `off_at`; None while `value` is not known. It begins as false."""
        if value is None:
            return None
        rises = on_at >= off_at
        if value >= on_at if rises else value <= on_at:
            return self._put(key, True, now_s)
        if value < off_at if rises else value > off_at:
            return self._put(key, False, now_s)
        latch = self._get(key, now_s)
        return self._put(key, latch is not None and latch.on, now_s)

    def lasting(
        self, key: str, condition: bool | None, now_s: float, *, on_s: float = 0.0, off_s: float = 0.0
    ) -> bool | None:
        """`condition`, but once true for at least `on_s`, once false for at least `off_s`; None: not known.

        What is not known ends it at once, and what is first seen is taken as it is.
        """
        if condition is None:
            self._latches.pop(key, None)
            return None
        latch = self._get(key, now_s)
        if latch is not None and latch.on is not condition:
            least_s = on_s if latch.on else off_s
            if now_s - latch.since_s < least_s:
                condition = latch.on
        return self._put(key, condition, now_s)

    def count_without(self, key: str) -> int:
        """How many other places are remembered."""
        return len(self._latches.keys() - {key})

    def as_json(self, now_s: float) -> dict[str, list[float]]:
        """Each as its answer, 0 or 1, how long it has lasted, and how long ago it was asked."""
        return {
            key: [float(latch.on), now_s - latch.since_s, now_s - latch.seen_s]
            for key, latch in self._latches.items()
            if now_s - latch.seen_s <= UNSEEN_S
        }

    def take_back(self, saved: Mapping[str, object], now_s: float, away_s: float) -> None:
        """Go on from what `as_json` gave `away_s` seconds ago; anything else is left out."""
        for key, item in saved.items():
            numbers = [number_of(number) for number in item] if isinstance(item, list) else []
            known = [number for number in numbers if number is not None]
            if len(numbers) == len(known) == 3 and known[0] in (0.0, 1.0):
                since_s, seen_s = (now_s - max(0.0, age_s) - away_s for age_s in known[1:])
                self._latches[str(key)] = _Latch(on=known[0] == 1.0, since_s=since_s, seen_s=seen_s)

    def _get(self, key: str, now_s: float) -> _Latch | None:
        latch = self._latches.get(key)
        return None if latch is None or now_s - latch.seen_s > UNSEEN_S else latch

    def _put(self, key: str, on: bool, now_s: float) -> bool:
        latch = self._get(key, now_s)
        if latch is not None and latch.on is on:
            latch.seen_s = now_s
            return on
        if latch is None:
            self._latches = {other: kept for other, kept in self._latches.items() if now_s - kept.seen_s <= UNSEEN_S}
        self._latches[key] = _Latch(on=on, since_s=now_s, seen_s=now_s)
        return on
