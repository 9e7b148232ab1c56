"""Import that our own loads cause though there is sun: answered by less power, not by off and rest.

An inverter smaller than the panels, a charge or a phase limit: whatever bounds the AC power shows as import while the
battery charges or the chargers throttle. What the house without the grid could carry is remembered for a while as a
ceiling, then tried again in small steps. And an ESS takes over each step of a load, ours or a kettle, within some
seconds, in which the grid bears it: such import passes by itself.
"""

from __future__ import annotations

from dataclasses import replace

from pv_heater.core.house.surplus import Budget
from pv_heater.core.model.power_balance import house_w
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.values import Reading
from pv_heater.core.model.words import kilowatts

PASSES_S = 4.0
"""Import that has lasted longer is not being taken over by the inverter."""
QUICK_S = 5.0
"""Only readings that come as quickly show what passes."""
ANSWERED_S = 20.0
"""So long less power may take to end an import, before the guard does."""
INTERVALS = 2.0
"""For a slow meter: until the second reading after the first that shows it."""
ANSWERED_WH = 6.0
"""Nor may it cost more, passing or not: 2 kW for 10 s."""
CALM_S = 30.0
"""After this long without import the next one is another one."""
LONGEST_ELAPSED_S = 300.0
"""A reading speaks for no longer than this before it."""
CHARGES_W = 50.0
"""A battery that is charged with more, while the grid delivers, has sun that does not reach the house."""
HOLD_S = 300.0
LONGEST_HOLD_S = 3600.0
"""A ceiling is kept so long; twice as long each time that it was tried again and still held."""
RAISE_W_PER_S = 100.0 / 60.0
"""Then it rises by 100 W a minute."""
SAME_S = 60.0
"""Import so soon after a ceiling was found corrects it; it is not a new try."""
ROOM_W = 1000.0
"""A ceiling so far above what house and loads together ever draw is forgotten."""


class Import:
    """How long, and for how many Wh, the grid has delivered more than its limit."""

    def __init__(self, limit_w: float) -> None:
        self.adopt(limit_w)
        self._since_s: float | None = None
        """When the first of the readings came that all show it; None: the newest does not."""
        self._seen_s: float | None = None
        self._calm_since_s: float | None = None
        self._spent_wh = 0.0
        self._interval_s = 0.0
        self.beyond_w = 0.0
        """What the newest reading shows beyond the limit, without what is due to a step of our own."""

    def adopt(self, limit_w: float) -> None:
        """From the next reading on, more than this counts."""
        self._limit_w = limit_w

    def observe(self, reading: Reading, tick_s: float, own_rise_w: float) -> None:
        """A new reading. `own_rise_w`: our loads rose by that in the seconds before, and the grid may still bear it."""
        elapsed_s = 0.0 if self._seen_s is None else tick_s - self._seen_s
        elapsed_s = elapsed_s if elapsed_s < LONGEST_ELAPSED_S else LONGEST_ELAPSED_S
        self._interval_s = reading.interval_s if reading.interval_s is not None else elapsed_s
        self._seen_s, grid_w = tick_s, reading.grid_w or 0.0
        over_w = grid_w - self._limit_w if grid_w > self._limit_w else 0.0
        self.beyond_w = over_w - own_rise_w if over_w > own_rise_w else 0.0
        if over_w > 0:
            self._spent_wh += over_w * elapsed_s / 3600.0 if self._calm_since_s is None else 0.0
            self._calm_since_s = None
        elif self._calm_since_s is None:
            self._calm_since_s = tick_s
        elif tick_s - self._calm_since_s >= CALM_S:
            self._spent_wh = 0.0
        if self.beyond_w <= 0:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = tick_s

    def lasted_s(self, tick_s: float) -> float:
        """Since when readings show it; 0 while the newest does not."""
        return 0.0 if self._since_s is None else tick_s - self._since_s

    def passes(self, tick_s: float) -> bool:
        """Whether what the grid delivers now may be a step that an inverter is taking over."""
        is_quick = self._seen_s is not None and self._interval_s <= QUICK_S
        lasts = self._since_s is not None and tick_s - self._since_s >= PASSES_S
        return is_quick and self._spent_wh < ANSWERED_WH and not lasts

    def is_answered(self, tick_s: float, *, can_fall: bool) -> bool:
        """Whether less power, or the inverter, may still end it; `can_fall`: loads have not come to their least yet.

        Never for longer, nor for more energy, than stated above.
        """
        if self._spent_wh >= ANSWERED_WH:
            return False
        if self.passes(tick_s):
            return True
        return can_fall and self.lasted_s(tick_s) < max(ANSWERED_S, INTERVALS * self._interval_s)


