"""What every load was set to lately, by time: the one memory that readings are held against.

Two are kept of a home: what the loads were set to, whatever came of it (`core.actuators.actuators`), and what the house
may be taken to have felt of that (`core.house.reading_age`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from math import inf

from pv_heater.core.model.lean import passing
from pv_heater.core.model.values import Reading

HISTORY_S = 1200.0
"""Longer than any reading that counts is old: those of the portal are some minutes."""


@passing(frozen=True, slots=True, kw_only=True)
class Span:
    """The least and the most power that one load was set to in a stretch of time, W."""

    least_w: float
    most_w: float

    @property
    def width_w(self) -> float:
        """0 where it was set to the same all the time."""
        return self.most_w - self.least_w


class SetpointHistory:
    """Powers by time. Times are ticks; a load that is missing at some time was set to nothing that is known."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, Mapping[str, float]]] = []
        self._first_ends_s = inf
        """When the oldest row ended; it is asked for in every step."""

    def remember(self, tick_s: float, power_w: Mapping[str, float]) -> None:
        """From `tick_s` on the loads are set to this."""
        if not self._rows or self._rows[-1][1] != power_w:
            self._rows.append((tick_s, dict(power_w)))
            if len(self._rows) == 2:
                self._first_ends_s = tick_s
        self.forget_old(tick_s)

    def forget_old(self, tick_s: float) -> None:
        """What ended longer ago than any reading that counts is old."""
        while self._first_ends_s < tick_s - HISTORY_S:
            del self._rows[0]
            self._first_ends_s = self._rows[1][0] if len(self._rows) > 1 else inf

    def disown(self, name: str) -> None:
        """This load turned out to draw nothing: what it was set to so far counts as 0."""
        self._rows = [(since_s, {**row, name: 0.0}) for since_s, row in self._rows]

    def range_w(self, name: str, from_s: float, to_s: float) -> tuple[float | None, float | None]:
        """The least and the most it was set to between two ticks; None where that is not known all the time."""
        settled_w = self.settled_w(from_s, to_s)
        if settled_w is not None:
            set_w = settled_w.get(name)
            return set_w, set_w
        known_w: list[float] = []
        for since_s, row in self._in_force(from_s, to_s):
            if name not in row:
                break
            known_w.append(row[name])
            if since_s <= from_s:
                return min(known_w), max(known_w)
        return None, None

    def steady_w(self, names: Collection[str], from_s: float, to_s: float) -> dict[str, float] | None:
        """What these loads were set to all the time between two ticks; None where that changed or is not known."""
        settled_w = self.settled_w(from_s, to_s)
        if settled_w is not None:
            return {name: settled_w[name] for name in names} if settled_w.keys() >= set(names) else None
        steady_w = {}
        for name in names:
            least_w, most_w = self.range_w(name, from_s, to_s)
            if least_w is None or least_w != most_w:
                return None
            steady_w[name] = least_w
        return steady_w

    def settled_w(self, from_s: float, to_s: float) -> Mapping[str, float] | None:
        """What every load was set to, where nothing changed between two ticks, nor since, as in most steps; else None.

        Both ticks are of the past; `from_s` lies before `to_s`, or is the same.
        """
        if not self._rows:
            return None
        since_s, row = self._rows[-1]
        return row if since_s <= from_s and since_s < to_s else None

    def least_w(self, from_s: float, to_s: float) -> Mapping[str, float]:
        """The least that each load was set to between two ticks; 0 W counts where it is not known."""
        settled_w = self.settled_w(from_s, to_s)
        if settled_w is not None:
            return settled_w
        return {name: span.least_w for name, span in self.spans(from_s, to_s).items()}

    def spans(self, from_s: float, to_s: float) -> dict[str, Span]:
        """What each load was set to between two ticks; 0 W counts where it is not known."""
        settled_w = self.settled_w(from_s, to_s)
        if settled_w is not None:
            return {name: Span(least_w=set_w, most_w=set_w) for name, set_w in settled_w.items()}
        in_force = list(self._in_force(from_s, to_s))
        rows = [row for _, row in in_force]
        if in_force and in_force[-1][0] > from_s:
            rows.append({})
        names = dict.fromkeys(name for row in rows for name in row)
        powers_w = {name: [row.get(name, 0.0) for row in rows] for name in names}
        return {name: Span(least_w=min(set_w), most_w=max(set_w)) for name, set_w in powers_w.items()}

    def _in_force(self, from_s: float, to_s: float) -> Iterator[tuple[float, Mapping[str, float]]]:
        """(since when, powers) that held somewhere between two ticks, the latest first."""
        for since_s, row in reversed(self._rows):
            if since_s >= to_s:
                continue
            yield since_s, row
            if since_s <= from_s:
                return


@passing(frozen=True, slots=True, kw_only=True)
class News:
    """A new reading that may be used, and between which ticks it was taken."""

    reading: Reading
    taken_tick_s: float
    """The latest, and where the clocks agree the only one."""
    earliest_tick_s: float
    """What a load was told before this, the reading cannot show."""
