"""The state machine of one load. Everything that changes a phase is in this file.

`TRANSITIONS` is the whole truth: phase x event -> phase. `advance` turns what is known into events and walks the
table; the diagrams in README and Pics/ are printed from it. Times are monotonic seconds (`tick_s`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from pv_heater.core.margins import load_margins, next_change_s
from pv_heater.core.settings import LoadPolicy
from pv_heater.core.situation import Memory, Outcome, Situation
from pv_heater.core.types import Mode, Phase


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
    """Target temperature or daily maximum reached, or it draws nothing though it is told to."""
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


START_FACTOR = 1.2
"""An adjustable load starts at a fifth more than its least power, and at no less than its dead band: as much as the
battery may give by default, so that a full one can begin to search for sun that throttled chargers hide."""
SHARE_OF_DEAD_BAND_AT_ENDS = 0.25
"""Least and full power are reached by smaller moves than others: a quarter of the dead band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What should happen to a load if its timers allow."""

    power_w: float
    """0: off. Above 0 it is at least the load's least power."""
    rule: str
    because: str
    at_once: bool = False
    """For off: the minimum on time does not count."""
    immediate_start: bool = False
    """For on: no start delay, no budget of closings (the owner asked)."""


def advance(policy: LoadPolicy, memory: Memory, situation: Situation) -> Outcome:
    """One step of one load."""
    retest = memory.phase is Phase.FULL and memory.idle is not None
    memory = _end_idle(_end_mode(memory, situation.tick_s), situation)
    if situation.health != "ok":
        memory = replace(memory, fault=memory.fault or situation.health)
    elif situation.cleared:
        memory = replace(memory, fault=None)
    full = _full_reason(policy, memory, situation)
    wanted = _wanted(policy, memory, situation, full)
    # A step may pass several phases (cooldown -> off -> heating); the table has no longer way than three.
    for _ in range(4):
        event = _event(policy, memory, situation, wanted, full)
        if event is None:
            break
        memory = _enter(TRANSITIONS[memory.phase][event], memory, situation.tick_s)
    memory = _set_power(policy, memory, situation, wanted)
    outcome = _outcome(policy, memory, situation, wanted, full)
    if retest and memory.phase is not Phase.FULL:
        outcome = replace(outcome, because=f"to be tested again, it drew nothing; {outcome.because}")
    return outcome


def takes_surplus(policy: LoadPolicy, memory: Memory, tick_s: float) -> bool:
    """Whether a share of the surplus would be used: automatic, healthy, not full and not at rest."""
    if memory.mode is not Mode.AUTO or memory.fault is not None or memory.phase is Phase.FULL:
        return False
    if memory.idle is not None:
        return False
    if memory.phase is Phase.HEATING:
        return True
    return memory.closings < policy.max_closings_per_day and _rest_left_s(policy, memory, tick_s) <= 0


def starts_at_once(policy: LoadPolicy, memory: Memory, tick_s: float) -> bool:
    """Whether an idle load that is given power draws it now; False while its start delay has still to run."""
    if policy.start_delay_s <= 0:
        return True
    return memory.phase is Phase.ARMED and tick_s - memory.since_s >= policy.start_delay_s


def needed_w(policy: LoadPolicy, *, running: bool) -> float:
    """The least share with which a load starts, or stays on: the start asks for more, so that noise does not switch."""
    if policy.adjustable:
        start_w = max(policy.dead_band_w, START_FACTOR * policy.min_power_w)
        return policy.min_power_w if running else min(start_w, policy.max_power_w)
    # A dead band as wide as the load itself would keep it on with nothing spare.
    return policy.max_power_w - (min(policy.dead_band_w, policy.max_power_w / 2) if running else 0.0)


def held_w(policy: LoadPolicy, memory: Memory, tick_s: float) -> float:
    """Power that flows whatever the surplus: forced on, or as little as possible while the minimum on time runs."""
    if memory.phase is not Phase.HEATING or memory.idle is not None:
        return 0.0
    if memory.mode is Mode.ON:
        return memory.power_w
    return policy.least_power_w if _dwell_left_s(policy, memory, tick_s) > 0 else 0.0


def _end_mode(memory: Memory, tick_s: float) -> Memory:
    if memory.mode_until_s is not None and tick_s >= memory.mode_until_s:
        return replace(memory, mode=Mode.AUTO, mode_until_s=None, forced_w=None)
    return memory


def _end_idle(memory: Memory, situation: Situation) -> Memory:
    idle = memory.idle
    ended = idle is not None and idle.ends(situation.tick_s, memory.power_w, situation.measured_w)
    return replace(memory, idle=None) if ended else memory


