"""What is expected of sun and battery as three figures, for those who cannot read the whole plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

EXPECTED = ("sun_left_today_wh", "sun_tomorrow_wh", "soc_tonight_percent")


def expected_of(document: Mapping[str, Any]) -> dict[str, float | None]:
    """The sun from now until midnight, that of tomorrow until sunset, and the battery tonight; null where not known.

    `document` is `NewestDocument`'s; the days are those of the home's own clock.
    """
    plan: Mapping[str, Any] | None = document["plan"]
    if plan is None:
        return dict.fromkeys(EXPECTED)
    now, zone = datetime.fromisoformat(document["now"]), ZoneInfo(document["site"]["timezone"])
    midnight_at = datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(0), zone)
    today_wh = tomorrow_wh = 0.0
    step, begin_at = timedelta(seconds=plan["step_s"]), datetime.fromisoformat(plan["start_at"]).astimezone(UTC)
    for power_w in plan["sun_w"]:
        end_at = begin_at + step
        left_wh = power_w * max(0.0, (end_at - max(begin_at, now)).total_seconds()) / 3600.0
        if begin_at < midnight_at:
            today_wh += left_wh
        else:
            tomorrow_wh += left_wh
        begin_at = end_at
    return {
        "sun_left_today_wh": round(today_wh, 1),
        "sun_tomorrow_wh": round(tomorrow_wh, 1) if begin_at > midnight_at else None,
        "soc_tonight_percent": plan["soc_tonight_percent"],
    }
