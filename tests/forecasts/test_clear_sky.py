from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pv_heater.core.house.sun import clear_sky_forecast, clear_sky_w, sun_azimuth_deg
from pv_heater.core.settings.home import PvPlane, Site
from pv_heater.errors import SourceError
from pv_heater.forecasts.clear_sky import ClearSky
from tests.source_tools import GRAZ, NOON, tools_for

SOUTH = (PvPlane(kwp=1, tilt_deg=35, azimuth_deg=0),)
WINTER_NOON = datetime(2026, 12, 21, 11, tzinfo=UTC)


def watts(planes: tuple[PvPlane, ...], at: datetime) -> float:
    return clear_sky_w(planes, 47.05, 15.44, at)


def test_a_summer_noon_gives_nearly_peak_power() -> None:
    assert 750 < watts(SOUTH, NOON) < 950


def test_winter_gives_less_than_summer_and_night_nothing() -> None:
    assert 300 < watts(SOUTH, WINTER_NOON) < watts(SOUTH, NOON)
    assert watts(SOUTH, datetime(2026, 6, 21, 23, tzinfo=UTC)) == 0


def test_a_whole_clear_day_gives_what_such_days_give() -> None:
    # PVGIS and practice: 6 to 8 kWh a kWp on a clear midsummer day in central Europe, about 2.5 to 4 at midwinter.
    def day_wh(at: datetime) -> float:
        forecast = clear_sky_forecast(replace(GRAZ, pv=SOUTH), at.replace(hour=0), days=1)
        return forecast.energy_wh_between(at.replace(hour=0), at.replace(hour=0) + timedelta(days=1))

    assert 6000 < day_wh(NOON) < 8500
    assert 2300 < day_wh(WINTER_NOON) < 4200


def test_an_east_plane_is_best_in_the_morning_and_a_west_plane_in_the_evening() -> None:
    east, west = ((PvPlane(kwp=1, tilt_deg=40, azimuth_deg=azimuth),) for azimuth in (-90, 90))
    morning, evening = (datetime(2026, 6, 21, hour, tzinfo=UTC) for hour in (6, 16))
    assert watts(east, morning) > 2 * watts(west, morning)
    assert watts(west, evening) > 2 * watts(east, evening)


def test_the_sun_goes_from_east_over_south_to_west() -> None:
    # Equinox in Graz: due east at six, south at noon, west at eighteen of true local time, which is 10:58 UTC + 8 min.
    degrees = [
        sun_azimuth_deg(47.05, 15.44, datetime(2026, 3, 20, 11, 6, tzinfo=UTC) + timedelta(hours=h)) for h in (-6, 0, 6)
    ]
    assert degrees == pytest.approx([-90, 0, 90], abs=3)


def test_south_of_the_equator_the_sun_stands_in_the_north() -> None:
    assert abs(sun_azimuth_deg(-33.9, 18.4, datetime(2026, 6, 21, 10, 48, tzinfo=UTC))) > 170


@pytest.mark.parametrize("latitude", [90.0, -90.0, 69.6, 0.0])
def test_every_latitude_is_answered(latitude: float) -> None:
    for hour in range(24):
        power_w = clear_sky_w(SOUTH, latitude, 15.0, datetime(2026, 6, 21, hour, tzinfo=UTC))
        assert 0 <= power_w < 1200


def test_steps_are_quarter_hours_from_now_for_two_days(tmp_path: Path) -> None:
    now = NOON + timedelta(minutes=7)
    forecast = ClearSky(ClearSky.Settings(), tools_for(tmp_path)).fetch(now)
    assert (forecast.source, forecast.step_s, forecast.steps[0][0]) == ("clear sky", 900, NOON)
    assert forecast.end_at == NOON + timedelta(days=2)
    assert forecast.power_w_at(now) is not None


@pytest.mark.parametrize("site", [Site(pv=SOUTH), replace(GRAZ, pv=())])
def test_without_place_or_modules_it_says_what_is_missing(site: Site, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"site\.latitude"):
        ClearSky(ClearSky.Settings(), tools_for(tmp_path, site=site)).fetch(NOON)