def _full_reason(policy: LoadPolicy, memory: Memory, situation: Situation) -> str | None:
    """Why an automatic load has had enough, or None. A load forced on is not held back by it."""
    if memory.mode is Mode.ON:
        return None
    if memory.idle is not None:
        return memory.idle.because
    if policy.daily_max_wh is not None and memory.energy_wh >= policy.daily_max_wh:
        return f"{memory.energy_wh:.0f} Wh today, daily_max_wh is {policy.daily_max_wh:.0f}"
    if policy.target_c is not None and situation.temperature_c is not None:
        limit = policy.target_c - (policy.hysteresis_c if memory.phase is Phase.FULL else 0.0)
        if situation.temperature_c >= limit:
            return f"{situation.temperature_c:.1f} degC, the target is {policy.target_c:.1f}"
    return None


def _wanted(policy: LoadPolicy, memory: Memory, situation: Situation, full: str | None) -> Wanted:
    if situation.safety is not None:
        block = situation.safety
        return Wanted(power_w=0.0, rule=block.guard, because=block.because, at_once=True)
    if memory.mode is Mode.OFF:
        return Wanted(power_w=0.0, rule="forced_off", because="forced off", at_once=True)
    if memory.mode is Mode.ON:
        power_w = memory.forced_w if memory.forced_w is not None else policy.max_power_w
        power_w = min(policy.max_power_w, max(policy.least_power_w, power_w))
        return Wanted(power_w=power_w, rule="forced_on", because="forced on", immediate_start=True)
    if memory.idle is not None:
        # No minimum on time protects what draws nothing.
        return Wanted(power_w=0.0, rule="full", because=memory.idle.because, at_once=True)
    if situation.energy is not None:
        block = situation.energy
        return Wanted(power_w=0.0, rule=block.guard, because=block.because, at_once=block.at_once)
    if full is not None:
        return Wanted(power_w=0.0, rule="full", because=full)
    return _allotted(policy, memory, situation)


def _allotted(policy: LoadPolicy, memory: Memory, situation: Situation) -> Wanted:
    """The strategy's share, made into something this load can do, with the hysteresis between start and stop."""
    power_w = min(situation.allotted_w, policy.max_power_w) * situation.stale_share
    if power_w < max(needed_w(policy, running=memory.phase is Phase.HEATING), 1e-9):
        return Wanted(power_w=0.0, rule=situation.rule, because=situation.because)
    if not policy.adjustable:
        power_w = policy.max_power_w
    return Wanted(power_w=power_w, rule=situation.rule, because=situation.because)


def _event(policy: LoadPolicy, memory: Memory, situation: Situation, wanted: Wanted, full: str | None) -> Event | None:
    """The one event that moves this load on from its phase, or None."""
    phase = memory.phase
    if phase is Phase.FAULT:
        return Event.CLEARED if memory.fault is None else None
    if memory.fault is not None:
        return Event.FAILED
    if phase is Phase.FULL:
        return Event.FREED if full is None else None
    if phase is Phase.COOLDOWN:
        return Event.RESTED if _rest_left_s(policy, memory, situation.tick_s) <= 0 else None
    if wanted.rule == "full" and (
        phase is not Phase.HEATING or wanted.at_once or _dwell_left_s(policy, memory, situation.tick_s) <= 0
    ):
        return Event.FULL
    if phase is Phase.HEATING:
        return _event_while_heating(policy, memory, situation.tick_s, wanted)
    if wanted.power_w <= 0:
        stopped = Event.BLOCKED if situation.safety or situation.energy or wanted.at_once else Event.SPENT
        return stopped if phase is Phase.ARMED else None
    if not wanted.immediate_start and memory.closings >= policy.max_closings_per_day:
        return Event.SPENT if phase is Phase.ARMED else None
    if wanted.immediate_start or policy.start_delay_s <= 0:
        return Event.HELD
    if phase is Phase.OFF:
        return Event.SURPLUS
    return Event.HELD if situation.tick_s - memory.since_s >= policy.start_delay_s else None


def _event_while_heating(policy: LoadPolicy, memory: Memory, tick_s: float, wanted: Wanted) -> Event | None:
    if wanted.power_w > 0:
        return None
    if wanted.at_once:
        return Event.BLOCKED
    return Event.SPENT if _dwell_left_s(policy, memory, tick_s) <= 0 else None


