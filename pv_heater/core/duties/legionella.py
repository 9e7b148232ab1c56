"""Against legionella: every so many days the whole tank hot enough for long enough, by the sun if it manages.

Heat counts whoever paid for it. On the last days before the due day the sun may heat beyond the usual target; on the
due day itself it is bought, within the window, at the hour that costs least and of equal hours at the last. A try has
a longest time and a most energy; after those it gives up, says so, and tries again on the next day. Without a
temperature nothing is bought: heat that nobody measures proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from pv_heater.core.duties.cheapest_quarters import best_start, next_quarter, quarters_until
from pv_heater.core.duties.context import DutyContext
from pv_heater.core.duties.legionella_record import Cycle, Hold, HygieneLedger
from pv_heater.core.duties.tank import heat_wh
from pv_heater.core.loads.duty import HYGIENE, Duty
from pv_heater.core.model.local_time import window_at
from pv_heater.core.model.numbers import day_in, group_in, number_in
from pv_heater.core.settings.hot_water import HotWater
from pv_heater.core.settings.hot_water import Hygiene as HygieneSettings

SUN_DAYS = 2
"""So many days before the last allowed one the sun may heat beyond the target."""
ABOVE_C, AGAIN_C = 2.0, 1.0
"""It heats so far above what it must hold, and again when it has fallen so near."""
SLACK = 1.2
"""A tank loses some while it is heated, and its layers mix late."""
MOST_TANKS = 1.5
"""A try takes no more energy than so many times a whole tank from cold, nor longer than that takes and two holds."""


@dataclass(slots=True)
class _Try:
    """One day's try; counts on when a restart or a lost probe comes between."""

    day: date
    run_s: float = 0.0
    bought_wh: float = 0.0
    gave_up: bool = False


