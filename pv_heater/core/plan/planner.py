"""Makes the plan of the day, and keeps it until its time is over or something that it rests on has changed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo

from pv_heater.core.duties.duties import Duties
from pv_heater.core.house.ahead.quarters import QUARTER_S, Stretch, lit_until
from pv_heater.core.house.limited import tells_battery
from pv_heater.core.house.sun import DaylightHours, sunset_at
from pv_heater.core.house.surplus import Strategy, View
from pv_heater.core.loads.home_loads import HomeLoads
from pv_heater.core.loads.step_context import StepContext
from pv_heater.core.model.day_plan import DayPlan, PlannedRun, Purchase
from pv_heater.core.model.lean import passing
from pv_heater.core.model.prices import PricePeriod, price_at
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.values import Forecast
from pv_heater.core.plan.course import Course, PlannedHome, Walk
from pv_heater.core.plan.load_ahead import LoadAhead, load_ahead
from pv_heater.core.plan.plan_text import plan_text
from pv_heater.core.plan.purchases import note_of, purchases
from pv_heater.core.plan.runs import planned_runs
from pv_heater.core.settings.home import Limits, Site
from pv_heater.core.settings.load import BatteryShare

ANEW_S = 600.0
"""By day. A plan costs as much as ten ordinary steps, and what is expected of an evening changes slowly."""
ANEW_DARK_S = 1800.0
"""While the sun is down."""
FORECAST_S = 60.0
"""Another forecast makes another plan, but not in every step where every step has another."""
KEPT_S = 1800.0
"""Without readings the last plan counts no longer than this."""
DAY = timedelta(days=1)
HALF_A_QUARTER = timedelta(seconds=QUARTER_S / 2)
CLOCK_SET_S = 60.0
"""A wall clock that differs so far from the seconds that have passed was set."""


@passing(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a plan was made for; another makes another plan at once."""

    day: date
    vacation_until_at: datetime | None
    duties: frozenset[str]
    modes: list[tuple[Mode, float | None, str | None]]
    """Of each load its mode, until when, and its fault."""


