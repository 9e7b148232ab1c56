"""Follows who steers the battery, from reading to reading, and cuts the budget to what counts meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import tzinfo
from typing import NamedTuple

from pv_heater.core.house.company.meanings import (
    ENDS,
    LOADS_TEXT,
    Share,
    contradicts,
    is_bought,
    meaning_of,
    sentence,
)
from pv_heater.core.house.surplus import Budget, View
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.steering import By, Does, Steering
from pv_heater.core.model.values import Reading
from pv_heater.core.model.words import kilowatts

KEPT_S = 900.0
"""What one meter told of it counts for so long while another one, that tells nothing of it, stands in."""
SETTLED_S = 20.0
SAME_ONE_S = 60.0
"""Another one is said after so long; another thing that the same one does, after so long."""
TOLD_S = 600.0
"""That it has ended is told for so long."""
THROTTLED_RAISE_W = 100.0
"""So much more than is seen may be tried while Victron says that trackers throttle: the sun that comes back pays."""
RETURN_TIME_H = 0.25


class _Kind(NamedTuple):
    by: By | None
    does: Does


NOBODY = _Kind(None, Does.UNKNOWN)


class Steered:
    """Follows who steers, from reading to reading."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._told_by: str | None = None
        self._told_s = 0.0
        self._reading: Reading | None = None
        self._said = NOBODY
        self._kind, self._since_s = NOBODY, 0.0
        self._text: str | None = None
        self._text_s = 0.0
        self.notices: tuple[str, ...] = ()
        """What the log should tell once, while it holds."""
        self.steering: Steering | None = None
        """What is believed of it now; None: nobody steers, or nobody tells."""

    @property
    def because(self) -> str | None:
        """What is done at this moment, with the newest numbers; None while nobody steers the battery."""
        steering, reading = self.steering, self._reading
        if steering is None or steering.by is None or reading is None:
            return None
        return sentence(steering, reading, self._zone)

    def observe(self, reading: Reading, taken_s: float) -> None:
        """A new reading."""
        steering = reading.steering
        if steering is not None:
            self._told_by, self._told_s = reading.source, taken_s
        elif self._told_by not in (None, reading.source) and taken_s - self._told_s < KEPT_S:
            steering = self.steering  # this meter does not know
        elif self._told_by is not None:
            self._told_by = None
        if steering is None and self.steering is None and self._said is NOBODY and self._text is None:
            return  # as in most homes
        self.steering, self._reading = steering, reading
        self._tell(steering, taken_s)

    def _tell(self, steering: Steering | None, taken_s: float) -> None:
        kind = NOBODY if steering is None or steering.by is None else _Kind(steering.by, steering.does)
        if kind != self._kind:
            self._kind, self._since_s = kind, taken_s
        if kind != self._said:
            if taken_s - self._since_s >= (SAME_ONE_S if kind.by is self._said.by else SETTLED_S):
                self._text = self.because if self._said.by is None or kind.by is not None else ENDS[self._said.by]
                self._said, self._text_s = kind, taken_s
        elif kind is NOBODY and self._text is not None and taken_s - self._text_s >= TOLD_S:
            self._text = None
        texts = () if self._text is None else (self._text,)
        self.notices = (*texts, LOADS_TEXT) if steering is not None and steering.opportunity_loads else texts

    def lowered(self, budget: Budget, view: View) -> Budget:
        """The strategy's answer, cut to what counts while somebody else moves the battery."""
        most_w = most_spare_w(view)
        if most_w is None or budget.power_w + budget.battery_w <= most_w:
            return budget
        battery_w = min(budget.battery_w, max(0.0, most_w - budget.power_w))
        budget = replace(budget, battery_w=battery_w)
        if not budget.power_w > most_w:
            return budget
        because = f"{self.because}; {kilowatts(most_w)} of it for the loads" if most_w > 0 else str(self.because)
        return replace(budget, power_w=most_w, rule=Rule.STEERED, because=because)


def most_spare_w(view: View) -> float | None:
    """The most that loads may have while somebody else steers the battery; None: as much as the strategy says."""
    steering = view.steering
    if steering is None or steering.by is None:
        return None
    share, reading = meaning_of(steering).share, view.reading
    if contradicts(steering, reading) or is_bought(reading, view.house.own_rise_w):
        share = Share.LEFT
    if share is Share.AS_EVER:
        return None
    sun_w = _sun_w(view)
    if sun_w is None:
        return 0.0
    battery_w, kept_w = reading.battery_w, min(0.0, view.grid_target_w)
    gives = battery_w is not None and battery_w < -view.limits.max_battery_discharge_w
    if share is Share.SUN:
        raised_w = THROTTLED_RAISE_W if reading.pv_throttled and not gives else 0.0
        return max(0.0, sun_w + raised_w + kept_w)
    if reading.grid_w is None or battery_w is None:
        return 0.0
    # What the grid bears of our own step, until the inverter has taken it over, is no want of the battery's.
    grid_w = reading.grid_w if reading.grid_w < 0 else max(0.0, reading.grid_w - view.house.own_rise_w)
    left_w = view.house.own_w - grid_w + min(0.0, battery_w)
    return max(0.0, min(left_w, sun_w - _wanted_w(steering, view)) + kept_w)


def _sun_w(view: View) -> float | None:
    """Sun beyond house and DC loads; None where only grid and battery could tell it, and one of them is silent."""
    reading = view.reading
    by_sum = reading.pv_w is not None and view.house.base_w is not None and reading.consumption_w is not None
    return view.house.spare_w if by_sum or (reading.grid_w is not None and reading.battery_w is not None) else None


def _wanted_w(steering: Steering, view: View) -> float:
    """What the battery is to be charged with before anything else: as planned, else by the charge that it lacks."""
    if steering.by is By.DYNAMIC_ESS:
        return max(0.0, steering.charge_w or 0.0)
    charge_percent, goal_percent = view.charge_percent, view.entitled_percent
    if charge_percent is None or goal_percent is None:
        return max(0.0, view.reading.battery_w or 0.0)
    wanted_w = view.capacity_wh * (goal_percent - charge_percent) / 100.0 / RETURN_TIME_H
    return min(view.charge_limit_w, max(0.0, wanted_w))