def _dwell_left_s(policy: LoadPolicy, memory: Memory, tick_s: float) -> float:
    return memory.since_s + policy.min_on_s - tick_s


def _rest_left_s(policy: LoadPolicy, memory: Memory, tick_s: float) -> float:
    return 0.0 if memory.opened_s is None else memory.opened_s + policy.min_off_s - tick_s


def _enter(phase: Phase, memory: Memory, tick_s: float) -> Memory:
    opened_s = tick_s if memory.phase is Phase.HEATING else memory.opened_s
    if phase is Phase.HEATING:
        # A start is a new test.
        memory = replace(memory, closings=memory.closings + 1, idle=None)
    return replace(memory, phase=phase, since_s=tick_s, opened_s=opened_s)


def _set_power(policy: LoadPolicy, memory: Memory, situation: Situation, wanted: Wanted) -> Memory:
    """The power while heating: dead band, ramp, and the least power while the minimum on time runs."""
    if memory.phase is not Phase.HEATING:
        return replace(memory, power_w=0.0)
    before_w = memory.power_w
    if wanted.power_w <= 0:
        # Nothing is wanted, yet the minimum on time holds it: as little as it can.
        return replace(memory, power_w=policy.least_power_w)
    power_w = wanted.power_w
    band_w = policy.dead_band_w
    if power_w >= policy.max_power_w or power_w <= policy.least_power_w:
        # The last step to an end would otherwise be missing for hours of steady sun.
        band_w *= SHARE_OF_DEAD_BAND_AT_ENDS
    if before_w > 0 and abs(power_w - before_w) < band_w:
        power_w = before_w
    if policy.adjustable and policy.ramp_s > 0 and power_w > before_w:
        most_w = max(before_w, policy.min_power_w) + policy.max_power_w * situation.elapsed_s / policy.ramp_s
        power_w = min(power_w, most_w if before_w > 0 else policy.min_power_w)
    return replace(memory, power_w=power_w)


def _outcome(policy: LoadPolicy, memory: Memory, situation: Situation, wanted: Wanted, full: str | None) -> Outcome:
    rule, because, timer_s = _reason(policy, memory, situation, wanted, full)
    margins = load_margins(
        policy,
        memory,
        situation,
        rule=rule,
        wanted_w=wanted.power_w,
        needed_w=needed_w(policy, running=memory.phase is Phase.HEATING),
        timer_s=timer_s,
    )
    change_s = next_change_s(policy, memory, situation, rule=rule, timer_s=timer_s)
    return Outcome(memory=memory, rule=rule, because=because, margins=margins, next_change_s=change_s)


def _reason(
    policy: LoadPolicy, memory: Memory, situation: Situation, wanted: Wanted, full: str | None
) -> tuple[str, str, float | None]:
    """(rule, sentence, end of the running timer). The machine words the reasons of its own timers."""
    tick_s = situation.tick_s
    if memory.phase is Phase.FAULT:
        return "hardware", f"fault: {memory.fault}; ends only by `clear {policy.name}`", None
    if memory.phase is Phase.FULL:
        return "full", full or "full", None if memory.idle is None else memory.idle.until_s
    if memory.phase is Phase.COOLDOWN:
        # A guard that blocks now says more than the rest that follows it; the strategy has nothing for a load at rest.
        if wanted.power_w <= 0 and (situation.energy is not None or wanted.rule != situation.rule):
            return wanted.rule, wanted.because, (memory.opened_s or 0.0) + policy.min_off_s
        left_s = _rest_left_s(policy, memory, tick_s)
        return "min_off", f"{left_s:.0f} s of {policy.min_off_s:.0f} s minimum off time are left", tick_s + left_s
    if memory.phase is Phase.HEATING and memory.idle is not None:
        return wanted.rule, f"{wanted.because}, but {memory.idle.because}", None
    if memory.phase is Phase.HEATING and wanted.power_w <= 0:
        left_s = _dwell_left_s(policy, memory, tick_s)
        text = f"{left_s:.0f} s of {policy.min_on_s:.0f} s minimum on time are left; {wanted.because}"
        return "min_on", text, tick_s + left_s
    if memory.phase is Phase.ARMED:
        text = f"must last {policy.start_delay_s:.0f} s: {wanted.because}"
        return "start_delay", text, memory.since_s + policy.start_delay_s
    if memory.phase is Phase.OFF and wanted.rule == situation.rule and memory.closings >= policy.max_closings_per_day:
        return "max_closings", f"all {policy.max_closings_per_day} closings of today are used up", None
    return wanted.rule, wanted.because, None
