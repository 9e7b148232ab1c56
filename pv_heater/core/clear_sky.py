"""What a home's modules would give under a cloudless sky. Pure.

Direct light after Meinel (1976, "Applied Solar Energy"): 1353 W/m2 x 0.7 ^ (air mass ^ 0.678), air mass after
Kasten and Young (1989); diffuse light is a tenth of it, spread evenly over the sky. Good to about 15 % in clear air,
which is enough for a last resort and for a yardstick.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from pv_heater.core.daylight import sun_elevation_deg
from pv_heater.core.settings import PvPlane, Site
from pv_heater.core.types import Forecast

_STANDARD_W_M2 = 1000.0
"""Irradiance at which a module gives its peak power (IEC 61215)."""
_SYSTEM_YIELD = 0.86
"""What cables, inverter, dirt and warmth leave; 14 % loss is the usual default of PVGIS (European Commission)."""
_DIFFUSE_SHARE = 0.1
_EARTH_TILT_DEG = 23.44


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
