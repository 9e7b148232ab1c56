"""Where the sun stands, the hours of the day in which heating is allowed, and what a cloudless sky would give. Pure.

Sun position by astral (a calculation without I/O). Polar day and night are answered, not raised.

Direct light after Meinel (1976, "Applied Solar Energy"): 1353 W/m2 x 0.7 ^ (air mass ^ 0.678), air mass after
Kasten and Young (1989); diffuse light is a tenth of it, spread evenly over the sky. Good to about 15 % in clear air,
which is enough for a last resort and for a yardstick.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from math import nan

from astral import Observer
from astral.sun import elevation, noon, sunrise, sunset

from pv_heater.core.model.local_time import midnight_at
from pv_heater.core.model.setting import DayTime
from pv_heater.core.model.values import Forecast
from pv_heater.core.settings.home import Daylight, PvPlane, Site

COURSE_STEP_S = 300
"""Between two heights of the sun five minutes apart a straight line is right within 0.02 degrees. Refraction at the
horizon makes it 0.25, and a turn in the zenith 0.7: of no use to know any better."""
_STANDARD_W_M2 = 1000.0
"""Irradiance at which a module gives its peak power (IEC 61215)."""
_SYSTEM_YIELD = 0.86
"""What cables, inverter, dirt and warmth leave; 14 % loss is the usual default of PVGIS (European Commission)."""
_DIFFUSE_SHARE = 0.1
_EARTH_TILT_DEG = 23.44


def sun_elevation_deg(latitude: float, longitude: float, at: datetime) -> float:
    """Height of the sun above the horizon, -90 to 90 degrees, refraction included."""
    return float(elevation(Observer(latitude, longitude), at))


def solar_noon(latitude: float, longitude: float, day: date, zone: tzinfo) -> datetime:
    """When the sun stands highest on that local day."""
    return noon(Observer(latitude, longitude), day, zone)


def sunset_at(site: Site, day: date, zone: tzinfo) -> datetime | None:
    """When the sun sets on that local day; None where it does not, or the place is not known."""
    if site.latitude is None or site.longitude is None:
        return None
    try:
        return sunset(Observer(site.latitude, site.longitude), day, tzinfo=zone)
    except ValueError:
        return None


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
        start, end = daylight.start.clock, daylight.end.clock
        self.is_whole_day = start == time(0) and end is not None and (end == time(0) or end >= time(23, 59))
        """Whether every instant is allowed, so that nobody has to know the time."""
        self._window_known: tuple[datetime, datetime, tuple[datetime, datetime] | None] | None = None
        """From when to when `window` has which answer: one local day."""
        self._allowed_known: tuple[datetime, datetime, bool] | None = None
        """From when to when `allows` has which answer: at most until midnight."""
        self._change_known: tuple[datetime, datetime, datetime | None] | None = None
        """From when to when `changes_at` has which answer."""

    def window(self, now: datetime) -> tuple[datetime, datetime] | None:
        """First and last allowed instant of the local day of `now`; None when there is none (polar night).

        A window that ends before it begins passes midnight and is answered for the part `now` lies nearest to.
        """
        known = self._window_known
        if known is None or not known[0] <= now < known[1]:
            day = now.astimezone(self._zone).date()
            known = self._window_known = (midnight_at(day, self._zone), self._day_ends_at(now), self._compute(day))
        return known[2]

    def _day_ends_at(self, now: datetime) -> datetime:
        return midnight_at(now.astimezone(self._zone).date() + timedelta(days=1), self._zone)

    def allows(self, now: datetime) -> bool:
        """Whether `now` lies inside the allowed hours."""
        known = self._allowed_known
        if known is None or not known[0] <= now < known[1]:
            window = self.window(now)
            ends_at = min([edge for edge in (*(window or ()), self._day_ends_at(now)) if edge > now])
            known = self._allowed_known = (now, ends_at, _lies_in(now, window))
        return known[2]

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
            return midnight_at(edge, self._zone).astimezone(self._zone)


def clear_sky_forecast(site: Site, now: datetime, *, days: float = 2.0, step_s: int = 900) -> Forecast:
    """Power of all planes of `site` from the start of the step that holds `now`, for `days` days.

    Raises ValueError when the site's place is unknown.
    """
    if site.latitude is None or site.longitude is None:
        raise ValueError("a clear sky needs site.latitude and site.longitude")
    first_at = datetime.fromtimestamp(now.timestamp() // step_s * step_s, UTC)
    steps = []
    for number in range(int(days * 86_400 / step_s)):
        start_at = first_at + timedelta(seconds=number * step_s)
        # The middle of a step stands for its mean.
        middle_at = start_at + timedelta(seconds=step_s / 2)
        steps.append((start_at, clear_sky_w(site.pv, site.latitude, site.longitude, middle_at)))
    return Forecast(issued_at=now, source="clear sky", step_s=step_s, steps=tuple(steps), is_clear_sky=True)


def clear_sky_w(planes: tuple[PvPlane, ...], latitude: float, longitude: float, at: datetime) -> float:
    """Power of all `planes` at an instant under a cloudless sky, W; 0 while the sun is down."""
    elevation_deg = sun_elevation_deg(latitude, longitude, at)
    if elevation_deg <= 0:
        return 0.0
    azimuth_deg = sun_azimuth_deg(latitude, longitude, at)
    return sum(_plane_w(plane, elevation_deg, azimuth_deg) for plane in planes)


def sun_azimuth_deg(latitude: float, longitude: float, at: datetime) -> float:
    """Direction of the sun as planes have it: 0 south, -90 east, +90 west, to about a degree."""
    elevation = math.radians(sun_elevation_deg(latitude, longitude, at))
    declination = math.radians(_declination_deg(at))
    place = math.radians(latitude)
    across = math.cos(place) * math.cos(elevation)
    if abs(across) < 1e-6:
        return 0.0  # at a pole, or with the sun overhead, every direction is as good
    from_north = (math.sin(declination) - math.sin(place) * math.sin(elevation)) / across
    from_south_deg = 180.0 - math.degrees(math.acos(max(-1.0, min(1.0, from_north))))
    rising = sun_elevation_deg(latitude, longitude, at + timedelta(seconds=60)) > math.degrees(elevation)
    return -from_south_deg if rising else from_south_deg


def _lies_in(now: datetime, window: tuple[datetime, datetime] | None) -> bool:
    if window is None:
        return False
    start, end = window
    return start <= now < end if start <= end else now >= start or now < end


def _declination_deg(at: datetime) -> float:
    """The sun's height over the equator (Cooper 1969); the year's start is its solstice less ten days."""
    day = at.astimezone(UTC).timetuple().tm_yday
    return -_EARTH_TILT_DEG * math.cos(math.radians(360.0 / 365.0 * (day + 10)))


def _plane_w(plane: PvPlane, elevation_deg: float, azimuth_deg: float) -> float:
    direct_w_m2 = _direct_w_m2(elevation_deg)
    elevation, tilt = math.radians(elevation_deg), math.radians(plane.tilt_deg)
    turned = math.radians(azimuth_deg - plane.azimuth_deg)
    incidence = math.sin(elevation) * math.cos(tilt) + math.cos(elevation) * math.sin(tilt) * math.cos(turned)
    sky_seen = (1.0 + math.cos(tilt)) / 2.0
    light_w_m2 = direct_w_m2 * (max(0.0, incidence) + _DIFFUSE_SHARE * sky_seen)
    return plane.kwp * 1000.0 * light_w_m2 / _STANDARD_W_M2 * _SYSTEM_YIELD


def _direct_w_m2(elevation_deg: float) -> float:
    air_mass = 1.0 / (math.sin(math.radians(elevation_deg)) + 0.50572 * (elevation_deg + 6.07995) ** -1.6364)
    return float(1353.0 * 0.7 ** (air_mass**0.678))
