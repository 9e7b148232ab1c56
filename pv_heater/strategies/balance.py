"""Balance: spend what the house and the battery leave, without a forecast.

One law: heat = spare (smoothed) - what the battery needs. The battery is the energy bucket: it asks for its full charge
while it is well below a goal, less and less as it comes near, and gives a little back above it. Held a little below
full it never makes the chargers throttle, so no surplus hides, and errors of seconds or minutes go into a few Wh of
charge instead of waste or import. A battery already full gives the first watts of a probe, and the PV that comes back
pays for the next ones.

`Balance` gives the battery a fixed goal; `plan` takes the same parts and sets one for the hour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from math import exp
from typing import Any

from pv_heater.core.house.ahead.quarters import Stretch
from pv_heater.core.house.sun import sun_elevation_deg
from pv_heater.core.house.surplus import Budget, Foresight, View
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import setting
from pv_heater.core.model.values import Reading
from pv_heater.core.model.words import kilowatts, spare_text
from pv_heater.strategies.smoothed_spare import RAISE_W, SmoothedSpare

LEFT_AT_LIMIT_SHARE = 0.1
"""Of its charging limit, not kept for a battery that reaches it, where nobody tells that chargers throttle: a heater
takes it, and if the battery goes on as before, more sun was hidden, reading by reading."""
MORE_THAN_LIMIT = 1.02
"""A battery that takes more than that does not keep to its limit: nothing hides."""
RETURN_TIME_H = 0.25
"""Time in which the battery is brought back to its goal: a quarter hour, the pace of passing clouds."""
MEAN_OF_QUARTER = 1.0 - exp(-0.25 / RETURN_TIME_H)
"""Of the power with which a quarter hour begins that brings the battery back to its goal."""
EARLY_TAPER_PERCENT = 10.0
"""Some batteries take less and less over their last ten percent. More is never kept for one near full, or it would
throttle the chargers while the heater waits for sun that then cannot be seen."""
EVENING_SUN_DEG = 20.0
"""Below this height in the afternoon the battery is filled up: about two hours of useful sun are left."""


def battery_wish_w(view: View, goal_percent: float, give_w: float) -> float:
    """Power the battery should get (above 0) or may give (below 0, at most `give_w`) to come to its goal.

    Without a state of charge the battery keeps what it takes; only what it leaves is spare.
    """
    reading = view.reading
    soc_percent = view.charge_percent
    if soc_percent is None:
        return max(0.0, reading.battery_w or 0.0)
    wish_w = view.capacity_wh * (goal_percent - soc_percent) / 100.0 / RETURN_TIME_H
    most_w = _most_w(view.charge_limit_w, soc_percent)
    if reading.battery_w is not None:
        takes_w = reading.battery_w if reading.battery_w > 0 else 0.0
        if reading.grid_w is not None and reading.grid_w < 0 and not view.grid_passes:
            # What is sold was offered to the battery first: it takes no more than it does.
            wish_w = takes_w if takes_w < wish_w else wish_w
        elif reading.pv_throttled and not view.feed_in:
            # So was what is throttled; how much that is shows step by step.
            wish_w, give_w = min(wish_w, takes_w - RAISE_W), max(give_w, RAISE_W)
    wish_w = wish_w if wish_w > -give_w else -give_w
    if wish_w >= most_w and may_hide_at_limit(view):
        most_w *= 1.0 - LEFT_AT_LIMIT_SHARE
    return wish_w if wish_w < most_w else most_w


def may_hide_at_limit(view: View) -> bool:
    """Whether the battery takes all it can, so that nobody sees whether the sun would give more."""
    battery_w, limit_w = view.reading.battery_w, view.charge_limit_w
    told = view.feed_in or view.is_steered or view.reading.pv_throttled is not None
    battery = view.site.battery
    if told or battery_w is None or (battery is not None and battery.chemistry == "lead"):
        return False
    return (1.0 - LEFT_AT_LIMIT_SHARE) * limit_w <= battery_w <= MORE_THAN_LIMIT * limit_w


def _most_w(limit_w: float, soc_percent: float) -> float:
    """The most that is kept for a battery at that charge, which takes `limit_w` while it is far from full."""
    room_percent = 100.0 - soc_percent if soc_percent < 100.0 else 0.0
    return limit_w * (room_percent / EARLY_TAPER_PERCENT if room_percent < EARLY_TAPER_PERCENT else 1.0)


class TowardsGoal:
    """Satisfies `core.house.surplus.Foresight`: the battery comes to a goal first, as by `battery_wish_w`."""

    def __init__(
        self,
        view: View,
        goal_percent: Callable[[int, float, float], float],
        *,
        margin_w: float = 0.0,
        give_w: float = 0.0,
    ) -> None:
        """`goal_percent` answers the goal of a quarter by its number, the charge, and what loads may still take."""
        self.margin_w, self.give_w = margin_w, give_w
        self._goal_percent = goal_percent
        self._charge_limit_w = view.charge_limit_w
        self._usual_wh = MEAN_OF_QUARTER * view.capacity_wh

    def battery_w(self, number: int, soc_percent: float, wanted_wh: float) -> float:
        """The mean over that quarter: what is missing at its beginning is asked for less and less."""
        missing_percent = self._goal_percent(number, soc_percent, wanted_wh) - soc_percent
        wish_w = self._usual_wh * missing_percent / 100.0 / RETURN_TIME_H
        wish_w = wish_w if wish_w > -self.give_w else -self.give_w
        most_w = _most_w(self._charge_limit_w, soc_percent)
        return wish_w if wish_w < most_w else most_w


def battery_first(view: View) -> TowardsGoal:
    """The foresight of a law that heats with nothing that the battery could take."""
    return TowardsGoal(
        view,
        lambda number, soc_percent, wanted_wh: 100.0,  # noqa: ARG005
        margin_w=-view.grid_target_w,
    )


def target_text(grid_target_w: float) -> str | None:
    """What is aimed at beside nothing, as a part of a sentence; None where nothing is."""
    if not grid_target_w:
        return None
    watts = kilowatts(abs(grid_target_w))
    return f"{watts} may be bought" if grid_target_w > 0 else f"{watts} are left to the grid"


def planned_by_others(view: View) -> TowardsGoal | None:
    """The foresight where somebody else steers the battery and tells to which charge; None: nobody does."""
    percent = None if view.steering is None else view.steering.planned_percent
    if percent is None:
        return None
    return TowardsGoal(view, lambda number, soc_percent, wanted_wh: percent, margin_w=-view.grid_target_w)  # noqa: ARG005


def shared_out(spare_w: float, battery_w: float, reading: Reading, *, mean_s: float | None = None) -> str:
    """How the spare power was split, as a sentence: what is left for the loads is spare less what the battery takes.

    `mean_s`: over how many seconds `spare_w` is a mean; None: it is the newest reading's.
    """
    spare, soc_percent = spare_text(spare_w, mean_s), reading.battery_soc_percent
    if soc_percent is None and reading.battery_w is None:
        return spare  # there is no battery, as far as the meter knows
    battery = "battery" if soc_percent is None else f"battery {soc_percent:.0f} %"
    if battery_w >= 1 and battery_w >= spare_w > 0:
        return f"battery first, it takes up to {kilowatts(battery_w)}: {spare}, {battery}"
    if battery_w >= 1:
        return f"{spare}, {battery}{f' needs {kilowatts(battery_w)}' if spare_w > 0 else ''}"
    if battery_w <= -1:
        return f"{spare}, {battery} may give {kilowatts(-battery_w)}"
    return f"{spare}, {battery}{' needs nothing' if spare_w > 0 else ''}"


class Balance:
    """See the module's text."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        """What can be tuned; the defaults suit a lithium battery without feed-in."""

        hold_percent: float = setting(
            "charge at which the battery is held while the sun shines; lead and homes that may feed in use 100",
            default=97.0, unit="%", minimum=50, maximum=100, live=True,
        )  # fmt: skip
        filter_s: float = setting(
            "smoothing of the surplus; 0 follows every sample",
            default=60.0,
            unit="s",
            minimum=0,
            maximum=900,
            live=True,
        )
        margin_w: float = setting("surplus left unspent", default=0.0, unit="W", minimum=0, maximum=5000, live=True)

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or self.Settings()
        self._spare = SmoothedSpare(self._settings.filter_s)
        self._highest_sun_deg: float = -90.0
        self._heights_deg: dict[datetime, float] = {}
        """Of the sun, at the end of each quarter ahead."""

    def adopt(self, settings: Settings) -> None:
        """Go on with these; the mean goes on as well."""
        self._settings = settings
        self._spare.filter_s = settings.filter_s

    def budget(self, view: View) -> Budget:
        """The surplus beyond the battery's wish."""
        if view.house.spare_w is None:
            return Budget(
                power_w=0.0,
                rule="balance_blind",
                because=f"{view.reading.source} reports neither the house's use nor the grid",
            )
        soc_percent, hold_percent = view.charge_percent, self._hold_percent(view)
        above_hold = soc_percent is not None and not view.feed_in and soc_percent > hold_percent
        spare_w = self._spare.update(view, view.house.spare_w, may_hide_more=above_hold)
        give_w = 0.0 if view.feed_in or view.is_steered else view.limits.max_battery_discharge_w
        battery_w = battery_wish_w(view, hold_percent, give_w)
        power_w = spare_w - battery_w - self._settings.margin_w + view.grid_target_w
        return Budget(
            power_w=max(0.0, power_w),
            battery_w=max(0.0, min(battery_w, spare_w)),
            rule="balance",
            because=self._sentence(view, spare_w, battery_w),
            notice=self._spare.notice(),
            margins={"surplus_w": round(power_w, 1)},
        )

    def foresee(self, view: View, today: Sequence[Stretch], tomorrow: Sequence[Stretch]) -> Foresight:
        """The charge at which the battery is held by day, and a full one towards evening."""
        if (theirs := planned_by_others(view)) is not None:
            return theirs
        by_day_percent = self._day_percent(view)
        goals_percent, highest_deg = [], self._highest_sun_deg
        for sun_deg in self._sun_ahead(view, [*today, *tomorrow]):
            highest_deg = sun_deg if sun_deg < 0 else max(highest_deg, sun_deg)
            goals_percent.append(100.0 if _sinks(sun_deg, highest_deg) else by_day_percent)
        return TowardsGoal(
            view,
            lambda number, soc_percent, wanted_wh: goals_percent[number],  # noqa: ARG005
            margin_w=self._settings.margin_w - view.grid_target_w,
            give_w=0.0 if view.feed_in else view.limits.max_battery_discharge_w,
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
        margin = f"margin {kilowatts(margin_w)}" if margin_w > 0 else None
        parts = [text, margin, target_text(view.grid_target_w), self._spare.bridged()]
        return ", ".join(part for part in parts if part)

    def _hold_percent(self, view: View) -> float:
        if self._is_evening(view) and view.entitled_percent is None:
            return 100.0  # whatever came first by day, the night begins with a full battery
        return self._day_percent(view)

    def _day_percent(self, view: View) -> float:
        if view.entitled_percent is not None:
            return view.entitled_percent
        if view.battery_target_percent is not None:
            return view.battery_target_percent
        battery = view.site.battery
        if view.feed_in or (battery is not None and battery.chemistry == "lead"):
            return 100.0
        return self._settings.hold_percent

    def _is_evening(self, view: View) -> bool:
        """Whether the sun is low and sinking; unknown places have no evening."""
        if view.sun is None:
            return False
        sun_deg = view.sun.elevation_deg(view.house.now)
        if sun_deg < 0:
            self._highest_sun_deg = -90.0
        self._highest_sun_deg = max(self._highest_sun_deg, sun_deg)
        return _sinks(sun_deg, self._highest_sun_deg)

    def _sun_ahead(self, view: View, quarters: Sequence[Stretch]) -> list[float]:
        """The sun's height at the end of each quarter; in the zenith where the place is not known."""
        site, known = view.site, self._heights_deg
        if site.latitude is None or site.longitude is None:
            return [90.0] * len(quarters)
        ends_at = [quarter.end_at for quarter in quarters]
        self._heights_deg = {
            at: known[at] if at in known else sun_elevation_deg(site.latitude, site.longitude, at) for at in ends_at
        }
        return list(self._heights_deg.values())


def _sinks(sun_deg: float, highest_deg: float) -> bool:
    return sun_deg < min(EVENING_SUN_DEG, highest_deg - 3.0)
