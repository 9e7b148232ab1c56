"""What rules remember of each load between two steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of

RecordCounts = tuple[float, int, int, float, float]
"""Of one day: seconds on, starts, runs, seconds on by its rule, Wh that its rule bought."""
NO_COUNTS: RecordCounts = (0.0, 0, 0, 0.0, 0.0)


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
    bought_today_wh: float = 0.0
    """What its rule has had in spite of guards that keep automatic heating off."""
    spent: bool = False
    """Its rule has had it on for the longest time allowed, and has not let go since."""

    def count(self, elapsed_s: float, *, by_rule: bool, bought_w: float = 0.0) -> None:
        """Count the step that ended; `bought_w` is what its rule bought in it."""
        self.bought_today_wh += bought_w * elapsed_s / 3600.0
        if self.is_on:
            self.on_today_s += elapsed_s
            if by_rule:
                self.ruled_s += elapsed_s
                self.ruled_today_s += elapsed_s

    @property
    def day_counts(self) -> RecordCounts:
        """The counts of the day so far."""
        return self.on_today_s, self.starts_today, self.runs_today, self.ruled_today_s, self.bought_today_wh

    def begin_day(self, counts: RecordCounts = NO_COUNTS) -> None:
        """All counts of the day begin anew, or with these."""
        self.on_today_s, self.starts_today, self.runs_today, self.ruled_today_s, self.bought_today_wh = counts

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
            "bought_today_wh": self.bought_today_wh,
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
            bought_today_wh=number_of(item.get("bought_today_wh")) or 0.0,
            spent=item.get("spent") is True,
        )
