"""Against legionella: every so many days the whole tank hot enough for long enough, by the sun if it manages.

Heat counts whoever paid for it. On the last days before the due day the sun may heat beyond the usual target; on the
due day itself it is bought, within the window, at the hour that costs least and of equal hours at the last. A try has
a longest time and a most energy; after those it gives up, says so, and tries again on the next day. Without a
temperature nothing is bought: heat that nobody measures proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from pv_heater.core.duties.cheapest_quarters import best_start, next_quarter, quarters_until
from pv_heater.core.duties.context import DutyContext
from pv_heater.core.duties.legionella_record import Hold, HygieneLedger
from pv_heater.core.duties.tank import heat_wh
from pv_heater.core.loads.duty import HYGIENE, Duty
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.local_time import window_at
from pv_heater.core.model.numbers import day_in, group_in, number_in
from pv_heater.core.model.tank import Cycle, HygieneRecord
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


class Stand(StrEnum):
    """Where the heating through of a tank stands."""

    WAITS = "waits"
    """It is not due, not the hour for it, or must not be bought for the moment."""
    RUNS = "runs"
    """The try of today is under way."""
    BLIND = "blind"
    """It is under way, and stopped: the temperature of the tank is not known."""
    GAVE_UP = "gave up"
    """The try had its time or its energy; the next day may try again."""


class Event(StrEnum):
    """What moves it on."""

    BEGINS = "begins"
    LOST = "lost"
    """The temperature is no longer known."""
    SEEN = "seen"
    """It is known again."""
    SPENT = "spent"
    """The longest time, or the most energy, of a try is used up."""
    HELD = "held"
    """The tank was hot enough for long enough, whoever heated it."""
    FORBIDDEN = "forbidden"
    """Nothing may be bought."""


STANDS: Mapping[Stand, Mapping[Event, Stand]] = {
    Stand.WAITS: {Event.BEGINS: Stand.RUNS, Event.HELD: Stand.WAITS, Event.FORBIDDEN: Stand.WAITS},
    Stand.RUNS: {
        Event.LOST: Stand.BLIND,
        Event.SPENT: Stand.GAVE_UP,
        Event.HELD: Stand.WAITS,
        Event.FORBIDDEN: Stand.WAITS,
    },
    Stand.BLIND: {Event.SEEN: Stand.RUNS, Event.HELD: Stand.WAITS, Event.FORBIDDEN: Stand.WAITS},
    Stand.GAVE_UP: {Event.BEGINS: Stand.RUNS, Event.HELD: Stand.WAITS, Event.FORBIDDEN: Stand.GAVE_UP},
}
"""The whole truth: what each event makes of each stand. What is not in it does not happen."""


@dataclass(slots=True)
class _Try:
    """One day's try; counts on when a restart or a lost probe comes between."""

    day: date
    run_s: float = 0.0
    bought_wh: float = 0.0


class Hygiene:
    """Keeps one tank's ledger, and says when it must be heated through."""

    def __init__(self, hot_water: HotWater, settings: HygieneSettings, zone: tzinfo) -> None:
        self._hot_water, self._settings, self._zone = hot_water, settings, zone
        self._hold = Hold()
        self._ledger = HygieneLedger()
        self._stand = Stand.WAITS
        self._try: _Try | None = None
        """The latest; None before the first, and once the tank was hot for long enough."""
        self._rests = False
        """Within a try: hot enough for the moment."""
        self._look_at: datetime | None = None
        """Before this instant it is not asked again whether a try should begin."""
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
        if self._is_under_way and self._try is not None:
            self._try.run_s += context.elapsed_s
            self._try.bought_wh += context.told_wh
        if self._hold.held_s >= settings.hold_s:
            self._credit(today)
        if not context.may_buy:
            self._on(Event.FORBIDDEN)
            return None
        self._look(context, today)
        return self._heat(context) if self._stand is Stand.RUNS else None

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

    def record(self) -> HygieneRecord:
        """The same as data, with the cycles before."""
        held_s = self._hold.held_s if self._hold.is_hot else 0.0
        return self._ledger.record(self._settings.at_c, self._settings.every_days, held_s)

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
                "gave_up": self._stand is Stand.GAVE_UP,
                "runs": self._is_under_way,
            },
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave; anything else is ignored."""
        self._ledger.restore(group_in(state, "ledger"))
        tried = group_in(state, "try")
        day = day_in(tried, "day")
        if day is not None:
            run_s, bought_wh = number_in(tried, "run_s") or 0.0, number_in(tried, "bought_wh") or 0.0
            self._try = _Try(day=day, run_s=run_s, bought_wh=bought_wh)
            if tried.get("gave_up") is True:
                self._stand = Stand.GAVE_UP
            else:
                self._stand = Stand.RUNS if tried.get("runs") is True else Stand.WAITS

    @property
    def _is_under_way(self) -> bool:
        return self._stand in (Stand.RUNS, Stand.BLIND)

    def _on(self, event: Event) -> None:
        self._stand = STANDS[self._stand][event]

    def _credit(self, today: date) -> None:
        """It was hot enough for long enough."""
        last = self._ledger.last
        if last is None or last.day != today:
            by_duty, warmest_c = self._is_under_way, self._hold.warmest_c
            bought_wh = self._try.bought_wh if self._try is not None and by_duty else 0.0
            self._ledger.note(Cycle(day=today, by_duty=by_duty, warmest_c=warmest_c, bought_wh=bought_wh))
            self.notice = f"hygiene done: {self.text()}"
        self._try = None
        self._on(Event.HELD)

    def _look(self, context: DutyContext, today: date) -> None:
        """What of this step moves it on: a temperature that is lost or seen again, the end of a try, its beginning."""
        if context.temperature_c is None:
            if self._stand is Stand.RUNS:
                self._on(Event.LOST)
                self.notice = "hygiene stopped: the temperature of its tank is not known; it goes on when it is"
            return
        if self._stand is Stand.BLIND:
            self._on(Event.SEEN)
        if self._stand is Stand.RUNS:
            self._end_if_spent(context)
        elif self._may_begin(context, today):
            self._on(Event.BEGINS)

    def _may_begin(self, context: DutyContext, today: date) -> bool:
        """Whether a try begins now: due, in its window, and at the best time that is left in it."""
        due_on = self._ledger.due_on(self._settings.every_days)
        window = window_at(context.now, self._settings.window.start, self._settings.window.end, self._zone)
        if due_on is None or today < due_on or window is None:
            self._look_at = None
            return False
        day, ends_at = window
        if self._stand is Stand.GAVE_UP and self._try is not None and self._try.day == day:
            return False
        if self._look_at is not None and context.now < self._look_at:
            return False
        self._look_at = next_quarter(context.now)
        if not self._is_time(context, ends_at):
            return False
        if self._try is None or self._try.day != day:
            self._try = _Try(day=day)
        self._look_at = None
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

    def _end_if_spent(self, context: DutyContext) -> None:
        """Give up for today once the try has had its time or its energy."""
        tried = self._try
        if tried is None:
            return
        if tried.run_s < self._longest_s(context) and tried.bought_wh < self._longest_wh:
            return
        self._on(Event.SPENT)
        settings = self._settings
        self.notice = (
            f"hygiene gave up for today: after {tried.run_s / 3600:.1f} h and {tried.bought_wh:.0f} Wh the tank has "
            f"{context.temperature_c or 0.0:.1f} degC and must hold {settings.at_c:.0f} degC for "
            f"{settings.hold_s / 60:.0f} min; it tries again tomorrow"
        )

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
