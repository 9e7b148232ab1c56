"""How far a load is from another decision, as numbers and as a sentence.

Margins are changes, not values: ``{"surplus_w": 140.0}`` means that 140 W more would flip it, ``{"grid_w": -35.0}``
that the grid would have to give 35 W less. Each alone is enough; only ``after_s`` stands beside the others: seconds
in which nothing flips it. ``wait_s`` is a timer: that long, and it flips by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from pv_heater.core.guards import Block
from pv_heater.core.policy import LoadPolicy
from pv_heater.core.rule_id import Rule
from pv_heater.core.situation import Memory, Situation
from pv_heater.core.surplus import Budget
from pv_heater.core.types import Mode, Phase
from pv_heater.core.wants import target_in_force_c
from pv_heater.core.words import duration_text


def offered_w(budget: Budget, left_w: float) -> float:
    """What the budget leaves for a load, or, below 0, what it lacks.

    The allocator shares out nothing below 0; how much is missing to 0, a strategy tells as its margin ``surplus_w``.
    """
    if left_w > 0 or budget.power_w > 0:
        return left_w
    return left_w + min(0.0, budget.margins.get("surplus_w", 0.0))


def load_margins(
    policy: LoadPolicy,
    memory: Memory,
    situation: Situation,
    *,
    rule: str,
    wanted_w: float,
    needed_w: float,
    timer_s: float | None,
) -> dict[str, float]:
    """What would flip the decision for this load; empty where no number tells (a fault, a lost grid).

    `rule` is what decided, `wanted_w` what it would draw without its timers, `needed_w` the share at which it starts
    or below which it stops, `timer_s` the tick at which the timer that `rule` speaks of ends.
    """
    margins: dict[str, float] = {}
    if memory.fault is not None:
        return margins
    block = _block(situation, rule)
    if block is not None:
        margins.update(block.margins)
        if memory.phase is Phase.COOLDOWN and timer_s is not None and "wait_s" not in margins:
            margins["after_s"] = timer_s - situation.tick_s
    elif memory.mode is not Mode.AUTO:
        timer_s = memory.mode_until_s if timer_s is None else timer_s
        if timer_s is not None:
            margins["wait_s"] = timer_s - situation.tick_s
    elif _on_duty(situation, rule):
        timer_s = _first(timer_s, situation.duty.until_s if situation.duty else None)
    elif memory.phase is Phase.FULL:
        if policy.target_c is not None and situation.temperature_c is not None:
            target_c = target_in_force_c(policy.target_c, situation.raised_c)
            margins["temperature_c"] = target_c - policy.hysteresis_c - situation.temperature_c
    elif memory.phase is not Phase.COOLDOWN and rule not in (Rule.MAX_CLOSINGS, Rule.RUN_TO_END):
        margins.update(_surplus_margins(policy, memory, situation, wanted_w, needed_w))
    ends_s = _first(timer_s, _midnight_s(policy, memory, situation, rule))
    if ends_s is not None and block is None:
        margins["wait_s"] = ends_s - situation.tick_s
    return {name: round(value, 1) for name, value in margins.items()}


def next_change_s(
    policy: LoadPolicy, memory: Memory, situation: Situation, *, rule: str, timer_s: float | None
) -> float | None:
    """The earliest tick at which time alone changes something: a timer, a mode's end, sunrise, sunset, midnight."""
    block = _block(situation, rule)
    wait_s = block.margins.get("wait_s") if block is not None else None
    heats = memory.mode is Mode.AUTO and memory.phase in (Phase.ARMED, Phase.HEATING)
    return _first(
        timer_s,
        memory.mode_until_s,
        situation.duty.until_s if situation.duty and _on_duty(situation, rule) else None,
        None if wait_s is None else situation.tick_s + wait_s,
        _midnight_s(policy, memory, situation, rule),
        situation.daylight_ends_s if heats else None,
    )


