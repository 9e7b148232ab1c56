"""Balance: spend what the house and the battery leave, without a forecast.

One law: heat = spare (smoothed) - what the battery needs. The battery wants its full charge while it is well below
a holding level, less and less as it comes near, and gives a little back above it. A battery already full gives the
first watts of a probe, and the PV that comes back pays for the next ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from pv_heater.core.setting import setting
from pv_heater.core.surplus import Budget, View
from pv_heater.core.words import kilowatts
from pv_heater.strategies.battery_bucket import SmoothedSpare, battery_wish_w, shared_out

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
        self._spare = SmoothedSpare(self._settings.filter_s)
        self._highest_sun_deg: float = -90.0

    def budget(self, view: View) -> Budget:
        """The surplus beyond the battery's wish."""
        if view.spare_w is None:
            return Budget(
                power_w=0.0,
                rule="balance_blind",
                because=f"{view.reading.source} reports neither the house's use nor the grid",
            )
        soc_percent, hold_percent = view.charge_percent, self._hold_percent(view)
        above_hold = soc_percent is not None and not view.feed_in and soc_percent > hold_percent
        spare_w = self._spare.update(view, view.spare_w, may_hide_more=above_hold)
        give_w = 0.0 if view.feed_in else view.limits.max_battery_discharge_w
        battery_w = battery_wish_w(view, hold_percent, give_w)
        power_w = spare_w - battery_w - self._settings.margin_w
        return Budget(
            power_w=max(0.0, power_w),
            battery_w=max(0.0, min(battery_w, spare_w)),
            rule="balance",
            because=self._sentence(view, spare_w, battery_w),
            notice=self._spare.notice(),
            margins={"surplus_w": round(power_w, 1)},
        )

    def state(self) -> dict[str, Any]:
        """Nothing is learned: the smoothing starts anew within a minute."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Nothing to take back."""

    def _sentence(self, view: View, spare_w: float, battery_w: float) -> str:
        text, margin_w = (
            shared_out(spare_w, battery_w, view.reading, mean_s=self._spare.mean_s),
            self._settings.margin_w,
        )
        parts = [text, f"margin {kilowatts(margin_w)}" if margin_w > 0 else None, self._spare.bridged()]
        return ", ".join(part for part in parts if part)

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
