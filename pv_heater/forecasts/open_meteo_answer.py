"""Open-Meteo's answers -> light and air on a plane of modules -> its power, as a Forecast. Pure.

Shape of the public forecast API: arrays of equal length under ``minutely_15`` and ``hourly``, one of them ``time``
(unix seconds here). Light is the mean of the step *before* each time, air and clouds are those of the instant.

The cell is warmer than the air by 25 K at 800 W/m2 (a nominal operating cell temperature of 45 degC, IEC 61215, as most
data sheets state); each kelvin above 25 degC costs 0.37 %, usual for crystalline silicon; a tenth is left in cables,
inverter, dirt and mismatch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.values import Forecast
from pv_heater.core.settings.home import PvPlane
from pv_heater.errors import BadReply
from pv_heater.forecasts.steps import Run, Steps, bridged, run_around
from pv_heater.io.system.log import Complain

_STANDARD_W_M2 = 1000.0
_STANDARD_C = 25.0
_NOMINAL_W_M2 = 800.0
_NOMINAL_WARMTH_K = 25.0
_LOSS_PER_K = 0.0037
_SYSTEM_YIELD = 0.90
USUAL_AIR_C = 15.0
"""Where the air temperature is not known: the standard atmosphere at sea level. Ten kelvin off is 4 % of power."""
SOURCE = "Open-Meteo"
LIGHT = "global_tilted_irradiance"
AIR = "temperature_2m"
CLOUDS = "cloud_cover"
SERIES = {"minutely_15": 900, "hourly": 3600}
"""What is asked for, and its step in seconds; of two that reach equally far the first is used."""
_BOUNDS = {LIGHT: (-20.0, 1500.0, "W/m2"), AIR: (-90.0, 60.0, "degC"), CLOUDS: (0.0, 100.0, "%")}
"""What a place on earth can have. 1361 W/m2 is the sun outside the air; a little below zero is a model's rounding."""
_MOST_STEPS = 2000
"""The API's longest forecast, 16 days, has 1536 quarter hours."""
_UNIX_S = (1e9, 4e9)
"""2001 to 2096."""


def weather_of(body: Any, complain: Complain) -> list[Weather]:
    """The usable series of one answer, the finest first; raises BadReply when there is none.

    `complain` gets a sentence for each kind of value that is left out because it cannot be true.
    """
    answer = body if isinstance(body, Mapping) else {}
    found, troubles = [], []
    for name, step_s in SERIES.items():
        try:
            found.append(_weather(answer.get(name), name, step_s, complain))
        except BadReply as error:
            troubles.append(str(error))
    if not found:
        raise BadReply(f"Open-Meteo's answer holds no light on the modules: {'; '.join(troubles)}")
    return found


