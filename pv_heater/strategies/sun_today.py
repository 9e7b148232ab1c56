"""The sun of the local day: a new one begins at local midnight, and what is not hidden teaches."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.core.settings import Site
from pv_heater.core.surplus import View
from pv_heater.strategies.sun_ahead import SunAhead, quarters_between

FULL_FROM_PERCENT = 99.0
"""From here chargers may throttle: whole-percent meters and tapering hide where exactly."""
LONGEST_ELAPSED_S = 300.0
"""A reading speaks for no longer than this before it."""


class SunToday:
    """Keeps `sun` in step with the calendar of one home."""

    def __init__(self, site: Site) -> None:
        self.sun = SunAhead(site)
        self.zone = ZoneInfo(site.timezone)
        self.quarters_at: list[datetime] = []
        """The day's quarter hours, in UTC; another list whenever they are made anew."""
        self._day: date | None = None
        self._ends_at: datetime | None = None

    def begin(self, view: View) -> bool:
        """Take the forecast, and begin the day if it is a new one; True if it is."""
        ends_at, before = self._ends_at, self._day
        if ends_at is None or not ends_at - timedelta(days=2) <= view.now < ends_at:
            self._begin_day(view.now)
        # The share of a clear sky that the last days gave expects better than the clear sky itself.
        expects = view.forecast is not None and not view.forecast.is_clear_sky
        self.sun.take(view.forecast if expects else None, self.quarters_at)
        return before != self._day

    def state(self) -> dict[str, Any]:
        """What was learned, and the day so far."""
        return {"day": self._day.isoformat() if self._day else None, "sun": self.sun.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` told; anything else is ignored."""
        sun = state.get("sun")
        self.sun.restore(sun if isinstance(sun, Mapping) else {})
        try:
            self._day = date.fromisoformat(str(state.get("day")))
        except ValueError:
            return

    def _begin_day(self, now: datetime) -> None:
        today = now.astimezone(self.zone).date()
        start_at, self._ends_at = self._midnight(today), self._midnight(today + timedelta(days=1))
        self.quarters_at = quarters_between(start_at, self._ends_at)
        self.sun.begin_day(self.quarters_at)
        if today != self._day:
            self.sun.end_day()
        self._day = today

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(0), self.zone).astimezone(UTC)


def elapsed_s(view: View, before_s: float | None) -> float:
    """Seconds for which a new reading speaks, the one before it taken at `before_s`; 0 when it is not later."""
    if before_s is None or view.taken_tick_s <= before_s:
        return 0.0
    return min(LONGEST_ELAPSED_S, view.taken_tick_s - before_s)


def sun_hides(view: View) -> bool:
    """Whether the reading may show less than the sun would give: the chargers throttle, or might."""
    throttled, soc_percent = view.reading.pv_throttled, view.charge_percent
    if throttled is not None:
        return throttled
    return not view.feed_in and (soc_percent is None or soc_percent >= FULL_FROM_PERCENT)
