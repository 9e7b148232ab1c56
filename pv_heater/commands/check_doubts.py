"""Settings that are allowed and probably not meant: `check` asks about each, in one sentence with the likely value.

Of files with secrets it says who can read them (`open_secrets`).
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from dataclasses import Field, fields, is_dataclass
from importlib.util import find_spec
from math import asin, cos, radians, sin, sqrt
from pathlib import Path
from typing import Any
from zoneinfo import TZPATH

from pv_heater.commands.check_report import Finding
from pv_heater.config.load import Config
from pv_heater.config.model import TypedSettings
from pv_heater.core.model.setting import key_of, settings_of
from pv_heater.core.settings.load import BatteryShare
from pv_heater.io.net.apprise_call import MISSING

FAR_KM = 4500.0
"""Homes lie nearer than this to the city that names their time zone: from Shanghai to Kashgar it is 4100 km."""
TILTED_DEG = 15.0
"""A flatter plane gives nearly the same whichever way it faces."""
TROPICS_DEG = 23.5
LARGEST_HOME_KWP = 100.0
SMALLEST_HEATER_W = 20.0
_ZONE_TAB_PLACE = re.compile(r"([+-])(\d{2})(\d{2})(?:\d{2})?([+-])(\d{3})(\d{2})(?:\d{2})?")
Doubt = tuple[str, str]
"""(the setting, the question)."""


def doubts(config: Config) -> list[Finding]:
    """A warning for each setting that looks like a slip."""
    findings = [
        *_place(config),
        *_planes(config),
        *_percents(config),
        *_powers(config),
        *_target(config),
        *_meters(config),
        *_messages(config),
    ]
    return [Finding(what=what, says=text, warning=True) for what, text in findings]


def _messages(config: Config) -> Iterator[Doubt]:
    rows = () if config.messages is None else config.messages.to
    if any(row.type == "apprise" for row in rows) and find_spec("apprise") is None:
        yield "messages.to", MISSING


def zone_place(zone: str) -> tuple[float, float] | None:
    """Latitude and longitude of the city that names a time zone, from the system's zone table; None if unknown."""
    for folder in TZPATH:
        try:
            rows = (Path(folder) / "zone.tab").read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        for row in rows:
            columns = row.split("\t")
            if len(columns) > 2 and columns[2] == zone and (match := _ZONE_TAB_PLACE.fullmatch(columns[1])):
                latitude = (int(match[2]) + int(match[3]) / 60) * (-1 if match[1] == "-" else 1)
                longitude = (int(match[5]) + int(match[6]) / 60) * (-1 if match[4] == "-" else 1)
                return latitude, longitude
    return None


