"""What is expected until tomorrow's sunset, as JSON: quarters, what heats when and why, what is bought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.core.model.day_plan import DayPlan
from pv_heater.status.document import instant_text, money, rounded


def plan_of(plan: DayPlan | None, zone: ZoneInfo) -> dict[str, Any] | None:
    """What is expected until tomorrow's sunset, in whole watts; None where nothing is planned."""
    if plan is None:
        return None
    return {
        "start_at": instant_text(plan.start_at, zone),
        "step_s": plan.step_s,
        "sun_w": _watts(plan.sun_w),
        "house_w": _watts(plan.house_w),
        "battery_percent": None
        if plan.battery_percent is None
        else [round(value, 1) for value in plan.battery_percent],
        "loads_w": {name: _watts(values) for name, values in plan.loads_w.items()},
        "unused_w": None if plan.unused_w is None else _watts(plan.unused_w),
        "bought_w": None if plan.bought_w is None else _watts(plan.bought_w),
        "import_per_kwh": _prices(plan.import_per_kwh),
        "export_per_kwh": _prices(plan.export_per_kwh),
        "runs": [
            {
                "load": run.load,
                "from_at": instant_text(run.from_at, zone),
                "until_at": instant_text(run.until_at, zone),
                "energy_wh": round(run.energy_wh),
                "rule": run.rule,
            }
            for run in plan.runs
        ],
        "purchases": [
            {
                "load": purchase.load,
                "energy_wh": round(purchase.energy_wh),
                "from_at": instant_text(purchase.from_at, zone),
                "until_at": instant_text(purchase.until_at, zone),
            }
            for purchase in plan.purchases
        ],
        "sun_error": None
        if plan.sun_error is None
        else {"share": round(plan.sun_error.share, 3), "days": plan.sun_error.days},
        "soc_tonight_percent": rounded(plan.soc_tonight_percent),
        "tonight_at": instant_text(plan.tonight_at, zone),
        "soc_tomorrow_percent": rounded(plan.soc_tomorrow_percent),
        "tomorrow_at": instant_text(plan.tomorrow_at, zone),
        "text": plan.text,
        "notes": list(plan.notes),
    }


def _prices(prices: Sequence[float | None] | None) -> list[float | None] | None:
    return None if prices is None else [None if price is None else money(price) for price in prices]


def _watts(values: Sequence[float]) -> list[int]:
    return [round(value) for value in values]
