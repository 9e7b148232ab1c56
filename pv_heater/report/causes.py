"""What each load was waiting for, minute by minute: of the rule that decided over it, what a loss is put down to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.rule_id import Rule


class Cause(StrEnum):
    """What sun was lost to. In this order it is asked how much of what is left each one took."""

    UNKNOWN = "unknown"
    """Nobody knows what decided then."""
    TANK_FULL = "tank_full"
    """A load had had enough."""
    OWNER = "owner"
    """The owner's word: a forced mode, a rule, a timer, a guarantee, the hours of heating."""
    LIMITS = "limits"
    """Fuse, inverter, a generator, somebody else who steers the battery."""
    TROUBLE = "trouble"
    """The meter was lost or late, a load in fault or out of reach, the grid gone."""
    GUARD = "guard"
    """The battery was low, or the grid delivered: caution that nothing came of."""
    DWELL = "dwell"
    """Minimum times, start delay, a regulator on its way, the dead band."""
    FORECAST = "forecast"
    """What could not be known of the hours to come."""
    DELAY = "delay"
    """The meter told late of what was there."""
    BEYOND = "beyond"
    """The heater took more than the sun left, unasked: what a cloud makes of a heater that is on. Below 0 it gained."""


_OF_RULE: Mapping[Cause, Sequence[Rule]] = {
    Cause.TANK_FULL: (Rule.FULL, Rule.TOO_HOT),
    Cause.OWNER: (
        Rule.VACATION,
        Rule.NIGHT,
        Rule.FORCED_ON,
        Rule.FORCED_OFF,
        Rule.RULE,
        Rule.AFTER,
        Rule.TIMER,
        Rule.BOOST,
        Rule.HYGIENE,
        Rule.GUARANTEE,
        Rule.NEGATIVE_PRICE,
        Rule.FROST,
        Rule.RUN_TO_END,
    ),
    Cause.LIMITS: (Rule.SOFT_FUSE, Rule.INVERTER, Rule.GENERATOR, Rule.HEADROOM, Rule.CEILING, Rule.STEERED),
    Cause.TROUBLE: (
        Rule.CLOCK,
        Rule.NO_READING,
        Rule.SLOW_SOURCE,
        Rule.STALE,
        Rule.GRID_LOST,
        Rule.HARDWARE,
        Rule.PROBE_LOST,
        Rule.UNREACHABLE,
    ),
    Cause.GUARD: (Rule.BATTERY_LOW, Rule.GRID_DRAW),
    Cause.DWELL: (Rule.MIN_ON, Rule.MIN_OFF, Rule.START_DELAY, Rule.SWITCHING, Rule.MAX_CLOSINGS),
    Cause.DELAY: (Rule.TRIAL,),
}
BY_RULE: Mapping[str, Cause] = {str(rule): cause for cause, rules in _OF_RULE.items() for rule in rules}
"""What decided over a load -> what a loss meanwhile is put down to. A strategy's own rule is not among them."""
_BY_PHASE = {
    "full": Cause.TANK_FULL,
    "fault": Cause.TROUBLE,
    "cooldown": Cause.DWELL,
    "armed": Cause.DWELL,
}
HEATING = "heating"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """From some step on something else decides over a load, or over the whole home."""

    step: int
    """Below 0: before the day began."""
    load: str | None
    """None: the home's own guard."""
    rule: str | None
    phase: str | None = None
    mode: str | None = None


def causes_of(changes: Sequence[Change], load: str, steps: int) -> list[Cause]:
    """For each step of the day what that load's loss is put down to; `changes` in their order.

    Of several changes within one step the last counts.
    """
    causes, now, blocked_by = [Cause.UNKNOWN] * steps, Cause.UNKNOWN, None
    state: Change | None = None
    marks: list[tuple[int, Cause]] = []
    for change in changes:
        if change.load is None:
            blocked_by = change.rule
        elif change.load == load:
            state = change
        else:
            continue
        if state is not None:
            marks.append((max(0, change.step), _cause(state, blocked_by)))
    place = 0
    for step in range(steps):
        while place < len(marks) and marks[place][0] <= step:
            now = marks[place][1]
            place += 1
        causes[step] = now
    return causes


def _cause(state: Change, blocked_by: str | None) -> Cause:
    if state.mode == "off":
        return Cause.OWNER
    if state.phase == "fault":
        return Cause.TROUBLE
    if state.phase == "full":
        return Cause.TANK_FULL
    known = BY_RULE.get(state.rule or "")
    if known is None and blocked_by is not None and state.phase != HEATING:
        known = BY_RULE.get(blocked_by)
    return known or _BY_PHASE.get(state.phase or "", Cause.FORECAST)
