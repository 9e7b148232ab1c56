"""The state machine of one load. Everything that changes a phase is in this file.

`TRANSITIONS` is the whole truth: phase x event -> phase. `advance` turns what is known into events and walks the
table; the diagrams in README and Pics/ are printed from it. Times are monotonic seconds (`tick_s`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from pv_heater.core.actuators.idle import RETEST_S, Idle
from pv_heater.core.loads.explain import outcome_of
from pv_heater.core.loads.load_step import (
    LoadStep,
    Memory,
    Outcome,
    Run,
    delay_left_s,
    dwell_left_s,
    rest_left_s,
    start_delay_s,
    with_run_ended,
)
from pv_heater.core.loads.target_power import TargetPower, full_reason, target_power
from pv_heater.core.model.lean import replaced
from pv_heater.core.model.requests import FORCE_DEFAULT_S, Mode
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.values import Phase, Stop
from pv_heater.core.settings.load import LoadSettings


class Event(StrEnum):
    """What can happen to a load."""

    SURPLUS = "surplus"
    """Enough power is allotted; the start delay begins."""
    HELD = "held"
    """The surplus outlasted the start delay, or there is none to wait for."""
    SPENT = "spent"
    """Too little power is allotted, and the minimum on time is over."""
    BLOCKED = "blocked"
    """A guard or the owner says no."""
    FULL = "full"
    """Target temperature or daily maximum reached, or it draws nothing though it is set to."""
    FREED = "freed"
    """No longer full."""
    RESTED = "rested"
    """The minimum off time is over."""
    FAILED = "failed"
    """The hardware cannot be used."""
    CLEARED = "cleared"
    """The owner has cleared the fault."""


TRANSITIONS: Mapping[Phase, Mapping[Event, Phase]] = {
    Phase.OFF: {
        Event.SURPLUS: Phase.ARMED,
        Event.HELD: Phase.HEATING,
        Event.FULL: Phase.FULL,
        Event.FAILED: Phase.FAULT,
    },
    Phase.ARMED: {
        Event.HELD: Phase.HEATING,
        Event.SPENT: Phase.OFF,
        Event.BLOCKED: Phase.OFF,
        Event.FULL: Phase.FULL,
        Event.FAILED: Phase.FAULT,
    },
    Phase.HEATING: {
        Event.SPENT: Phase.COOLDOWN,
        Event.BLOCKED: Phase.COOLDOWN,
        Event.FULL: Phase.FULL,
        Event.FAILED: Phase.FAULT,
    },
    Phase.FULL: {Event.FREED: Phase.COOLDOWN, Event.FAILED: Phase.FAULT},
    Phase.COOLDOWN: {Event.RESTED: Phase.OFF, Event.FAILED: Phase.FAULT},
    Phase.FAULT: {Event.CLEARED: Phase.COOLDOWN},
}

SHARE_OF_DEAD_BAND_AT_ENDS = 0.25
"""Least and full power are reached by smaller moves than others: a quarter of the dead band."""


def advance(policy: LoadSettings, memory: Memory, load_step: LoadStep) -> Outcome:
    """One step of one load."""
    before = memory
    if memory.mode_until_s is not None:
        if load_step.house.tick_s >= memory.mode_until_s:
            memory = replace(memory, mode=Mode.AUTO, mode_until_s=None, mode_since_s=None, forced_w=None)
    elif memory.mode is not Mode.AUTO and not policy.forced_without_end:
        memory = replace(memory, mode_until_s=load_step.house.tick_s + FORCE_DEFAULT_S)
    if memory.idle is not None:
        memory = _end_idle(memory, memory.idle, load_step)
    if memory.run is not None or not policy.interruptible:
        memory = _follow_run(policy, memory, load_step)
    if load_step.health != "ok":
        memory = replace(memory, fault=memory.fault or load_step.health)
    elif load_step.cleared:
        memory = replace(memory, fault=None)
    full = full_reason(policy, memory, load_step)
    target = target_power(policy, memory, load_step, full)
    # A step may pass several phases (cooldown -> off -> heating); the table has no longer way than three.
    for _ in range(4):
        event = _event(policy, memory, load_step, target, full)
        if event is None:
            break
        if memory.phase is Phase.HEATING:
            lacks_sun = event in (Event.SPENT, Event.BLOCKED) and _lacks_sun(load_step, target)
            memory = with_run_ended(policy, memory, load_step.house.tick_s, for_want_of_sun=lacks_sun)
        memory = _enter(TRANSITIONS[memory.phase][event], memory, load_step.house.tick_s)
    power_w = _power_w(policy, memory, load_step, target) if memory.phase is Phase.HEATING else 0.0
    if power_w != memory.power_w:
        memory = replaced(memory, power_w=power_w, power_since_s=load_step.house.tick_s)
    # A contact opens at once for safety and faults, whatever names the reason.
    unsafe = memory.phase is Phase.FAULT or memory.fault is not None or load_step.safety is not None
    stop = Stop.SAFETY if unsafe else Stop.NORMAL
    outcome = outcome_of(policy, before, memory, load_step, target, full, stop=stop)
    if before.idle is not None and before.phase is Phase.FULL and memory.phase in (Phase.ARMED, Phase.HEATING):
        outcome = replace(outcome, because=f"to be tested again, it drew nothing; {outcome.because}")
    return outcome


def _lacks_sun(load_step: LoadStep, target: TargetPower) -> bool:
    """Whether what ends a run is that too little is spare, and no order, guarantee, night or limit.

    Nor a silence of the meter: nobody knows what the sun gave in it.
    """
    if load_step.house.stale_share < 1.0:
        return False
    return target.rule == Rule.GRID_DRAW or (load_step.energy is None and target.rule == load_step.rule)


def _end_idle(memory: Memory, idle: Idle, load_step: LoadStep) -> Memory:
    measured_w = None if load_step.measured is None else load_step.measured.power_w
    return replace(memory, idle=None) if idle.ends(load_step.house.tick_s, memory.power_w, measured_w) else memory


def _follow_run(policy: LoadSettings, memory: Memory, load_step: LoadStep) -> Memory:
    """The run of a load that is not interruptible: under way, ended for today, or never begun by anybody."""
    if policy.interruptible or memory.phase is not Phase.HEATING:
        return memory if memory.run is None else replace(memory, run=None)
    run = (memory.run or Run(since_s=memory.since_s)).after(load_step.measured)
    ended = run.ended(policy.run_s, load_step.house.tick_s)
    if memory.mode is Mode.ON or ended is None:
        return replace(memory, run=run)
    if run.rests and not run.drew:
        idle = Idle(
            because=f"draws nothing: {ended}, nobody has set it going", until_s=load_step.house.tick_s + RETEST_S
        )
        return replace(memory, run=run, idle=idle)
    return replace(memory, run=run, ran_because=f"its run of today has ended: {ended}")


def _event(
    policy: LoadSettings, memory: Memory, load_step: LoadStep, target: TargetPower, full: str | None
) -> Event | None:
    """The one event that moves this load on from its phase, or None."""
    phase = memory.phase
    if phase is Phase.FAULT:
        return Event.CLEARED if memory.fault is None else None
    if memory.fault is not None:
        return Event.FAILED
    if phase is Phase.FULL:
        return Event.FREED if full is None else None
    if phase is Phase.COOLDOWN:
        return Event.RESTED if rest_left_s(policy, memory, load_step.house.tick_s) <= 0 else None
    if phase is Phase.HEATING:
        return _event_while_heating(policy, memory, load_step, target)
    if target.rule == Rule.FULL:
        return Event.FULL
    if target.power_w <= 0:
        stopped = Event.BLOCKED if load_step.safety or load_step.energy or target.at_once else Event.SPENT
        return stopped if phase is Phase.ARMED else None
    if not target.immediate_start and memory.closings >= policy.max_closings_per_day:
        return Event.SPENT if phase is Phase.ARMED else None
    if target.immediate_start:
        return Event.HELD
    delay_s = start_delay_s(policy, memory, load_step.house.tick_s)
    if phase is Phase.OFF and delay_s > 0:
        return Event.SURPLUS
    delayed = delay_s > 0 and delay_left_s(policy, memory, load_step.house.tick_s) > 0
    return None if delayed or load_step.switch_free_s is not None else Event.HELD


def _event_while_heating(
    policy: LoadSettings, memory: Memory, load_step: LoadStep, target: TargetPower
) -> Event | None:
    if target.power_w > 0:
        return None
    if not target.at_once:
        held = dwell_left_s(policy, memory, load_step.house.tick_s) > 0
        if held or load_step.switch_free_s is not None:
            return None
    if target.rule == Rule.FULL:
        return Event.FULL
    return Event.BLOCKED if target.at_once else Event.SPENT


def _enter(phase: Phase, memory: Memory, tick_s: float) -> Memory:
    opened_s = tick_s if memory.phase is Phase.HEATING else memory.opened_s
    if phase is Phase.HEATING:
        # A start is a new test.
        closings, from_wh = memory.closings + 1, memory.energy_wh
        memory = replace(memory, closings=closings, run_from_wh=from_wh, idle=None, ran_because=None)
    return replace(memory, phase=phase, since_s=tick_s, opened_s=opened_s)


def _power_w(policy: LoadSettings, memory: Memory, load_step: LoadStep, target: TargetPower) -> float:
    """The power while heating: dead band or levels, ramp, and the least power while the minimum on time runs."""
    if target.power_w <= 0:
        # Nothing is wanted, yet the minimum on time holds it: as little as it can.
        return policy.least_power_w
    before_w, power_w, band_w = memory.power_w, target.power_w, policy.dead_band_w
    if not policy.adjustable:
        climbs_too_soon = (
            0 < before_w < power_w and load_step.house.tick_s - memory.power_since_s < policy.level_dwell_s
        )
        return before_w if climbs_too_soon else power_w
    if power_w >= policy.max_power_w or power_w <= policy.least_power_w:
        # The last step to an end would otherwise be missing for hours of steady sun.
        band_w *= SHARE_OF_DEAD_BAND_AT_ENDS
    if before_w > 0 and abs(power_w - before_w) < band_w:
        power_w = before_w
    if policy.ramp_s > 0 and power_w > before_w:
        most_w = max(before_w, policy.min_power_w) + policy.max_power_w * load_step.house.elapsed_s / policy.ramp_s
        power_w = min(power_w, most_w if before_w > 0 else policy.min_power_w)
    return power_w
