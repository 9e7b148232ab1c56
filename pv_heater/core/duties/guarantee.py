"""The daily guarantee: enough energy, or warm enough, by an hour, from sun if it comes and else when it costs least.

A day of the guarantee ends at `ready_by`, not at midnight: for hot water at seven in the morning yesterday's sun
counts. All that went in counts, whoever paid for it, and a thermostat that has opened has had enough. Unlike the
ancestor, which looked once, at one in the morning, and bought by tables, it looks every quarter of an hour until the
hour: what the sun brings meanwhile need not be bought, and what it fails to bring is bought late, but still in time.
After a vacation the hour is that of the return (`first_warm_day`), and the day goes on until `ready_by` after it.
The minima of a day and of two days both hold: the larger need counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from pv_heater.core.duties.cheapest_quarters import MARGIN, next_quarter, quarters_until, runs_now
from pv_heater.core.duties.context import DutyContext
from pv_heater.core.duties.tank import heat_wh
from pv_heater.core.loads.duty import GUARANTEE, Duty
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.local_time import next_at
from pv_heater.core.model.numbers import instant_in, number_in, text_in
from pv_heater.core.settings.home import READY_WITHIN
from pv_heater.core.settings.hot_water import season_at
from pv_heater.core.settings.load import LoadSettings

SPARE_TIME_S = 600.0
"""It begins this long before the last moment: a relay rests up to five minutes first, and tanks lose some."""
LEAST_RUN_S = 300.0
"""Before the last moment less than this at full power is not worth a start: a probe flickers by a tenth of a degree."""
MOST_DAYS = 2.0
"""It never buys more than so many times a day's need, by what the load was set to: a meter may read too little."""
TANKS_A_DAY = 3.0
"""So many times a day a tank may have to be warmed up from cold for `min_c`."""
LONGEST_DAY = timedelta(hours=26)
"""A day has 25 hours in autumn; an end further away was computed by a wrong clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Energy that one load must have had by an hour."""

    from_at: datetime
    until_at: datetime
    missing_wh: float


