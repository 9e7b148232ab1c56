"""Why a load stands where it stands, in words, and how far it is from another decision, in numbers.

At the step at which a load changes its phase the reason is what changed it: what ended the heating, what freed it, who
cleared the fault. From the next step on it is what holds it there now, such as the timer that runs.

Margins are changes, not values: ``{"surplus_w": 140.0}`` means that 140 W more would flip it, ``{"grid_w": -35.0}``
that the grid would have to give 35 W less. Each alone is enough; only ``after_s`` stands beside the others: seconds
in which nothing flips it. ``wait_s`` is a timer: that long, and it flips by itself.
"""

from __future__ import annotations

from pv_heater.core.house.guards import Block
from pv_heater.core.loads.duty import Duty
from pv_heater.core.loads.load_step import (
    LONGEST_RUN_S,
    LoadStep,
    Memory,
    Outcome,
    dwell_left_s,
    rest_left_s,
    start_delay_s,
)
from pv_heater.core.loads.target_power import TargetPower, target_in_force_c
from pv_heater.core.model.lean import passing
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.values import Phase, Stop
from pv_heater.core.settings.load import LoadSettings


def outcome_of(
    policy: LoadSettings,
    before: Memory,
    memory: Memory,
    load_step: LoadStep,
    target: TargetPower,
    full: str | None,
    *,
    stop: Stop,
) -> Outcome:
    """The machine's answer, once `memory` is what this step came to from `before`.

    `full` is why the load has had enough, if so; `stop` how its contact opens where it is off.
    """
    reason = None if memory.phase is before.phase else _change(policy, before, memory, load_step, target)
    if reason is None:
        reason = _stand(policy, memory, load_step, target, full)
    rule, duty = reason.rule, load_step.duty
    if duty is not None and duty.rule != rule:
        duty = None
    block = _block(load_step, rule) if load_step.safety is not None or load_step.energy is not None else None
    midnight_s = _midnight_s(policy, memory, load_step, rule) if rule in (Rule.MAX_CLOSINGS, Rule.FULL) else None
    margins = load_margins(
        policy, memory, load_step, reason, block, duty, wanted_w=target.power_w, midnight_s=midnight_s
    )
    rests_s = None if memory.phase is Phase.HEATING else _rests_s(policy, memory)
    return Outcome(
        memory=memory,
        rule=rule,
        because=reason.because,
        margins=margins,
        next_change_s=next_change_s(memory, load_step, reason, block, duty, midnight_s),
        duty=duty,
        rests_until_s=rests_s if rests_s is not None and rests_s > load_step.house.tick_s else None,
        temperature_c=load_step.temperature_c,
        stop=stop,
    )


@passing(frozen=True, slots=True)
class Reason:
    """What decided, as an id and a sentence, and the tick at which the timer that runs ends (None while none runs)."""

    rule: str
    because: str
    timer_s: float | None = None


def load_margins(
    policy: LoadSettings,
    memory: Memory,
    load_step: LoadStep,
    reason: Reason,
    block: Block | None,
    duty: Duty | None,
    *,
    wanted_w: float,
    midnight_s: float | None,
) -> dict[str, float]:
    """What would flip the decision for this load; empty where no number tells (a fault, a lost grid).

    `block` or `duty` is what decided, where one of them did, `wanted_w` what it would draw without its timers,
    `midnight_s` midnight where that ends the present state.
    """
    margins: dict[str, float] = {}
    if memory.fault is not None:
        return margins
    rule, timer_s = reason.rule, reason.timer_s
    if block is not None:
        margins.update(block.margins)
        if memory.phase is Phase.COOLDOWN and timer_s is not None and "wait_s" not in margins:
            margins["after_s"] = timer_s - load_step.house.tick_s
    elif memory.mode is not Mode.AUTO:
        timer_s = memory.mode_until_s if timer_s is None else timer_s
        if timer_s is not None:
            margins["wait_s"] = timer_s - load_step.house.tick_s
    elif duty is not None:
        timer_s = duty.until_s if timer_s is None else min(timer_s, duty.until_s)
    elif memory.phase is Phase.FULL:
        if policy.target_c is not None and load_step.temperature_c is not None:
            target_c = target_in_force_c(policy.target_c, load_step.raised_c)
            margins["temperature_c"] = target_c - policy.hysteresis_c - load_step.temperature_c
    elif memory.phase is not Phase.COOLDOWN and rule not in (Rule.MAX_CLOSINGS, Rule.RUN_TO_END):
        margins = _surplus_margins(policy, memory, load_step, wanted_w)
    if block is None:
        if midnight_s is not None:
            timer_s = midnight_s if timer_s is None else min(timer_s, midnight_s)
        if timer_s is not None:
            margins["wait_s"] = timer_s - load_step.house.tick_s
    for name in margins:
        margins[name] = round(margins[name], 1)
    return margins


