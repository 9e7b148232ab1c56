"""Forecasts one behind the other: who answers, who takes over, and what is said of it."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pv_heater.core.model.values import Forecast
from pv_heater.errors import SourceError
from pv_heater.forecasts.cached import CachedAnswer, ForecastCache, build_forecast
from pv_heater.forecasts.chain import ForecastChain
from pv_heater.forecasts.clear_sky import ClearSky
from pv_heater.forecasts.forecast_solar import ForecastSolar
from pv_heater.forecasts.open_meteo import OpenMeteo
from pv_heater.ports import ForecastSource
from tests.forecast_server import ForecastServer
from tests.forecasts.weather_answers import answer
from tests.http_server import ScriptedServer
from tests.source_tools import GRAZ, NOON, tools_for


@pytest.fixture
def weather(service: ScriptedServer) -> ScriptedServer:
    service.answers["forecast"] = answer()
    return service


def both(
    sky: ForecastServer, weather: ScriptedServer, state_dir: Path, *, then_clear_sky: bool = False
) -> ForecastSource:
    """forecast.solar first, Open-Meteo second, as after a fresh start."""
    tools = tools_for(state_dir)
    rows: list[ForecastSource] = [
        ForecastSolar(ForecastSolar.Settings(base_url=sky.url), tools),
        OpenMeteo(OpenMeteo.Settings(base_url=weather.url), tools),
    ]
    return build_forecast(rows + ([ClearSky(ClearSky.Settings(), tools)] if then_clear_sky else []), tools)


def origins(source: ForecastSource, *minutes: float) -> list[str]:
    """Who answers at these minutes after noon."""
    return [source.fetch(NOON + timedelta(minutes=m)).source.partition(" cached ")[0] for m in minutes]


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The program's own lines, without those of the test's web server."""
    return [record.getMessage() for record in caplog.records if record.name.startswith("pv_heater")]


def test_the_second_takes_over_and_the_first_comes_back_with_a_line_each(
    sky: ForecastServer, weather: ScriptedServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source = both(sky, weather, tmp_path)
    sky.status = 500
    assert origins(source, 0, 5, 15) == 3 * ["Open-Meteo"]
    sky.reset()
    assert origins(source, 35, 40) == 2 * ["forecast.solar"]
    there, back = said(caplog)
    assert "now comes from Open-Meteo" in there
    assert "500" in there
    assert back == "The forecast now comes from forecast.solar."
    assert len(weather.asked) == 1, "the second is not asked anew while its answer is young"


def test_the_first_is_kept_for_hours_before_the_second_is_asked(
    sky: ForecastServer, weather: ScriptedServer, tmp_path: Path
) -> None:
    source = both(sky, weather, tmp_path)
    assert origins(source, 0) == ["forecast.solar"]
    sky.status = 500
    assert origins(source, 60, 180, 355) == 3 * ["forecast.solar"]
    assert weather.asked == []
    assert origins(source, 365) == ["Open-Meteo"]
    sky.status = 200
    assert origins(source, 430) == ["forecast.solar"]


def test_an_old_forecast_is_better_than_none_and_than_a_clear_sky(
    sky: ForecastServer, weather: ScriptedServer, tmp_path: Path
) -> None:
    source = both(sky, weather, tmp_path, then_clear_sky=True)
    origins(source, 0)
    sky.status = weather.status = 500
    assert origins(source, 600, 1200) == 2 * ["forecast.solar"]
    assert origins(source, 3 * 1440) == ["clear sky"]


def test_a_forecast_that_says_nothing_of_now_is_passed_over(
    sky: ForecastServer, weather: ScriptedServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sky.watt_hours = {"2026-06-19 06:00:00": 0, "2026-06-19 12:00:00": 9000}
    source = both(sky, weather, tmp_path)
    assert origins(source, 0, 1, 4) == 3 * ["Open-Meteo"]
    assert len(sky.paths) == 1, "it counts as a failure, so it is not asked again at once"
    (line,) = said(caplog)
    assert "says nothing of now" in line
    sky.reset()
    assert origins(source, 6) == ["forecast.solar"]


def test_a_source_without_memory_that_says_nothing_of_now_is_passed_over_too(tmp_path: Path) -> None:
    class Yesterday:
        interval_s = 900.0

        def fetch(self, now: datetime) -> Forecast:
            return Forecast(issued_at=now, source="fixed", step_s=3600, steps=((now - timedelta(days=1), 1.0),))

    assert origins(build_forecast([Yesterday()], tools_for(tmp_path)), 0) == ["clear sky"]
    nowhere = tools_for(tmp_path, site=replace(GRAZ, latitude=None))
    with pytest.raises(SourceError, match="says nothing of now"):
        build_forecast([Yesterday()], nowhere).fetch(NOON)


def test_a_clock_that_stood_at_1970_is_forgiven_once_it_is_right(
    sky: ForecastServer, weather: ScriptedServer, tmp_path: Path
) -> None:
    source = both(sky, weather, tmp_path)
    at_1970 = NOON.replace(year=1970)
    assert source.fetch(at_1970).source == "clear sky"
    assert source.fetch(at_1970 + timedelta(minutes=1)).source == "clear sky"
    assert (len(sky.paths), len(weather.asked)) == (1, 1)
    assert source.fetch(NOON).source == "forecast.solar"
    sky.status = weather.status = 500
    assert source.fetch(at_1970).source == "clear sky"


def test_a_clock_that_goes_back_a_day_finds_its_forecast_again(
    sky: ForecastServer, weather: ScriptedServer, tmp_path: Path
) -> None:
    source = both(sky, weather, tmp_path)
    assert origins(source, 0, -1440, 1) == ["forecast.solar", "clear sky", "forecast.solar"]


class Fixed:
    """Answers the same each time."""

    interval_s = 3600.0

    def __init__(self, name: str, *, use_w: float | None = None) -> None:
        self.name, self.tells_use, self.fetches = name, use_w is not None, 0
        self._use = () if use_w is None else ((NOON, use_w),)

    def fetch(self, now: datetime) -> Forecast:
        self.fetches += 1
        return Forecast(issued_at=now, source=self.name, step_s=3600, steps=((NOON, 700.0),), use_steps=self._use)


def test_who_tells_the_use_of_the_house_is_asked_for_it_though_another_tells_the_sun(tmp_path: Path) -> None:
    sun, idle, use = Fixed("sun"), Fixed("idle"), Fixed("VRM", use_w=450.0)
    got = ForecastChain([sun, idle, use], tools_for(tmp_path)).fetch(NOON)
    assert (got.source, got.use_w_at(NOON)) == ("sun", 450.0)
    assert (sun.fetches, idle.fetches, use.fetches) == (1, 0, 1)


def test_the_use_of_the_house_survives_a_restart(tmp_path: Path) -> None:
    cache = ForecastCache(tmp_path / "kept.json")
    forecast = Fixed("VRM", use_w=450.0).fetch(NOON)
    cache.save(CachedAnswer(forecast=forecast))
    assert cache.load().forecast == forecast
