"""One thing that Home Assistant shows or lets its owner press, and the templates by which it finds a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from pv_heater.core.model.lean import dataclass

TEXT_CHARACTERS = 250
"""A state has at most 255; a longer one is shown as unknown."""
EXPIRES_S = 90
"""Measured values come at least every 30 s; one that stays out three times is not shown any more."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """As it is declared; topics and identities are added by `discovery`."""

    key: str
    platform: str
    name: str
    value: str | None = None
    """The template of its value; None for a button."""
    more: Json = field(default_factory=dict)
    """What else Home Assistant is told, in its own words."""
    command: str | None = None
    """Which command it gives, as `discovery` names topics; None for what is only shown."""
    attributes: str | None = None
    """The template of what is shown beside the value."""


def path(words: str) -> str:
    """The expression of a value in the JSON, none where it or what it stands in is missing: ``flows.pv_w``."""
    *parents, last = words.split(".")
    expression = "value_json"
    for parent in parents:
        expression = f"({expression}.{parent} or {{}})"
    return f"({expression}.{last} | default(none))"


def shown(words: str) -> str:
    """The template of a value as it is."""
    return f"{{{{ {path(words)} }}}}"


def kilowatt_hours(words: str) -> str:
    """The template of an energy, which is in Wh there."""
    return f"{{% set wh = {path(words)} %}}{{{{ none if wh is none else (wh / 1000) | round(3) }}}}"


def sentence(words: str) -> str:
    """The template of a text, cut where Home Assistant would refuse it."""
    return f"{{{{ ({path(words)} or '-')[:{TEXT_CHARACTERS}] }}}}"


def on_if(condition: str) -> str:
    """The template of a yes or no."""
    return f"{{{{ 'ON' if {condition} else 'OFF' }}}}"


def watts(key: str, name: str, words: str, **more: Any) -> Entity:
    """A measured power."""
    return _measured(key, name, words, {"device_class": "power", "unit_of_measurement": "W"}, 0, more)


def percent(key: str, name: str, words: str, **more: Any) -> Entity:
    """A measured share."""
    return _measured(key, name, words, {"unit_of_measurement": "%"}, 0, more)


def degrees(key: str, name: str, words: str, **more: Any) -> Entity:
    """A measured temperature."""
    return _measured(key, name, words, {"device_class": "temperature", "unit_of_measurement": "°C"}, 1, more)


def counter(key: str, name: str, words: str, **more: Any) -> Entity:
    """An energy that never goes down, as the energy dashboard wants it."""
    return _energy(key, name, words, {"state_class": "total_increasing", "suggested_display_precision": 1, **more})


def of_the_day(key: str, name: str, words: str, **more: Any) -> Entity:
    """An energy of a day, past or expected: to look at, without statistics."""
    return _energy(key, name, words, {"suggested_display_precision": 1, **more})


def diagnostic(*, enabled: bool = True) -> dict[str, Any]:
    """What few look at; one that is not enabled has to be switched on by whoever wants it."""
    return {"entity_category": "diagnostic", **({} if enabled else HIDDEN)}


HIDDEN: dict[str, Any] = {"enabled_by_default": False}


def _measured(key: str, name: str, words: str, kind: Json, digits: int, more: Json) -> Entity:
    usual = {"state_class": "measurement", "suggested_display_precision": digits, "expire_after": EXPIRES_S}
    return Entity(key=key, platform="sensor", name=name, value=shown(words), more={**kind, **usual, **more})


def _energy(key: str, name: str, words: str, more: Json) -> Entity:
    kind = {"device_class": "energy", "unit_of_measurement": "kWh"}
    return Entity(key=key, platform="sensor", name=name, value=kilowatt_hours(words), more={**kind, **more})
