"""No run ends for what some minutes may bring back, while a load at its least costs next to nothing.

A closing wears the contact, and after it the load rests for minutes in which the sun, or the house's own peak, may be
over. So for a while the loads go down to the least at which one can run, and no further, where that is no more than
what a battery may give to loads in any case (`max_battery_discharge_w`). A load that needs more is not kept on.
"""

from __future__ import annotations

from pv_heater.core.house.surplus import View
from pv_heater.core.model.words import kilowatts

LONGEST_S = 300.0
"""So long a plan of the day is in force, and so long a load rests after a stop unless its owner chose otherwise."""


class KeptOn:
    """To be asked at each step, with what the strategy would answer."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        """Since when less was spare than a load can run at; None: it is not."""

    def least_w(self, view: View, power_w: float) -> float | None:
        """What keeps one load running though only `power_w` would be good; None: nothing is to be kept on."""
        if power_w >= view.loads.least_w or not view.loads.is_on or view.house.commanded_w <= 0:
            self._since_s = None
            return None
        if self._since_s is None:
            self._since_s = view.house.tick_s
        grid_w = view.reading.grid_w
        imports = grid_w is not None and grid_w > view.limits.max_grid_w
        is_over = view.house.tick_s - self._since_s >= LONGEST_S
        if imports or is_over or not 0 < view.loads.least_w <= view.limits.max_battery_discharge_w:
            return None
        return view.loads.least_w

    def sentence(self, view: View) -> str:
        """Why a load is kept on, and for how long at most."""
        since_s = view.house.tick_s if self._since_s is None else self._since_s
        left_s = LONGEST_S - (view.house.tick_s - since_s)
        return (
            f"kept on with {kilowatts(view.loads.least_w)} for up to {left_s:.0f} s: the battery fills in all forecasts"
        )
