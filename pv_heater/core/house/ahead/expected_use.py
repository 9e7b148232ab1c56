"""What the house will use, hour by hour: a usual household, then what this one has shown.

Learned over days by the hour, and scaled by the day so far. Pure: hours are handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp
from operator import mul
from typing import Any

from pv_heater.core.model.numbers import json_number_of
from pv_heater.core.settings.home import USUAL_HOUSE_W

USUAL_COURSE = (0.5,) * 6 + (1.0,) * 11 + (1.6,) * 5 + (0.9,) * 2
"""By local hour: half at night, most in the evening, as in the standard load profile of households."""
TRUST_H = 6.0
"""The day so far counts against so many usual hours."""
LEARNED_A_DAY = 0.1
"""Share of a new day in what is known of an hour: cooking and washing move, so habit is the mean of many days."""
CALM_FACTOR = 2.0
"""For what is likely, an hour of the day so far counts no more than so many usual ones: a wash is no habit."""
RECENT_H = 1.0
"""What the house draws beyond its habit is forgotten, and will be over, in about an hour: so long a wash lasts, and
cooking. With the cap above, the use until 18:00 of 37 recorded days is off by 2.26 kWh, by the scale alone by 2.49."""
LEAST_SHARE_OF_HOUR = 0.5
"""An hour must have been seen that long to teach."""


class UseAhead:
    """Learns and tells the use of the house without controlled loads."""

    def __init__(self) -> None:
        self._hours_w = [USUAL_HOUSE_W * share for share in USUAL_COURSE]
        self._today_wh = [0.0] * 24
        self._today_h = [0.0] * 24
        self._recent_w: float | None = None
        """Mean of the last hour or so; None before the first reading."""

    def observe(self, hour: int, use_w: float, elapsed_s: float) -> None:
        """The house used `use_w` for `elapsed_s` within the local hour `hour` (0..23)."""
        self._today_wh[hour] += use_w * elapsed_s / 3600.0
        self._today_h[hour] += elapsed_s / 3600.0
        recent_w = use_w if self._recent_w is None else self._recent_w
        self._recent_w = recent_w + (use_w - recent_w) * (1.0 - exp(-elapsed_s / 3600.0 / RECENT_H))

    def end_day(self) -> None:
        """Learn from the day that ended."""
        for hour, (seen_wh, seen_h) in enumerate(zip(self._today_wh, self._today_h, strict=True)):
            if seen_h >= LEAST_SHARE_OF_HOUR:
                self._hours_w[hour] += LEARNED_A_DAY * (seen_wh / seen_h - self._hours_w[hour])
        self._today_wh, self._today_h = [0.0] * 24, [0.0] * 24

    def by_hour_w(self) -> list[float]:
        """Expected use in each local hour of today, W: the usual course, scaled by the day so far."""
        scale = self._scale()
        return [scale * use_w for use_w in self._hours_w]

    def likely_w(self, now_hour: int, ahead: Sequence[tuple[int, float]]) -> list[float]:
        """What is most likely used at (local hour, hours from now), W: habit, and what is on now for as long as such
        things last. For what is shown; strategies hold on to `by_hour_w`, with the spread of their outlooks."""
        scale = self._calm_scale()
        beyond_w = 0.0 if self._recent_w is None else self._recent_w - scale * self._hours_w[now_hour]
        return [
            max(0.0, scale * self._hours_w[hour] + beyond_w * exp(-max(0.0, hours) / RECENT_H)) for hour, hours in ahead
        ]

    def tomorrow_by_hour_w(self) -> list[float]:
        """Expected use in each local hour of tomorrow, W: habit alone, whatever today is like."""
        return list(self._hours_w)

    def habit_w(self, hour: int) -> float:
        """Habit alone, in one local hour."""
        return self._hours_w[hour]

    def at_hour_w(self, hour: int) -> float:
        """The same for one local hour."""
        return self._scale() * self._hours_w[hour]

    def _calm_scale(self) -> float:
        """The day so far, as a share of a usual one, without what was no habit."""
        most_wh = [CALM_FACTOR * hours * use_w for hours, use_w in zip(self._today_h, self._hours_w, strict=True)]
        trust_wh = TRUST_H * sum(self._hours_w) / 24.0
        usual_wh = sum(most_wh) / CALM_FACTOR
        return (sum(map(min, self._today_wh, most_wh)) + trust_wh) / (usual_wh + trust_wh) if trust_wh > 0 else 1.0

    def _scale(self) -> float:
        """The day so far, as a share of a usual one."""
        trust_wh = TRUST_H * sum(self._hours_w) / 24.0
        usual_wh = sum(map(mul, self._today_h, self._hours_w))
        return (sum(self._today_wh) + trust_wh) / (usual_wh + trust_wh) if trust_wh > 0 else 1.0

    def state(self) -> dict[str, Any]:
        """Habits, and the day so far."""
        return {
            "hours_w": [round(use_w, 1) for use_w in self._hours_w],
            "today_wh": [round(energy_wh, 2) for energy_wh in self._today_wh],
            "today_h": [round(hours, 4) for hours in self._today_h],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave; anything else is ignored."""
        self._hours_w = _day_of(state.get("hours_w")) or self._hours_w
        self._today_wh = _day_of(state.get("today_wh")) or self._today_wh
        self._today_h = _day_of(state.get("today_h")) or self._today_h


def _day_of(values: Any) -> list[float] | None:
    """Twenty-four numbers that can be energies or powers, or None."""
    if not isinstance(values, list) or len(values) != 24:
        return None
    numbers = [number for value in values if (number := json_number_of(value)) is not None and number >= 0]
    return numbers if len(numbers) == len(values) else None
