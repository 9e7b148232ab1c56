"""Conditions that must last: since when each has been true."""

from __future__ import annotations

from collections.abc import Mapping

from pv_heater.core.numbers import number_of

UNSEEN_S = 60.0
"""A condition that nobody has looked at for so long begins anew: it may have been false in the meantime."""


class Holds:
    """Since when each condition has been true; one for each place that asks, by a key of its own."""

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
