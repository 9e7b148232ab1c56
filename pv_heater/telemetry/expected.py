"""What is expected of sun and battery as three figures, for those who cannot read the whole plan."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pv_heater.core.model.day_plan import DayPlan

EXPECTED = ("sun_left_today_wh", "sun_tomorrow_wh", "soc_tonight_percent")


def expected_of(plan: DayPlan | None, now: datetime, zone: ZoneInfo) -> dict[str, float | None]:
    """The sun from now until midnight, that of tomorrow until sunset, and the battery tonight; null where not known.

    The days are those of `zone`.
    """
    if plan is None:
        return dict.fromkeys(EXPECTED)
    midnight_at = datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(0), zone)
    today_wh = tomorrow_wh = 0.0
    step, begin_at = timedelta(seconds=plan.step_s), plan.start_at.astimezone(UTC)
    for power_w in plan.sun_w:
        end_at = begin_at + step
        left_s = max(0.0, (end_at - max(begin_at, now)).total_seconds())
        if begin_at < midnight_at:
            today_wh += power_w * left_s / 3600.0
        else:
            tomorrow_wh += power_w * left_s / 3600.0
        begin_at = end_at
    tonight_percent = plan.soc_tonight_percent
    return {
        "sun_left_today_wh": round(today_wh, 1),
        "sun_tomorrow_wh": round(tomorrow_wh, 1) if begin_at > midnight_at else None,
        "soc_tonight_percent": None if tonight_percent is None else round(tonight_percent, 1),
    }
