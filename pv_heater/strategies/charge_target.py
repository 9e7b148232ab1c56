"""How full the battery should be now for what is expected of the rest of today; planned anew every few minutes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from pv_heater.core.house.ahead.quarters import Stretch
from pv_heater.core.house.surplus import View
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.prices import price_at
from pv_heater.strategies.outlooks import (
    LEANINGS,
    USUAL_REGRETS,
    Home,
    LevelsAhead,
    Regrets,
    levels_of,
    regrets_of,
    target_wh,
)

DAY = timedelta(days=1)
PLAN_EVERY_S = 300.0
"""The rest of the day changes slowly: planning every quarter hour would cost less than a thousandth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """How full the battery should be now, and how the outlooks stand at its present charge."""

    target_percent: float
    """May be below 0: all that is spare may heat."""
    filling: int
    """Outlooks in which the battery is full tonight if nothing more is heated."""
    wasting: int
    """Outlooks in which sun is thrown away although everything heats."""


class ChargeTarget:
    """Plans for one home, by what `HouseAhead` expects."""

    def __init__(self) -> None:
        self._quarters_at: list[datetime] = []
        self._planned_s: float | None = None
        self._fills_above_wh: list[float] = []
        self._waste_above_wh: list[float] = []
        self._target_percent = 100.0

    def aim(self, view: View, soc_percent: float) -> Aim:
        """The charge to aim at now, by a plan that is at most a few minutes old."""
        if self._quarters_at is not view.ahead.quarters_at:
            self._quarters_at = view.ahead.quarters_at
            self._planned_s = None
        old = self._planned_s is not None and view.house.tick_s - self._planned_s >= PLAN_EVERY_S
        if self._planned_s is None or (old and not view.ahead.sun.is_dark(view.house.now)):
            self._planned_s = view.house.tick_s
            self._make(view)
        stored_wh = soc_percent / 100.0 * view.capacity_wh
        return Aim(
            target_percent=self._target_percent,
            filling=bisect_right(self._fills_above_wh, stored_wh),
            wasting=bisect_left(self._waste_above_wh, stored_wh),
        )

    def _make(self, view: View) -> None:
        rest_of_day, home = view.ahead.rest_of_day(view.house.now), home_of(view)
        spread = view.ahead.sun.correction().spread
        outlooks = [levels_of(rest_of_day, home, leaning, spread) for leaning in LEANINGS]
        self._fills_above_wh = sorted(outlook.fills_above_wh for outlook in outlooks)
        self._waste_above_wh = sorted(outlook.waste_above_wh for outlook in outlooks)
        self._target_percent = 100.0 * target_wh(outlooks, home.capacity_wh, regrets_now(view)) / home.capacity_wh


def home_of(view: View) -> Home:
    """What the outlooks need to know of the home and its loads."""
    return Home(
        capacity_wh=view.capacity_wh,
        charge_limit_w=view.charge_limit_w,
        heaters_w=view.loads.capacity_w,
        wanted_wh=view.loads.wanted_wh,
    )


def regrets_now(view: View) -> Regrets:
    """For the rest of today, by the prices of the night that comes and of the hours in which sun will be to spare."""
    if not view.prices:
        return USUAL_REGRETS
    now, prices = view.house.now, view.prices
    lit_at, dark_at = _light_and_dark(view)
    later_at = [at + DAY if at < now and price_at(prices, at + DAY) is not None else at for at in dark_at]
    rest = [stretch for stretch in view.ahead.rest_of_day(now) if stretch.sun_w > stretch.use_w]
    spare_wh = {stretch.start_at: (stretch.sun_w - stretch.use_w) * stretch.hours for stretch in rest}
    return regrets_of(prices, lit_at, later_at, sold=view.feed_in, spare_wh=spare_wh)


def regrets_of_a_day(view: View) -> Regrets:
    """By the prices of today as a whole, where they are known."""
    return regrets_of(view.prices, *_light_and_dark(view), sold=view.feed_in) if view.prices else USUAL_REGRETS


def _light_and_dark(view: View) -> tuple[list[datetime], list[datetime]]:
    """The beginnings of today's quarters, those in which the sun may shine first."""
    ahead = view.ahead
    lit_at = [at for number, at in enumerate(ahead.quarters_at) if ahead.sun.clear_w(number) > 0]
    dark_at = [at for number, at in enumerate(ahead.quarters_at) if not ahead.sun.clear_w(number) > 0]
    return lit_at, dark_at


class TomorrowsLevels:
    """Those of tomorrow, which are the same until the day, the forecast, the loads or the prices are others."""

    def __init__(self) -> None:
        self._tomorrow: Sequence[Stretch] = ()
        self._made_for: tuple[Home, Regrets, float] | None = None
        self._levels: LevelsAhead | None = None

    def of(self, tomorrow: Sequence[Stretch], home: Home, regrets: Regrets, spread: float) -> LevelsAhead:
        """The levels, made anew if they must be."""
        made_for, levels = (home, regrets, spread), self._levels
        if levels is None or self._tomorrow is not tomorrow or self._made_for != made_for:
            self._tomorrow, self._made_for = tomorrow, made_for
            self._levels = levels = LevelsAhead(tomorrow, home, spread, regrets)
        return levels


class PlannedGoals:
    """The goal as it will be planned from quarter to quarter."""

    def __init__(
        self,
        view: View,
        today: Sequence[Stretch],
        tomorrow: LevelsAhead,
        goal_of: Callable[[float, int], float],
        *,
        must_fill: bool,
    ) -> None:
        """`goal_of` makes a goal of a target charge, percent, and of how many outlooks fill the battery."""
        home, spread = home_of(view), view.ahead.sun.correction().spread
        self._capacity_wh, self._goal_of, self._must_fill = home.capacity_wh, goal_of, must_fill
        self._midnight = len(today)
        self._today, self._tomorrow = LevelsAhead(today, home, spread, regrets_now(view)), tomorrow

    def goal_percent(self, number: int, soc_percent: float, wanted_wh: float) -> float:
        """The charge up to which the battery comes first in that quarter."""
        is_today = number < self._midnight
        if self._must_fill and is_today:
            return 100.0
        day, within = (self._today, number) if is_today else (self._tomorrow, number - self._midnight)
        target_wh, filling = day.aim(within, soc_percent / 100.0 * self._capacity_wh, wanted_wh)
        return self._goal_of(100.0 * target_wh / self._capacity_wh, filling)
