"""The flat keys of the earlier heater optimizer, read as what they are called now.

A file of it keeps working: each key moves to its new place with one warning, its line stays the one that messages
name. Flat and new keys may stand in one file; the same setting twice is a problem.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pv_heater.config.yaml_lines import Document, KeyPath, Problem
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem

RENAMED: dict[str, KeyPath] = {
    "api_username": ("meter", "username"),
    "api_password": ("meter", "password"),
    "log_file": ("log", "file"),
    "log_file_size": ("log", "max_bytes"),
    "fcast_diff": ("strategy", "start_gap_w"),
    "min_battery": ("limits", "min_battery_percent"),
    "min_day_time": ("limits", "daylight", "from"),
    "max_day_time": ("limits", "daylight", "to"),
    "max_grid_draw": ("limits", "max_grid_w"),
    "max_battery_discharge": ("limits", "max_battery_discharge_w"),
    "adjust_value": ("strategy", "step_percent"),
    "tolerance": ("strategy", "step_gap_w"),
    "power_percent": ("strategy", "start_percent"),
}
"""Keys that mean the same under another name."""

NEEDLESS = {
    "login_url": "the login goes to meter.base_url",
    "logout_url": "the session ends by itself",
    "day_hourly_fcast": "the forecast is kept in state_dir",
    "fcast_headers": "the program sends its own",
    "fcast_time_pull": "the forecast is fetched through the day, as often as its server allows",
}
"""Keys without a successor, and why."""

_DIAGNOSTICS = re.compile(r"(?P<base>https?://[^\s?#]+)/installations/(?P<site>\d+)/diagnostics(?:\?\S*)?")
# Place and planes stand in the path: /LATITUDE/LONGITUDE/TILT/AZIMUTH/KWP (forecast.solar API).
_ESTIMATE = re.compile(
    r"(?P<base>https?://[^\s/]+)(?:/(?P<key>\w+))?/estimate/watthours"
    r"/(?P<latitude>[-\d.]+)/(?P<longitude>[-\d.]+)/(?P<tilt>[\d.]+)/(?P<azimuth>[-\d.]+)/(?P<kwp>[\d.]+)/?(?:\?\S*)?"
)
EARLIER_LOAD = {
    "name": "water_heater",
    "type": "servo_regulator",
    "max_power_w": "2000",
    "relay": {"pin": "BOARD11", "active_high": "true"},
    # 2 to 12 % of the 20 ms between two pulses at 50 Hz.
    "servo": {"pin": "BOARD40", "min_pulse_s": "0.0004", "max_pulse_s": "0.0024"},
}
"""What the earlier program had wired in: one regulator, its relay and its servo."""


@dataclass(frozen=True, slots=True)
class _Move:
    """One value on its way from a flat key to a new place."""

    path: KeyPath
    value: Any


def has_flat_keys(document: Document) -> bool:
    """Whether any key of the earlier optimizer stands in `document`."""
    return any(key in _CONVERTERS for key in document.values)


def unflatten(document: Document) -> list[Problem]:
    """Move flat keys of `document` to their new places; returns a warning each. Clashes become problems there."""
    if not has_flat_keys(document):
        return []
    warnings = []
    has_strategy, has_loads = "strategy" in document.values, "loads" in document.values
    for key in [key for key in document.values if key in _CONVERTERS]:
        value = document.values.pop(key)
        try:
            moves, said = _CONVERTERS[key](value)
        except SettingProblem as problem:
            document.problems.append(Problem((key,), str(problem)))
            continue
        warnings.append(Problem((key,), said))
        for move in moves:
            _place(document, key, move)
    for section, word in (("meter", "vrm"), ("forecast", "forecast_solar")):
        if section in document.values:
            _first(document.values, section).setdefault("type", word)
    if not has_loads:
        document.values["loads"] = [{**EARLIER_LOAD}]
        warnings.append(
            Problem(
                ("loads",),
                "not given; a regulator on BOARD11 (relay) and BOARD40 (servo) with 2000 W is assumed, "
                "set loads[0].max_power_w to what the heater draws",
            )
        )
    if not has_strategy and (not has_loads or "strategy" in document.values):
        document.values["strategy"] = {"type": "forecast_gap", **(document.values.get("strategy") or {})}
    if "timezone" not in _group(document.values, "site"):
        warnings.append(Problem(("site", "timezone"), "not given; clock times are read as UTC, set it"))
    return warnings


def _place(document: Document, key: str, move: _Move) -> None:
    """Put the value at its new path, or note that something stands there already."""
    section, *parts, last = move.path
    group = _first(document.values, section)
    for part in parts:
        group = _group(group, part)
    path = _real_path(document, move.path)
    if last in group:
        where = document.line_of(path)
        line = f" in line {where}" if where else ""
        new = ".".join(str(part) for part in move.path)
        document.problems.append(Problem((key,), f"is the earlier name of {new}, which is set{line} as well; keep one"))
        return
    group[last] = move.value
    document.earlier_names[path] = key
    if (key,) in document.lines:
        document.lines[path] = document.lines[key,]
        for depth in range(1, len(path)):
            document.lines.setdefault(path[:depth], document.lines[key,])


def _first(values: dict[Any, Any], key: Any) -> dict[Any, Any]:
    """The group at `key`, made when missing; of a list, its first entry."""
    inner = values.get(key)
    if isinstance(inner, list) and inner and isinstance(inner[0], dict):
        return inner[0]
    return _group(values, key)


def _group(values: dict[Any, Any], key: Any) -> dict[Any, Any]:
    """The group at `key`, made when missing. Something else there is left for the later checks to refuse."""
    inner = values.get(key)
    if inner is None:
        inner = values[key] = {}
    return inner if isinstance(inner, dict) else {}


def _real_path(document: Document, path: KeyPath) -> KeyPath:
    """The path with the list index that `_first` chose."""
    return (path[0], 0, *path[1:]) if isinstance(document.values.get(str(path[0])), list) else path


def _renamed(key: str) -> Callable[[Any], tuple[list[_Move], str]]:
    path = RENAMED[key]
    said = f"is now called {'.'.join(str(part) for part in path)}"
    return lambda value: ([_Move(path, value)], said)


def _needless(key: str) -> Callable[[Any], tuple[list[_Move], str]]:
    return lambda _value: ([], f"is no longer needed: {NEEDLESS[key]}")


def _from_diagnostics_url(value: Any) -> tuple[list[_Move], str]:
    match = _DIAGNOSTICS.fullmatch(str(value).strip())
    if match is None:
        raise SettingProblem(
            "must be an address such as "
            "https://vrmapi.victronenergy.com/v2/installations/123456/diagnostics?count=1000 "
            "with your installation's number; or remove it and set meter.installation_id"
        )
    moves = [_Move(("meter", "installation_id"), match["site"]), _Move(("meter", "base_url"), match["base"])]
    return moves, "is now called meter.installation_id and meter.base_url"


def _from_forecast_url(value: Any) -> tuple[list[_Move], str]:
    match = _ESTIMATE.fullmatch(str(value).strip())
    if match is None:
        raise SettingProblem(
            "must be an address such as https://api.forecast.solar/estimate/watthours/47.05/15.44/37/20/4.4 "
            "(latitude, longitude, tilt, azimuth, kWp); or remove it and set site and forecast"
        )
    plane = {"kwp": match["kwp"], "tilt_deg": match["tilt"], "azimuth_deg": match["azimuth"]}
    moves = [
        _Move(("site", "latitude"), match["latitude"]),
        _Move(("site", "longitude"), match["longitude"]),
        _Move(("site", "pv"), [plane]),
        _Move(("forecast", "base_url"), match["base"]),
    ]
    if match["key"]:
        moves.append(_Move(("forecast", "api_key"), match["key"]))
    return moves, "is now called site.latitude, site.longitude, site.pv and forecast.base_url"


def _from_sleep_timer(value: Any) -> tuple[list[_Move], str]:
    try:
        too_short = float(value) < 1
    except (TypeError, ValueError, OverflowError):
        too_short = False  # left as it is, to be refused with its own sentence
    said = "is now called meter.interval_s" + (" (at least 1 s)" if too_short else "")
    return [_Move(("meter", "interval_s"), "1" if too_short else value)], said


_CONVERTERS: dict[str, Callable[[Any], tuple[list[_Move], str]]] = {
    **{key: _renamed(key) for key in RENAMED},
    **{key: _needless(key) for key in NEEDLESS},
    "diags_url": _from_diagnostics_url,
    "fcast_url": _from_forecast_url,
    "sleep_timer": _from_sleep_timer,
}
