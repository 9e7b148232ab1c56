"""Plan: heat first or charge first? As much as the rest of the day leaves open.

The battery is the bucket below full, as in `balance`, but its goal is planned: every few minutes nine outlooks of the
day's sun and use tell how full it should be now so that neither sun is thrown away this afternoon nor charge missing
tonight (`charge_target`, `outlooks`). Heat is what is spare beyond the way to that goal. The battery is held a little
below full while filling is sure, and topped up once it is not.

Without any expectation of the sun (no forecast, and no place or modules configured) it goes by `balance`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from math import inf
from typing import Any

from pv_heater.core.house.ahead.quarters import Stretch
from pv_heater.core.house.surplus import FULL_FROM_PERCENT, Budget, Foresight, View
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import day_in, instant_in, json_number_of
from pv_heater.core.model.setting import setting
from pv_heater.core.model.words import NO_TIME
from pv_heater.strategies.balance import (
    Balance,
    TowardsGoal,
    battery_wish_w,
    may_hide_at_limit,
    planned_by_others,
    shared_out,
    target_text,
)
from pv_heater.strategies.charge_target import (
    Aim,
    ChargeTarget,
    PlannedGoals,
    TomorrowsLevels,
    home_of,
    regrets_of_a_day,
)
from pv_heater.strategies.hidden_sun import HiddenSun
from pv_heater.strategies.kept_on import KeptOn
from pv_heater.strategies.outlooks import OUTLOOKS
from pv_heater.strategies.smoothed_spare import SmoothedSpare

FILTER_S = 60.0
HEADROOM_WH = 100.0
"""Room that is kept below full: two kilowatts for three minutes, until a reading of the portal shows them."""
LEAST_HEADROOM_PERCENT = 2.0
"""From 98 % on the charge current of most lithium batteries falls."""
FILL_EVERY = timedelta(days=7)
"""Lithium is balanced and its meter set right by a full charge at least this often."""
CLEAR_OF_GUARD_PERCENT = 0.5
"""So far the battery stays above the charge at which the guard would switch off."""
HOUSE_PERCENT = 5.0
"""So much more is kept for the house itself, unless two of three outlooks waste sun: a kettle and an oven, which an
empty battery buys at noon. 240 Wh of 4.8 kWh."""


class Plan:
    """See the module's text."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        """Little to tune: the plan follows from site, loads, limits and tariff."""

        hold_percent: float | None = setting(
            "charge at which the battery is held while the sun shines; auto keeps 100 Wh free, at least 2 %",
            default=None, unit="%", minimum=50, maximum=100, live=True,
        )  # fmt: skip
        probe_wh_per_day: float = setting(
            "most the battery may give in a day to find sun that a full battery hides",
            default=300.0, unit="Wh", minimum=0, maximum=10_000, live=True,
        )  # fmt: skip

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or self.Settings()
        self._balance = Balance()
        self._spare = SmoothedSpare(FILTER_S)
        self._hidden = HiddenSun(self._settings.probe_wh_per_day)
        self._kept_on = KeptOn()
        self._target, self._tomorrow = ChargeTarget(), TomorrowsLevels()
        self._day: date | None = None
        """The local day; None before the first view."""
        self._saved: Mapping[str, Any] = {}
        self._full_at: datetime | None = None

    def adopt(self, settings: Settings) -> None:
        """Go on with these; the day's plan, what was learned and what was tried today stay."""
        self._settings = settings
        self._hidden.adopt(settings.probe_wh_per_day)

    def budget(self, view: View) -> Budget:
        """What is spare beyond the battery's way to its planned charge."""
        if not view.house.knows_time:
            budget = self._balance.budget(view)
            return replace(budget, because=f"{NO_TIME}, so by balance: {budget.because}")
        self._begin(view)
        soc_percent = view.charge_percent
        if view.house.spare_w is None or soc_percent is None or not view.ahead.is_known:
            return self._by_balance(view)
        aim = self._target.aim(view, soc_percent)
        hold_percent, floor_percent = self._hold_percent(view), self._floor_percent(view, aim.wasting)
        goal_percent, outlook = self._goal(view, aim, hold_percent, floor_percent)
        if view.house.reading_is_new:
            self._learn(view, soc_percent, hold_percent)
        above_goal = soc_percent > goal_percent or may_hide_at_limit(view)
        spare_w = self._spare.update(view, view.house.spare_w, may_hide_more=above_goal)
        give_w = 0.0
        if not (view.feed_in or view.is_steered) and soc_percent >= hold_percent and soc_percent >= floor_percent:
            give_w = self._hidden.give_w(view)  # only where it is so full that sun may hide: not discharged for heat
        battery_w = battery_wish_w(view, goal_percent, give_w)
        seen_w = spare_w if spare_w > view.house.spare_w else view.house.spare_w
        power_w = min(spare_w - battery_w, seen_w + (give_w if give_w > -battery_w else -battery_w))
        power_w += view.grid_target_w
        kept_w = self._kept_on.least_w(view, power_w)
        if kept_w is not None and (soc_percent < floor_percent or view.is_steered or not self._may_keep_on(view, aim)):
            kept_w = None
        because = shared_out(spare_w, battery_w, view.reading, mean_s=self._spare.mean_s)
        for more in (target_text(view.grid_target_w), self._spare.bridged()):
            if more is not None:
                because = f"{because}, {more}"
        rule = "plan"
        if soc_percent >= FULL_FROM_PERCENT and not view.feed_in and not view.is_steered:
            trial_w = self._hidden.trial_w(view, view.ahead.expected_now_w(view.house.now), spare_w)
            if trial_w is not None and trial_w > power_w:
                power_w, rule = trial_w, "probe"
                because = f"trying whether the full battery hides {trial_w:.0f} W of sun; {because}"
        if kept_w is not None and kept_w > power_w:
            power_w, because = kept_w, f"{self._kept_on.sentence(view)}; {because}"
        return Budget(
            power_w=max(0.0, power_w),
            battery_w=max(0.0, min(battery_w, spare_w - (kept_w or 0.0))),
            rule=rule,
            because=because,
            notice=self._spare.notice(),
            outlook=outlook,
            margins={"surplus_w": round(power_w, 1), "target_percent": round(goal_percent, 1)},
        )

    def foresee(self, view: View, today: Sequence[Stretch], tomorrow: Sequence[Stretch]) -> Foresight:
        """The goal that the outlooks of each quarter will set, or that of `balance` where it decides."""
        if view.house.spare_w is None or view.charge_percent is None or not view.ahead.is_known:
            return self._balance.foresee(view, today, tomorrow)
        if (theirs := planned_by_others(view)) is not None:
            return theirs
        wasting = self._target.aim(view, view.charge_percent).wasting
        hold_percent, floor_percent = self._hold_percent(view), self._floor_percent(view, wasting)
        goal_of = partial(_goal, hold_percent=hold_percent, floor_percent=floor_percent)
        # Of tomorrow no load has taken anything yet; what each takes in a day the walk knows.
        home = replace(home_of(view), wanted_wh=inf)
        levels = self._tomorrow.of(tomorrow, home, regrets_of_a_day(view), view.ahead.sun.morning_spread)
        goals = PlannedGoals(view, today, levels, goal_of, must_fill=self._must_fill(view))
        return TowardsGoal(view, goals.goal_percent, margin_w=-view.grid_target_w)

    def state(self) -> dict[str, Any]:
        """When the battery was full, and what was given to find hidden sun today."""
        if self._day is None:
            return dict(self._saved)
        return {
            "day": self._day.isoformat(),
            "full_at": self._full_at.isoformat() if self._full_at else None,
            "probed_wh": round(self._hidden.spent_wh, 1),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what an earlier `state` gave, once the first view tells what day it is."""
        self._saved = state

    def _begin(self, view: View) -> None:
        """Begin the day if it is a new one, with what was saved if this is the first view."""
        before = self._take_back(view.house.now) if self._day is None else self._day
        self._day = view.ahead.day
        if before != self._day:
            self._hidden.begin_day()

    def _take_back(self, now: datetime) -> date | None:
        """Go on from what was saved; the day it is of."""
        saved, self._saved = self._saved, {}
        probed_wh = json_number_of(saved.get("probed_wh"))
        if probed_wh is not None:
            self._hidden.restore(max(0.0, probed_wh))
        full_at = instant_in(saved, "full_at")
        self._full_at = None if full_at is None else min(full_at, now)
        return day_in(saved, "day")

    def _by_balance(self, view: View) -> Budget:
        budget = self._balance.budget(view)
        if view.ahead.is_known:
            return budget
        why = "no forecast, and without place and modules no sky to go by"
        return replace(budget, because=f"{why}, so by balance: {budget.because}")

    def _learn(self, view: View, soc_percent: float, hold_percent: float) -> None:
        """Take note of a new reading."""
        if soc_percent >= FULL_FROM_PERCENT or self._full_at is None:
            self._full_at = view.house.now
        span_s = view.ahead.learn(view.house, view.reading, sun_hides=view.sun_hides)
        if span_s > 0:
            self._hidden.note(view, span_s, may_hide=soc_percent >= hold_percent and not view.is_steered)

    def _goal(self, view: View, aim: Aim, hold_percent: float, floor_percent: float) -> tuple[float, str]:
        """(charge that the battery should come to, why, as a sentence for the log and `why`)."""
        goal_percent = _goal(aim.target_percent, aim.filling, hold_percent, floor_percent)
        if view.entitled_percent is not None:
            goal_percent = max(floor_percent, view.entitled_percent)
            return goal_percent, f"target charge {goal_percent:.0f} %, as who steers the battery has it"
        if self._must_fill(view):
            goal_percent = 100.0
        fills = f"in {aim.filling} of {OUTLOOKS} forecasts the battery still fills today"
        return goal_percent, f"target charge {goal_percent:.0f} %; {fills}, in {aim.wasting or 'none'} sun is wasted"

    def _may_keep_on(self, view: View, aim: Aim) -> bool:
        """Whether a surplus is to be expected again, and every outlook gives back today what the battery gives now.

        Else each Wh is bought at night.
        """
        spare_w = view.ahead.spare_now_w(view.house.now)
        is_expected = spare_w is not None and spare_w >= view.loads.least_w
        return is_expected and aim.filling == OUTLOOKS and not self._must_fill(view)

    def _must_fill(self, view: View) -> bool:
        """Lead must absorb every day, lithium be full once a week; both come before anything else."""
        battery = view.site.battery
        if battery is not None and battery.chemistry == "lead":
            return True
        return self._full_at is not None and view.house.now - self._full_at >= FILL_EVERY

    def _hold_percent(self, view: View) -> float:
        """As near to full as the battery is held while it will surely be filled."""
        if self._settings.hold_percent is not None:
            return self._settings.hold_percent
        headroom_percent = 100.0 * HEADROOM_WH / view.capacity_wh
        return 100.0 - (headroom_percent if headroom_percent > LEAST_HEADROOM_PERCENT else LEAST_HEADROOM_PERCENT)

    def _floor_percent(self, view: View, wasting: int) -> float:
        """Below this the battery comes first: what the owner wants, clear of the guard, and what a house draws at once.

        `wasting`: outlooks in which sun is thrown away at this charge.
        """
        floor_percent = view.house.least_charge.release_percent + CLEAR_OF_GUARD_PERCENT
        if 3 * wasting < 2 * OUTLOOKS:
            floor_percent += HOUSE_PERCENT
        target_percent = view.battery_target_percent
        if target_percent is not None and target_percent > floor_percent:
            floor_percent = target_percent
        return 100.0 if floor_percent > 100.0 else floor_percent


def _goal(target_percent: float, filling: int, hold_percent: float, floor_percent: float) -> float:
    """What is aimed at, no higher than the battery is held while most outlooks fill it, and no lower than its floor."""
    most_percent = hold_percent if 2 * filling >= OUTLOOKS else 100.0
    goal_percent = target_percent if target_percent < most_percent else most_percent
    return goal_percent if goal_percent > floor_percent else floor_percent
