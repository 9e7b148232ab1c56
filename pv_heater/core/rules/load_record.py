"""What rules remember between two steps: what each load has done, and since when each condition has been true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of

UNSEEN_S = 60.0
"""A condition that nobody has looked at for this long begins anew: it may have been false in the meantime."""

RecordCounts = tuple[float, int, int, float]
"""Of one day: seconds on, starts, runs, seconds on by its rule."""
NO_COUNTS: RecordCounts = (0.0, 0, 0, 0.0)


@dataclass(slots=True, kw_only=True)
class LoadRecord:
    """One load. Instants are ticks, which mean nothing after a restart: ages are saved."""

    is_on: bool = False
    went_on_s: float | None = None
    """None: it never did, as far as is known."""
    went_off_s: float | None = None
    on_today_s: float = 0.0
    starts_today: int = 0
    runs_today: int = 0
    """How often it went off again."""
    ruled_s: float = 0.0
    """How long its rule has had it on without a break."""
    ruled_today_s: float = 0.0
    spent: bool = False
    """Its rule has had it on for the longest time allowed, and has not let go since."""

    def count(self, elapsed_s: float, *, by_rule: bool) -> None:
        """Count the step that ended."""
        if self.is_on:
            self.on_today_s += elapsed_s
            if by_rule:
                self.ruled_s += elapsed_s
                self.ruled_today_s += elapsed_s

    @property
    def day_counts(self) -> RecordCounts:
        """The counts of the day so far."""
        return self.on_today_s, self.starts_today, self.runs_today, self.ruled_today_s

    def begin_day(self, counts: RecordCounts = NO_COUNTS) -> None:
        """All counts of the day begin anew, or with these."""
        self.on_today_s, self.starts_today, self.runs_today, self.ruled_today_s = counts

    def switch(self, is_on: bool, tick_s: float) -> None:
        """Take note of what was decided for the step that begins."""
        if is_on is self.is_on:
            return
        self.is_on = is_on
        if is_on:
            self.went_on_s, self.starts_today = tick_s, self.starts_today + 1
        else:
            self.went_off_s, self.runs_today = tick_s, self.runs_today + 1

    def ask(self, wants_on: bool, longest_s: float) -> None:
        """Take note of its rule's answer: the longest time begins anew once it no longer asks for it."""
        if not wants_on:
            self.ruled_s, self.spent = 0.0, False
        elif self.ruled_s >= longest_s:
            self.spent = True

    def as_json(self, tick_s: float) -> dict[str, Any]:
        """As plain JSON types."""
        return {
            "on_ago_s": None if self.went_on_s is None else tick_s - self.went_on_s,
            "off_ago_s": 0.0 if self.is_on else None if self.went_off_s is None else tick_s - self.went_off_s,
            "on_today_s": self.on_today_s,
            "starts_today": self.starts_today,
            # A restart switches it off, and that ends a run.
            "runs_today": self.runs_today + (1 if self.is_on else 0),
            "ruled_s": self.ruled_s,
            "ruled_today_s": self.ruled_today_s,
            "spent": self.spent,
        }

    @classmethod
    def parse(cls, item: Mapping[str, Any], tick_s: float, away_s: float) -> Self:
        """What `as_json` gave `away_s` seconds ago; what is not a number counts as not known."""
        on_ago_s, off_ago_s = number_of(item.get("on_ago_s")), number_of(item.get("off_ago_s"))
        return cls(
            went_on_s=None if on_ago_s is None else tick_s - on_ago_s - away_s,
            went_off_s=None if off_ago_s is None else tick_s - off_ago_s - away_s,
            on_today_s=number_of(item.get("on_today_s")) or 0.0,
            starts_today=int(number_of(item.get("starts_today")) or 0),
            runs_today=int(number_of(item.get("runs_today")) or 0),
            ruled_s=number_of(item.get("ruled_s")) or 0.0,
            ruled_today_s=number_of(item.get("ruled_today_s")) or 0.0,
            spent=item.get("spent") is True,
        )


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
