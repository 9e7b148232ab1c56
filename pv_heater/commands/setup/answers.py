"""What `init` knows of a home, and its settings file: short, with a comment where one helps. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pv_heater.config.yaml_edit import quoted
from pv_heater.core.model.lean import dataclass
from pv_heater.core.settings.pins import PinName

PRESET, SERVO, RELAY, DIMMER = "preset", "servo", "relay", "dimmer"
TOKEN_FILE, PASSWORD_FILE = "vrm-token", "gx-password"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heater:
    """The first load. `kind` is servo, relay, dimmer, or the word of a preset."""

    kind: str
    name: str = "water_heater"
    power_w: float
    relay_pin: str = ""
    active_high: bool = True
    servo_pin: str = ""
    host: str = ""
    """Of a device on the network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """All answers. None: not known, and left out of the file."""

    name: str = "Home"
    latitude: float | None = None
    longitude: float | None = None
    timezone: str = "UTC"
    pv_kwp: float | None = None
    battery_wh: float | None = None
    inverter_w: float | None = None
    meters: Sequence[Mapping[str, Any]]
    heater: Heater
    page: bool = True


def settings_text(home: Home, version: str) -> str:
    """The settings file of this home."""
    site = [f"name: {quoted(home.name)}"]
    if home.latitude is not None and home.longitude is not None:
        site += [f"latitude: {home.latitude:g}", f"longitude: {home.longitude:g}"]
    site.append(f"timezone: {quoted(home.timezone)}")
    if home.pv_kwp is not None:
        site.append(
            f"pv: [{{kwp: {home.pv_kwp:g}, tilt_deg: 30, azimuth_deg: 0}}]"
            "   # tilt: 0 is flat; azimuth: 0 south, -90 east, 90 west"
        )
    if home.battery_wh is not None:
        site.append(f"battery: {{capacity_wh: {home.battery_wh:g}}}   # usable, from the data sheet")
    if home.inverter_w is not None:
        site.append(f"inverter: {{max_w: {home.inverter_w:g}, loads_on: out}}   # in: the heater is on the grid's side")
    lines = [
        f"# Written by `main.py init` of pv-heater {version}. Every other setting: Files/config.yaml, docs/.",
        "site:",
        *(f"  {line}" for line in site),
        "",
        "meter:",
        *_meter_lines(home.meters),
        "",
        *(["forecast: {type: forecast_solar}", ""] if _has_forecast(home) else []),
        "loads:",
        *_heater_lines(home.heater),
        "",
        *(["web: {listen: 127.0.0.1:8080}   # the page, on this machine; for others see docs/login.md", ""]
          if home.page else []),
        "dry_run: true   # decides and logs, switches nothing; false when you agree with its log",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _has_forecast(home: Home) -> bool:
    return home.latitude is not None and home.longitude is not None and home.pv_kwp is not None


def _meter_lines(meters: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"  - {{{', '.join(f'{key}: {_value(item)}' for key, item in meter.items())}}}" for meter in meters]


def _heater_lines(heater: Heater) -> list[str]:
    lines = [f"name: {quoted(heater.name)}"]
    relay = f"relay: {{pin: {quoted(heater.relay_pin)}, active_high: {str(heater.active_high).lower()}}}"
    if heater.kind == SERVO:
        lines += ["type: servo_regulator", f"max_power_w: {heater.power_w:g}", relay]
        lines.append(f"servo: {{pin: {quoted(heater.servo_pin)}}}")
    elif heater.kind == RELAY:
        lines += ["type: relay", f"max_power_w: {heater.power_w:g}", relay]
    elif heater.kind == DIMMER:
        url = heater.host if "://" in heater.host else f"http://{heater.host}"
        lines += ["type: http_dimmer", f"max_power_w: {heater.power_w:g}", f"url: {quoted(url)}"]
    else:
        lines += [f"preset: {quoted(heater.kind)}", f"max_power_w: {heater.power_w:g}", f"host: {quoted(heater.host)}"]
    return [f"  - {lines[0]}", *(f"    {line}" for line in lines[1:])]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return quoted(value) if isinstance(value, str) else str(value)


def pin_of(text: str) -> str:
    """A pin as it is written, once it is one. Raises SettingProblem."""
    PinName.parse(text)
    return text.strip()
