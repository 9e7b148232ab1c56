"""`main.py whatif`: the settings as they are and changed, over the same days, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from pv_heater.commands.whatif.days import days_text
from pv_heater.commands.whatif.difference import FEWEST_DAYS, FIGURES, Difference, Draws, by_day
from pv_heater.core.model.lean import dataclass

ROWS: tuple[tuple[str, str, str], ...] = (
    ("caught_wh", "sun caught", "kWh"),
    ("heat_wh", "heat", "kWh"),
    ("bought_wh", "bought for it", "kWh"),
    ("unused_wh", "sun left over", "kWh"),
    ("starts", "starts", ""),
    ("moves", "moves of the power", ""),
)
CHANCE = "by chance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What whatif found."""

    title: str
    changes: Mapping[str, str]
    today: Draws
    changed: Draws
    notes: tuple[str, ...] = ()

    @property
    def days(self) -> int:
        """How many."""
        return len(self.today[0])

    @property
    def differences(self) -> dict[str, Difference]:
        """By figure."""
        return {name: Difference.between(self.today, self.changed, figure) for name, figure in FIGURES.items()}

    @property
    def possible_wh(self) -> float:
        """Sun a day that would be left over without heating: more cannot be caught without buying."""
        return fmean(day.idle_spilled_wh for draw in self.today for day in draw)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "days": self.days,
            "draws": len(self.today),
            "changes": dict(self.changes),
            "possible_wh": round(self.possible_wh, 1),
            "today": _means(self.today) | _comfort(self.today),
            "changed": _means(self.changed) | _comfort(self.changed),
            "difference": {
                name: {
                    "mean": round(found.mean, 2),
                    "spread": None if found.spread is None else round(found.spread, 2),
                    "low": round(found.low, 2),
                    "high": round(found.high, 2),
                    "is_real": found.is_real,
                }
                for name, found in self.differences.items()
            },
            "notes": list(self.notes),
        }

    def as_lines(self) -> list[str]:
        """For people."""
        draws = f", {len(self.today)} draws of the forecast" if len(self.today) > 1 else ""
        changes = ", ".join(f"{path} = {value}" for path, value in self.changes.items())
        lines = [*self.notes, f"What if {changes}? {self.title}{draws}. A day, as a mean:", ""]
        lines.append(f"{'':20}{'today':>10}{'changed':>10}{'difference':>12}   {'spread':<9}days, least to most")
        today, changed = _means(self.today), _means(self.changed)
        for name, word, unit in ROWS:
            lines.append(
                _row(f"{word}{f', {unit}' if unit else ''}", today[name], changed[name], self.differences[name], unit)
            )
        lines += [
            "",
            *self._comfort_lines(),
            f"Without heating {self.possible_wh / 1000:.2f} kWh of sun a day would be left over; nothing catches more.",
        ]
        return [*lines, "", *self._verdict()]

    def _comfort_lines(self) -> list[str]:
        before, after = _comfort(self.today), _comfort(self.changed)
        lines = []
        for key, word in (("missed", "guarantees missed"), ("cycles", "hygiene cycles done")):
            if before[key] or after[key]:
                lines.append(f"{word}: {before[key]:g} today, {after[key]:g} changed")
        if before["coldest_c"] is not None and after["coldest_c"] is not None:
            lines.append(f"coldest tank: {before['coldest_c']:.0f} degC today, {after['coldest_c']:.0f} degC changed")
        return lines

    def _verdict(self) -> list[str]:
        if self.days < FEWEST_DAYS:
            few = f"{days_text(self.days)} {'is' if self.days == 1 else 'are'} too little to tell it from weather"
            return [f"{few}; {FEWEST_DAYS} are the least, 30 are better."]
        found = self.differences
        real = [word for name, word, _ in ROWS if found[name].is_real]
        if not real:
            return [
                "No difference is larger than its spread: what the change does on these days may as well be chance."
            ]
        chance = [word for name, word, _ in ROWS if not found[name].is_real and abs(found[name].mean) > 0]
        lines = [f"Larger than its spread: {', '.join(real)}."]
        return lines + ([f"Not to be told from chance: {', '.join(chance)}."] if chance else [])


def _row(word: str, today: float, changed: float, found: Difference, unit: str) -> str:
    by = 1000.0 if unit == "kWh" else 1.0
    digits = 2 if unit == "kWh" else 1
    spread = "-" if found.spread is None else f"±{found.spread / by:.{digits}f}"
    span = f"{found.low / by:+.{digits}f} to {found.high / by:+.{digits}f}"
    values = f"{today / by:>10.{digits}f}{changed / by:>10.{digits}f}{found.mean / by:>+12.{digits}f}"
    return f"{word:20}{values}   {spread:<9}{span}"


def _means(draws: Draws) -> dict[str, float]:
    return {name: round(fmean(by_day(draws, figure)), 2) for name, figure in FIGURES.items()}


def _comfort(draws: Draws) -> dict[str, float | None]:
    """Of all days, as a mean over the draws."""
    colds = [day.coldest_c for days in draws for day in days if day.coldest_c is not None]
    return {
        "missed": fmean(sum(day.missed for day in days) for days in draws),
        "cycles": fmean(sum(day.cycles for day in days) for days in draws),
        "coldest_c": round(min(colds), 1) if colds else None,
    }


def named_changes(sets: Sequence[str]) -> dict[str, str]:
    """``PATH=VALUE`` as said on the command line. Raises ValueError."""
    changes = {}
    for text in sets:
        path, sign, value = text.partition("=")
        if not sign or not path.strip() or not value.strip():
            raise ValueError(f"{text!r} is no change; it must be PATH=VALUE, such as loads.water_heater.min_on_s=120")
        if path.strip() in changes:
            raise ValueError(f"{path.strip()} is set twice")
        changes[path.strip()] = value.strip()
    return changes
