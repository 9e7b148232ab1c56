"""Answers in the shape of Open-Meteo's; the numbers are made up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.source_tools import NOON

SUMMER_DAY = NOON.replace(hour=0)
COUNT = {"minutely_15": 288, "hourly": 72}
STEP_S = {"minutely_15": 900, "hourly": 3600}


def light_w_m2(at: datetime) -> float:
    """500 W/m2 from six to six in UTC, the value at a time being that of the step before it."""
    return 500.0 if 6 < at.hour + at.minute / 60 <= 18 else 0.0


def series(
    name: str,
    *,
    first_at: datetime = SUMMER_DAY,
    light: Callable[[datetime], Any] = light_w_m2,
    air_c: Any = 20.0,
    cloud_percent: Any = 40,
) -> dict[str, Any]:
    """One block of arrays, three days long."""
    times = [first_at + timedelta(seconds=number * STEP_S[name]) for number in range(COUNT[name])]
    return {
        "time": [int(at.timestamp()) for at in times],
        "global_tilted_irradiance": [light(at) for at in times],
        "temperature_2m": [air_c] * len(times),
        "cloud_cover": [cloud_percent] * len(times),
    }


def answer(names: Sequence[str] = ("minutely_15", "hourly"), **changes: Any) -> dict[str, Any]:
    """A whole answer: place, units, and the named series."""
    return {
        "latitude": 47.04,
        "longitude": 15.44,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "elevation": 356.0,
        **{name: series(name, **changes) for name in names},
    }
