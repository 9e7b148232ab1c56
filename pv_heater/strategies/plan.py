"""Plan: heat first or charge first? As much as the rest of the day leaves open.

The battery is the bucket below full, as in `balance`, but its goal is planned: every few minutes nine outlooks of the
day's sun and use tell how full it should be now so that neither sun is thrown away this afternoon nor charge missing
tonight (`day_plan`, `outlooks`). Heat is what is spare beyond the way to that goal. The battery is held a little below
full while filling is sure, and topped up once it is not.

Without any expectation of the sun (no forecast, and no place or modules configured) it goes by `balance`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from attrs import frozen

from pv_heater.core.house.guards import battery_release_percent
from pv_heater.core.house.surplus import Budget, View
from pv_heater.core.model.numbers import json_number_of
from pv_heater.core.model.setting import setting
from pv_heater.core.model.words import NO_TIME
from pv_heater.strategies.balance import Balance, SmoothedSpare, battery_wish_w, capacity_wh, shared_out
from pv_heater.strategies.day_plan import Aim, DayPlan
from pv_heater.strategies.expected_sun import FULL_FROM_PERCENT, elapsed_s, sun_hides
from pv_heater.strategies.hidden_sun import HiddenSun
from pv_heater.strategies.kept_on import KeptOn
from pv_heater.strategies.outlooks import LEANINGS

FILTER_S = 60.0
HEADROOM_WH = 100.0
"""Room that is kept below full: two kilowatts for three minutes, until a reading of the portal shows them."""
LEAST_HEADROOM_PERCENT = 2.0
"""From 98 % on the charge current of most lithium batteries falls."""
FILL_EVERY = timedelta(days=7)
"""Lithium is balanced and its meter set right by a full charge at least this often."""
CLEAR_OF_GUARD_PERCENT = 0.5
"""So far the battery stays above the charge at which the guard would switch off."""


class Plan:
    """See the module's text."""

    @frozen(kw_only=True)
    class Settings:
        """Little to tune: the plan follows from site, loads, limits and tariff."""

        hold_percent: float | None = setting(
            "charge at which the battery is held while the sun shines; auto keeps 100 Wh free, at least 2 %",
            default=None, unit="%", minimum=50, maximum=100,
        )  # fmt: skip
        probe_wh_per_day: float = setting(
            "most the battery may give in a day to find sun that a full battery hides",
            default=300.0, unit="Wh", minimum=0, maximum=10_000,
        )  # fmt: skip

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or self.Settings()
        self._balance = Balance()
        self._spare = SmoothedSpare(FILTER_S)
        self._hidden = HiddenSun(self._settings.probe_wh_per_day)
        self._kept_on = KeptOn()
        self._day: DayPlan | None = None
        self._saved: Mapping[str, Any] = {}
        self._taken_s: float | None = None
        self._full_at: datetime | None = None

    def budget(self, view: View) -> Budget:
        """What is spare beyond the battery's way to its planned charge."""
        if not view.house.knows_time:
            budget = self._balance.budget(view)
            return replace(budget, because=f"{NO_TIME}, so by balance: {budget.because}")
        day = self._begin(view)
        soc_percent = view.charge_percent
        if view.house.spare_w is None or soc_percent is None or not day.is_known:
            return self._by_balance(view, day)
        aim = day.aim(view, soc_percent)
        hold_percent, floor_percent = self._hold_percent(view), self._floor_percent(view)
        goal_percent, outlook = self._goal(view, aim, hold_percent, floor_percent)
        if view.house.reading_is_new:
            self._learn(view, day, soc_percent, hold_percent)
        above_goal = not view.feed_in and soc_percent > goal_percent
        spare_w = self._spare.update(view, view.house.spare_w, may_hide_more=above_goal)
        give_w = 0.0
        if not view.feed_in and soc_percent >= hold_percent and soc_percent >= floor_percent:
            give_w = self._hidden.give_w(view)  # only where it is so full that sun may hide: not discharged for heat
        battery_w = battery_wish_w(view, goal_percent, give_w)
        power_w = min(spare_w - battery_w, max(spare_w, view.house.spare_w) + max(give_w, -battery_w))
        kept_w = self._kept_on.least_w(view, power_w)
        if kept_w is not None and (soc_percent < floor_percent or not self._may_keep_on(view, day, aim)):
            kept_w = None
        bridged = self._spare.bridged()
        because = shared_out(spare_w, battery_w, view.reading, mean_s=self._spare.mean_s)
        because = because if bridged is None else f"{because}, {bridged}"
        rule = "plan"
        if soc_percent >= FULL_FROM_PERCENT and not view.feed_in:
            trial_w = self._hidden.trial_w(view, day.expected_now_w(view.house.now), spare_w)
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

    def state(self) -> dict[str, Any]:
        """What was learned of sun and use, and the day so far."""
        if self._day is None:
            return dict(self._saved)
        return {
            **self._day.state(),
            "full_at": self._full_at.isoformat() if self._full_at else None,
            "probed_wh": round(self._hidden.spent_wh, 1),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what an earlier `state` gave, once the first view tells what day it is."""
        self._saved = state

    def _begin(self, view: View) -> DayPlan:
        """The day's plan, with what was saved if this is the first view."""
        if self._day is None:
            self._day = DayPlan(view.site)
            self._take_back(self._day, view.house.now)
        if self._day.begin(view):
            self._hidden.begin_day()
        return self._day

    def _take_back(self, day: DayPlan, now: datetime) -> None:
        saved, self._saved = self._saved, {}
        day.restore(saved)
        probed_wh = json_number_of(saved.get("probed_wh"))
        if probed_wh is not None:
            self._hidden.restore(max(0.0, probed_wh))
        try:
            full_at = datetime.fromisoformat(str(saved.get("full_at")))
        except ValueError:
            return
        self._full_at = min(full_at, now) if full_at.tzinfo is not None else None

    def _by_balance(self, view: View, day: DayPlan) -> Budget:
        budget = self._balance.budget(view)
        if day.is_known:
            return budget
        why = "no forecast, and without place and modules no sky to go by"
        return replace(budget, because=f"{why}, so by balance: {budget.because}")

    def _learn(self, view: View, day: DayPlan, soc_percent: float, hold_percent: float) -> None:
        """Take note of a new reading."""
        before_s, self._taken_s = self._taken_s, view.house.taken_tick_s
        if soc_percent >= FULL_FROM_PERCENT or self._full_at is None:
            self._full_at = view.house.now
        span_s = elapsed_s(view, before_s)
        if span_s <= 0:
            return
        day.observe(view, span_s, sun_hides=sun_hides(view))
        self._hidden.note(view, span_s, may_hide=soc_percent >= hold_percent)

    def _goal(self, view: View, aim: Aim, hold_percent: float, floor_percent: float) -> tuple[float, str]:
        """(charge that the battery should come to, why, as a sentence for the log and `why`)."""
        most_percent = hold_percent if 2 * aim.filling >= len(LEANINGS) else 100.0
        goal_percent = max(floor_percent, min(aim.target_percent, most_percent))
        if self._must_fill(view):
            goal_percent = 100.0
        return goal_percent, f"target charge {goal_percent:.0f} %; {_outlook(aim.filling, aim.wasting, len(LEANINGS))}"

    def _may_keep_on(self, view: View, day: DayPlan, aim: Aim) -> bool:
        """Whether a surplus is to be expected again, and every outlook gives back today what the battery gives now.

        Else each Wh is bought at night.
        """
        spare_w = day.spare_now_w(view.house.now)
        is_expected = spare_w is not None and spare_w >= view.loads.least_w
        return is_expected and aim.filling == len(LEANINGS) and not self._must_fill(view)

    def _must_fill(self, view: View) -> bool:
        """Lead must absorb every day, lithium be full once a week; both come before anything else."""
        battery = view.site.battery
        if battery is not None and battery.chemistry == "lead":
            return True
        return self._full_at is not None and view.house.now - self._full_at >= FILL_EVERY

    def _hold_percent(self, view: View) -> float:
        """As near to full as the battery is held while it will surely be filled."""
        if view.feed_in:
            return 100.0
        if self._settings.hold_percent is not None:
            return self._settings.hold_percent
        return 100.0 - max(LEAST_HEADROOM_PERCENT, 100.0 * HEADROOM_WH / capacity_wh(view))

    def _floor_percent(self, view: View) -> float:
        """Below this the battery comes first: what the owner wants, and clear of the guard."""
        floor_percent = battery_release_percent(view.site, view.limits) + CLEAR_OF_GUARD_PERCENT
        return min(100.0, max(floor_percent, view.battery_target_percent or 0.0))


def _outlook(filling: int, wasting: int, of: int) -> str:
    """What the forecasts say of the rest of the day."""
    sun = f"in {wasting or 'none'} sun is wasted"
    return f"in {filling} of {of} forecasts the battery still fills today, {sun}"