def _surplus_margins(
    policy: LoadPolicy, memory: Memory, situation: Situation, wanted_w: float, needed_w: float
) -> dict[str, float]:
    """Watts to the start of an idle load, to the stop of a running one."""
    if situation.energy is not None and memory.phase is Phase.HEATING:
        return dict(situation.energy.margins)  # it only waits out its minimum on time
    if situation.energy is not None or situation.stale_share <= 0:
        return {}
    running = memory.phase is Phase.HEATING
    missing_w = needed_w / situation.stale_share - situation.offered_w
    if (missing_w > 0) is not (wanted_w <= 0):
        return {}  # something else than the surplus decides, such as what a phase can carry
    margins = {"surplus_w" if "surplus_w" in situation.margins else "budget_w": missing_w}
    dwell_left_s = memory.since_s + policy.min_on_s - situation.tick_s
    if running and wanted_w > 0 and dwell_left_s > 0:
        margins["after_s"] = dwell_left_s
    return margins


def _on_duty(situation: Situation, rule: str) -> bool:
    return situation.duty is not None and situation.duty.rule == rule


def _block(situation: Situation, rule: str) -> Block | None:
    """The guard that decided, if one did."""
    for block in (situation.safety, situation.energy):
        if block is not None and block.guard == rule:
            return block
    return None


def _midnight_s(policy: LoadPolicy, memory: Memory, situation: Situation, rule: str) -> float | None:
    """Midnight, where it is what ends the present state: the counts of the day begin anew."""
    eaten = policy.daily_max_wh is not None and memory.energy_wh >= policy.daily_max_wh
    return situation.midnight_s if rule == Rule.MAX_CLOSINGS or (rule == Rule.FULL and eaten) else None


def _first(*ticks_s: float | None) -> float | None:
    first_s = None
    for tick_s in ticks_s:
        if tick_s is not None and (first_s is None or tick_s < first_s):
            first_s = tick_s
    return first_s


def flip_text(rule: str, margins: Mapping[str, float]) -> str:
    """What would flip a decision, as a sentence for people: ``140 W more, or 3 min``."""
    ways = [_way(name, value) for name, value in margins.items() if name not in ("wait_s", "after_s")]
    if "wait_s" in margins:
        ways.append(duration_text(margins["wait_s"]))
    text = ", or ".join(ways) or _WITHOUT_NUMBER.get(rule, "another reading of the house")
    return f"{text}, not before {duration_text(margins['after_s'])}" if "after_s" in margins else text


def _way(name: str, value: float) -> str:
    unit, what, digits = _UNITS.get(name, (name, "", 1))
    return f"{abs(value):.{digits}f} {unit} {'more' if value > 0 else 'less'}{what}"


_UNITS: Mapping[str, tuple[str, str, int]] = {
    "surplus_w": ("W", "", 0),
    "budget_w": ("W", " from the strategy", 0),
    "grid_w": ("W", " from the grid", 0),
    "grid_phase_w": ("W", " on that phase", 0),
    "house_w": ("W", " in the house", 0),
    "inverter_load_w": ("W", " through the inverter", 0),
    "battery_soc_percent": ("%", " in the battery", 1),
    "temperature_c": ("degC", " at the load", 1),
    "interval_s": ("s", " between samples", 0),
}
"""Margin to its unit, what it is of, and how many digits are worth reading."""

_WITHOUT_NUMBER: Mapping[str, str] = {
    Rule.CLOCK: "a clock that is set",
    Rule.GRID_LOST: "the grid's return",
    Rule.GENERATOR: "the generator's end",
    Rule.NO_READING: "a new reading",
    Rule.NIGHT: "sunrise",
    Rule.PROBE_LOST: "a temperature",
    Rule.HARDWARE: "`clear`, once the cause is fixed",
    Rule.RULE: "another answer of its rule",
    Rule.AFTER: "the load before it having had enough",
    Rule.FULL: "the load cooling down",
    "balance_blind": "a meter that reports the house's use or the grid's power",
}
"""What flips the decisions of these rules, where no number tells how far it is."""
