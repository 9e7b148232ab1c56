"""What is kept, as rows: names of the series, how finely a number is kept, and what waits for the next commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from typing import Any

from pv_heater.core.model.day_energies import DayEnergies
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import Decision

SAMPLE_S, MINUTE_S, QUARTER_S = 10, 60, 900
HOME_SERIES = ("pv_w", "house_w", "grid_w", "battery_w", "battery_soc_percent", "pv_possible_w")
LAST_COUNTS = ("battery_soc_percent",)
"""Of a quarter hour the last value counts, not the mean."""
MONEY = ("bought_money", "saved_money")
"""Figures of a day in the owner's currency."""
HOME_SUMS = ("caught_wh", "lost_wh", "bought_wh", "battery_drain_wh", "feed_in_wh", "pv_wh", "house_wh")
"""The energies of a quarter hour, beside those of the loads."""

Values = Mapping[str, float]


OWN = "value:"
"""In front of the name of a value of the owner's own."""


def digits_of(name: str) -> int:
    """So many digits behind the dot are kept."""
    return 3 if name.startswith(OWN) else 0 if name.endswith("_w") else 1


def short(name: str, value: float) -> float:
    """A number as it is kept: watts whole, the owner's own to a thousandth, all else to a tenth.

    What is whole takes two bytes instead of eight.
    """
    kept = round(value, digits_of(name))
    return int(kept) if kept == int(kept) else kept


def values_of(decision: Decision) -> dict[str, float]:
    """The series of one tick; what is not known is left out."""
    trace, today = decision.trace, decision.today
    known: dict[str, float | None] = {
        "pv_w": trace.pv_w,
        "house_w": trace.base_w,
        "grid_w": trace.grid_w,
        "battery_w": trace.battery_w,
        "battery_soc_percent": trace.battery_soc_percent,
        "pv_possible_w": None if today is None else today.pv_possible_w,
    }
    for name, state in decision.loads.items():
        known[f"load:{name}:power_w"] = state.power_w
        known[f"load:{name}:temperature_c"] = state.temperature_c
    for name, own in trace.values.items():
        known[f"{OWN}{name}"] = own.value
    return {name: value for name, value in known.items() if value is not None}


def sums_of(today: DayEnergies) -> dict[str, float]:
    """The counters of the day, by the names that quarter hours keep them under."""
    sums = {
        "caught_wh": today.caught_wh,
        "lost_wh": sum(today.lost_wh.values()),
        "bought_wh": today.bought_wh,
        "battery_drain_wh": today.battery_drain_wh,
        "feed_in_wh": today.feed_in_wh,
        "pv_wh": today.pv_wh,
        "house_wh": today.house_wh,
    }
    for name, load in today.loads.items():
        sums[f"load:{name}:energy_wh"] = load.energy_wh
        sums[f"load:{name}:sun_wh"] = load.sun_wh
    return sums


@dataclass(frozen=True, slots=True)
class Transition:
    """A load, or the whole home (`load` None), came to be decided otherwise."""

    at_ms: int
    number: int
    """Tells those of one instant apart."""
    load: str | None
    from_phase: str | None
    to_phase: str | None
    mode: str | None
    power_w: float | None
    rule: str | None
    because: str
    margins: Mapping[str, float]


@dataclass(slots=True)
class Batch:
    """What waits to be committed."""

    samples: dict[int, Values] = field(default_factory=dict)
    """By their UTC second, a multiple of ten."""
    sums: dict[int, dict[str, float]] = field(default_factory=dict)
    """What each counter grew by, by the UTC second at which the quarter hour begins."""
    days: dict[date, dict[str, Any]] = field(default_factory=dict)
    """The newest figures of each day, as `DayEnergies.as_json`."""
    transitions: list[Transition] = field(default_factory=list)
    reports: dict[date, Mapping[str, Any]] = field(default_factory=dict)
    """The account of each day, as `report.account` makes it; a later one takes the place of an earlier one."""

    @property
    def rows(self) -> int:
        """How many rows they come to."""
        return len(self.samples) + len(self.sums) + len(self.days) + len(self.transitions) + len(self.reports)


def not_less(kept: Mapping[str, Any], figures: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a day that was kept already: no counter goes back, whatever a restart has forgotten."""
    merged: dict[str, Any] = dict(kept)
    for key, value in figures.items():
        before = kept.get(key)
        if isinstance(value, Mapping):
            merged[key] = not_less(before, value) if isinstance(before, Mapping) else dict(value)
        elif key in MONEY:  # may fall, at prices below zero
            merged[key] = before if value is None else value
        elif isinstance(value, int | float) and isinstance(before, int | float):
            merged[key] = max(before, value)
        else:
            merged[key] = value
    if "possible_wh" in merged:
        merged["possible_wh"] = round(merged["caught_wh"] + sum(merged["lost_wh"].values()), 1)
    return merged
