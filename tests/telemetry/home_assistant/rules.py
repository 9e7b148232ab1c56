"""What Home Assistant 2026.2 accepts, as data: which unit goes with which kind, what a message must have.

Copied from what it does; `make home-assistant` asks the real one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

UNITS = {
    "power": {"W", "kW", "mW", "MW"},
    "energy": {"Wh", "kWh", "MWh", "J", "kJ"},
    "temperature": {"°C", "°F", "K"},
    "battery": {"%"},
    "duration": {"s", "min", "h", "d", "ms"},
}
WITHOUT_UNIT = {"enum", "timestamp", "connectivity", "problem", "running"}
STATE_CLASSES = {
    "power": {"measurement"},
    "energy": {"total", "total_increasing"},
    "temperature": {"measurement"},
    "battery": {"measurement"},
    "duration": {"measurement", "total", "total_increasing"},
    "enum": set[str](),
    "timestamp": set[str](),
}
NEEDS = {
    "sensor": {"state_topic"},
    "binary_sensor": {"state_topic"},
    "select": {"command_topic", "options"},
    "number": {"command_topic", "min", "max"},
    "switch": {"command_topic"},
    "button": {"command_topic"},
    "water_heater": set[str](),
}
COMMON = {
    "p", "unique_id", "default_entity_id", "name", "icon", "entity_category", "enabled_by_default", "device_class",
    "json_attributes_topic", "json_attributes_template",
}  # fmt: skip
KNOWN = {
    "sensor": {"state_topic", "value_template", "unit_of_measurement", "state_class", "suggested_display_precision",
               "expire_after", "options"},
    "binary_sensor": {"state_topic", "value_template", "expire_after"},
    "select": {"state_topic", "value_template", "command_topic", "options"},
    "number": {"state_topic", "value_template", "command_topic", "min", "max", "step", "mode", "unit_of_measurement"},
    "switch": {"state_topic", "value_template", "command_topic"},
    "button": {"command_topic"},
    "water_heater": {"modes", "mode_state_topic", "mode_state_template", "mode_command_topic", "mode_command_template",
                     "current_temperature_topic", "current_temperature_template", "temperature_state_topic",
                     "temperature_state_template", "temperature_unit", "min_temp", "max_temp"},
}  # fmt: skip
"""What it knows of each platform beside `COMMON`; a word that it does not know does nothing, so it is a slip."""


def faults(message: Mapping[str, Any]) -> list[str]:
    """What is wrong with a message for all of a home; empty where nothing is."""
    found = [f"{key} is missing" for key in ("device", "origin", "availability", "components") if key not in message]
    found += [f"origin has no {key}" for key in ("name",) if key not in message.get("origin", {})]
    components = message.get("components", {})
    ids = [component.get("unique_id") for component in components.values() if len(component) > 1]
    found += [f"{each} stands twice" for each in sorted({str(each) for each in ids if ids.count(each) > 1})]
    for identifier in message.get("device", {}).get("identifiers", []):
        found += [] if re.fullmatch(r"[A-Za-z0-9_-]+", identifier) else [f"identifier {identifier!r}"]
    return [*found, *(fault for key, component in components.items() for fault in _of_component(key, component))]


def _of_component(key: str, told: Mapping[str, Any]) -> Iterator[str]:
    platform = told.get("p")
    if not isinstance(platform, str) or platform not in NEEDS:
        yield f"{key}: platform {platform!r}"
        return
    if set(told) == {"p"}:
        return  # retired
    for need in sorted(NEEDS[platform] | {"unique_id", "default_entity_id"} - set(told)):
        if need not in told:
            yield f"{key}: no {need}"
    yield from (f"{key}: {word} is not known" for word in sorted(set(told) - COMMON - KNOWN[platform]))
    if not re.fullmatch(r"[A-Za-z0-9_-]+", told.get("unique_id", "")):
        yield f"{key}: unique_id {told.get('unique_id')!r}"
    if not re.fullmatch(rf"{platform}\.[a-z0-9_]+", told.get("default_entity_id", "")):
        yield f"{key}: default_entity_id {told.get('default_entity_id')!r}"
    yield from _of_kind(key, told)


def _of_kind(key: str, told: Mapping[str, Any]) -> Iterator[str]:
    kind, unit, state_class = told.get("device_class"), told.get("unit_of_measurement"), told.get("state_class")
    if kind is None:
        return
    if kind not in UNITS and kind not in WITHOUT_UNIT:
        yield f"{key}: device_class {kind}"
    elif kind in UNITS and unit not in UNITS[kind]:
        yield f"{key}: {kind} in {unit}"
    elif kind in WITHOUT_UNIT and unit is not None:
        yield f"{key}: {kind} with a unit"
    if state_class is not None and state_class not in STATE_CLASSES.get(kind, {state_class}):
        yield f"{key}: {kind} as {state_class}"
