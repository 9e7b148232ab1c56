"""Counts the energies of the day, step by step: sun caught, sun lost and why, and where the rest came from. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.loads.load_step import Memory
from pv_heater.core.loads.lost_sun import lost_by_cause
from pv_heater.core.model.day_energies import DayEnergies, LoadDay, Lost
from pv_heater.core.model.numbers import group_in, number_in
from pv_heater.core.model.values import Decision, Reading
from pv_heater.core.settings.load import LoadSettings

LONGEST_STEP_S = 300.0
"""A longer pause between two steps is a gap of which nothing is known."""
FULL_CHARGE_PERCENT = 99.0
SURE_WH = 500.0
"""The forecast is corrected by the day so far; so much sun counts as having been seen just as expected."""
MOST_BETTER = 1.5
"""No day is better than its forecast by more."""
SUMS = ("caught_wh", "bought_wh", "battery_drain_wh", "feed_in_wh", "pv_wh", "house_wh", "hidden_wh", "seen_s")
_LEARNED = ("seen_wh", "expected_wh")
"""The sun while nothing throttled it, and what the forecast had expected of it."""


class DayCount:
    """The sums since midnight, of one home."""

    def __init__(self) -> None:
        self._before: tuple[Decision, float] | None = None
        """The decision in force in the step that ends now, and what it kept for the battery, W."""
        self._pv_possible_w: float | None = None
        self.begin_day()

    def begin_day(self) -> None:
        """All counts begin anew."""
        self._sums = dict.fromkeys((*SUMS, *_LEARNED), 0.0)
        self._lost_wh: dict[Lost, float] = {}
        self._sun_wh: dict[str, float] = {}

    def count(
        self,
        house: HouseFacts,
        taken_wh: Mapping[str, float],
        policies: Mapping[str, LoadSettings],
        *,
        expected_w: float | None,
        feed_in: bool,
    ) -> None:
        """The step that ended, by the reading that is in force at its end.

        `taken_wh` is what each load took in it (`core.loads.energy`); `expected_w` is what the forecast has of the sun
        now, None without one; `feed_in`: surplus may go to the grid.
        """
        reading, elapsed_h = house.reading, house.elapsed_s / 3600.0
        self._pv_possible_w = None
        if reading is None or house.elapsed_s > LONGEST_STEP_S:
            return
        sums = self._sums
        sums["seen_s"] += house.elapsed_s
        hidden_w = self._hidden_w(house, reading, elapsed_h, 0.0 if feed_in else expected_w)
        if elapsed_h <= 0:
            return
        pv_w, grid_w, spare_w = reading.pv_w or 0.0, reading.grid_w or 0.0, house.spare_w or 0.0
        sums["pv_wh"] += pv_w * elapsed_h
        sums["house_wh"] += (house.base_w or 0.0) * elapsed_h
        if taken_wh:
            spare_w -= self._count_loads(reading, taken_wh, spare_w if spare_w > 0 else 0.0, elapsed_h)
        if grid_w < 0:
            sums["feed_in_wh"] -= grid_w * elapsed_h
        if grid_w < 0 or hidden_w > 0:
            # What the battery sells is no sun, and what a load only pretends to take would be counted twice.
            sold_w = max(0.0, min(-grid_w + min(0.0, reading.battery_w or 0.0), spare_w))
            self._count_lost(sold_w, hidden_w, policies, elapsed_h)

    def note(self, decision: Decision, *, for_battery_w: float) -> None:
        """What was decided for the step that begins now."""
        self._before = (decision, for_battery_w)

    def today(self, day: date | None, memories: Mapping[str, Memory]) -> DayEnergies:
        """The sums so far; the loads' energies and starts are those that `memories` keep."""
        sums, sun_wh = self._sums, self._sun_wh
        return DayEnergies(
            day=day,
            caught_wh=sums["caught_wh"],
            lost_wh={**self._lost_wh},
            hidden_wh=sums["hidden_wh"],
            bought_wh=sums["bought_wh"],
            battery_drain_wh=sums["battery_drain_wh"],
            feed_in_wh=sums["feed_in_wh"],
            pv_wh=sums["pv_wh"],
            house_wh=sums["house_wh"],
            seen_s=sums["seen_s"],
            pv_possible_w=self._pv_possible_w,
            loads={
                name: LoadDay(
                    energy_wh=memory.energy_wh,
                    sun_wh=sun_wh.get(name, 0.0),
                    starts=memory.closings,
                )
                for name, memory in memories.items()
            },
        )

    def state(self) -> dict[str, Any]:
        """For the saved state, as plain JSON types."""
        lost_wh = {str(cause): energy_wh for cause, energy_wh in self._lost_wh.items()}
        return {**self._sums, "lost_wh": lost_wh, "sun_wh": {**self._sun_wh}}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Take back what `state` gave, as far as it can be read: a damaged sum begins anew."""
        self._sums = {key: number_in(saved, key) or 0.0 for key in self._sums}
        lost, sun = group_in(saved, "lost_wh"), group_in(saved, "sun_wh")
        self._lost_wh = {cause: energy_wh for cause in Lost if (energy_wh := number_in(lost, cause))}
        self._sun_wh = {name: energy_wh for name in sun if (energy_wh := number_in(sun, name))}

    def _hidden_w(self, house: HouseFacts, reading: Reading, elapsed_h: float, expected_w: float | None) -> float:
        """Sun that throttled chargers leave, by the forecast as the day has corrected it; 0 where nobody knows."""
        pv_w = self._pv_possible_w = reading.pv_w
        if pv_w is None or house.forecast is None or not expected_w or expected_w < 0 or not house.knows_time:
            return 0.0
        throttled, sums = reading.pv_throttled, self._sums
        if throttled is None:
            throttled = house.battery_is_full or (reading.battery_soc_percent or 0.0) >= FULL_CHARGE_PERCENT
        if not throttled:
            sums["seen_wh"] += pv_w * elapsed_h
            sums["expected_wh"] += expected_w * elapsed_h
            return 0.0
        share = (sums["seen_wh"] + SURE_WH) / (sums["expected_wh"] + SURE_WH)
        possible_w = expected_w * min(1.0 if house.forecast.is_clear_sky else MOST_BETTER, share)
        if possible_w <= pv_w:
            return 0.0
        self._pv_possible_w = possible_w
        return possible_w - pv_w

    def _count_loads(
        self, reading: Reading, taken_wh: Mapping[str, float], sun_left_w: float, elapsed_h: float
    ) -> float:
        """Where the loads had it from: the sun first, then the grid, then the battery. The W of sun among it."""
        own_wh = sum(taken_wh.values())
        if own_wh <= 0:
            return 0.0
        sums = self._sums
        sun_wh = min(own_wh, sun_left_w * elapsed_h)
        bought_wh = min(own_wh - sun_wh, max(0.0, reading.grid_w or 0.0) * elapsed_h)
        drained_wh = min(own_wh - sun_wh - bought_wh, max(0.0, -(reading.battery_w or 0.0)) * elapsed_h)
        sums["caught_wh"] += sun_wh
        sums["bought_wh"] += bought_wh
        sums["battery_drain_wh"] += drained_wh
        for name, energy_wh in taken_wh.items():
            self._sun_wh[name] = self._sun_wh.get(name, 0.0) + sun_wh * energy_wh / own_wh
        return sun_wh / elapsed_h

    def _count_lost(
        self, sold_w: float, hidden_w: float, policies: Mapping[str, LoadSettings], elapsed_h: float
    ) -> None:
        lost_w = sold_w + hidden_w
        if lost_w <= 0 or self._before is None:
            return
        decision, for_battery_w = self._before
        self._sums["hidden_wh"] += hidden_w * elapsed_h
        for cause, part_w in lost_by_cause(lost_w, decision, policies, for_battery_w=for_battery_w):
            self._lost_wh[cause] = self._lost_wh.get(cause, 0.0) + part_w * elapsed_h
