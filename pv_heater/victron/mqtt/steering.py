"""Who else steers this house, as the topics of a GX device tell it. Pure, but that the plan is kept for a while."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pv_heater.core.model.values import Reading
from pv_heater.victron.mqtt.topics import GxValues
from pv_heater.victron.steering import SELF_CONSUMPTION, Slot, Told, steering_of, with_plan

SLOTS = 48
PLAN_S = 30.0
"""The plan of Dynamic ESS is looked at no more often: it changes every quarter of an hour at most."""
_DESS = "system/0/DynamicEss"
_SCHEDULE = "settings/0/Settings/DynamicEss/Schedule"
_ESS = "settings/0/Settings/CGwacs"
_LONGEST_S = 7 * 86_400.0
_LATEST_S = 32_503_680_000.0
"""The year 3000."""


class OtherBrains:
    """Reads what Victron's own brains do, and the plan of Dynamic ESS now and then."""

    def __init__(self) -> None:
        self._slots: tuple[Slot, ...] = ()
        self._looked_s: float | None = None

    def noted(self, reading: Reading, values: GxValues, tick_s: float, *, clock_offset_s: float | None) -> Reading:
        """The reading with who else steers; `clock_offset_s`: the device's clock, by which it plans, minus ours."""
        steering = steering_of(told_by(values))
        if steering is None:
            self._looked_s = None
            return reading
        if steering.by is not None:
            if self._looked_s is None or tick_s - self._looked_s >= PLAN_S:
                self._slots, self._looked_s = tuple(slots_of(values)), tick_s
            now = reading.taken_at + timedelta(seconds=clock_offset_s or 0.0)
            steering = with_plan(steering, self._slots, now)
        return replace(reading, steering=steering)


def told_by(values: GxValues) -> Told:
    """The numbers of Victron's brains; what old firmware does not have is not told."""
    number = values.number
    return Told(
        mode=number("settings/0/Settings/DynamicEss/Mode"),
        active=number(f"{_DESS}/Active"),
        reactive_strategy=number(f"{_DESS}/ReactiveStrategy"),
        strategy=number(f"{_DESS}/Strategy"),
        target_percent=number(f"{_DESS}/TargetSoc"),
        charge_w=number(f"{_DESS}/ChargeRate"),
        system_state=number("system/0/SystemState/State"),
        battery_life=number(f"{_ESS}/BatteryLife/State"),
        hub4_mode=number(f"{_ESS}/Hub4Mode"),
        scheduled=number("system/0/Control/ScheduledCharge"),
        scheduled_percent=number("system/0/Control/ScheduledSoc"),
        soc_percent=number("system/0/Dc/Battery/Soc"),
        opportunity_loads=number("platform/0/Services/OpportunityLoads/Mode"),
    )


def slots_of(values: GxValues) -> Iterator[Slot]:
    """The plan of Dynamic ESS, in any order; empty slots and what cannot be are left out."""
    for index in range(SLOTS):
        start_s, span_s = (values.number(f"{_SCHEDULE}/{index}/{name}") for name in ("Start", "Duration"))
        if not start_s or not span_s or not 0 < start_s < _LATEST_S or not 0 < span_s <= _LONGEST_S:
            continue
        percent = values.number(f"{_SCHEDULE}/{index}/TargetSoc") or values.number(f"{_SCHEDULE}/{index}/Soc")
        if values.number(f"{_SCHEDULE}/{index}/Strategy") == SELF_CONSUMPTION:
            percent = None
        from_at = datetime.fromtimestamp(start_s, UTC)
        yield Slot(
            from_at=from_at,
            to_at=from_at + timedelta(seconds=span_s),
            target_percent=percent if percent is not None and 0 < percent <= 100 else None,
        )
