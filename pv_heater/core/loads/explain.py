"""Why a load stands where it stands, in words.

At the step at which a load changes its phase the reason is what changed it: what ended the heating, what freed it, who
cleared the fault. From the next step on it is what holds it there now, such as the timer that runs.

How far a load is from another decision, as numbers and as a sentence.

Margins are changes, not values: ``{"surplus_w": 140.0}`` means that 140 W more would flip it, ``{"grid_w": -35.0}``
that the grid would have to give 35 W less. Each alone is enough; only ``after_s`` stands beside the others: seconds
in which nothing flips it. ``wait_s`` is a timer: that long, and it flips by itself.
"""

from __future__ import annotations

from typing import NamedTuple

from pv_heater.core.house.guards import Block
from pv_heater.core.house.surplus import Budget
from pv_heater.core.loads.situation import (
    LONGEST_RUN_S,
    Memory,
    Outcome,
    Situation,
    dwell_left_s,
    rest_left_s,
    start_delay_s,
)
from pv_heater.core.loads.target_power import Wanted, target_in_force_c
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.values import Phase, Stop
from pv_heater.core.settings.load import LoadPolicy
from pv_heater.core.settings.start_power import needed_w


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


class Reason(NamedTuple):
    """What decided, as an id and a sentence, and the tick at which the timer that runs ends (None: none runs)."""

    rule: str
    because: str
    timer_s: float | None = None


def outcome_of(
    policy: LoadPolicy,
    before: Memory,
    memory: Memory,
    situation: Situation,
    want: Wanted,
    full: str | None,
    *,
    stop: Stop,
) -> Outcome:
    """The machine's answer, once `memory` is what this step came to from `before`.

    `full` is why the load has had enough, if so; `stop` how its contact opens where it is off.
    """
    reason = _change(policy, before, memory, situation, want) or _stand(policy, memory, situation, want, full)
    margins = load_margins(
        policy,
        memory,
        situation,
        rule=reason.rule,
        wanted_w=want.power_w,
        needed_w=needed_w(policy, running=memory.phase is Phase.HEATING),
        timer_s=reason.timer_s,
    )
    duty = situation.duty if situation.duty is not None and reason.rule == situation.duty.rule else None
    is_resting = memory.phase is not Phase.HEATING and rest_left_s(policy, memory, situation.tick_s) > 0
    return Outcome(
        memory=memory,
        rule=reason.rule,
        because=reason.because,
        margins=margins,
        next_change_s=next_change_s(policy, memory, situation, rule=reason.rule, timer_s=reason.timer_s),
        duty=duty,
        rests_until_s=_rests_s(policy, memory) if is_resting else None,
        temperature_c=situation.temperature_c,
        stop=stop,
    )


def _change(policy: LoadPolicy, before: Memory, memory: Memory, situation: Situation, want: Wanted) -> Reason | None:
    """Why this step ended the phase before; None where the new phase explains itself."""
    if memory.phase is before.phase or memory.phase not in (Phase.COOLDOWN, Phase.OFF):
        return None
    rests_s = _rests_s(policy, memory)
    if before.phase is Phase.HEATING:
        return Reason(want.rule, _ended(policy, situation, want), rests_s)
    if before.phase is Phase.FAULT:
        return Reason(Rule.HARDWARE, "its fault is cleared", rests_s)
    if before.phase is Phase.FULL:
        return Reason(Rule.FULL, _freed(policy, before, memory, situation), rests_s)
    if before.phase is Phase.ARMED:
        delay_s = start_delay_s(policy, before, situation.tick_s)
        return Reason(want.rule, f"{_idle(policy, situation, want)}; did not last {delay_s:.0f} s")
    return None