def forecast_of(
    planes: Sequence[tuple[PvPlane, Sequence[Weather]]], *, now: datetime, max_w: float | None = None
) -> Forecast:
    """The sum of all planes from the finest series that reaches furthest; `max_w` is where an inverter cuts off.

    Raises BadReply when no series covers `now` for every plane.
    """
    sums = [total for step_s in SERIES.values() if (total := _sum_of_planes(planes, step_s, now)) is not None]
    if not sums:
        raise BadReply(f"Open-Meteo's answer says nothing of now ({now:%Y-%m-%d %H:%M})")
    best = max(sums, key=lambda total: total.run.end_s)
    first_at, step = datetime.fromtimestamp(best.run.start_s, UTC), timedelta(seconds=best.run.step_s)
    most_w = float("inf") if max_w is None else max_w
    clouds = tuple(percent for percent in best.cloud_percent if percent is not None)
    return Forecast(
        issued_at=now,
        source=SOURCE,
        step_s=best.run.step_s,
        steps=tuple((first_at + number * step, min(most_w, pv_w)) for number, pv_w in enumerate(best.run.values)),
        cloud_percent=clouds if len(clouds) == len(best.run.values) else (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What one answer says of one plane, step by step."""

    light_w_m2: Steps
    air_c: tuple[float | None, ...]
    cloud_percent: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanePower:
    """Expected power of one plane, without a hole."""

    run: Run
    cloud_percent: tuple[float | None, ...]


def module_w(kwp: float, light_w_m2: float, air_c: float | None) -> float:
    """Mean AC power in W of modules of `kwp` kW peak under `light_w_m2` on their plane; never negative."""
    light_w_m2 = max(0.0, light_w_m2)
    cell_c = (USUAL_AIR_C if air_c is None else air_c) + light_w_m2 * _NOMINAL_WARMTH_K / _NOMINAL_W_M2
    warmth = 1.0 - _LOSS_PER_K * (cell_c - _STANDARD_C)
    return max(0.0, kwp * 1000.0 * light_w_m2 / _STANDARD_W_M2 * _SYSTEM_YIELD * warmth)


def _weather(raw: Any, name: str, step_s: int, complain: Complain) -> Weather:
    if not isinstance(raw, Mapping):
        raise BadReply(f"{name} is missing")
    first_s, count = _times(raw.get("time"), name, step_s)
    light = _values(raw, LIGHT, count, complain)
    if not any(value is not None for value in light):
        raise BadReply(f"{name} has no {LIGHT} for its {count} times")
    return Weather(
        # The value at a time is the mean of the step that ends there, so the first begins a step earlier.
        light_w_m2=Steps(start_s=first_s - step_s, step_s=step_s, values=tuple(light)),
        air_c=_means(_values(raw, AIR, count, complain)),
        cloud_percent=_means(_values(raw, CLOUDS, count, complain)),
    )


def _times(raw: Any, name: str, step_s: int) -> tuple[int, int]:
    """(first unix second, how many); raises BadReply for anything but even steps."""
    if not isinstance(raw, list) or not 0 < len(raw) <= _MOST_STEPS:
        raise BadReply(f"{name}.time is not a list of 1 to {_MOST_STEPS} times")
    first_s = number_of(raw[0])
    if first_s is None or not _UNIX_S[0] <= first_s <= _UNIX_S[1] or first_s % step_s:
        raise BadReply(f"{name}.time begins with {str(raw[0])[:40]!r}, no unix seconds at the start of a step")
    for number, at in enumerate(raw):
        if number_of(at) != first_s + number * step_s:
            raise BadReply(f"{name}.time is not in steps of {step_s} s at its entry {number + 1} ({str(at)[:40]!r})")
    return int(first_s), len(raw)


def _values(raw: Mapping[str, Any], key: str, count: int, complain: Complain) -> list[float | None]:
    """One array; all None when it is missing or of another length, since it is not known which value is whose."""
    values = raw.get(key)
    if not isinstance(values, list) or len(values) != count:
        what = f"{len(values)} values" if isinstance(values, list) else "no list"
        complain(f"Open-Meteo gives {what} of {key} for {count} times; they are left out")
        return [None] * count
    least, most, unit = _BOUNDS[key]
    found: list[float | None] = []
    for value in values:
        number = number_of(value)
        if value is not None and (number is None or not least <= number <= most):
            complain(f"Open-Meteo gives {str(value)[:40]!r} as {key}, not {least:g} to {most:g} {unit}; it is left out")
            number = None
        found.append(number)
    return found


def _means(values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Of each instant and the one before it: the mean of the step that ends there."""
    means: list[float | None] = []
    for before, value in zip([None, *values[:-1]], values, strict=True):
        known = [item for item in (before, value) if item is not None]
        means.append(sum(known) / len(known) if known else None)
    return tuple(means)


def _sum_of_planes(
    planes: Sequence[tuple[PvPlane, Sequence[Weather]]], step_s: int, now: datetime
) -> PlanePower | None:
    """All planes together where all are known; None when one of them says nothing of `now` in steps of `step_s`."""
    powers = []
    for plane, series in planes:
        weather = next((item for item in series if item.light_w_m2.step_s == step_s), None)
        power = None if weather is None else _plane_power(plane, weather, now)
        if power is None:
            return None
        powers.append(power)
    if not powers:
        return None
    start_s, end_s = max(item.run.start_s for item in powers), min(item.run.end_s for item in powers)
    parts = [item.run.values[(start_s - item.run.start_s) // step_s :] for item in powers]
    count = (end_s - start_s) // step_s
    total_w = tuple(sum(part[number] for part in parts) for number in range(count))
    first = powers[0]
    skipped = (start_s - first.run.start_s) // step_s
    return PlanePower(
        run=Run(start_s=start_s, step_s=step_s, values=total_w),
        cloud_percent=first.cloud_percent[skipped : skipped + count],
    )


def _plane_power(plane: PvPlane, weather: Weather, now: datetime) -> PlanePower | None:
    light = run_around(weather.light_w_m2, now.timestamp())
    if light is None:
        return None
    first = (light.start_s - weather.light_w_m2.start_s) // light.step_s
    span = slice(first, first + len(light.values))
    air_c = weather.air_c[span]
    power_w = tuple(module_w(plane.kwp, w_m2, c) for w_m2, c in zip(light.values, air_c, strict=True))
    return PlanePower(
        run=Run(start_s=light.start_s, step_s=light.step_s, values=power_w),
        cloud_percent=tuple(bridged(weather.cloud_percent, 3600 // light.step_s)[span]),
    )