class Guarantee:
    """Counts what one load got, and says when it must run."""

    def __init__(self, policy: LoadSettings, zone: tzinfo) -> None:
        self._policy = policy
        self._zone = zone
        self._ends_at: datetime | None = None
        """The end of the day that is being counted."""
        self._given_wh = 0.0
        self._before_wh: float | None = None
        """What the day before got; None: not known."""
        self._bought_wh = 0.0
        self._was_full = False
        self._runs = False
        self._look_at: datetime | None = None
        self._gave_up = False
        self.missed: str | None = None
        """What the day before lacked at its end; None: nothing."""
        self.notice: str | None = None
        """The last thing worth telling."""

    def adopt(self, policy: LoadSettings) -> None:
        """Other settings of the same load; what the day got counts on, also where its end moves."""
        if policy.ready_by != self._policy.ready_by:
            self._ends_at = None
        self._policy, self._look_at = policy, None

    def duty(self, context: DutyContext) -> Duty | None:
        """Count the step that ended; the duty for the one that begins, None without."""
        self._begin_day(context)
        self._given_wh += context.given_wh
        self._bought_wh += context.told_wh if self._runs else 0.0
        self._was_full = self._was_full or context.drew_nothing
        missing_wh = self._missing_wh(context)
        if missing_wh <= 0 or not context.may_buy or self._ends_at is None or context.most_w <= 0:
            self._runs, self._look_at = False, None
            return None
        if self._has_bought_all(context):
            self._runs = False
            return None
        due_at = self._ends_at if context.returns_at is None else min(context.returns_at, self._ends_at)
        because = self._because_now(context, missing_wh, due_at)
        if because is None:
            return None
        until_s = context.tick_at(due_at)
        return Duty(rule=GUARANTEE, because=because, until_s=until_s, power_w=context.most_w)

    def ahead(self, context: DutyContext) -> tuple[Due, ...]:
        """What must be in by its next two hours, as far as is known now; empty without a guarantee."""
        ends_at, day_wh = self._ends_at, max(self._minima_wh()[0], self._minima_wh()[1] / 2)
        if ends_at is None or self._gave_up:
            return ()
        missing_wh, away = self._missing_wh(context), context.away_until_at
        if away is not None:
            from_at = max(context.now, away - READY_WITHIN)
            dues: tuple[Due, ...] = (Due(from_at=from_at, until_at=away, missing_wh=missing_wh),)
        else:
            dues = (
                Due(from_at=context.now, until_at=ends_at, missing_wh=missing_wh),
                Due(from_at=ends_at, until_at=ends_at + timedelta(days=1), missing_wh=day_wh),
            )
        return tuple(due for due in dues if due.missing_wh >= 1.0)

    def state(self) -> dict[str, Any]:
        """The count of this day and the one before."""
        return {
            "ends_at": self._ends_at.isoformat() if self._ends_at else None,
            "given_wh": round(self._given_wh, 1),
            "before_wh": None if self._before_wh is None else round(self._before_wh, 1),
            "bought_wh": round(self._bought_wh, 1),
            "was_full": self._was_full,
            "missed": self.missed,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave; anything else is ignored."""
        ends_at = instant_in(state, "ends_at")
        if ends_at is None:
            return
        self._ends_at = ends_at.astimezone(UTC)
        self._given_wh = number_in(state, "given_wh") or 0.0
        self._before_wh = number_in(state, "before_wh")
        self._bought_wh = number_in(state, "bought_wh") or 0.0
        self._was_full = state.get("was_full") is True
        self.missed = text_in(state, "missed")

    def _because_now(self, context: DutyContext, missing_wh: float, ends_at: datetime) -> str | None:
        """Why it must run now, or None: it can wait. Every quarter is decided anew; the last moment at once."""
        left_s = (ends_at - context.now).total_seconds()
        missing = f"{missing_wh:.0f} Wh are missing until {ends_at.astimezone(self._zone):%H:%M}"
        if MARGIN * missing_wh / context.most_w * 3600.0 + SPARE_TIME_S >= left_s:
            self._runs = True
            return f"{missing}, and no time is left to wait"
        if self._look_at is None or context.now >= self._look_at:
            quarters = quarters_until(context.now, ends_at, context.policy, context.ahead)
            worth_it = self._runs or missing_wh >= context.most_w * LEAST_RUN_S / 3600.0
            self._runs = worth_it and runs_now(quarters, missing_wh)
            self._look_at = next_quarter(context.now)
        return f"{missing}, more than the sun is expected to bring; it costs least now" if self._runs else None

    def _begin_day(self, context: DutyContext) -> None:
        ends_at, from_at = self._ends_at, context.returns_at or context.now
        if ends_at is not None and context.now < ends_at <= from_at + LONGEST_DAY:
            if ends_at < from_at:  # the day in which its owner returns is the one that counts
                self._ends_at, self._look_at = self._next_end(from_at), None
            return
        if ends_at is not None:
            is_next = ends_at <= context.now < ends_at + LONGEST_DAY - timedelta(hours=2)
            missing_wh = self._missing_wh(context)
            self.missed = None
            if is_next and missing_wh >= 1.0 and context.may_buy and context.away_until_at is None:
                self.missed = f"{missing_wh:.0f} Wh were missing at {self._clock_text(ends_at)}"
                self.notice = f"guarantee missed: {self.missed}"
            self._before_wh = self._given_wh if is_next else None
            self._given_wh = self._bought_wh = 0.0
            self._was_full = self._gave_up = False
        self._ends_at = self._next_end(from_at)
        self._runs, self._look_at = False, None

    def _next_end(self, at: datetime) -> datetime:
        """The next hour of the guarantee."""
        return next_at(at, self._policy.ready_by or time(0), self._zone)

    def _missing_wh(self, context: DutyContext) -> float:
        policy, hot_water = self._policy, self._policy.hot_water
        target_c, temperature_c = policy.target_c, context.temperature_c
        if self._was_full or (target_c is not None and temperature_c is not None and temperature_c >= target_c):
            return 0.0
        day_wh, two_days_wh = self._minima_wh()
        before_wh = two_days_wh / 2 if self._before_wh is None else self._before_wh
        missing_wh = max(day_wh - self._given_wh, two_days_wh - before_wh - self._given_wh)
        if hot_water is not None and hot_water.min_c is not None and temperature_c is not None:
            missing_wh = max(missing_wh, heat_wh(hot_water, temperature_c, hot_water.min_c))
        return max(0.0, missing_wh)

    def _minima_wh(self) -> tuple[float, float]:
        """(of a day, of two days) in the present season; 0 is none."""
        policy, hot_water = self._policy, self._policy.hot_water
        day_wh = policy.daily_min_wh or 0.0
        if hot_water is None:
            return day_wh, 0.0
        two_days_wh = hot_water.two_days_min_wh or 0.0
        season = season_at(hot_water.seasons, self._day())
        if season is None:
            return day_wh, two_days_wh
        return (
            day_wh if season.daily_min_wh is None else season.daily_min_wh,
            two_days_wh if season.two_days_min_wh is None else season.two_days_min_wh,
        )

    def _has_bought_all(self, context: DutyContext) -> bool:
        """Whether the most energy of a day is bought; says so once."""
        hot_water = self._policy.hot_water
        tank_wh = 0.0
        if hot_water is not None and hot_water.min_c is not None:
            tank_wh = TANKS_A_DAY * heat_wh(hot_water, hot_water.cold_c, hot_water.min_c)
        most_wh = max(MOST_DAYS * max(self._minima_wh()), tank_wh)
        if self._bought_wh >= most_wh and not self._gave_up:
            self._gave_up = True
            self.notice = (
                f"guarantee gave up for today: {self._bought_wh:.0f} Wh were bought and "
                f"{self._missing_wh(context):.0f} Wh are still missing; look at the heater and its meter"
            )
        return self._gave_up

    def _day(self) -> date:
        """The local day of the hour at which the counted day ends; an end at midnight belongs to the day before."""
        ends_at = self._ends_at or datetime.min.replace(tzinfo=UTC) + timedelta(days=2)
        return (ends_at - timedelta(seconds=1)).astimezone(self._zone).date()

    def _clock_text(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%Y-%m-%d %H:%M}"