def next_change_s(
    memory: Memory,
    load_step: LoadStep,
    reason: Reason,
    block: Block | None,
    duty: Duty | None,
    midnight_s: float | None,
) -> float | None:
    """The earliest tick at which time alone changes something: a timer, a mode's end, sunrise, sunset, midnight."""
    wait_s = block.margins.get("wait_s") if block is not None else None
    heats = memory.mode is Mode.AUTO and (memory.phase is Phase.ARMED or memory.phase is Phase.HEATING)
    ticks_s = (
        reason.timer_s,
        memory.mode_until_s,
        None if duty is None else duty.until_s,
        None if wait_s is None else load_step.house.tick_s + wait_s,
        midnight_s,
        load_step.context.daylight_ends_s if heats else None,
    )
    first_s = None
    for tick_s in ticks_s:
        if tick_s is not None and (first_s is None or tick_s < first_s):
            first_s = tick_s
    return first_s


def _change(
    policy: LoadSettings, before: Memory, memory: Memory, load_step: LoadStep, target: TargetPower
) -> Reason | None:
    """Why this step ended another phase; None where the new phase explains itself."""
    if memory.phase not in (Phase.COOLDOWN, Phase.OFF):
        return None
    rests_s = _rests_s(policy, memory)
    if before.phase is Phase.HEATING:
        return Reason(target.rule, _ended(policy, load_step, target), rests_s)
    if before.phase is Phase.FAULT:
        return Reason(Rule.HARDWARE, "its fault is cleared", rests_s)
    if before.phase is Phase.FULL:
        return Reason(Rule.FULL, _freed(policy, before, memory, load_step), rests_s)
    if before.phase is Phase.ARMED:
        delay_s = start_delay_s(policy, before, load_step.house.tick_s)
        return Reason(target.rule, f"{_idle(policy, load_step, target)}; did not last {delay_s:.0f} s")
    return None


def _stand(policy: LoadSettings, memory: Memory, load_step: LoadStep, target: TargetPower, full: str | None) -> Reason:
    """What holds the load in the phase in which it is."""
    tick_s = load_step.house.tick_s
    if memory.phase is Phase.FAULT:
        return Reason(Rule.HARDWARE, f"{memory.fault}; ends only by `clear {policy.name}`")
    if memory.phase is Phase.FULL:
        return Reason(Rule.FULL, full or "full", None if memory.idle is None else memory.idle.until_s)
    if memory.phase is Phase.COOLDOWN:
        # A guard that blocks now says more than the rest that follows it; the strategy has nothing for a load at rest.
        if target.power_w <= 0 and (load_step.energy is not None or target.rule != load_step.rule):
            return Reason(target.rule, target.because, _rests_s(policy, memory))
        left_s = rest_left_s(policy, memory, tick_s)
        text = f"{left_s:.0f} s of {policy.min_off_s:.0f} s minimum off time are left"
        return Reason(Rule.MIN_OFF, text, tick_s + left_s)
    if memory.phase is Phase.HEATING and memory.idle is not None:
        return Reason(target.rule, f"{target.because}, but {memory.idle.because}")
    if memory.run is not None and target.rule == Rule.RUN_TO_END:
        return Reason(target.rule, target.because, memory.run.since_s + (policy.run_s or LONGEST_RUN_S))
    if (memory.phase is Phase.HEATING) is (target.power_w <= 0) and load_step.switch_free_s is not None:
        left_s = load_step.switch_free_s - tick_s
        text = f"other loads were just switched, max_changes_per_minute has it wait {left_s:.0f} s; {target.because}"
        return Reason(Rule.SWITCHING, text, load_step.switch_free_s)
    if memory.phase is Phase.HEATING and target.power_w <= 0:
        left_s = dwell_left_s(policy, memory, tick_s)
        text = (
            f"{left_s:.0f} s of {policy.min_on_s:.0f} s minimum on time are left; {_ended(policy, load_step, target)}"
        )
        return Reason(Rule.MIN_ON, text, tick_s + left_s)
    if memory.phase is Phase.ARMED:
        delay_s = start_delay_s(policy, memory, tick_s)
        why = ", since the runs before gave little" if delay_s > policy.start_delay_s else ""
        return Reason(Rule.START_DELAY, f"{target.because}; must last {delay_s:.0f} s{why}", memory.since_s + delay_s)
    if memory.phase is Phase.OFF and target.rule == load_step.rule and memory.closings >= policy.max_closings_per_day:
        return Reason(Rule.MAX_CLOSINGS, f"all {policy.max_closings_per_day} closings of today are used up")
    return Reason(target.rule, target.because if target.power_w > 0 else _idle(policy, load_step, target))


