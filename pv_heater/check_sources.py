"""What each source answers now, asked once, in a sentence for `main.py check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from pv_heater.config import Config, TypedSettings
from pv_heater.core.guards import SLOWEST_REGULATED_S
from pv_heater.core.types import Forecast, Reading
from pv_heater.errors import SourceError
from pv_heater.findings import Finding
from pv_heater.ports import Tools
from pv_heater.sources import named_meters

_NUMBERS = ("pv_w", "consumption_w", "grid_w", "battery_w", "battery_v", "battery_soc_percent")
_WORDS = {
    "pv_throttled": ("PV is throttled", "PV is not throttled"),
    "feed_in_allowed": ("feed-in is allowed", "feed-in is not allowed"),
    "grid_connected": ("the grid is there", "the grid is gone"),
}


def ask_sources(config: Config, tools: Tools) -> Iterator[Finding]:
    """Every meter but recordings, every temperature probe and forecast; one that is silent costs its own time-outs."""
    for name, row in named_meters(config.meter):
        if row.type != "recording":
            yield _asked(f"meter {name}", row, tools, _ask_meter)
    for name, row in config.temperatures.items():
        yield _asked(f"loads.{name}.temperature_from {row.type}", row, tools, _ask_probe)
    for name, row in config.power_meters.items():
        yield _asked(f"loads.{name}.power_from {row.type}", row, tools, _ask_power)
    for row in config.forecast:
        yield _asked(f"forecast {row.type}", row, tools, _ask_forecast)


def _asked(
    what: str, row: TypedSettings[Any], tools: Tools, ask: Callable[[TypedSettings[Any], Tools], str]
) -> Finding:
    try:
        return Finding(what=what, says=ask(row, tools))
    except SourceError as error:
        return Finding(what=what, says=str(error), exit_code=error.exit_code)


def _ask_meter(row: TypedSettings[Any], tools: Tools) -> str:
    with closing(row.build(tools)) as meter:
        reading: Reading = meter.read()
    age_s = (datetime.now(UTC) - reading.taken_at).total_seconds()
    told = [f"{name} {value:g}" for name in _NUMBERS if (value := getattr(reading, name)) is not None]
    told += [f"{name} {value:g} W" for name, value in reading.load_w.items()]
    told += [words[not value] for name, words in _WORDS.items() if (value := getattr(reading, name)) is not None]
    return f"{', '.join(told) or 'no values'}; {age_s:.0f} s old{_pace(reading)}"


def _pace(reading: Reading) -> str:
    if reading.interval_s is None:
        return ""
    pace = f", a new sample every {reading.interval_s:.0f} s"
    if reading.interval_s <= SLOWEST_REGULATED_S:
        return pace
    advice = "; set the GX device's log interval to 1 min" if reading.source == "vrm" else ""
    return f"{pace}. Too slow to regulate on{advice}"


def _ask_probe(row: TypedSettings[Any], tools: Tools) -> str:
    with closing(row.build(tools)) as sensor:
        return f"{sensor.read():.1f} degC; lost after {sensor.max_age_s:.0f} s without a new value"


def _ask_power(row: TypedSettings[Any], tools: Tools) -> str:
    with closing(row.build(tools)) as sensor:
        return f"{sensor.read():.0f} W; lost after {sensor.max_age_s:.0f} s without a new value"


def _ask_forecast(row: TypedSettings[Any], tools: Tools) -> str:
    now = tools.clock.now()
    forecast: Forecast = row.build(tools).fetch(now)
    power_w = forecast.power_w_at(now)
    expects = "nothing" if power_w is None else f"{power_w:.0f} W"
    return f"{forecast.source} expects {expects} now, until {forecast.end_at}"
