"""What is expected of sun and house, learned from every reading, for strategies and the plan of the day alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from pv_heater.core.house.ahead.expected_sun import SunToday
from pv_heater.core.house.ahead.expected_use import UseAhead
from pv_heater.core.house.ahead.quarters import QUARTER_S, Stretch, lit_until, quarters_between
from pv_heater.core.house.ahead.second_opinion import SecondOpinion
from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.model.local_time import midnight_at
from pv_heater.core.model.numbers import group_in
from pv_heater.core.model.values import Forecast, Reading
from pv_heater.core.settings.home import Site

LONGEST_ELAPSED_S = 300.0
"""A reading speaks for no longer than this before it."""
DAY = timedelta(days=1)
QUARTER = timedelta(seconds=QUARTER_S)


class HouseAhead:
    """Learns and expects for one home. The time of day is known whenever it is asked."""

    def __init__(self, site: Site) -> None:
        self._today = SunToday(site)
        self.sun = self._today.sun
        """Of today."""
        self._use = UseAhead()
        self._opinion = SecondOpinion()
        self.quarters_at: list[datetime] = []
        """Today's quarter hours, in UTC; another list whenever they are made anew."""
        self.day = date.min
        """The local day; of no use before `begin`, as all that follows."""
        self.is_known = False
        """Whether anything can be expected of the sun."""
        self._today_hours: list[int] = []
        self._tomorrow_at: list[datetime] = []
        self._tomorrow_hours: list[int] = []
        """The local hour of each quarter."""
        self._tomorrow: list[Stretch] | None = None
        """None: to be made anew."""
        self._tomorrow_by: Forecast | None = None
        self._taken_s: float | None = None
        """When the newest reading was taken that has taught something; None before the first."""

    @property
    def ends_at(self) -> datetime:
        """When today ends, in UTC; of no use before `begin`."""
        return self.quarters_at[-1] + QUARTER

    def begin(self, now: datetime, forecast: Forecast | None) -> None:
        """Take the forecast, and begin the day if it is a new one."""
        today, before_at = self._today, self.quarters_at
        if today.begin(now, forecast):
            self._use.end_day()
        if self._tomorrow_by is forecast and before_at is today.quarters_at:
            return
        self._tomorrow_by, self._tomorrow, self.is_known = forecast, None, self.sun.is_known
        self._opinion.take(forecast)
        if before_at is not today.quarters_at:
            self.quarters_at, self.day = today.quarters_at, today.day or date.min
            tomorrow = self.ends_at.astimezone(self._today.zone).date()
            self._tomorrow_at = quarters_between(self.ends_at, midnight_at(tomorrow + DAY, self._today.zone))
            self._today_hours = [self._hour(at) for at in self.quarters_at]
            self._tomorrow_hours = [self._hour(at) for at in self._tomorrow_at]

    def learn(self, house: HouseFacts, reading: Reading, *, sun_hides: bool) -> float:
        """Take note of a new reading; with `sun_hides` it says nothing of the sun. The seconds for which it speaks.

        0 and nothing learned where it has been seen before. Whoever must know it first may call this first.
        """
        if not house.reading_is_new or house.taken_tick_s == self._taken_s:
            return 0.0
        before_s, self._taken_s = self._taken_s, house.taken_tick_s
        if before_s is None or house.taken_tick_s <= before_s:
            return 0.0
        span_s = min(LONGEST_ELAPSED_S, house.taken_tick_s - before_s)
        if house.base_w is not None:
            hour = self._hour(reading.taken_at)
            self._opinion.observe(reading.taken_at, house.base_w, self._use.habit_w(hour), span_s)
            self._use.observe(hour, house.base_w, span_s)
        if reading.pv_w is not None and not sun_hides:
            self.sun.observe(reading.taken_at, reading.pv_w, span_s)
        return span_s

    def expected_now_w(self, now: datetime) -> float | None:
        """PV power that the sky should give now; None when nothing is known of it."""
        return self.sun.expected_now_w(now)

    def spare_now_w(self, now: datetime) -> float | None:
        """What the sky should give now beyond the house's usual use in this hour; None when nothing is known of it."""
        expected_w = self.expected_now_w(now)
        return None if expected_w is None else expected_w - self._use.at_hour_w(self._hour(now))

    def rest_of_day(self, now: datetime) -> list[Stretch]:
        """From now until the last light of the local day, quarter by quarter; what no forecast tells counts as dark."""
        sun, correction = self.sun, self.sun.correction()
        numbers = range(self._number(now), len(self.quarters_at))
        expected_w = [correction.of(sun.expected_w(number) or 0.0, sun.clear_w(number)) for number in numbers]
        rest = self._today_from(now, expected_w, self._use.by_hour_w())
        return rest[: lit_until(rest)]

    def today_and_tomorrow(self, now: datetime) -> tuple[list[Stretch], list[Stretch]]:
        """From now until midnight, and from there for a day; they end where nothing is known of the sun any more.

        Of tomorrow it is the same list until the day or the forecast is another one.
        """
        first, likely_w = self._number(now), self.sun.likely_w()
        known_w = _known(likely_w[first:])
        today = self._today_from(now, known_w)
        if first + len(known_w) < len(likely_w):
            return today, []
        if self._tomorrow is None:
            self._tomorrow = self._make_tomorrow()
        return today, self._tomorrow

    def state(self) -> dict[str, Any]:
        """What was learned of sun and use, and the day so far."""
        return {**self._today.state(), "use": self._use.state(), "use_opinion": self._opinion.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave; anything else is ignored."""
        self._today.restore(state)
        self._use.restore(group_in(state, "use"))
        self._opinion.restore(group_in(state, "use_opinion"))

    def _make_tomorrow(self) -> list[Stretch]:
        use_w, sun_w = self._use.tomorrow_by_hour_w(), _known(self.sun.tomorrow_w(self._tomorrow_at))
        return [
            Stretch(
                start_at=at,
                end_at=at + QUARTER,
                hours=QUARTER_S / 3600.0,
                sun_w=power_w,
                clear_w=self.sun.clear_w(number),
                use_w=self._opinion.weighed_w(at, use_w[hour]),
            )
            for number, (at, power_w, hour) in enumerate(
                zip(self._tomorrow_at, sun_w, self._tomorrow_hours, strict=False)
            )
        ]

    def _today_from(
        self, now: datetime, sun_w: Sequence[float], by_hour_w: Sequence[float] | None = None
    ) -> list[Stretch]:
        """The quarters from now on, as far as `sun_w`, which begins with the present one, reaches.

        `by_hour_w`: the use of each local hour; None: what is likely.
        """
        first = self._number(now)
        hours = self._today_hours[first : first + len(sun_w)]
        if by_hour_w is None:
            use_w = self._use.likely_w(self._hour(now), [(hour, number / 4.0) for number, hour in enumerate(hours)])
        else:
            use_w = [by_hour_w[hour] for hour in hours]
        rest = [
            Stretch(
                start_at=at,
                end_at=at + QUARTER,
                hours=QUARTER_S / 3600.0,
                sun_w=power_w,
                clear_w=self.sun.clear_w(number),
                use_w=self._opinion.weighed_w(at, habit_w),
            )
            for number, (at, power_w, habit_w) in enumerate(
                zip(self.quarters_at[first:], sun_w, use_w, strict=False), first
            )
        ]
        if rest and now > rest[0].start_at:
            gone_s = (now - self.quarters_at[0]).total_seconds() % QUARTER_S
            rest[0] = replace(rest[0], start_at=now, hours=(QUARTER_S - gone_s) / 3600.0)
        return rest

    def _number(self, now: datetime) -> int:
        return max(0, int((now - self.quarters_at[0]).total_seconds() // QUARTER_S))

    def _hour(self, at: datetime) -> int:
        return at.astimezone(self._today.zone).hour


def _known(watts: Sequence[float | None]) -> list[float]:
    """Up to the first that is not known."""
    known = []
    for power_w in watts:
        if power_w is None:
            break
        known.append(power_w)
    return known
