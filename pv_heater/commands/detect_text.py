"""What a search for GX devices found, in words, and as the lines of a configuration. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pv_heater.commands.detect import Gx, Search, Way

_SWITCH_ON = (
    "Switch on MQTT Access (older: MQTT on LAN) or the Modbus TCP server of the GX device, in its own menu: "
    "Settings, Integrations (older: Settings, Services)."
)
_NOTHING = (
    "No GX device was found. What helps:",
    f"  - {_SWITCH_ON}",
    "  - This machine and the GX device have to be in the same network: not one of them in the guest Wi-Fi.",
    "  - `python main.py detect --scan` asks all 254 addresses of this network; that takes up to a minute.",
    "  - Its address stands in its own menu: Settings, Ethernet or Wi-Fi. `host:` takes it as it is.",
)
_STANDARD_PORTS = {("gx_mqtt", False): 1883, ("gx_mqtt", True): 8883, ("gx_modbus", False): 502}


def lines_of(search: Search) -> list[str]:
    """For a person: what was found, how it can be reached, and what to paste."""
    lines: list[str] = []
    for gx in search.found:
        lines += [*_about(gx), ""]
    usable = [gx for gx in search.found if gx.ways]
    for gx in usable:
        which = "" if len(usable) == 1 else f" for {gx.address}"
        lines += [f"In place of the `meter:` lines of your configuration{which}:", "", *meter_lines(gx), ""]
    if usable:
        lines.append("Give it a fixed address in your router, or this one will be wrong some day.")
    if any(way.password_needed for gx in usable for way in _chosen(gx)):
        lines.append(
            "Write its password into the file gx-password beside your configuration, and `chmod 600` that file."
        )
    if not search.found:
        lines += _NOTHING
    return [*lines, *search.notes]


def as_json(search: Search) -> dict[str, Any]:
    """For a program: the same."""
    found = [
        {
            "address": gx.address,
            "name": gx.name or None,
            "portal_id": gx.portal_id,
            "ways": [
                {
                    "type": way.type,
                    "port": way.port,
                    "tls": way.fingerprint is not None,
                    "password_needed": way.password_needed,
                }
                for way in gx.ways
            ],
            "meter": meter_of(gx),
        }
        for gx in search.found
    ]
    return {"found": found, "notes": list(search.notes)}


def meter_of(gx: Gx) -> list[dict[str, Any]]:
    """The settings of its meters, best first: MQTT is a second old, Modbus TCP stands in for it."""
    return [_settings(gx, way) for way in _chosen(gx)]


def meter_lines(gx: Gx) -> list[str]:
    """The same as YAML."""
    lines = ["meter:"]
    for meter in meter_of(gx):
        rest = [f"    {key}: {_yaml(value)}" for key, value in meter.items() if key != "type"]
        lines += [f"  - type: {meter['type']}", *rest]
    return lines


def _about(gx: Gx) -> list[str]:
    name = f" ({gx.name})" if gx.name else ""
    portal = f", VRM portal ID {gx.portal_id}" if gx.portal_id else ""
    if not gx.ways:
        return [f"A GX device is at {gx.address}{name}, but neither its MQTT nor its Modbus TCP answers.", _SWITCH_ON]
    return [f"A GX device is at {gx.address}{name}{portal}:", *(f"  {_way_text(way)}" for way in gx.ways)]


def _way_text(way: Way) -> str:
    kind = "Modbus TCP" if way.type == "gx_modbus" else "MQTT, encrypted" if way.fingerprint else "MQTT"
    return f"{kind}, port {way.port}: {'asks for a password' if way.password_needed else 'open'}"


def _chosen(gx: Gx) -> list[Way]:
    """One MQTT way and Modbus TCP. Open before locked; a password travels encrypted where that is possible."""
    mqtt = sorted(
        (way for way in gx.ways if way.type == "gx_mqtt"),
        key=lambda way: (way.password_needed, way.password_needed and way.fingerprint is None),
    )
    return [*mqtt[:1], *(way for way in gx.ways if way.type == "gx_modbus")]


def _settings(gx: Gx, way: Way) -> dict[str, Any]:
    encrypted = way.fingerprint is not None
    settings: dict[str, Any] = {"type": way.type, "host": gx.address}
    if way.port != _STANDARD_PORTS[way.type, encrypted]:
        settings["port"] = way.port
    if way.type == "gx_mqtt" and gx.portal_id:
        settings["portal_id"] = gx.portal_id
    if encrypted:
        settings |= {"tls": True, "fingerprint": way.fingerprint}
    if way.password_needed:
        settings["password"] = "file:gx-password"
    return settings


def _yaml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    # In quotes an id of digits only stays a text.
    return f'"{value}"' if isinstance(value, str) else str(value)
