"""Plan: heat first or charge first? As much as the rest of the day leaves open.

The battery is the bucket below full, as in `balance`, but its goal is planned: every few minutes nine outlooks of the
day's sun and use tell how full it should be now so that neither sun is thrown away this afternoon nor charge missing
tonight (`outlooks`). Heat is what is spare beyond the way to that goal. It is held a little below full while
filling is sure, and topped up once it is not.

Without any expectation of the sun (no forecast, and no place or modules configured) it goes by `balance`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from attrs import frozen

from pv_heater.core.guards import battery_release_percent
from pv_heater.core.setting import setting
from pv_heater.core.surplus import Budget, View
from pv_heater.strategies.balance import Balance
from pv_heater.strategies.battery_bucket import (
    SmoothedSpare,
    battery_wish_w,
    capacity_wh,
    charge_limit_w,
    shared_out,
)
from pv_heater.strategies.hidden_sun import HiddenSun
from pv_heater.strategies.outlooks import (
    LEANINGS,
    Home,
    Stretch,
    levels_of,
    target_wh,
)
from pv_heater.strategies.regrets import USUAL_REGRETS, Regrets, regrets_of
from pv_heater.strategies.sun_ahead import QUARTER_S, SunAhead, quarters_between
from pv_heater.strategies.use_ahead import UseAhead

PLAN_EVERY_S = 300.0
"""The rest of the day changes slowly: planning every quarter hour would cost less than a thousandth."""
FILTER_S = 60.0
HEADROOM_WH = 100.0
"""Room that is kept below full: two kilowatts for three minutes, until a reading of the portal shows them."""
LEAST_HEADROOM_PERCENT = 2.0
FULL_FROM_PERCENT = 99.0
"""From here chargers may throttle: whole-percent meters and tapering hide where exactly."""
FILL_EVERY = timedelta(days=7)
"""Lithium is balanced and its meter set right by a full charge at least this often."""
CLEAR_OF_GUARD_PERCENT = 0.5
"""So far the battery stays above the charge at which the guard would switch off."""
LONGEST_ELAPSED_S = 300.0
"""A reading speaks for no longer than this before it."""


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
        self._use = UseAhead()
        self._sun: SunAhead | None = None
        self._hidden = HiddenSun(self._settings.probe_wh_per_day)
        self._saved: Mapping[str, Any] = {}
        self._day_ends_at: datetime | None = None
        self._hours: list[int] = []
        self._quarters_at: list[datetime] = []
        self._day: date | None = None
        self._zone = ZoneInfo("UTC")
        self._taken_s: float | None = None
        self._full_at: datetime | None = None
        self._planned_s: float | None = None
        self._fills_above_wh: list[float] = []
        self._waste_above_wh: list[float] = []
        self._target_percent = 100.0

    def budget(self, view: View) -> Budget:
        """What is spare beyond the battery's way to its planned charge."""
        sun = self._begin(view)
        soc_percent = view.reading.battery_soc_percent
        if view.spare_w is None or soc_percent is None or not sun.is_known:
            return self._by_balance(view, sun)
        goal_percent, why = self._goal(view, sun, soc_percent)
        above_goal = not view.feed_in and soc_percent > goal_percent
        if view.reading_is_new:
            self._learn(view, sun, soc_percent)
        spare_w = self._spare.update(view, view.spare_w, may_hide_more=above_goal)
        give_w = self._give_w(view, soc_percent)
        battery_w = battery_wish_w(view, goal_percent, give_w)
        power_w = min(spare_w - battery_w, max(spare_w, view.spare_w) + max(give_w, -battery_w))
        because = f"{shared_out(spare_w, battery_w, soc_percent)}; {why}"
        rule = "plan"
        if soc_percent >= FULL_FROM_PERCENT and not view.feed_in:
            trial_w = self._hidden.trial_w(view, sun.expected_now_w(view.now), spare_w)
            if trial_w is not None and trial_w > power_w:
                power_w, rule = trial_w, "probe"
                because = f"trying whether the full battery hides {trial_w:.0f} W of sun; {because}"
        return Budget(
            power_w=max(0.0, power_w),
            battery_w=max(0.0, min(battery_w, spare_w)),
            rule=rule,
            because=because,
            margins={"surplus_w": round(power_w, 1), "target_percent": round(goal_percent, 1)},
        )

    def state(self) -> dict[str, Any]:
        """What was learned of sun and use, and the day so far."""
        if self._sun is None:
            return dict(self._saved)
        return {
            "day": self._day.isoformat() if self._day else None,
            "full_at": self._full_at.isoformat() if self._full_at else None,
            "probed_wh": round(self._hidden.spent_wh, 1),
            "sun": self._sun.state(),
            "use": self._use.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what an earlier `state` told, once the first view tells what day it is."""
        self._saved = state

    def _begin(self, view: View) -> SunAhead:
        """The day's beginning, and what is expected of it."""
        if self._sun is None:
            self._zone = ZoneInfo(view.site.timezone)
            self._sun = SunAhead(view.site)
        ends_at = self._day_ends_at
        if ends_at is None or not ends_at - timedelta(days=2) <= view.now < ends_at:
            self._begin_day(view, self._sun)
        self._sun.take(view.forecast, self._quarters_at)
        return self._sun

    def _begin_day(self, view: View, sun: SunAhead) -> None:
        today = view.now.astimezone(self._zone).date()
        start_at, self._day_ends_at = self._midnight(today), self._midnight(today + timedelta(days=1))
        self._quarters_at = quarters_between(start_at, self._day_ends_at)
        self._hours = [at.astimezone(self._zone).hour for at in self._quarters_at]
        self._planned_s = None
        if self._saved:
            self._take_back(view, sun)
        sun.begin_day(self._quarters_at)
        if today != self._day:
            sun.end_day()
            self._use.end_day()
            self._hidden.begin_day()
        self._day = today

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(0), self._zone).astimezone(UTC)

    def _take_back(self, view: View, sun: SunAhead) -> None:
        saved, self._saved = self._saved, {}
        sun.restore(_mapping(saved.get("sun")))
        self._use.restore(_mapping(saved.get("use")))
        if isinstance(saved.get("probed_wh"), int | float):
            self._hidden.restore(max(0.0, float(saved["probed_wh"])))
        try:
            self._day = date.fromisoformat(str(saved.get("day")))
            full_at = datetime.fromisoformat(str(saved.get("full_at")))
        except ValueError:
            return
        self._full_at = min(full_at, view.now) if full_at.tzinfo is not None else None

    def _by_balance(self, view: View, sun: SunAhead) -> Budget:
        budget = self._balance.budget(view)
        if sun.is_known:
            return budget
        why = "no forecast, and without place and modules no sky to go by"
        return replace(budget, because=f"{why}, so by balance: {budget.because}")

    def _learn(self, view: View, sun: SunAhead, soc_percent: float) -> None:
        """Take note of a new reading."""
        before_s, self._taken_s = self._taken_s, view.taken_tick_s
        elapsed_s = min(LONGEST_ELAPSED_S, view.taken_tick_s - before_s) if before_s is not None else 0.0
        if soc_percent >= FULL_FROM_PERCENT or self._full_at is None:
            self._full_at = view.now
        if elapsed_s <= 0:
            return
        taken_at = view.reading.taken_at
        if view.base_w is not None:
            self._use.observe(taken_at.astimezone(self._zone).hour, view.base_w, elapsed_s)
        if view.reading.pv_w is not None and not self._may_hide(view, soc_percent):
            sun.observe(taken_at, view.reading.pv_w, elapsed_s)
        if soc_percent >= self._hold_percent(view):
            self._hidden.note(view, elapsed_s)

    def _may_hide(self, view: View, soc_percent: float) -> bool:
        """Whether chargers throttle or might: such samples teach nothing about the sun."""
        if view.reading.pv_throttled is not None:
            return view.reading.pv_throttled
        return not view.feed_in and soc_percent >= FULL_FROM_PERCENT

    def _goal(self, view: View, sun: SunAhead, soc_percent: float) -> tuple[float, str]:
        """(charge that the battery should come to, why)."""
        if self._planned_s is None or view.tick_s - self._planned_s >= PLAN_EVERY_S:
            self._planned_s = view.tick_s
            self._make_plan(view, sun)
        stored_wh = soc_percent / 100.0 * capacity_wh(view)
        filling = bisect_right(self._fills_above_wh, stored_wh)
        wasting = bisect_left(self._waste_above_wh, stored_wh)
        hold_percent = self._hold_percent(view) if 2 * filling >= len(LEANINGS) else 100.0
        goal_percent = max(self._floor_percent(view), min(self._target_percent, hold_percent))
        if self._must_fill(view):
            goal_percent = 100.0
        of_all = f"{filling} of {len(LEANINGS)} outlooks still fill it today, {wasting} waste sun"
        return goal_percent, f"the aim is {goal_percent:.0f} %: {of_all}"

    def _must_fill(self, view: View) -> bool:
        """Lead must absorb every day, lithium be full once a week; both come before anything else."""
        battery = view.site.battery
        if battery is not None and battery.chemistry == "lead":
            return True
        return self._full_at is not None and view.now - self._full_at >= FILL_EVERY

    def _make_plan(self, view: View, sun: SunAhead) -> None:
        rest_of_day = self._rest_of_day(view, sun)
        home = Home(capacity_wh=capacity_wh(view), charge_limit_w=charge_limit_w(view), heaters_w=view.capacity_w)
        _, spread = sun.correction()
        outlooks = [levels_of(rest_of_day, home, leaning, spread) for leaning in LEANINGS]
        self._fills_above_wh = sorted(outlook.fills_above_wh for outlook in outlooks)
        self._waste_above_wh = sorted(outlook.waste_above_wh for outlook in outlooks)
        regrets = self._regrets(view, sun)
        self._target_percent = 100.0 * target_wh(outlooks, home.capacity_wh, regrets) / home.capacity_wh

    def _regrets(self, view: View, sun: SunAhead) -> Regrets:
        """By the prices of today, where they are known."""
        if not view.prices:
            return USUAL_REGRETS
        lit_at = [at for number, at in enumerate(self._quarters_at) if sun.clear_w(number) > 0]
        dark_at = [at for number, at in enumerate(self._quarters_at) if not sun.clear_w(number) > 0]
        return regrets_of(view.prices, lit_at, dark_at, sold=view.feed_in)

    def _rest_of_day(self, view: View, sun: SunAhead) -> list[Stretch]:
        """From now until the last light of the local day, quarter by quarter."""
        factor, _ = sun.correction()
        use_w = self._use.by_hour_w()
        rest: list[Stretch] = []
        lit = 0
        for number, (at, hour) in enumerate(zip(self._quarters_at, self._hours, strict=True)):
            left_s = min(QUARTER_S, (at - view.now).total_seconds() + QUARTER_S)
            if left_s <= 0:
                continue
            expected_w, clear_w = factor * (sun.expected_w(number) or 0.0), sun.clear_w(number)
            rest.append(Stretch(hours=left_s / 3600.0, sun_w=expected_w, clear_w=clear_w, use_w=use_w[hour]))
            if expected_w > 0 or clear_w > 0:
                lit = len(rest)
        return rest[:lit]

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

    def _give_w(self, view: View, soc_percent: float) -> float:
        """What the battery may give: only where it is so full that sun may hide. It is not discharged for heat."""
        if view.feed_in or soc_percent < max(self._hold_percent(view), self._floor_percent(view)):
            return 0.0
        return self._hidden.give_w(view)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
