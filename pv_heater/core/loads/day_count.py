"""Counts the energies of the day, step by step: sun caught, sun lost and why, and where the rest came from. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from typing import Any

from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.loads.load_step import Memory
from pv_heater.core.loads.lost_sun import lost_by_cause
from pv_heater.core.model.day_energies import DayEnergies, LoadDay, Lost
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import group_in, json_number_of, number_in
from pv_heater.core.model.prices import PricePeriod
from pv_heater.core.model.values import Decision
from pv_heater.core.settings.load import LoadSettings

LONGEST_STEP_S = 300.0
"""A longer pause between two steps is a gap of which nothing is known."""
FULL_CHARGE_PERCENT = 99.0
SURE_WH = 500.0
"""The forecast is corrected by the day so far; so much sun counts as having been seen just as expected."""
MOST_BETTER = 1.5
"""No day is better than its forecast by more."""
SUMS = ("caught_wh", "bought_wh", "battery_drain_wh", "feed_in_wh", "pv_wh", "house_wh", "hidden_wh", "seen_s")
MONEY = ("bought_money", "saved_money")
_LEARNED = ("seen_wh", "expected_wh")
"""The sun while nothing throttled it, and what the forecast had expected of it."""
SETTLED_EVERY_S = 5.0
"""Powers are summed at every step, which costs little; what became of them is settled after so many seconds."""


@dataclass(slots=True)
class _Part:
    """The seconds that are not settled yet, each sum in Wh."""

    seconds: float = 0.0
    pv_wh: float = 0.0
    house_wh: float = 0.0
    spare_wh: float = 0.0
    """Sun beyond the house, below 0 what it lacks."""
    import_wh: float = 0.0
    export_wh: float = 0.0
    drained_wh: float = 0.0
    """What the battery gave."""
    hidden_wh: float = 0.0
    taken_wh: dict[str, float] = field(default_factory=dict)


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
        self._money: dict[str, float] = {}
        """By a name of `MONEY`; empty while no price was known."""
        self._lost_wh: dict[Lost, float] = {}
        self._sun_wh: dict[str, float] = {}
        self._part = _Part()
        self._today: DayEnergies | None = None
        """As it was last told; None once it is no longer true."""

    def count(
        self,
        house: HouseFacts,
        taken_wh: Mapping[str, float],
        policies: Mapping[str, LoadSettings],
        *,
        expected_w: float | None,
        feed_in: bool,
        price: PricePeriod | None,
    ) -> None:
        """The step that ended, by the reading and the price that are in force at its end.

        `taken_wh` is what each load took in it (`core.loads.energy`); `expected_w` is what the forecast has of the sun
        now, None without one; `feed_in`: surplus may go to the grid.
        """
        reading, elapsed_s = house.reading, house.elapsed_s
        if reading is None or elapsed_s > LONGEST_STEP_S:
            if self._pv_possible_w is not None:
                self._pv_possible_w = self._today = None
            return
        part, hours = self._part, elapsed_s / 3600.0
        pv_w, grid_w, battery_w = reading.pv_w or 0.0, reading.grid_w or 0.0, reading.battery_w or 0.0
        part.seconds += elapsed_s
        part.pv_wh += pv_w * hours
        part.house_wh += (house.base_w or 0.0) * hours
        part.spare_wh += (house.spare_w or 0.0) * hours
        if grid_w > 0:
            part.import_wh += grid_w * hours
        else:
            part.export_wh -= grid_w * hours
        if battery_w < 0:
            part.drained_wh -= battery_w * hours
        for name in taken_wh:
            if name in part.taken_wh:
                part.taken_wh[name] += taken_wh[name]
            else:
                part.taken_wh[name] = taken_wh[name]
        if expected_w and house.inputs.clock_trusted is not False and reading.pv_w is not None:
            self._count_expected(house, reading.pv_w, expected_w, hours, feed_in=feed_in)
        else:
            self._pv_possible_w = reading.pv_w
        if part.seconds >= SETTLED_EVERY_S:
            self._settle(part, policies, price, feed_in=feed_in)

    def note(self, decision: Decision, *, for_battery_w: float) -> None:
        """What was decided for the step that begins now."""
        self._before = (decision, for_battery_w)

    def today(self, day: date | None, memories: Mapping[str, Memory]) -> DayEnergies:
        """The sums so far, anew every few seconds; the loads' energies and starts are those that `memories` keep."""
        if self._today is not None and self._today.day == day:
            return self._today
        sums, sun_wh = self._sums, self._sun_wh
        self._today = DayEnergies(
            day=day,
            caught_wh=sums["caught_wh"],
            lost_wh={**self._lost_wh},
            hidden_wh=sums["hidden_wh"],
            bought_wh=sums["bought_wh"],
            battery_drain_wh=sums["battery_drain_wh"],
            feed_in_wh=sums["feed_in_wh"],
            pv_wh=sums["pv_wh"],
            house_wh=sums["house_wh"],
            bought_money=self._money.get("bought_money"),
            saved_money=self._money.get("saved_money"),
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
        return self._today

    def state(self) -> dict[str, Any]:
        """For the saved state, as plain JSON types."""
        lost_wh = {str(cause): energy_wh for cause, energy_wh in self._lost_wh.items()}
        return {**self._sums, **self._money, "lost_wh": lost_wh, "sun_wh": {**self._sun_wh}}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Take back what `state` gave, as far as it can be read: a damaged sum begins anew."""
        self._sums = {key: number_in(saved, key) or 0.0 for key in self._sums}
        money = {key: json_number_of(saved.get(key)) for key in MONEY}
        self._money = {key: amount for key, amount in money.items() if amount is not None}
        lost, sun = group_in(saved, "lost_wh"), group_in(saved, "sun_wh")
        self._lost_wh = {cause: energy_wh for cause in Lost if (energy_wh := number_in(lost, cause))}
        self._sun_wh = {name: energy_wh for name in sun if (energy_wh := number_in(sun, name))}
        self._today = None

    def _count_expected(
        self, house: HouseFacts, pv_w: float, expected_w: float, hours: float, *, feed_in: bool
    ) -> None:
        """Sun that throttled chargers leave, by the forecast as the day has corrected it."""
        reading, sums = house.reading, self._sums
        throttled = None if reading is None else reading.pv_throttled
        if throttled is None and reading is not None:
            throttled = house.battery_is_full or (reading.battery_soc_percent or 0.0) >= FULL_CHARGE_PERCENT
        self._pv_possible_w = pv_w
        if feed_in or not throttled:
            sums["seen_wh"] += pv_w * hours
            sums["expected_wh"] += expected_w * hours
            return
        share = (sums["seen_wh"] + SURE_WH) / (sums["expected_wh"] + SURE_WH)
        is_clear_sky = house.forecast is not None and house.forecast.is_clear_sky
        possible_w = expected_w * min(1.0 if is_clear_sky else MOST_BETTER, share)
        if possible_w > pv_w:
            self._pv_possible_w = possible_w
            self._part.hidden_wh += (possible_w - pv_w) * hours

    def _settle(
        self, part: _Part, policies: Mapping[str, LoadSettings], price: PricePeriod | None, *, feed_in: bool
    ) -> None:
        """Where the last seconds' energy came from, and what of the sun was lost."""
        sums = self._sums
        sums["seen_s"] += part.seconds
        sums["pv_wh"] += part.pv_wh
        sums["house_wh"] += part.house_wh
        sums["feed_in_wh"] += part.export_wh
        sun_wh = bought_wh = 0.0
        if part.taken_wh:
            sun_wh, bought_wh = self._settle_loads(part)
        if price is not None:
            worth, money = price.import_per_kwh - (price.export_per_kwh if feed_in else 0.0), self._money
            money["bought_money"] = money.get("bought_money", 0.0) + bought_wh * price.import_per_kwh / 1000.0
            money["saved_money"] = money.get("saved_money", 0.0) + sun_wh * worth / 1000.0
        if part.export_wh > 0 or part.hidden_wh > 0:
            # What the battery sells is no sun, and what a load only pretends to take would be counted twice.
            sold_wh = max(0.0, min(part.export_wh - part.drained_wh, part.spare_wh - sun_wh))
            self._count_lost(sold_wh, part.hidden_wh, part.seconds / 3600.0, policies)
        self._part, self._today = _Part(), None

    def _settle_loads(self, part: _Part) -> tuple[float, float]:
        """The loads had it from the sun first, then from the grid, then from the battery: the first two, Wh."""
        own_wh, sums = sum(part.taken_wh.values()), self._sums
        if own_wh <= 0:
            return 0.0, 0.0
        sun_wh = min(own_wh, max(0.0, part.spare_wh))
        bought_wh = min(own_wh - sun_wh, part.import_wh)
        sums["caught_wh"] += sun_wh
        sums["bought_wh"] += bought_wh
        sums["battery_drain_wh"] += min(own_wh - sun_wh - bought_wh, part.drained_wh)
        for name, energy_wh in part.taken_wh.items():
            self._sun_wh[name] = self._sun_wh.get(name, 0.0) + sun_wh * energy_wh / own_wh
        return sun_wh, bought_wh

    def _count_lost(self, sold_wh: float, hidden_wh: float, hours: float, policies: Mapping[str, LoadSettings]) -> None:
        lost_wh = sold_wh + hidden_wh
        if lost_wh <= 0 or self._before is None:
            return
        decision, for_battery_w = self._before
        self._sums["hidden_wh"] += hidden_wh
        for cause, part_w in lost_by_cause(lost_wh / hours, decision, policies, for_battery_w=for_battery_w):
            self._lost_wh[cause] = self._lost_wh.get(cause, 0.0) + part_w * hours