def _stand(policy: LoadPolicy, memory: Memory, situation: Situation, want: Wanted, full: str | None) -> Reason:
    """What holds the load in the phase in which it is."""
    tick_s = situation.tick_s
    if memory.phase is Phase.FAULT:
        return Reason(Rule.HARDWARE, f"{memory.fault}; ends only by `clear {policy.name}`")
    if memory.phase is Phase.FULL:
        return Reason(Rule.FULL, full or "full", None if memory.idle is None else memory.idle.until_s)
    if memory.phase is Phase.COOLDOWN:
        # A guard that blocks now says more than the rest that follows it; the strategy has nothing for a load at rest.
        if want.power_w <= 0 and (situation.energy is not None or want.rule != situation.rule):
            return Reason(want.rule, want.because, _rests_s(policy, memory))
        left_s = rest_left_s(policy, memory, tick_s)
        text = f"{left_s:.0f} s of {policy.min_off_s:.0f} s minimum off time are left"
        return Reason(Rule.MIN_OFF, text, tick_s + left_s)
    if memory.phase is Phase.HEATING and memory.idle is not None:
        return Reason(want.rule, f"{want.because}, but {memory.idle.because}")
    if memory.run is not None and want.rule == Rule.RUN_TO_END:
        return Reason(want.rule, want.because, memory.run.since_s + (policy.run_s or LONGEST_RUN_S))
    if (memory.phase is Phase.HEATING) is (want.power_w <= 0) and situation.switch_free_s is not None:
        left_s = situation.switch_free_s - tick_s
        text = f"other loads were just switched, max_changes_per_minute has it wait {left_s:.0f} s; {want.because}"
        return Reason(Rule.SWITCHING, text, situation.switch_free_s)
    if memory.phase is Phase.HEATING and want.power_w <= 0:
        left_s = dwell_left_s(policy, memory, tick_s)
        text = f"{left_s:.0f} s of {policy.min_on_s:.0f} s minimum on time are left; {_ended(policy, situation, want)}"
        return Reason(Rule.MIN_ON, text, tick_s + left_s)
    if memory.phase is Phase.ARMED:
        delay_s = start_delay_s(policy, memory, tick_s)
        why = ", since the runs before gave little" if delay_s > policy.start_delay_s else ""
        return Reason(Rule.START_DELAY, f"{want.because}; must last {delay_s:.0f} s{why}", memory.since_s + delay_s)
    if memory.phase is Phase.OFF and want.rule == situation.rule and memory.closings >= policy.max_closings_per_day:
        return Reason(Rule.MAX_CLOSINGS, f"all {policy.max_closings_per_day} closings of today are used up")
    return Reason(want.rule, want.because if want.power_w > 0 else _idle(policy, situation, want))


def _ended(policy: LoadPolicy, situation: Situation, want: Wanted) -> str:
    """Why a load that is on gets nothing more: what it would need to stay on, where that is the reason."""
    if not _by_share(situation, want):
        return want.because
    stops = f"stops below {needed_w(policy, running=True):.0f} W"
    left = _left(situation)
    return f"{stops}, {want.because}" if left is None else f"{left}, {stops}; {want.because}"


def _idle(policy: LoadPolicy, situation: Situation, want: Wanted) -> str:
    """Why a load that is off does not start: what it needs, where that is the reason."""
    if not _by_share(situation, want):
        return want.because
    needs = f"needs {needed_w(policy, running=False):.0f} W"
    left = _left(situation)
    return f"{needs}, {want.because}" if left is None else f"{needs}, {left}; {want.because}"


def _by_share(situation: Situation, want: Wanted) -> bool:
    """Whether watts that the strategy leaves for this load decide; the allocator words its own reasons."""
    by_strategy = want.rule == situation.rule and situation.energy is None
    return by_strategy and bool(situation.margins) and not situation.is_worded


def _left(situation: Situation) -> str | None:
    """What the others leave for this load; None where nothing is spare at all, which the strategy says itself."""
    if situation.margins.get("surplus_w", 0.0) < 0:
        return None
    return f"{max(0.0, situation.offered_w * situation.stale_share):.0f} W left"


def _freed(policy: LoadPolicy, before: Memory, memory: Memory, situation: Situation) -> str:
    """Why a load that was full is so no longer."""
    if before.idle is not None:
        return "to be tested again, it drew nothing"
    if memory.mode is not before.mode:
        return f"no longer full, its mode is {memory.mode} now"
    if situation.duty is not None and not situation.duty.until_full:
        return f"no longer full: {situation.duty.because}"
    if before.ran_because is not None or (policy.daily_max_wh is not None and policy.target_c is None):
        return "a new day: no longer full"
    if situation.temperature_c is not None and policy.target_c is not None:
        return f"{situation.temperature_c:.1f} degC, it heats again below {policy.target_c - policy.hysteresis_c:.1f}"
    return "no longer full"


def _rests_s(policy: LoadPolicy, memory: Memory) -> float | None:
    """The tick at which its minimum off time ends; None where it was never on."""
    return None if memory.opened_s is None else memory.opened_s + policy.min_off_s