class Planner:
    """See the module's text."""

    def __init__(
        self, site: Site, limits: Limits, zone: tzinfo, *, loads: HomeLoads, duties: Duties, strategy: Strategy
    ) -> None:
        self._site, self._limits, self._zone = site, limits, zone
        self._loads, self._duties, self._strategy = loads, duties, strategy
        self._daylight = DaylightHours(limits.daylight, site, zone)
        self._allowed: dict[datetime, bool] = {}
        """By the end of a quarter, whether its middle lies in the hours of automatic heating."""
        self.plan: DayPlan | None = None
        """As of the latest look; None where nothing can be expected."""
        self._made_s, self._made_at = 0.0, datetime.min.replace(tzinfo=UTC)
        self._sets_at: datetime | None = None
        self._sunsets_at: dict[date, datetime | None] = {}
        """Of the days that were asked for lately, in UTC."""
        self._forecast: Forecast | None = None
        self._prices: Sequence[PricePeriod] = ()
        self._rests_on: _Asked | None = None
        """What was asked of the loads at the latest look; None: plan anew."""

    def adopt(self, site: Site, limits: Limits, strategy: Strategy) -> None:
        """Go on with these; the next look plans anew."""
        if limits.daylight != self._limits.daylight:
            self._daylight = DaylightHours(limits.daylight, site, self._zone)
            self._allowed.clear()
        self._site, self._limits, self._strategy = site, limits, strategy
        self._rests_on = None

    def look(self, context: StepContext) -> DayPlan | None:
        """The plan in force, made anew if it is time to; None where nothing can be expected."""
        house, view = context.house, context.view
        old_s = house.tick_s - self._made_s
        if not house.knows_time or (view is None and old_s > KEPT_S):
            self.plan, self._rests_on = None, None
        elif view is not None and self._is_due(view, old_s):
            self._made_s, self._forecast, self._prices = house.tick_s, view.forecast, view.prices
            self.plan = plan = self._made(context, view)
            self._made_at, self._sets_at = house.now, None
            if plan is not None and plan.tonight_at is not None:
                self._sets_at = plan.tonight_at.astimezone(UTC)
        return self.plan

    def _is_due(self, view: View, old_s: float) -> bool:
        """Whether the plan is old, or modes, duties, day, prices or forecast are others than those it was made for."""
        house = view.house
        if self._has_changed(view.ahead.day, house.vacation_until_at) or old_s < 0 or view.prices is not self._prices:
            return True
        if old_s >= FORECAST_S and view.forecast is not self._forecast and view.forecast != self._forecast:
            return True
        if self.plan is not None and self._is_over(house.now, old_s):
            return True
        return old_s >= ANEW_S and (old_s >= ANEW_DARK_S or not view.ahead.sun.is_dark(house.now))

    def _has_changed(self, day: date, vacation_until_at: datetime | None) -> bool:
        """Whether what the owner, a fault or a duty asks of a load is another thing than at the look before."""
        # Asked in every step: values are compared where they stand, and copied only where one differs.
        loads, before = self._loads, self._rests_on
        if before is not None and before.day == day and before.vacation_until_at == vacation_until_at:
            same = before.duties == loads.duties.keys()
            for memory, (mode, until_s, fault) in zip(loads.memories.values(), before.modes, strict=True):
                if memory.mode is not mode or memory.mode_until_s != until_s or memory.fault != fault:
                    same = False
            if same:
                return False
        self._rests_on = _Asked(
            day=day,
            vacation_until_at=vacation_until_at,
            duties=frozenset(loads.duties),
            modes=[(memory.mode, memory.mode_until_s, memory.fault) for memory in loads.memories.values()],
        )
        return True

    def _is_over(self, now: datetime, old_s: float) -> bool:
        """Whether the sun has set since, or the clock was set."""
        has_set = self._sets_at is not None and now >= self._sets_at
        return has_set or not -CLOCK_SET_S <= (now - self._made_at).total_seconds() - old_s <= CLOCK_SET_S

    def _made(self, context: StepContext, view: View) -> DayPlan | None:
        now = context.house.now
        today, tomorrow = view.ahead.today_and_tomorrow(now)
        tonight_at, tomorrow_at = self._sunset(view.ahead.day, today), self._sunset(view.ahead.day + DAY, tomorrow)
        quarters = [*today, *[quarter for quarter in tomorrow if tomorrow_at is None or quarter.start_at < tomorrow_at]]
        if not quarters:
            return None
        course, runs, bought = self._shared(context, view, today, tomorrow, quarters)
        has_battery = course is not None and self._site.battery is not None and view.charge_percent is not None
        percent = course.percent if course is not None and has_battery else None

        def charge_at(at: datetime | None) -> float | None:
            return None if at is None or percent is None else _charge_at(at, quarters, percent)

        tonight_at = None if tonight_at is None or tonight_at <= now else tonight_at
        if course is not None:
            sun_w, house_w = course.sun_w, course.house_w
        else:
            dc_w = view.reading.dc_load_w or 0.0
            sun_w = tuple([round(quarter.sun_w, 1) for quarter in quarters])
            house_w = tuple([round(quarter.use_w + dc_w, 1) for quarter in quarters])
        prices = [price_at(context.prices, quarter.start_at) for quarter in quarters] if context.prices else []
        plan = DayPlan(
            made_at=now.astimezone(self._zone),
            start_at=_quarter_of(now).astimezone(self._zone),
            step_s=QUARTER_S,
            sun_w=sun_w,
            house_w=house_w,
            loads_w={} if course is None else {name: tuple(powers_w) for name, powers_w in course.loads_w.items()},
            battery_w=course.battery_w if course is not None and has_battery else None,
            battery_percent=None if percent is None else tuple([round(charge, 2) for charge in percent[:-1]]),
            unused_w=None if course is None else course.unused_w,
            bought_w=None if course is None else course.bought_w,
            import_per_kwh=tuple([None if price is None else price.import_per_kwh for price in prices]) or None,
            export_per_kwh=tuple([None if price is None else price.export_per_kwh for price in prices]) or None,
            soc_tonight_percent=charge_at(tonight_at),
            tonight_at=None if tonight_at is None else tonight_at.astimezone(self._zone),
            soc_tomorrow_percent=charge_at(tomorrow_at),
            tomorrow_at=None if tomorrow_at is None else tomorrow_at.astimezone(self._zone),
            runs=runs,
            purchases=bought,
            sun_error=view.ahead.sun.error,
            text="",
            notes=tuple([note_of(purchase, self._zone) for purchase in bought]),
        )
        return plan_text(plan, self._zone)

    def _shared(
        self,
        context: StepContext,
        view: View,
        today: Sequence[Stretch],
        tomorrow: Sequence[Stretch],
        quarters: Sequence[Stretch],
    ) -> tuple[Course | None, tuple[PlannedRun, ...], tuple[Purchase, ...]]:
        """(what becomes of the quarters, when what heats, what will be bought).

        None where the battery comes first and nobody knows what it takes.
        """
        site, soc_percent = self._site, view.charge_percent
        if (site.battery is None or soc_percent is None) and (site.battery is not None or tells_battery(view.reading)):
            return None, (), ()
        house = context.house
        home = PlannedHome(
            site=site,
            limits=self._limits,
            zone=self._zone,
            battery=site.battery,
            low_percent=house.least_charge.percent,
            release_percent=house.least_charge.release_percent,
            dc_w=view.reading.dc_load_w or 0.0,
            away_until_at=house.vacation_until_at or house.now,
            dark=self._dark(quarters),
            midnight=len(today),
            foresight=self._strategy.foresee(view, today, tomorrow),
        )

        loads, duties = self._loads, self._duties.ahead()

        def ahead_of(name: str) -> LoadAhead:
            duty, known = loads.duties.get(name), duties.get(name)
            return load_ahead(loads.policies[name], loads.memories[name], context, duty, known)

        def walk() -> Walk:
            return Walk(
                home, [row if isinstance(row, BatteryShare) else ahead_of(row.name) for row in loads.rows], soc_percent
            )

        way = walk()
        course = way.go(quarters, {})
        bought, made = purchases(quarters, course.loads_w, loads.policies, duties, context.expected_prices)
        if bought:
            course = walk().go(quarters, bought)
        runs = planned_runs(quarters, course.loads_w, way.loads, bought, self._zone, home.away_until_at)
        return course, runs, made

    def _dark(self, quarters: Sequence[Stretch]) -> frozenset[int]:
        """Those in which automatic heating is not allowed; kept until the next plan, which asks for most again."""
        known, self._allowed = self._allowed, {}
        for quarter in quarters:
            end_at = quarter.end_at
            allowed = known.get(end_at)
            self._allowed[end_at] = self._daylight.allows(end_at - HALF_A_QUARTER) if allowed is None else allowed
        return frozenset(number for number, quarter in enumerate(quarters) if not self._allowed[quarter.end_at])

    def _sunset(self, day: date, quarters: Sequence[Stretch]) -> datetime | None:
        """That day's sunset; where the place is not known, the end of the last quarter with sun among `quarters`."""
        if not self._site.located:
            lit = lit_until(quarters)
            return quarters[lit - 1].end_at if lit else None
        known = self._sunsets_at
        if day not in known:
            sets_at = sunset_at(self._site, day, self._zone)
            self._sunsets_at = known = {before: at for before, at in known.items() if before == day - DAY}
            # In UTC: two instants in a zone of their own take ten times as long to compare.
            known[day] = None if sets_at is None else sets_at.astimezone(UTC)
        return known[day]


def _quarter_of(now: datetime) -> datetime:
    return now.replace(minute=now.minute - now.minute % 15, second=0, microsecond=0)


def _charge_at(at: datetime, quarters: Sequence[Stretch], percent: Sequence[float]) -> float | None:
    """The charge at an instant between the first quarter and the end of the last; None elsewhere."""
    if not quarters[0].start_at <= at <= quarters[-1].end_at:
        return None
    number = bisect_right(quarters, at, key=lambda quarter: quarter.start_at) - 1
    quarter, begin, end = quarters[number], percent[number], percent[number + 1]
    share = (at - quarter.start_at) / (quarter.end_at - quarter.start_at)
    return round(begin + share * (end - begin), 1)
