"""What a parser may give of a bad payload: values that a home can have. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pv_heater.core.types import Forecast, Reading
from pv_heater.meters.plausible import MOST_V, MOST_W

_MOST_STEPS = 5000
"""Of a forecast: two months of quarter hours, more than any service gives."""


def objection_to(value: object, within: tuple[float, float] | None = None) -> str | None:
    """Why `value` must not come out of a parser; None when it may. `within` bounds plain numbers."""
    if isinstance(value, Reading):
        return next(_of_reading(value), None)
    if isinstance(value, Forecast):
        return next(_of_forecast(value), None)
    if isinstance(value, float) and not math.isfinite(value):
        return f"the number is {value}"
    if within is not None and isinstance(value, int | float) and not within[0] <= value <= within[1]:
        return f"the number {value:g} is not within {within[0]:g} to {within[1]:g}"
    return None


def _of_reading(reading: Reading) -> Iterator[str]:
    powers = {name: getattr(reading, name) for name in ("pv_w", "consumption_w", "grid_w", "battery_w")}
    powers |= {f"grid_phase_w[{number}]": power_w for number, power_w in enumerate(reading.grid_phase_w)}
    powers |= {f"load_w[{name}]": power_w for name, power_w in reading.load_w.items()}
    for name, power_w in powers.items():
        if power_w is not None and not abs(power_w) <= MOST_W:
            yield f"{name} is {power_w:g} W, which no home has"
    if reading.battery_v is not None and not 0 <= reading.battery_v <= MOST_V:
        yield f"battery_v is {reading.battery_v:g} V, which no home has"
    if reading.battery_soc_percent is not None and not 0 <= reading.battery_soc_percent <= 100:
        yield f"battery_soc_percent is {reading.battery_soc_percent:g}"
    if reading.interval_s is not None and not 0 <= reading.interval_s <= 86_400:
        yield f"interval_s is {reading.interval_s:g}, which makes no reading old"


def _of_forecast(forecast: Forecast) -> Iterator[str]:
    if len(forecast.steps) > _MOST_STEPS:
        yield f"the forecast has {len(forecast.steps)} steps"
    for _, power_w in forecast.steps:
        if not 0 <= power_w <= MOST_W:
            yield f"a step of the forecast is {power_w:g} W, which no home has"
