"""What should happen to a load if its timers allow: the first that has a say decides, from safety down to its share."""

from __future__ import annotations

from pv_heater.core.house.guards import Block
from pv_heater.core.loads.load_step import LoadStep, Memory
from pv_heater.core.model.lean import passing
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.values import Phase
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.start_power import level_w, possible_w


@passing(frozen=True, slots=True, kw_only=True)
class TargetPower:
    """What should happen to a load if its timers allow."""

    power_w: float
    """0: off. Above 0 it is at least the load's least power."""
    rule: str
    because: str
    at_once: bool = False
    """For off: the minimum on time does not count."""
    immediate_start: bool = False
    """For on: no start delay, no budget of closings (the owner asked)."""


def target_in_force_c(target_c: float, raised_c: float | None) -> float:
    """The temperature at which a load with that target is full now. For `raised_c` see `LoadStep`."""
    return target_c if raised_c is None else max(target_c, raised_c)


def full_reason(policy: LoadSettings, memory: Memory, load_step: LoadStep) -> str | None:
    """Why an automatic load has had enough, or None. A load forced on or on duty does not stop for it."""
    if memory.mode is Mode.ON:
        return None
    if memory.idle is not None:
        return memory.idle.because
    if memory.ran_because is not None:
        return memory.ran_because
    if load_step.duty is not None and not load_step.duty.until_full:
        return None
    if policy.daily_max_wh is not None and memory.energy_wh >= policy.daily_max_wh:
        return f"{memory.energy_wh:.0f} Wh today, daily_max_wh is {policy.daily_max_wh:.0f}"
    target_c, temperature_c = policy.target_c, load_step.temperature_c
    if target_c is not None:
        target_c = target_in_force_c(target_c, load_step.raised_c)
        if temperature_c is None:
            return "its temperature is not known, and target_c needs it"
        limit = target_c - (policy.hysteresis_c if memory.phase is Phase.FULL else 0.0)
        if temperature_c >= limit:
            return f"{temperature_c:.1f} degC, the target is {target_c:.1f}"
    return None


def has_enough(policy: LoadSettings, memory: Memory, load_step: LoadStep) -> bool:
    """Whether it has had what it is there for: full, warm enough, its daily maximum, or as much as it must have.

    Not while its temperature is unknown.
    """
    if policy.daily_min_wh is not None and memory.energy_wh >= policy.daily_min_wh:
        return True
    if policy.target_c is not None and load_step.temperature_c is None and memory.idle is None:
        return False
    return full_reason(policy, memory, load_step) is not None


def target_power(policy: LoadSettings, memory: Memory, load_step: LoadStep, full: str | None) -> TargetPower:
    """The answer for one load; `full` is why it has had enough, if it has."""
    if load_step.safety is not None:
        return _blocked(load_step.safety, at_once=True)
    if memory.mode is Mode.OFF:
        return TargetPower(power_w=0.0, rule=Rule.FORCED_OFF, because="forced off", at_once=True)
    if memory.mode is Mode.ON:
        power_w = possible_w(policy, policy.max_power_w if memory.forced_w is None else memory.forced_w)
        return TargetPower(power_w=power_w, rule=Rule.FORCED_ON, because="forced on", immediate_start=True)
    if memory.idle is not None:
        # No minimum on time protects what draws nothing.
        return TargetPower(power_w=0.0, rule=Rule.FULL, because=memory.idle.because, at_once=True)
    if memory.ran_because is not None:
        return TargetPower(power_w=0.0, rule=Rule.FULL, because=memory.ran_because, at_once=True)
    if memory.run is not None:
        power_w = max(policy.least_power_w, _allotted(policy, memory, load_step).power_w)
        return TargetPower(power_w=power_w, rule=Rule.RUN_TO_END, because="once started, it runs to its end")
    duty = load_step.duty
    if duty is not None and duty.until_full and full is not None:
        # The duty alone held off a guard that ends heating at once; nothing does now.
        at_once = load_step.energy is not None and load_step.energy.at_once
        return TargetPower(power_w=0.0, rule=Rule.FULL, because=full, at_once=at_once)
    if duty is not None:
        power_w = possible_w(policy, duty.power_w)
        return TargetPower(power_w=power_w, rule=duty.rule, because=duty.because, immediate_start=True)
    if load_step.energy is not None:
        return _blocked(load_step.energy, at_once=load_step.energy.at_once)
    if full is not None:
        return TargetPower(power_w=0.0, rule=Rule.FULL, because=full)
    return _allotted(policy, memory, load_step)


def _blocked(block: Block, *, at_once: bool) -> TargetPower:
    return TargetPower(power_w=0.0, rule=block.guard, because=block.because, at_once=at_once)


def _allotted(policy: LoadSettings, memory: Memory, load_step: LoadStep) -> TargetPower:
    """The strategy's share, made into something this load can do, with the hysteresis between start and stop."""
    power_w = load_step.allotted_w if load_step.allotted_w < policy.max_power_w else policy.max_power_w
    power_w *= load_step.house.stale_share
    if not policy.adjustable:
        power_w = level_w(policy, power_w, memory.power_w)
    else:
        # What a rule asks for is no surplus that may be noise.
        goes_on = memory.phase is Phase.HEATING or load_step.rule == Rule.RULE
        if power_w < (policy.stop_w if goes_on else policy.start_w) or power_w < 1e-9:
            power_w = 0.0
    return TargetPower(power_w=power_w, rule=load_step.rule, because=load_step.because)
