"""The rest of today: what sun and use are expected, and how full the battery should be now for it.

Keeps what is learned of both, and plans anew every few minutes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pv_heater.core.house.surplus import View
from pv_heater.core.settings.home import Site
from pv_heater.strategies.balance import capacity_wh, charge_limit_w
from pv_heater.strategies.expected_sun import QUARTER_S, SunToday
from pv_heater.strategies.expected_use import UseAhead
from pv_heater.strategies.outlooks import (
    LEANINGS,
    USUAL_REGRETS,
    Home,
    Regrets,
    Stretch,
    levels_of,
    regrets_of,
    target_wh,
)

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


class DayPlan:
    """Learns, expects and plans for one home."""

    def __init__(self, site: Site) -> None:
        self._today = SunToday(site)
        self._sun = self._today.sun
        self._use = UseAhead()
        self._quarters_at: list[datetime] = []
        self._hours: list[int] = []
        """The local hour of each quarter."""
        self._planned_s: float | None = None
        self._fills_above_wh: list[float] = []
        self._waste_above_wh: list[float] = []
        self._target_percent = 100.0

    def begin(self, view: View) -> bool:
        """Take the forecast, and begin the day if it is a new one; True if it is."""
        is_new = self._today.begin(view)
        if self._quarters_at is not self._today.quarters_at:
            self._quarters_at = self._today.quarters_at
            self._hours = [at.astimezone(self._today.zone).hour for at in self._quarters_at]
            self._planned_s = None
        if is_new:
            self._use.end_day()
        return is_new

    @property
    def is_known(self) -> bool:
        """Whether anything can be expected of the sun."""
        return self._sun.is_known

    def observe(self, view: View, elapsed_s: float, *, sun_hides: bool) -> None:
        """Learn from a new reading that stands for `elapsed_s`; with `sun_hides` it says nothing of the sun."""
        taken_at = view.reading.taken_at
        if view.house.base_w is not None:
            self._use.observe(taken_at.astimezone(self._today.zone).hour, view.house.base_w, elapsed_s)
        if view.reading.pv_w is not None and not sun_hides:
            self._sun.observe(taken_at, view.reading.pv_w, elapsed_s)

    def expected_now_w(self, now: datetime) -> float | None:
        """PV power that the sky should give now; None when nothing is known of it."""
        return self._sun.expected_now_w(now)

    def spare_now_w(self, now: datetime) -> float | None:
        """What the sky should give now beyond the house's usual use in this hour; None when nothing is known of it."""
        expected_w = self.expected_now_w(now)
        return None if expected_w is None else expected_w - self._use.at_hour_w(now.astimezone(self._today.zone).hour)

    def aim(self, view: View, soc_percent: float) -> Aim:
        """The charge to aim at now, by a plan that is at most a few minutes old."""
        old = self._planned_s is not None and view.house.tick_s - self._planned_s >= PLAN_EVERY_S
        if self._planned_s is None or (old and not self._sun.is_dark(view.house.now)):
            self._planned_s = view.house.tick_s
            self._make(view)
        stored_wh = soc_percent / 100.0 * capacity_wh(view)
        return Aim(
            target_percent=self._target_percent,
            filling=bisect_right(self._fills_above_wh, stored_wh),
            wasting=bisect_left(self._waste_above_wh, stored_wh),
        )

    def state(self) -> dict[str, Any]:
        """What was learned of sun and use, and the day so far."""
        return {**self._today.state(), "use": self._use.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave; anything else is ignored."""
        self._today.restore(state)
        use = state.get("use")
        self._use.restore(use if isinstance(use, Mapping) else {})

    def _make(self, view: View) -> None:
        rest_of_day = self._rest_of_day(view.house.now)
        home = Home(
            capacity_wh=capacity_wh(view),
            charge_limit_w=charge_limit_w(view),
            heaters_w=view.loads.capacity_w,
            wanted_wh=view.loads.wanted_wh,
        )
        _, spread = self._sun.correction()
        outlooks = [levels_of(rest_of_day, home, leaning, spread) for leaning in LEANINGS]
        self._fills_above_wh = sorted(outlook.fills_above_wh for outlook in outlooks)
        self._waste_above_wh = sorted(outlook.waste_above_wh for outlook in outlooks)
        self._target_percent = 100.0 * target_wh(outlooks, home.capacity_wh, self._regrets(view)) / home.capacity_wh

    def _regrets(self, view: View) -> Regrets:
        """By the prices of today, where they are known."""
        if not view.prices:
            return USUAL_REGRETS
        lit_at = [at for number, at in enumerate(self._quarters_at) if self._sun.clear_w(number) > 0]
        dark_at = [at for number, at in enumerate(self._quarters_at) if not self._sun.clear_w(number) > 0]
        return regrets_of(view.prices, lit_at, dark_at, sold=view.feed_in)

    def _rest_of_day(self, now: datetime) -> list[Stretch]:
        """From now until the last light of the local day, quarter by quarter."""
        factor, _ = self._sun.correction()
        use_w = self._use.by_hour_w()
        gone_s = max(0.0, (now - self._quarters_at[0]).total_seconds())
        first = int(gone_s // QUARTER_S)
        hours = (QUARTER_S - gone_s % QUARTER_S) / 3600.0
        rest: list[Stretch] = []
        lit = 0
        for number in range(first, len(self._quarters_at)):
            expected_w, clear_w = factor * (self._sun.expected_w(number) or 0.0), self._sun.clear_w(number)
            rest.append(Stretch(hours=hours, sun_w=expected_w, clear_w=clear_w, use_w=use_w[self._hours[number]]))
            hours = QUARTER_S / 3600.0
            if expected_w > 0 or clear_w > 0:
                lit = len(rest)
        return rest[:lit]
