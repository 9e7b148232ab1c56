"""The last decisions that changed something, each with all it rested on, for whoever asks why."""

from __future__ import annotations

from datetime import datetime, timedelta

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.trace import DecisionTrace, Thresholds
from pv_heater.core.model.values import Decision, Forecast, LoadState, Phase, Reading
from pv_heater.core.model.words import flip_text

KEPT_ENTRIES = 200
"""A few hours of broken clouds, days of steady weather; about half a megabyte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change. For the whole home `load`, phases, mode and powers are None, and the rules are guards."""

    at: datetime
    load: str | None
    from_phase: Phase | None = None
    to_phase: Phase | None = None
    from_power_w: float | None = None
    to_power_w: float | None = None
    mode: Mode | None = None
    from_rule: str | None
    """None: there was nothing before, or no guard held back."""
    rule: str | None
    """None: no guard holds back any more."""
    because: str
    margins: dict[str, float]
    """What would have flipped it; see `core.loads.explain`."""
    flip: str
    """The same as a sentence."""
    next_change_at: datetime | None = None
    trace: DecisionTrace
    thresholds: Thresholds


class Journal:
    """A reporter that keeps the last entries in memory. The entries may be read from any thread."""

    def __init__(self, kept: int = KEPT_ENTRIES) -> None:
        self._kept = kept
        self._previous: Decision | None = None
        self._entries: tuple[Entry, ...] = ()

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
        """Keep what changed at `now`."""
        del reading, forecast
        news = changes(now, self._previous, decision)
        self._previous = decision
        if news:
            # Replaced, never changed in place: another thread may be reading it.
            self._entries = (*self._entries, *news)[-self._kept :]

    def last(self, count: int, load: str | None = None) -> tuple[Entry, ...]:
        """The newest `count` entries, oldest first; with `load` its own and those of the whole home.

        Raises ValueError for a load that does not exist.
        """
        names = self._previous.loads if self._previous is not None else {}
        if load is not None and self._previous is not None and load not in names:
            raise ValueError(f"there is no load {load!r}; there is {', '.join(names)}")
        chosen = [entry for entry in self._entries if load is None or entry.load in (load, None)]
        return tuple(chosen[-count:]) if count > 0 else ()


def changes(now: datetime, previous: Decision | None, decision: Decision) -> list[Entry]:
    """What is different from the decision before: a guard, a phase, a mode, a rule or a power; all of it at first."""
    entries = []
    guard_before = previous.blocked_by if previous is not None else None
    guard_changed = guard_before != decision.blocked_by
    if guard_changed:
        entries.append(_home_entry(now, guard_before, decision))
    for name, state in decision.loads.items():
        before = previous.loads[name] if previous is not None else None
        if before is None or _moved(before, state) or (_other_rule(before, state) and not guard_changed):
            entries.append(_load_entry(now, name, before, state, decision))
    return entries


def _moved(before: LoadState, state: LoadState) -> bool:
    return (
        before.phase is not state.phase
        or before.mode is not state.mode
        or round(before.power_w, 1) != round(state.power_w, 1)
    )


def _other_rule(before: LoadState, state: LoadState) -> bool:
    """Whether something else decides now. The rest after a stop is not news: it would hide what ended the heating."""
    rests = state.rule == Rule.MIN_OFF and state.phase is Phase.COOLDOWN
    return before.rule != state.rule and not rests


def _home_entry(now: datetime, guard_before: str | None, decision: Decision) -> Entry:
    """A guard of the whole home began or ended to hold back."""
    wait_s = decision.margins.get("wait_s")
    return Entry(
        at=now,
        load=None,
        from_rule=guard_before,
        rule=decision.blocked_by,
        because=decision.because,
        margins=dict(decision.margins),
        flip=flip_text(decision.blocked_by or "", decision.margins),
        next_change_at=None if wait_s is None else now + timedelta(seconds=wait_s),
        trace=decision.trace,
        thresholds=decision.thresholds,
    )


def _load_entry(now: datetime, name: str, before: LoadState | None, state: LoadState, decision: Decision) -> Entry:
    return Entry(
        at=now,
        load=name,
        from_phase=before.phase if before is not None else None,
        to_phase=state.phase,
        from_power_w=before.power_w if before is not None else None,
        to_power_w=state.power_w,
        mode=state.mode,
        from_rule=before.rule if before is not None else None,
        rule=state.rule,
        because=state.because,
        margins=dict(state.margins),
        flip=flip_text(state.rule, state.margins),
        next_change_at=state.next_change_at,
        trace=decision.trace,
        thresholds=decision.thresholds,
    )
