"""The figures of the status document that a database keeps: names and units as there, what is unknown left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pv_heater.status.document import BELIEVED

Document = Mapping[str, Any]

_FLOWS = ("pv_w", "pv_possible_w", "house_w", "loads_w", "grid_w", "battery_w", "battery_soc_percent")
_TODAY = ("caught_wh", "possible_wh", "bought_wh")
_OF_A_LOAD = ("power_w", "energy_wh", "starts", "temperature_c", "energy_total_wh")
_FIRST_YEAR = 2025
"""A clock that shows an earlier one was never set."""


def of_the_home(document: Document) -> dict[str, float]:
    """Flows only while a reading is believed; energies and ``lost_wh`` since midnight; ages and counts always."""
    state, today = document["state"], document["today"] or {}
    flows = document["flows"] if state["word"] in BELIEVED else {}
    lost = today.get("lost_wh")
    found = {name: flows.get(name) for name in _FLOWS} | {name: today.get(name) for name in _TODAY}
    found["lost_wh"] = None if lost is None else sum(lost.values())
    found["reading_age_s"], found["alarms"] = state["age_s"], len(document["alarms"])
    return {name: float(value) for name, value in found.items() if value is not None}


def of_each_load(document: Document) -> Iterator[tuple[Mapping[str, Any], dict[str, float]]]:
    """Each load of the document with its figures; ``energy_wh`` and ``starts`` are since midnight.

    ``energy_total_wh`` never goes down.
    """
    for load in document["loads"]:
        yield load, {name: float(value) for name in _OF_A_LOAD if (value := load.get(name)) is not None}


def unix_s(document: Document) -> int | None:
    """When the figures were true, in seconds since 1970; None while the time is not known."""
    at = datetime.fromisoformat(document["now"])
    return round(at.timestamp()) if at.year >= _FIRST_YEAR else None