def distance_km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Along the surface, by the haversine formula on a sphere of 6371 km."""
    (lat_1, lon_1), (lat_2, lon_2) = (tuple(map(radians, place)) for place in (here, there))
    chord = sin((lat_2 - lat_1) / 2) ** 2 + cos(lat_1) * cos(lat_2) * sin((lon_2 - lon_1) / 2) ** 2
    return 2 * 6371.0 * asin(min(1.0, sqrt(chord)))


def open_secrets(config: Config) -> list[Finding]:
    """Files with a token or a password that every user of this machine can read."""
    return [
        Finding(
            what="settings",
            says=f"{path} holds a token or a password, and every user of this machine can read it: chmod o-r {path}",
            warning=True,
        )
        for path in config.secret_files
        if _everybody_reads(path)
    ]


def _place(config: Config) -> Iterator[Doubt]:
    site = config.site
    if site.timezone == "UTC":
        yield (
            "site.timezone",
            "is UTC, which is also the default: does the clock on your wall show that? Days, timers and prices go by it"
            "; set it, such as Europe/Vienna",
        )
    if site.latitude is None or site.longitude is None:
        return
    city = zone_place(site.timezone)
    if city is None:
        return
    away_km = distance_km((site.latitude, site.longitude), city)
    if away_km < FAR_KM / 3:
        return
    if abs(site.longitude) <= 90 and distance_km((site.longitude, site.latitude), city) < away_km / 2:
        yield (
            "site.latitude, site.longitude",
            f"lie {away_km:.0f} km from {site.timezone}; the other way round they lie near it. Are they swapped? "
            f"Latitude counts to the north, longitude to the east",
        )
    elif away_km > FAR_KM:
        yield (
            "site.latitude, site.longitude",
            f"lie {away_km:.0f} km from {site.timezone}: is a sign missing, or the time zone another one? "
            f"South and west are negative",
        )


def _planes(config: Config) -> Iterator[Doubt]:
    latitude = config.site.latitude
    for number, plane in enumerate(config.site.pv):
        where = f"site.pv[{number}]"
        if plane.kwp > LARGEST_HOME_KWP:
            yield f"{where}.kwp", f"{plane.kwp:g} kWp is a solar park; did you mean {plane.kwp / 1000:g}?"
        if latitude is None or abs(latitude) < TROPICS_DEG or plane.tilt_deg < TILTED_DEG:
            continue
        sunny, shady = ("south", "north") if latitude > 0 else ("north", "south")
        from_south_deg = abs(plane.azimuth_deg)
        if (from_south_deg if latitude > 0 else 180 - from_south_deg) > 135:
            yield (
                f"{where}.azimuth_deg",
                f"{plane.azimuth_deg:g} faces {shady}, away from the sun: here 0 is south, -90 east, +90 west and 180 "
                f"north. A roof that faces {sunny} is {0 if latitude > 0 else 180}",
            )


def _percents(config: Config) -> Iterator[Doubt]:
    for where, field, value in _values(config):
        if field.metadata["unit"] == "%" and isinstance(value, float) and 0 < value < 1:
            yield where, f"is {value:g} %, less than one percent; did you mean {100 * value:g}?"
    least, battery = config.limits.min_battery_percent, config.site.battery
    if least is not None and battery is not None and 1 <= least < battery.reserve_percent:
        yield (
            "limits.min_battery_percent",
            f"is {least:g} %, below the battery's reserve of {battery.reserve_percent:g} %: heating would use what "
            f"the house keeps for itself",
        )


def _target(config: Config) -> Iterator[Doubt]:
    """An import aimed at where a battery would pay for it."""
    if config.limits.grid_target_w > 0 and config.site.battery is not None:
        text = "is above 0, and counts for nothing: an ESS holds the grid by itself, and the battery would pay"
        yield "limits.grid_target_w", text


def _powers(config: Config) -> Iterator[Doubt]:
    battery, inverter = config.site.battery, config.site.inverter
    peak_w = 1000 * sum(plane.kwp for plane in config.site.pv)
    for policy in config.policies:
        if policy.max_power_w < SMALLEST_HEATER_W:
            text = f"is {policy.max_power_w:g} W; did you mean {1000 * policy.max_power_w:g}?"
            yield f"loads.{policy.name}.max_power_w", text
        elif inverter is not None and inverter.loads_on == "out" and policy.least_power_w > inverter.max_w:
            text = f"needs {policy.least_power_w:g} W, the inverter gives {inverter.max_w:g} W: it would never start"
            yield f"loads.{policy.name}", text
    if battery is not None and battery.max_charge_w is not None and battery.max_charge_w > 3 * battery.capacity_wh:
        text = f"is {battery.max_charge_w:g} W for {battery.capacity_wh:g} Wh: it would be full within 20 minutes"
        yield "site.battery.max_charge_w", text
    if inverter is not None and peak_w and inverter.max_w > 20 * peak_w:
        yield "site.inverter.max_w", f"is {inverter.max_w:g} W for {peak_w:g} W of modules; is it in watts?"


def _meters(config: Config) -> Iterator[Doubt]:
    for number, row in enumerate(config.meter):
        values = getattr(row.settings, "values", None)
        if values is None or not is_dataclass(type(values)):
            continue
        known = {field.name for field in fields(type(values)) if getattr(values, field.name)}
        where = f"meter[{number}].values" if len(config.meter) > 1 else "meter.values"
        if not known & {"grid_w", "grid_phase_w"} and not {"pv_w"} < known & {"pv_w", "consumption_w", "battery_w"}:
            yield where, "tell neither the grid nor PV and use, so nothing could ever be seen to be spare"
        elif config.site.battery is not None and "battery_w" not in known and "pv_w" not in known:
            yield (
                where,
                "tell the grid alone, in a home with a battery: what the battery gives to the heater would pass for "
                "sun. Add battery_w, or pv_w and consumption_w",
            )


def _values(config: Config) -> Iterator[tuple[str, Field[Any], Any]]:
    """Every setting in force, with its place: ``limits.min_battery_percent``, ``loads.boiler.hysteresis_c``."""
    for field in settings_of(Config):
        yield from _within(key_of(field), field, getattr(config, field.name))


def _within(where: str, field: Field[Any], value: Any) -> Iterator[tuple[str, Field[Any], Any]]:
    if isinstance(value, TypedSettings):
        value = value.settings
    if isinstance(value, tuple):
        for number, item in enumerate(value):
            inner = item.settings if isinstance(item, TypedSettings) else item
            name = None if isinstance(inner, BatteryShare) else getattr(inner, "name", None)
            yield from _within(f"{where}.{name}" if name else f"{where}[{number}]", field, inner)
    elif is_dataclass(type(value)):
        for inner_field in settings_of(type(value)):
            yield from _within(f"{where}.{key_of(inner_field)}", inner_field, getattr(value, inner_field.name))
    else:
        yield where, field, value


def _everybody_reads(path: Path) -> bool:
    """Whether the file and all folders on the way to it let others in."""
    try:
        whole = path.absolute()
        ways = all(folder.stat().st_mode & stat.S_IXOTH for folder in whole.parents)
        return ways and bool(whole.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
