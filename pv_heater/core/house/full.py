"""Full is what the battery no longer takes, whatever its monitor shows.

A charge may be shown above 100 %, not at all, frozen for hours, or truly end at 96 % because the battery's own
management stops there, and a cold battery takes nothing at any charge. What all of them have in common: sun that could
be had is left, and the battery does not take it.
"""

from __future__ import annotations

from pv_heater.core.guards import DONE_STATES
from pv_heater.core.settings import Site
from pv_heater.core.types import Reading

TAKES_SHARE_PER_H = 0.02
TAKES_LEAST_W = 50.0
"""Less than this share of its capacity in an hour, or this, is no charging: the management's own use, meters' noise."""
TOLD_S = 30.0
"""So long Victron says that trackers throttle, or that the charge has ended, before it is believed."""
EVEN_S = 300.0
EVEN_W, EVEN_GRID_W = 30.0, 60.0
"""Nobody says anything of throttling: so long the sun is just what the house draws, neither battery nor grid gives or
takes more. With loads of ours off that is no chance: somebody holds the sun back."""
SUN_W = 50.0
ENDS_S = 60.0
GIVES_W = 150.0
"""It is full no longer when it takes, or gives so much, for so long."""


class TakesNothing:
    """For one battery; shown every new reading in turn."""

    def __init__(self, site: Site) -> None:
        capacity_wh = 0.0 if site.battery is None else site.battery.capacity_wh
        self._takes_w = max(TAKES_LEAST_W, TAKES_SHARE_PER_H * capacity_wh)
        self._since_s: dict[str, float] = {}
        """Since when each sign has been seen in every reading."""
        self.is_full = False

    def observe(self, reading: Reading, taken_s: float, own_w: float) -> None:
        """`own_w`: what our loads drew in it."""
        battery_w = reading.battery_w
        if battery_w is None:
            self._since_s, self.is_full = {}, False
            return
        takes_nothing = battery_w <= self._takes_w
        done = reading.charger_state in DONE_STATES and reading.pv_throttled is not False
        signs = {
            "told": takes_nothing and (reading.pv_throttled is True or done) and battery_w >= -GIVES_W,
            "even": reading.pv_throttled is None and own_w <= 0 and _is_even(reading, battery_w),
            "ends": battery_w > 2 * self._takes_w or battery_w < -GIVES_W,
        }
        self._since_s = {name: self._since_s.get(name, taken_s) for name, is_seen in signs.items() if is_seen}
        if self._lasted("told", taken_s, TOLD_S) or self._lasted("even", taken_s, EVEN_S):
            self.is_full = True
        elif self._lasted("ends", taken_s, ENDS_S):
            self.is_full = False

    def _lasted(self, sign: str, taken_s: float, for_s: float) -> bool:
        return sign in self._since_s and taken_s - self._since_s[sign] >= for_s


def _is_even(reading: Reading, battery_w: float) -> bool:
    """Whether the sun is just what is used."""
    sun = (reading.pv_w or 0.0) > SUN_W
    return sun and abs(battery_w) <= EVEN_W and abs(reading.grid_w or 0.0) <= EVEN_GRID_W