def _ended(policy: LoadSettings, load_step: LoadStep, target: TargetPower) -> str:
    """Why a load that is on gets nothing more: what it would need to stay on, where that is the reason."""
    if not _by_share(load_step, target):
        return target.because
    stops = f"stops below {policy.stop_w:.0f} W"
    left = _left(load_step)
    return f"{stops}, {target.because}" if left is None else f"{left}, {stops}; {target.because}"


def _idle(policy: LoadSettings, load_step: LoadStep, target: TargetPower) -> str:
    """Why a load that is off does not start: what it needs, where that is the reason."""
    if not _by_share(load_step, target):
        return target.because
    needs = f"needs {policy.start_w:.0f} W"
    left = _left(load_step)
    return f"{needs}, {target.because}" if left is None else f"{needs}, {left}; {target.because}"


def _by_share(load_step: LoadStep, target: TargetPower) -> bool:
    """Whether watts that the strategy leaves for this load decide; the allocator words its own reasons."""
    by_strategy = target.rule == load_step.rule and load_step.energy is None
    return by_strategy and bool(load_step.context.budget.margins) and not load_step.is_worded


def _left(load_step: LoadStep) -> str | None:
    """What the others leave for this load; None where nothing is spare at all, which the strategy says itself."""
    if load_step.context.budget.margins.get("surplus_w", 0.0) < 0:
        return None
    return f"{max(0.0, load_step.offered_w * load_step.house.stale_share):.0f} W left"


def _freed(policy: LoadSettings, before: Memory, memory: Memory, load_step: LoadStep) -> str:
    """Why a load that was full is so no longer."""
    if before.idle is not None:
        return "to be tested again, it drew nothing"
    if memory.mode is not before.mode:
        return f"no longer full, its mode is {memory.mode} now"
    if load_step.duty is not None and not load_step.duty.until_full:
        return f"no longer full: {load_step.duty.because}"
    if before.ran_because is not None or (policy.daily_max_wh is not None and policy.target_c is None):
        return "a new day: no longer full"
    if load_step.temperature_c is not None and policy.target_c is not None:
        return f"{load_step.temperature_c:.1f} degC, it heats again below {policy.target_c - policy.hysteresis_c:.1f}"
    return "no longer full"


def _rests_s(policy: LoadSettings, memory: Memory) -> float | None:
    """The tick at which its minimum off time ends; None where it was never on."""
    return None if memory.opened_s is None else memory.opened_s + policy.min_off_s


def _surplus_margins(policy: LoadSettings, memory: Memory, load_step: LoadStep, wanted_w: float) -> dict[str, float]:
    """Watts to the start of an idle load, to the stop of a running one."""
    if load_step.energy is not None and memory.phase is Phase.HEATING:
        return dict(load_step.energy.margins)  # it only waits out its minimum on time
    if load_step.energy is not None or load_step.house.stale_share <= 0:
        return {}
    running = memory.phase is Phase.HEATING
    missing_w = (policy.stop_w if running else policy.start_w) / load_step.house.stale_share - load_step.offered_w
    if (missing_w > 0) is not (wanted_w <= 0):
        return {}  # something else than the surplus decides, such as what a phase can carry
    margins = {"surplus_w" if "surplus_w" in load_step.context.budget.margins else "budget_w": missing_w}
    dwell_left_s = memory.since_s + policy.min_on_s - load_step.house.tick_s
    if running and wanted_w > 0 and dwell_left_s > 0:
        margins["after_s"] = dwell_left_s
    return margins


def _block(load_step: LoadStep, rule: str) -> Block | None:
    """The guard that decided, if one did."""
    for block in (load_step.safety, load_step.energy):
        if block is not None and block.guard == rule:
            return block
    return None


def _midnight_s(policy: LoadSettings, memory: Memory, load_step: LoadStep, rule: str) -> float | None:
    """Midnight, where it is what ends the present state: the counts of the day begin anew."""
    eaten = policy.daily_max_wh is not None and memory.energy_wh >= policy.daily_max_wh
    return load_step.context.midnight_s if rule == Rule.MAX_CLOSINGS or (rule == Rule.FULL and eaten) else None
