"""Ticks become rows: means of ten seconds, what counters grew by, days, transitions. Pure.

Nothing is written of a time that nobody knows: while the clock is not trusted, ticks are dropped. A clock that jumps
ends the ten seconds under way; what lies on each side of the jump is never averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pv_heater.core.model.day_energies import DayEnergies
from pv_heater.core.model.values import Decision, LoadState
from pv_heater.history.recorder import Tick
from pv_heater.history.rows import (
    LAST_COUNTS,
    QUARTER_S,
    SAMPLE_S,
    Batch,
    Transition,
    short,
    sums_of,
    values_of,
)

JUMP_S = 5.0
"""Wall and monotonic time may differ by this much from one tick to the next; beyond it the clock was set."""
LONGEST_GAP_S = 300.0
"""A longer time between two ticks is a gap: what counters grew by in it belongs to no quarter hour."""
MOST_SAMPLES = 2000
MOST_TRANSITIONS = 2000
MOST_QUARTERS = 200
"""So much waits for a disk that is full; then the oldest is forgotten."""


class Sampler:
    """Remembers the tick before, and gathers rows until somebody takes them."""

    def __init__(self) -> None:
        self.batch = Batch()
        """What waits to be committed."""
        self._before: Tick | None = None
        self._newest_day: DayEnergies | None = None
        self._left: DayEnergies | None = None
        """The last figures of the day before; a clock that is set may come back to it."""
        self._bucket: int | None = None
        self._sums: dict[str, list[float]] = {}
        """By series: the sum and the number of values of the ten seconds under way."""
        self._last: dict[str, float] = {}

    def take(self, ticks: Sequence[Tick]) -> None:
        """Ticks in the order in which they came."""
        for tick in ticks:
            if tick.decision.trace.clock_trusted is False:
                self.finish()
                self._before = None
                continue
            self._take(tick)

    def _take(self, tick: Tick) -> None:
        before, at_s = self._before, tick.now.timestamp()
        bucket = int(at_s // SAMPLE_S) * SAMPLE_S
        elapsed_s = 0.0 if before is None else tick.at_s - before.at_s
        jumped = before is not None and abs((tick.now - before.now).total_seconds() - elapsed_s) > JUMP_S
        if bucket != self._bucket or jumped:
            self.finish()
            self._bucket = bucket
        for name, value in values_of(tick.decision).items():
            entry = self._sums.setdefault(name, [0.0, 0.0])
            entry[0] += value
            entry[1] += 1
            self._last[name] = value
        if before is None or before.decision is not tick.decision:
            self._note_changes(tick.now, None if before is None else before.decision, tick.decision)
        if tick.decision.today is not None:
            gap = before is None or elapsed_s > LONGEST_GAP_S
            self._count(int(at_s // QUARTER_S) * QUARTER_S, None if gap or before is None else before, tick)
        self._before = tick

    def finish(self) -> None:
        """The ten seconds under way are over, or the program is."""
        if self._bucket is not None and self._sums:
            row = {
                name: short(name, self._last[name] if name in LAST_COUNTS else total / count)
                for name, (total, count) in self._sums.items()
            }
            samples = self.batch.samples
            samples.setdefault(self._bucket, row)  # where the clock went back, what was there first stays
            while len(samples) > MOST_SAMPLES:
                del samples[next(iter(samples))]
        self._bucket, self._sums, self._last = None, {}, {}

    def _count(self, quarter: int, before: Tick | None, tick: Tick) -> None:
        """What each counter grew by since the tick before, and the figures of the day."""
        today: DayEnergies | None = tick.decision.today
        if today is None:
            return
        was = None if before is None else before.decision.today
        if was is not None and was is not today:
            left = self._left
            is_back = was.day != today.day and left is not None and left.day == today.day
            growth = _growth(left if is_back and left is not None else was, today)
            if growth:
                sums = self.batch.sums.setdefault(quarter, {})
                for name, grown in growth.items():
                    sums[name] = sums.get(name, 0.0) + grown
                while len(self.batch.sums) > MOST_QUARTERS:
                    del self.batch.sums[next(iter(self.batch.sums))]
            if was.day is not None and was.day != today.day:
                self.batch.days[was.day] = was.as_json()
                self._left = was
        if today.day is not None:
            self._newest_day = today

    def note_day(self) -> None:
        """Put the day's present figures among what waits: once a commit is enough."""
        if self._newest_day is not None and self._newest_day.day is not None:
            self.batch.days[self._newest_day.day] = self._newest_day.as_json()

    def _note_changes(self, now: datetime, before: Decision | None, decision: Decision) -> None:
        at_ms, rows = round(now.timestamp() * 1000), self.batch.transitions
        found: list[Transition] = []
        if before is not None and before.blocked_by != decision.blocked_by:
            found.append(_home_transition(at_ms, len(found), decision))
        for name, state in decision.loads.items():
            was = before.loads.get(name) if before is not None else None
            if was is None or _is_news(was, state):
                found.append(_load_transition(at_ms, len(found), name, was, state))
        rows += found
        del rows[: max(0, len(rows) - MOST_TRANSITIONS)]


def _growth(was: DayEnergies, today: DayEnergies) -> dict[str, float]:
    """By counter; one that is lower than before has begun anew."""
    old, new = sums_of(was), sums_of(today)
    growth = {}
    for name, value in new.items():
        before = old.get(name, value)
        grown = value - before if value >= before and was.day == today.day else value
        if grown > 0:
            growth[name] = grown
    return growth


def _is_news(was: LoadState, state: LoadState) -> bool:
    return was.phase is not state.phase or was.mode is not state.mode or was.rule != state.rule


def _home_transition(at_ms: int, number: int, decision: Decision) -> Transition:
    margins = dict(decision.margins)
    return Transition(at_ms, number, None, None, None, None, None, decision.blocked_by, decision.because, margins)


def _load_transition(at_ms: int, number: int, name: str, was: LoadState | None, state: LoadState) -> Transition:
    return Transition(
        at_ms,
        number,
        name,
        None if was is None else str(was.phase),
        str(state.phase),
        str(state.mode),
        state.power_w,
        state.rule,
        state.because,
        {key: round(value, 1) for key, value in state.margins.items()},
    )
