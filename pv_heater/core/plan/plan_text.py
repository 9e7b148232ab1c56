"""The planned day as a sentence, the same for log, `status`, page and API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from math import ceil

from pv_heater.core.model.day_plan import DayPlan
from pv_heater.core.model.local_time import midnight_at

LEAST_WH = 50.0
"""Less heat is not worth a word."""


def plan_text(plan: DayPlan, zone: tzinfo) -> DayPlan:
    """The plan with its sentence, in the clock of `zone`."""
    parts = [_battery(plan, zone), _heating(plan, zone), *plan.notes]
    return replace(plan, text="; ".join(part for part in parts if part))


def _battery(plan: DayPlan, zone: tzinfo) -> str:
    tonight, tomorrow = plan.soc_tonight_percent, plan.soc_tomorrow_percent
    if tonight is not None and plan.tonight_at is not None:
        more = "" if tomorrow is None else f", {tomorrow:.0f} % tomorrow"
        return f"battery {tonight:.0f} % at sunset {plan.tonight_at.astimezone(zone):%H:%M}{more}"
    if tomorrow is not None and plan.tomorrow_at is not None:
        return f"battery {tomorrow:.0f} % at tomorrow's sunset {plan.tomorrow_at.astimezone(zone):%H:%M}"
    return ""


def _heating(plan: DayPlan, zone: tzinfo) -> str:
    if not plan.loads_w:
        return ""
    total_w = [sum(powers_w) for powers_w in zip(*plan.loads_w.values(), strict=True)]
    today = plan.made_at.astimezone(zone).date()
    before_midnight_s = (midnight_at(today + timedelta(days=1), zone) - plan.start_at).total_seconds()
    midnight = min(len(total_w), ceil(before_midnight_s / plan.step_s))
    first_hours = 1.0 - (plan.made_at - plan.start_at).total_seconds() / plan.step_s
    today_wh = _energy_wh(plan, [total_w[0] * first_hours, *total_w[1:midnight]])
    if today_wh >= LEAST_WH:
        return f"heating about {today_wh / 1000:.1f} kWh{_from(plan, total_w[:midnight], 0, zone)}"
    tomorrow_wh = _energy_wh(plan, total_w[midnight:])
    if tomorrow_wh < LEAST_WH:
        return "no heating" if midnight == len(total_w) else "no heating today and tomorrow"
    begin = _from(plan, total_w[midnight:], midnight, zone)
    return f"no heating today, about {tomorrow_wh / 1000:.1f} kWh tomorrow{begin}"


def _energy_wh(plan: DayPlan, powers_w: Sequence[float]) -> float:
    return sum(powers_w) * plan.step_s / 3600.0


def _from(plan: DayPlan, powers_w: Sequence[float], offset: int, zone: tzinfo) -> str:
    """When it begins; nothing where it has begun."""
    first = next((number for number, power_w in enumerate(powers_w) if power_w > 0), 0)
    return "" if offset + first == 0 else f" from {_start(plan, offset + first).astimezone(zone):%H:%M}"


def _start(plan: DayPlan, number: int) -> datetime:
    # By way of UTC: in a zone of its own Python adds to what the clock shows, also where that is set in between.
    return plan.start_at.astimezone(UTC) + timedelta(seconds=number * plan.step_s)
