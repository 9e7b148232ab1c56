"""Where the sun stands, and the hours of the day in which heating is allowed.

Sun position by astral (a calculation without I/O). Polar day and night are answered, not raised.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from math import nan

from astral import Observer
from astral.sun import elevation, noon, sunrise, sunset

from pv_heater.core.setting import DayTime
from pv_heater.core.settings import Daylight, Site

COURSE_STEP_S = 300
"""Between two heights of the sun five minutes apart a straight line is right within 0.02 degrees. Refraction at the
horizon makes it 0.25, and a turn in the zenith 0.7: of no use to know any better."""


def sun_elevation_deg(latitude: float, longitude: float, at: datetime) -> float:
    """Height of the sun above the horizon, -90 to 90 degrees, refraction included."""
    return float(elevation(Observer(latitude, longitude), at))


def solar_noon(latitude: float, longitude: float, day: date, zone: tzinfo) -> datetime:
    """When the sun stands highest on that local day."""
    return noon(Observer(latitude, longitude), day, zone)


class SunCourse:
    """The sun's height over one place, cheaply: asked every second, it is computed every five minutes."""

    def __init__(self, latitude: float, longitude: float) -> None:
        self._latitude = latitude
        self._longitude = longitude
        self._number = nan
        self._ends_deg = (0.0, 0.0)

    def elevation_deg(self, at: datetime) -> float:
        """As `sun_elevation_deg`, within 0.02 degrees where the sun stands 2 to 80 degrees high.

        The same instant always has the same answer.
        """
        number, rest_s = divmod(at.timestamp(), COURSE_STEP_S)
        if number != self._number:
            begin_deg = self._ends_deg[1] if number == self._number + 1.0 else self._computed_deg(number)
            self._number, self._ends_deg = number, (begin_deg, self._computed_deg(number + 1.0))
        begin_deg, end_deg = self._ends_deg
        return begin_deg + (end_deg - begin_deg) * rest_s / COURSE_STEP_S

    def _computed_deg(self, number: float) -> float:
        at = datetime.fromtimestamp(number * COURSE_STEP_S, UTC)
        return sun_elevation_deg(self._latitude, self._longitude, at)


class DaylightHours:
    """Answers whether automatic heating is allowed at an instant; remembers one day's hours."""

    def __init__(self, daylight: Daylight, site: Site, zone: tzinfo) -> None:
        self._daylight = daylight
        self._site = site
        self._zone = zone
        self._day: date | None = None
        self._window: tuple[datetime, datetime] | None = None
        self._change_known: tuple[datetime, datetime, datetime | None] | None = None
        """From when to when `changes_at` has which answer."""

    def window(self, now: datetime) -> tuple[datetime, datetime] | None:
        """First and last allowed instant of the local day of `now`; None when there is none (polar night).

        A window that ends before it begins passes midnight and is answered for the part `now` lies nearest to.
        """
        day = now.astimezone(self._zone).date()
        if day != self._day:
            self._day, self._window = day, self._compute(day)
        return self._window

    def allows(self, now: datetime) -> bool:
        """Whether `now` lies inside the allowed hours."""
        return _lies_in(now, self.window(now))

    @property
    def is_whole_day(self) -> bool:
        """Whether every instant is allowed, so that nobody has to know the time."""
        start, end = self._daylight.start.clock, self._daylight.end.clock
        return start == time(0) and end is not None and (end == time(0) or end >= time(23, 59))

    def changes_at(self, now: datetime) -> datetime | None:
        """When the answer of `allows` changes next; None: neither today nor tomorrow (polar day and night)."""
        known = self._change_known
        if known is None or not known[0] <= now < known[1]:
            change_at = self._next_change(now)
            known = self._change_known = (now, change_at or now + timedelta(hours=1), change_at)
        return known[2]

    def _next_change(self, now: datetime) -> datetime | None:
        allowed, today = self.allows(now), now.astimezone(self._zone).date()
        for day in (today, today + timedelta(days=1)):
            for edge in sorted(self._compute(day) or ()):
                if edge > now and _lies_in(edge, self._compute(edge.astimezone(self._zone).date())) is not allowed:
                    return edge
        return None

    def _compute(self, day: date) -> tuple[datetime, datetime] | None:
        start = self._moment(self._daylight.start, day)
        end = self._moment(self._daylight.end, day)
        if start is None or end is None:
            return None
        sun_bound = self._daylight.start.event != "clock" and self._daylight.end.event != "clock"
        # On the shortest days offsets can push sunrise past sunset: that day has no allowed hours.
        return None if sun_bound and self._allowed(start, end) <= timedelta(0) else (start, end)

    def _allowed(self, start: datetime, end: datetime) -> timedelta:
        """How long the allowed hours are; where the clock is far from the place, midnight falls into them."""
        offsets = self._daylight.end.offset - self._daylight.start.offset
        light = end - start - offsets
        return offsets + (light if light >= timedelta(0) else light + timedelta(days=1))

    def _moment(self, moment: DayTime, day: date) -> datetime | None:
        if moment.clock is not None:
            return datetime.combine(day, moment.clock, self._zone)
        if not self._site.located:
            # Without a place the sun is unknown; the seasons' widest sensible hours stand in.
            clock = time(8) if moment.event == "sunrise" else time(18)
            return datetime.combine(day, clock, self._zone) + moment.offset
        latitude, longitude = float(self._site.latitude or 0.0), float(self._site.longitude or 0.0)
        observer = Observer(latitude, longitude)
        compute = sunrise if moment.event == "sunrise" else sunset
        try:
            return compute(observer, day, tzinfo=self._zone) + moment.offset
        except ValueError:
            # The sun does not cross the horizon today: midnight sun allows the whole day, polar night nothing.
            if sun_elevation_deg(latitude, longitude, solar_noon(latitude, longitude, day, self._zone)) <= 0:
                return None
            edge = day if moment.event == "sunrise" else day + timedelta(days=1)
            return datetime.combine(edge, time(0), self._zone)


def _lies_in(now: datetime, window: tuple[datetime, datetime] | None) -> bool:
    if window is None:
        return False
    start, end = window
    return start <= now < end if start <= end else now >= start or now < end
