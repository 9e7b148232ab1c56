"""Why a load stands where it stands. The reasons of the machine's own timers are worded here."""

from __future__ import annotations

from pv_heater.core.margins import load_margins, next_change_s
from pv_heater.core.policy import LoadPolicy
from pv_heater.core.rule_id import Rule
from pv_heater.core.run_to_end import LONGEST_RUN_S
from pv_heater.core.situation import Memory, Outcome, Situation
from pv_heater.core.timers import dwell_left_s, rest_left_s
from pv_heater.core.types import Phase
from pv_heater.core.wants import Wanted, needed_w


def outcome_of(policy: LoadPolicy, memory: Memory, situation: Situation, want: Wanted, full: str | None) -> Outcome:
    """The machine's answer, once `memory` is what this step came to; `full` is why the load has had enough, if so."""
    rule, because, timer_s = _reason(policy, memory, situation, want, full)
    margins = load_margins(
        policy,
        memory,
        situation,
        rule=rule,
        wanted_w=want.power_w,
        needed_w=needed_w(policy, running=memory.phase is Phase.HEATING),
        timer_s=timer_s,
    )
    duty = situation.duty if situation.duty is not None and rule == situation.duty.rule else None
    change_s = next_change_s(policy, memory, situation, rule=rule, timer_s=timer_s)
    return Outcome(memory=memory, rule=rule, because=because, margins=margins, next_change_s=change_s, duty=duty)


def _reason(
    policy: LoadPolicy, memory: Memory, situation: Situation, want: Wanted, full: str | None
) -> tuple[str, str, float | None]:
    """(rule, sentence, end of the running timer)."""
    tick_s = situation.tick_s
    if memory.phase is Phase.FAULT:
        return Rule.HARDWARE, f"fault: {memory.fault}; ends only by `clear {policy.name}`", None
    if memory.phase is Phase.FULL:
        return Rule.FULL, full or "full", None if memory.idle is None else memory.idle.until_s
    if memory.phase is Phase.COOLDOWN:
        # A guard that blocks now says more than the rest that follows it; the strategy has nothing for a load at rest.
        if want.power_w <= 0 and (situation.energy is not None or want.rule != situation.rule):
            return want.rule, want.because, (memory.opened_s or 0.0) + policy.min_off_s
        left_s = rest_left_s(policy, memory, tick_s)
        return Rule.MIN_OFF, f"{left_s:.0f} s of {policy.min_off_s:.0f} s minimum off time are left", tick_s + left_s
    if memory.phase is Phase.HEATING and memory.idle is not None:
        return want.rule, f"{want.because}, but {memory.idle.because}", None
    if memory.run is not None and want.rule == Rule.RUN_TO_END:
        return want.rule, want.because, memory.run.since_s + (policy.run_s or LONGEST_RUN_S)
    if (memory.phase is Phase.HEATING) is (want.power_w <= 0) and situation.switch_free_s is not None:
        left_s = situation.switch_free_s - tick_s
        text = f"other loads were just switched, max_changes_per_minute has it wait {left_s:.0f} s; {want.because}"
        return Rule.SWITCHING, text, situation.switch_free_s
    if memory.phase is Phase.HEATING and want.power_w <= 0:
        left_s = dwell_left_s(policy, memory, tick_s)
        text = f"{left_s:.0f} s of {policy.min_on_s:.0f} s minimum on time are left; {want.because}"
        return Rule.MIN_ON, text, tick_s + left_s
    if memory.phase is Phase.ARMED:
        text = f"must last {policy.start_delay_s:.0f} s: {want.because}"
        return Rule.START_DELAY, text, memory.since_s + policy.start_delay_s
    if memory.phase is Phase.OFF and want.rule == situation.rule and memory.closings >= policy.max_closings_per_day:
        return Rule.MAX_CLOSINGS, f"all {policy.max_closings_per_day} closings of today are used up", None
    return want.rule, want.because, None
