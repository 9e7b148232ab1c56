"""Energies that never go down, as other systems want them: the sums of all days since they were first counted.

The counts of a day begin anew at midnight, and after a power cut they may be a minute behind. Here only what is new is
added, and only from counts that are on the disk: whoever saw a higher total before would take the lower one for a new
meter, and book all of it again. So the sums themselves need to be saved only now and then, and at midnight.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import group_in, number_in
from pv_heater.telemetry.kept import keep, read_kept

log = logging.getLogger(__name__)

FILE_NAME = "energy_totals.json"
SAVE_S = 900.0
"""So often they are saved, and when the day changes."""
HOME = ("caught_wh", "bought_wh", "pv_wh", "house_wh", "feed_in_wh")
"""Sums of the home, as `DayEnergies` names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Wh, rounded to whole ones."""

    loads: Mapping[str, float]
    """What each load has taken, by its identity."""
    loads_sun: Mapping[str, float]
    """The part of it that came from the sun, not by way of the battery."""
    home: Mapping[str, float]
    """By the names in `HOME`; empty before anything was counted."""
    yesterday: Mapping[str, float]
    """What each load took on the day before, as far as this program ran."""


class EnergyTotals:
    """From any thread. One object for all who tell: they must not count twice."""

    def __init__(
        self,
        folder: Path,
        identities: Mapping[str, str],
        kept: Callable[[], Mapping[str, Any] | None],
        monotonic_s: Callable[[], float],
    ) -> None:
        """`folder` is the state folder; `identities` are those of `identities_of`.

        `kept` gives the day's counts that are on the disk, as `DayEnergies.as_json`; None before there are any.
        """
        self._path = folder / FILE_NAME
        self._identities, self._kept, self._monotonic_s = identities, kept, monotonic_s
        self._counting = threading.Lock()
        saved = read_kept(self._path, "The totals that other systems are told begin at 0 again")
        self._day = str(saved.get("day"))
        self._seen = _numbers(saved.get("seen"))
        """The counts of that day that are in the sums."""
        self._before = _numbers(saved.get("before"))
        """Those of the day before it."""
        self._sums = _numbers(saved.get("sums"))
        self._told = self._as_told()
        self._save_from_s = monotonic_s()
        self._trouble: str | None = None

    def newest(self) -> Totals:
        """The totals that may be told now. May wait for the disk, every quarter of an hour."""
        with self._counting:
            kept = self._kept()
            if kept is not None and self._count(kept):
                now_s = self._monotonic_s()
                if now_s >= self._save_from_s:
                    self._save_from_s = now_s + SAVE_S
                    self._save()
                if self._trouble is None:
                    self._told = self._as_told()
            return self._told

    def _count(self, figures: Mapping[str, Any]) -> bool:
        """Whether they are of a day that is known."""
        try:
            day = date.fromisoformat(str(figures.get("date")))
        except ValueError:
            return False
        counts = {f"home.{name}": number_in(figures, name) or 0.0 for name in HOME}
        loads = group_in(figures, "loads")
        for name in loads:
            key, load = self._identities.get(name, name), group_in(loads, name)
            counts |= {
                f"load.{key}": number_in(load, "energy_wh") or 0.0,
                f"sun.{key}": number_in(load, "sun_wh") or 0.0,
            }
        if day.isoformat() != self._day:
            is_next = self._day == (day - timedelta(days=1)).isoformat()
            self._day, self._before, self._seen = day.isoformat(), self._seen if is_next else {}, {}
            self._save_from_s = self._monotonic_s()
        for key, count_wh in counts.items():
            # A count that was restored may be older than what is in the sum: what is drawn from there on is new.
            gain_wh = max(0.0, count_wh - self._seen.get(key, 0.0))
            self._seen[key] = count_wh
            self._sums[key] = self._sums.get(key, 0.0) + gain_wh
        return True

    def _save(self) -> None:
        trouble = keep(self._path, {"day": self._day, "seen": self._seen, "before": self._before, "sums": self._sums})
        if trouble is not None and trouble != self._trouble:
            log.warning("the energy totals cannot be saved: %s; other systems are told no newer ones.", trouble)
        self._trouble = trouble

    def _as_told(self) -> Totals:
        return Totals(
            loads=_below("load", self._sums),
            loads_sun=_below("sun", self._sums),
            home=_below("home", self._sums),
            yesterday=_below("load", self._before),
        )


def _below(word: str, sums: Mapping[str, float]) -> dict[str, float]:
    """Those of one kind, in whole Wh."""
    head = f"{word}."
    return {key.removeprefix(head): float(round(sum_wh)) for key, sum_wh in sums.items() if key.startswith(head)}


def _numbers(value: Any) -> dict[str, float]:
    found = {str(key): number_in(value, key) for key in value} if isinstance(value, Mapping) else {}
    return {key: number for key, number in found.items() if number is not None and number >= 0}