class Ceiling:
    """What can reach house and loads without the grid, where that has shown to be less than the sun gives."""

    def __init__(self) -> None:
        self._level_w: float | None = None
        """House and loads together; loads alone where the meter does not tell the house. None: no ceiling."""
        self._with_house = False
        self._found_s = self._raised_s = 0.0
        self._hold_s = HOLD_S
        self._import_w = 0.0
        self._now_w: float | None = None
        """What the loads may draw by the newest reading, whatever the cause; None: it shows no import that lasts."""

    def observe(self, reading: Reading, tick_s: float, own_w: float, imported: Import) -> None:
        """A new reading that certainly shows what our loads draw (`own_w`)."""
        grid_w, self._now_w = reading.grid_w, None
        if grid_w is None or imported.beyond_w <= 0 or imported.passes(tick_s):
            return
        if own_w > 0:
            self._now_w, self._import_w = max(0.0, own_w - grid_w), grid_w
        if own_w <= 0 or not _has_more_sun(reading):
            return
        house = house_w(reading)
        found_w = max(0.0, (own_w if house is None else max(house, own_w)) - grid_w)
        is_correction = self._level_w is not None and tick_s - self._found_s < SAME_S
        if not is_correction:
            again = self._level_w is not None and self._with_house is (house is not None)
            self._hold_s = min(LONGEST_HOLD_S, 2.0 * self._hold_s) if again else HOLD_S
            self._found_s = tick_s
        self._level_w, self._with_house = found_w, house is not None
        self._raised_s = tick_s + self._hold_s

    def pass_time(self, tick_s: float, most_w: float) -> None:
        """Once its time is over it rises, until nothing comes near it; `most_w`: the loads' full power together."""
        if self._level_w is None or tick_s <= self._raised_s:
            return
        self._level_w += RAISE_W_PER_S * (tick_s - self._raised_s)
        self._raised_s = tick_s
        if tick_s - self._found_s > LONGEST_HOLD_S + self._hold_s or self._level_w > most_w + ROOM_W + self._import_w:
            self.forget()

    def forget(self) -> None:
        """It was not our loads."""
        self._level_w = None

    def lowered(self, budget: Budget, base_w: float | None) -> Budget:
        """The strategy's answer, cut to what holds; `base_w` is the house without our loads."""
        if self._level_w is None and self._now_w is None:
            return budget  # as mostly
        most_w = self._most_w(base_w)
        if most_w is None:
            return budget
        battery_w = min(budget.battery_w, max(0.0, most_w - budget.power_w))
        if battery_w != budget.battery_w:
            budget = replace(budget, battery_w=battery_w)
        if not budget.power_w > most_w:
            return budget
        because = f"limited to {kilowatts(most_w)}: with more the grid delivered {kilowatts(self._import_w)}"
        return replace(budget, power_w=most_w, rule=Rule.CEILING, because=f"{because}; {budget.because}")

    def _most_w(self, base_w: float | None) -> float | None:
        if self._level_w is None or (self._with_house and base_w is None):
            return self._now_w
        most_w = max(0.0, self._level_w - (base_w or 0.0 if self._with_house else 0.0))
        return most_w if self._now_w is None else min(self._now_w, most_w)


def _has_more_sun(reading: Reading) -> bool:
    """Whether more sun is there than reaches the house: then import is not a lack of sun."""
    return bool(reading.pv_throttled) or (reading.battery_w or 0.0) > CHARGES_W