class Hygiene:
    """Keeps one tank's ledger, and says when it must be heated through."""

    def __init__(self, hot_water: HotWater, settings: HygieneSettings, zone: tzinfo) -> None:
        self._hot_water, self._settings, self._zone = hot_water, settings, zone
        self._hold = Hold()
        self._ledger = HygieneLedger()
        self._try: _Try | None = None
        self._runs = False
        """Whether the try of today is under way."""
        self._rests = False
        """Within a try: hot enough for the moment."""
        self._look_at: datetime | None = None
        self._blind = False
        self.notice: str | None = None
        """The last thing worth telling."""
        self._longest_wh = MOST_TANKS * heat_wh(hot_water, hot_water.cold_c, settings.at_c + ABOVE_C)

    def adopt(self, hot_water: HotWater, settings: HygieneSettings) -> None:
        """Other settings of the same tank; the ledger stays. A hold at another temperature begins anew."""
        if settings.at_c != self._settings.at_c:
            self._hold = Hold()
        self._hot_water, self._settings = hot_water, settings
        self._longest_wh = MOST_TANKS * heat_wh(hot_water, hot_water.cold_c, settings.at_c + ABOVE_C)

    def duty(self, context: DutyContext) -> Duty | None:
        """Take note of the step that ended; the duty for the one that begins, None without."""
        settings, today = self._settings, context.now.astimezone(self._zone).date()
        self._ledger.begin(today)
        self._hold.observe(context.temperature_c, settings.at_c, context.elapsed_s)
        if self._runs and self._try is not None:
            self._try.run_s += context.elapsed_s
            self._try.bought_wh += context.told_wh
        if self._hold.held_s >= settings.hold_s:
            self._credit(today)
        if not context.may_buy:
            self._runs = False
            return None
        if not self._may_run(context, today):
            return None
        return self._heat(context)

    def raised_c(self, now: datetime) -> float | None:
        """Up to which the sun may heat today, beyond the load's target; None: not today."""
        due_on = self._ledger.due_on(self._settings.every_days)
        if due_on is None or now.astimezone(self._zone).date() < due_on - timedelta(days=SUN_DAYS):
            return None
        return self._settings.at_c + ABOVE_C

    def text(self) -> str:
        """How it stands, as a sentence."""
        if self._hold.is_hot and self._hold.held_s < self._settings.hold_s:
            return f"{self._settings.at_c:.0f} degC, held for {self._hold.held_s / 60:.0f} min"
        return self._ledger.text(self._settings.at_c, self._settings.every_days)

    def state(self) -> dict[str, Any]:
        """The ledger and the try of today; a hold begins anew after a restart, since nobody watched."""
        tried = self._try
        return {
            "ledger": self._ledger.state(),
            "try": None
            if tried is None
            else {
                "day": tried.day.isoformat(),
                "run_s": round(tried.run_s),
                "bought_wh": round(tried.bought_wh, 1),
                "gave_up": tried.gave_up,
                "runs": self._runs,
            },
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave; anything else is ignored."""
        self._ledger.restore(group_in(state, "ledger"))
        tried = group_in(state, "try")
        day = day_in(tried, "day")
        if day is not None:
            run_s, bought_wh = number_in(tried, "run_s") or 0.0, number_in(tried, "bought_wh") or 0.0
            self._try = _Try(day=day, run_s=run_s, bought_wh=bought_wh, gave_up=tried.get("gave_up") is True)
            self._runs = tried.get("runs") is True and not self._try.gave_up

    def _credit(self, today: date) -> None:
        """It was hot enough for long enough."""
        last = self._ledger.last
        if last is None or last.day != today:
            bought_wh = self._try.bought_wh if self._try is not None and self._runs else 0.0
            warmest_c = self._hold.warmest_c
            self._ledger.note(Cycle(day=today, by_duty=self._runs, warmest_c=warmest_c, bought_wh=bought_wh))
            self.notice = f"hygiene done: {self.text()}"
        self._runs, self._try = False, None

    def _may_run(self, context: DutyContext, today: date) -> bool:
        """Whether a try is under way, or begins now."""
        if self._is_blind(context):
            return False
        if self._runs and self._try is not None:
            return not self._gives_up(self._try, context)
        due_on = self._ledger.due_on(self._settings.every_days)
        window = window_at(context.now, self._settings.window.start, self._settings.window.end, self._zone)
        if due_on is None or today < due_on or window is None:
            self._look_at = None
            return False
        day, ends_at = window
        if self._try is not None and self._try.day == day and self._try.gave_up:
            return False
        if self._look_at is not None and context.now < self._look_at:
            return False
        self._look_at = next_quarter(context.now)
        if not self._is_time(context, ends_at):
            return False
        if self._try is None or self._try.day != day:
            self._try = _Try(day=day)
        self._runs, self._look_at = True, None
        return True

    def _is_time(self, context: DutyContext, ends_at: datetime) -> bool:
        """Whether now is the best time left in the window to begin."""
        need_wh = SLACK * heat_wh(self._hot_water, context.temperature_c or 0.0, self._settings.at_c + ABOVE_C)
        run_s = need_wh / max(1.0, context.most_w) * 3600.0 + self._settings.hold_s
        last_at = ends_at - timedelta(seconds=run_s)
        if context.now >= last_at:
            return True
        quarters = quarters_until(context.now, ends_at, context.policy, context.ahead)
        return best_start(quarters, need_wh, last_at) == context.now

    def _is_blind(self, context: DutyContext) -> bool:
        """Whether the temperature is not known; says so once when it gets lost in a try."""
        if context.temperature_c is not None:
            self._blind = False
            return False
        if self._runs and not self._blind:
            self.notice = "hygiene stopped: the temperature of its tank is not known; it goes on when it is"
        self._blind = True
        return True

    def _gives_up(self, tried: _Try, context: DutyContext) -> bool:
        """Whether this try has had its time or its energy."""
        if tried.run_s < self._longest_s(context) and tried.bought_wh < self._longest_wh:
            return False
        tried.gave_up, self._runs = True, False
        settings = self._settings
        self.notice = (
            f"hygiene gave up for today: after {tried.run_s / 3600:.1f} h and {tried.bought_wh:.0f} Wh the tank has "
            f"{context.temperature_c or 0.0:.1f} degC and must hold {settings.at_c:.0f} degC for "
            f"{settings.hold_s / 60:.0f} min; it tries again tomorrow"
        )
        return True

    def _longest_s(self, context: DutyContext) -> float:
        """The longest time of a try at the load's full power."""
        return self._longest_wh / context.policy.max_power_w * 3600.0 + 2 * self._settings.hold_s

    def _heat(self, context: DutyContext) -> Duty | None:
        """The duty within a try: none while the tank is hot enough for the moment."""
        at_c, temperature_c = self._settings.at_c, context.temperature_c or 0.0
        self._rests = temperature_c >= at_c + (AGAIN_C if self._rests else ABOVE_C)
        if self._rests or context.most_w <= 0 or self._try is None:
            return None
        left_s = self._longest_s(context) - self._try.run_s
        because = (
            f"hygiene, {temperature_c:.1f} degC must become {at_c:.0f} and stay for "
            f"{self._settings.hold_s / 60:.0f} min"
        )
        return Duty(rule=HYGIENE, because=because, until_s=context.tick_s + left_s, power_w=context.most_w)
