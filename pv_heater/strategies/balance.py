"""Balance: spend what the house and the battery leave, without a forecast.

One law: heat = spare (smoothed) - what the battery wants. The battery wants its full charge while it is well below
a holding level, less and less as it comes near, and gives a little back above it. Held a little below full it never
makes the chargers throttle, so no surplus hides; a battery already full gives the first watts of a probe, and the PV
that comes back pays for the next ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, isfinite
from typing import Any

from attrs import frozen

from pv_heater.core.setting import setting
from pv_heater.core.surplus import Budget, View

RETURN_TIME_H = 0.25
"""Time in which the battery is brought back to its holding level: a quarter hour, the pace of passing clouds."""
EVENING_SUN_DEG = 20.0
"""Below this height in the afternoon the battery is filled up: about two hours of useful sun are left."""


class Balance:
    """See the module's text."""

    @frozen(kw_only=True)
    class Settings:
        """What can be tuned; the defaults suit a lithium battery without feed-in."""

        hold_percent: float = setting(
            "charge at which the battery is held while the sun shines; lead and homes that may feed in use 100",
            default=97.0, unit="%", minimum=50, maximum=100,
        )  # fmt: skip
        filter_s: float = setting(
            "smoothing of the surplus; 0 follows every sample", default=60.0, unit="s", minimum=0, maximum=900
        )
        margin_w: float = setting("surplus left unspent", default=0.0, unit="W", minimum=0, maximum=5000)

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or self.Settings()
        self._smooth_w: float | None = None
        self._smooth_taken_s: float | None = None
        self._highest_sun_deg: float = -90.0

    def budget(self, view: View) -> Budget:
        """The surplus beyond the battery's wish."""
        if view.spare_w is None:
            return Budget(
                power_w=0.0,
                rule="balance_blind",
                because=f"{view.reading.source} tells neither the house's use nor the grid",
            )
        spare_w = self._smoothed(view, view.spare_w)
        battery_w = self._battery_wish_w(view)
        power_w = spare_w - battery_w - self._settings.margin_w
        return Budget(
            power_w=max(0.0, power_w),
            battery_w=max(0.0, min(battery_w, spare_w)),
            rule="balance",
            because=_sentence(spare_w, battery_w, view),
            margins={"surplus_w": round(power_w, 1)},
        )

    def state(self) -> dict[str, Any]:
        """Nothing is learned: the smoothing starts anew within a minute."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Nothing to take back."""

    def _smoothed(self, view: View, spare_w: float) -> float:
        """A first-order filter over new samples; an import beyond the limit is believed at once.

        So is PV that comes back while the battery is above its holding level: each step of the search for hidden sun
        is paid for by the one before, and the battery carries an error.
        """
        reading = view.reading
        importing = reading.grid_w is not None and reading.grid_w > view.limits.max_grid_w
        smooth_w, taken_s, filter_s = self._smooth_w, self._smooth_taken_s, self._settings.filter_s
        if smooth_w is None or taken_s is None or not isfinite(smooth_w) or importing or filter_s <= 0:
            smooth_w = spare_w
        elif view.reading_is_new:
            elapsed_s = max(0.0, view.taken_tick_s - taken_s)
            smooth_w += (spare_w - smooth_w) * (1.0 - exp(-elapsed_s / filter_s))
            if self._is_above_hold(view):
                smooth_w = max(smooth_w, spare_w)
        self._smooth_w, self._smooth_taken_s = smooth_w, view.taken_tick_s
        return smooth_w

    def _is_above_hold(self, view: View) -> bool:
        soc_percent = view.reading.battery_soc_percent
        return soc_percent is not None and not view.feed_in and soc_percent > self._hold_percent(view)

    def _battery_wish_w(self, view: View) -> float:
        """Power the battery should get (above 0) or may give (below 0)."""
        reading, battery = view.reading, view.site.battery
        soc_percent = reading.battery_soc_percent
        if soc_percent is None:
            # Without a state of charge the battery keeps what it takes; only what it leaves is spare.
            return max(0.0, reading.battery_w or 0.0)
        capacity_wh = battery.capacity_wh if battery is not None else 5000.0
        most_w = battery.charge_limit_w if battery is not None else capacity_wh
        hold_percent = self._hold_percent(view)
        wish_w = capacity_wh * (hold_percent - soc_percent) / 100.0 / RETURN_TIME_H
        if reading.grid_w is not None and reading.grid_w < 0 and reading.battery_w is not None:
            # What is sold was offered to the battery first: it takes no more than it does.
            wish_w = min(wish_w, max(0.0, reading.battery_w))
        give_w = 0.0 if view.feed_in else view.limits.max_battery_discharge_w
        return min(most_w, max(-give_w, wish_w))

    def _hold_percent(self, view: View) -> float:
        if self._is_evening(view):
            return 100.0  # whatever came first by day, the night begins with a full battery
        if view.battery_target_percent is not None:
            return view.battery_target_percent
        battery = view.site.battery
        if view.feed_in or (battery is not None and battery.chemistry == "lead"):
            return 100.0
        return self._settings.hold_percent

    def _is_evening(self, view: View) -> bool:
        """Whether the sun is low and sinking; unknown places have no evening."""
        sun_deg = view.sun_elevation_deg
        if sun_deg is None:
            return False
        if sun_deg < 0:
            self._highest_sun_deg = -90.0
        self._highest_sun_deg = max(self._highest_sun_deg, sun_deg)
        return sun_deg < min(EVENING_SUN_DEG, self._highest_sun_deg - 3.0)


def _sentence(spare_w: float, battery_w: float, view: View) -> str:
    soc = view.reading.battery_soc_percent
    charge = f" at {soc:.0f} %" if soc is not None else ""
    if battery_w >= 1:
        share = f"the battery{charge} wants {battery_w:.0f} W of it"
    elif battery_w <= -1:
        share = f"the battery{charge} may give {-battery_w:.0f} W"
    else:
        share = f"the battery{charge} takes none"
    more_or_less = "more" if spare_w >= 0 else "less"
    return f"{abs(spare_w):.0f} W {more_or_less} sun than use, {share}"
