"""What Victron's own brains do with the battery, of the numbers that a GX device tells of them. Pure.

Numbers as in Victron's dbus-systemcalc-py (dynamicess, schedule, systemstate) and its list of registers. Nothing of
theirs is ever written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.steering import By, Does, Steering

EXTERNAL_CONTROL = 3
"""Of ``/Settings/CGwacs/Hub4Mode``."""
KEEP_CHARGED = 9
"""Of ``/Settings/CGwacs/BatteryLife/State``."""
SCHEDULED_CHARGING, DYNAMIC_ESS = 259, 260
"""Of ``/SystemState/State``."""
SYSTEM_STATES: Mapping[int, By] = {257: By.SUSTAIN, 258: By.RECHARGE}
BATTERY_LIFE: Mapping[int, By] = {6: By.RECHARGE, 7: By.SUSTAIN, 8: By.RECHARGE, 12: By.RECHARGE}
"""The same by the state of BatteryLife, where the system's state is not told."""
REACTIVE_STRATEGIES: Mapping[int, Does] = {
    **dict.fromkeys((1, 4, 7, 14, 17, 20), Does.FOLLOWS),
    **dict.fromkeys((2, 3, 10, 11, 12, 16, 18), Does.CHARGES),
    **dict.fromkeys((5, 8, 9, 15, 21), Does.HOLDS),
    **dict.fromkeys((6, 13, 19, 22), Does.SELLS),
    **dict.fromkeys((91, 93, 94, 95, 97, 98), Does.FOLLOWS),
}
"""What Dynamic ESS does now. The last row are its errors, in which it leaves ESS to itself. What is not here, such as
96 (the charge is low) or 92 and 99 (it is off, or has no plan) while it says that it is active, is unknown."""
ACTIVE: Mapping[int, Does] = {2: Does.CHARGES, 3: Does.SELLS}
"""Firmware that buys and sells without saying what for."""
SELF_CONSUMPTION = 1
"""A strategy without a target: the charge planned for its end binds nobody."""
SAME_PERCENT = 0.5
"""Targets that differ by less are the same."""
SEAM = timedelta(seconds=2)
"""Between two slots of one plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Numbers of the GX device; None is not told."""

    mode: float | None = None
    """Whether Dynamic ESS is switched on at all."""
    active: float | None = None
    reactive_strategy: float | None = None
    strategy: float | None = None
    target_percent: float | None = None
    charge_w: float | None = None
    system_state: float | None = None
    battery_life: float | None = None
    hub4_mode: float | None = None
    scheduled: float | None = None
    scheduled_percent: float | None = None
    soc_percent: float | None = None
    opportunity_loads: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A part of the plan of Dynamic ESS."""

    from_at: datetime
    to_at: datetime
    target_percent: float | None
    """The charge at its end; None: it has none."""


def steering_of(told: Told) -> Steering | None:
    """Who steers, and how; None where nobody does, or nobody tells. What needs the battery most comes first."""
    found = (
        _empty_battery(told)
        or _dynamic_ess(told)
        or _scheduled(told)
        or (Steering(by=By.EXTERNAL_CONTROL) if told.hub4_mode == EXTERNAL_CONTROL else None)
        or (Steering(by=By.KEEP_CHARGED, does=Does.HOLDS) if told.battery_life == KEEP_CHARGED else None)
    )
    if not told.opportunity_loads:
        return found
    return Steering(opportunity_loads=True) if found is None else replace(found, opportunity_loads=True)


def with_plan(steering: Steering, slots: Iterable[Slot], now: datetime) -> Steering:
    """The same with what the plan of Dynamic ESS says of later; `now` by the clock that the plan was made for."""
    coming = _coming(slots, now)
    if steering.by is not By.DYNAMIC_ESS or not coming:
        return steering
    highest: float | None = None
    for slot in coming:
        percent = slot.target_percent
        if percent is not None and highest is not None and percent < highest - SAME_PERCENT:
            break
        highest = percent if highest is None else max(highest, percent or 0.0)
    return replace(steering, ahead_percent=highest, until_at=_until(steering.does, coming))


def _empty_battery(told: Told) -> Steering | None:
    by = SYSTEM_STATES.get(int(told.system_state)) if told.system_state is not None else None
    if told.system_state is None and told.battery_life is not None:
        by = BATTERY_LIFE.get(int(told.battery_life))
    return None if by is None else Steering(by=by, does=Does.CHARGES)


def _dynamic_ess(told: Told) -> Steering | None:
    """It is active where it says so, or the system does; switched on without saying whether counts as active."""
    unsaid = told.active is None and bool(told.mode)
    if not told.active and told.system_state != DYNAMIC_ESS and not unsaid:
        return None
    does = REACTIVE_STRATEGIES.get(int(told.reactive_strategy)) if told.reactive_strategy is not None else None
    if told.reactive_strategy is None and told.active is not None:
        does = ACTIVE.get(int(told.active))
        if does is None and told.strategy == SELF_CONSUMPTION:
            does = Does.FOLLOWS
    if not told.active and not unsaid:
        does = None  # it contradicts the system's state
    # Without a target it says 0.
    target_percent = told.target_percent if told.target_percent and 0 < told.target_percent <= 100 else None
    return Steering(
        by=By.DYNAMIC_ESS,
        does=does or Does.UNKNOWN,
        target_percent=target_percent,
        charge_w=_rate_w(does, told.charge_w),
    )


def _rate_w(does: Does | None, charge_w: float | None) -> float | None:
    """What it charges with, or sells with; in all else the number is left over."""
    if not charge_w or does not in (Does.CHARGES, Does.SELLS):
        return None
    return abs(charge_w) if does is Does.CHARGES else -abs(charge_w)


def _scheduled(told: Told) -> Steering | None:
    """Scheduled charging: it charges up to its charge, and then keeps that."""
    if told.system_state != SCHEDULED_CHARGING and not told.scheduled:
        return None
    percent = told.scheduled_percent if told.scheduled_percent and 0 < told.scheduled_percent <= 100 else None
    is_there = percent is not None and percent < 100 and told.soc_percent is not None and told.soc_percent >= percent
    return Steering(by=By.SCHEDULED_CHARGING, does=Does.HOLDS if is_there else Does.CHARGES, target_percent=percent)


def _coming(slots: Iterable[Slot], now: datetime) -> Sequence[Slot]:
    """The slot that holds `now`, and those that follow it without a gap; empty where there is none."""
    coming: list[Slot] = []
    for slot in sorted(slots, key=lambda slot: slot.from_at):
        follows = coming and abs(slot.from_at - coming[-1].to_at) <= SEAM
        if follows or (not coming and slot.from_at <= now < slot.to_at):
            coming.append(slot)
    return coming


def _until(does: Does, coming: Sequence[Slot]) -> datetime:
    """The end of the slots in which the charge goes on as it does now."""
    last = coming[0]
    for slot in coming[1:]:
        before, after = last.target_percent, slot.target_percent
        if before is None or after is None:
            same = before is after
        elif does is Does.SELLS:
            same = after < before - SAME_PERCENT
        elif does is Does.CHARGES:
            same = after > before + SAME_PERCENT
        else:
            same = abs(after - before) <= SAME_PERCENT
        if not same:
            break
        last = slot
    return last.to_at
