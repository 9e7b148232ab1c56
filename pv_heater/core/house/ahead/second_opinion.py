"""A portal's own expectation of what the house will use, beside the habit that was learned here.

Neither is known to be better, so both are watched: hour by hour they are compared with what the house used, and weigh
by how far off each was. The portal counts the whole house, with the loads that this program switches; a factor, learned
as well, takes them out again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pv_heater.core.model.numbers import json_number_of
from pv_heater.core.model.values import Forecast

KEPT_AN_HOUR = 0.5 ** (1 / (7 * 24))
"""What was seen a week ago counts half."""
LEAST_HOURS = 48.0
"""So many must have been compared before it counts at all."""
LEAST_PART_OF_HOUR = 0.5
FACTOR_BOUNDS = (0.2, 5.0)


class SecondOpinion:
    """Learns how far to go by it. Without such a forecast it changes nothing."""

    def __init__(self) -> None:
        self._forecast: Forecast | None = None
        self._hour_at: datetime | None = None
        self._hours = self._seen_wh = self._told_wh = self._habit_wh = 0.0
        """The hour that is being watched."""
        self._counted = 0.0
        self._seen_before_wh = self._told_before_wh = 0.0
        self._told_off_wh = self._habit_off_wh = 0.0
        """Sums over the hours before, the older the less."""

    def take(self, forecast: Forecast | None) -> None:
        """Go by this one from now on; None, or one that tells nothing of the use: by none."""
        self._forecast = forecast if forecast is not None and forecast.use_steps else None

    def observe(self, at: datetime, use_w: float, habit_w: float, elapsed_s: float) -> None:
        """The house used `use_w` for `elapsed_s` around `at`, where habit expected `habit_w`."""
        told_w = None if self._forecast is None else self._forecast.use_w_at(at)
        if told_w is None:
            return
        hour_at = at.replace(minute=0, second=0, microsecond=0)
        if hour_at != self._hour_at:
            self._end_hour()
            self._hour_at = hour_at
        hours = elapsed_s / 3600.0
        self._hours += hours
        self._seen_wh += use_w * hours
        self._told_wh += told_w * hours
        self._habit_wh += habit_w * hours

    def weighed_w(self, at: datetime, use_w: float) -> float:
        """`use_w`, as habit expects it around `at`, and the opinion of that time, each by its weight."""
        told_w = None if self._forecast is None else self._forecast.use_w_at(at)
        if told_w is None:
            return use_w
        share = self.share
        return (1.0 - share) * use_w + share * self.factor * told_w

    @property
    def share(self) -> float:
        """What the opinion weighs, 0 to 1: habit has the rest."""
        told, habit = self._told_off_wh**2, self._habit_off_wh**2
        return habit / (habit + told) if self._counted >= LEAST_HOURS and habit + told > 0 else 0.0

    @property
    def factor(self) -> float:
        """What the house uses of what the portal expects."""
        least, most = FACTOR_BOUNDS
        return min(most, max(least, self._seen_before_wh / self._told_before_wh)) if self._told_before_wh > 0 else 1.0

    def state(self) -> dict[str, Any]:
        """What was learned; the hour under way is not worth keeping."""
        return {
            "counted": round(self._counted, 2),
            "seen_wh": round(self._seen_before_wh, 1),
            "told_wh": round(self._told_before_wh, 1),
            "told_off_wh": round(self._told_off_wh, 1),
            "habit_off_wh": round(self._habit_off_wh, 1),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave; anything else is ignored."""
        names = ("counted", "seen_wh", "told_wh", "told_off_wh", "habit_off_wh")
        numbers = [number for name in names if (number := json_number_of(state.get(name))) is not None and number >= 0]
        if len(numbers) == len(names):
            self._counted, self._seen_before_wh, self._told_before_wh, self._told_off_wh, self._habit_off_wh = numbers

    def _end_hour(self) -> None:
        """Learn from the hour that ended."""
        if self._hours >= LEAST_PART_OF_HOUR:
            off_wh = (abs(self._seen_wh - self.factor * self._told_wh), abs(self._seen_wh - self._habit_wh))
            kept = KEPT_AN_HOUR
            self._counted = kept * self._counted + 1.0
            self._told_off_wh = kept * self._told_off_wh + off_wh[0]
            self._habit_off_wh = kept * self._habit_off_wh + off_wh[1]
            self._seen_before_wh = kept * self._seen_before_wh + self._seen_wh
            self._told_before_wh = kept * self._told_before_wh + self._told_wh
        self._hours = self._seen_wh = self._told_wh = self._habit_wh = 0.0
