"""A day of restarts, counted at the server: no service is asked more often than it allows."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from pv_heater.core.model.setting import Secret
from pv_heater.core.settings.home import PvPlane, Site
from pv_heater.errors import SourceError
from pv_heater.forecasts.cached import Cacheable, CachedForecast
from pv_heater.forecasts.forecast_solar import ForecastSolar
from pv_heater.forecasts.open_meteo import OpenMeteo
from pv_heater.ports import Tools
from pv_heater.victron.vrm.forecast import VrmForecast
from tests.forecast_server import TWO_DAYS_WH
from tests.forecasts.weather_answers import answer
from tests.http_server import ScriptedServer
from tests.source_tools import GRAZ, NOON, HandClock, tools_for
from tests.victron.vrm.test_vrm_answer import day

MORNING = NOON.replace(hour=1)
THREE_PLANES = replace(GRAZ, pv=tuple(PvPlane(kwp=2.0, azimuth_deg=azimuth) for azimuth in (-90, 0, 90)))
FREE_AN_HOUR = 12
"""What forecast.solar allows without a key."""


def solar(url: str, tools: Tools) -> Cacheable:
    return ForecastSolar(ForecastSolar.Settings(base_url=url), tools)


def meteo(url: str, tools: Tools) -> Cacheable:
    return OpenMeteo(OpenMeteo.Settings(base_url=url), tools)


def vrm(url: str, tools: Tools) -> Cacheable:
    return VrmForecast(VrmForecast.Settings(token=Secret("t"), installation_id=7, base_url=url), tools)


def vrm_login(url: str, tools: Tools) -> Cacheable:
    login = VrmForecast.Settings(username="me", password=Secret("p"), installation_id=7, base_url=url)
    return VrmForecast(login, tools)


Build = Callable[[str, Tools], Cacheable]
SERVICES = pytest.mark.parametrize("build", [solar, meteo, vrm, vrm_login], ids=lambda build: build.__name__)
TROUBLES = pytest.mark.parametrize(
    ("status", "raw"),
    [(200, None), (500, ""), (429, "slow down"), (401, "{}"), (200, "{}"), (200, "<html>")],
    ids=["healthy", "its own fault", "too often", "refused", "another shape", "no JSON"],
)


@pytest.fixture
def healthy(service: ScriptedServer) -> ScriptedServer:
    """Answers as each of the services does."""
    solar_body = {"result": TWO_DAYS_WH, "message": {"info": {"timezone": "Europe/Vienna"}}}
    planes = {f"{plane.kwp:g}": solar_body for plane in (*GRAZ.pv, *THREE_PLANES.pv)}
    service.answers = {**planes, "forecast": answer(), "stats": day(), "login": {"token": "b"}}
    return service


def lived(
    server: ScriptedServer, build: Build, state_dir: Path, *, every_s: float, for_s: float, site: Site = GRAZ
) -> list[datetime]:
    """When the server was asked, with a fresh start of the program each `every_s`; the disk is the same throughout."""
    clock = HandClock(MORNING)
    asked: list[datetime] = []
    while clock.now() < MORNING + timedelta(seconds=for_s):
        tools = tools_for(state_dir, clock=clock, site=site)
        before = len(server.asked)
        with contextlib.suppress(SourceError):
            CachedForecast(build(server.url, tools), tools).fetch(clock.now())
        asked += [clock.now()] * (len(server.asked) - before)
        clock.advance(every_s)
    return asked


def most_in_an_hour(asked: list[datetime]) -> int:
    return max(sum(start <= at < start + timedelta(hours=1) for at in asked) for start in asked)


@SERVICES
@TROUBLES
def test_192_restarts_in_a_day_ask_about_once_an_hour(
    healthy: ScriptedServer, build: Build, status: int, raw: str | None, tmp_path: Path
) -> None:
    healthy.status, healthy.raw = status, raw
    asked = lived(healthy, build, tmp_path, every_s=450, for_s=86_400)
    requests_a_try = 2 if build is vrm_login else 1
    assert 20 * (status == 200 and raw is None) <= len(asked) <= 28 * requests_a_try
    assert most_in_an_hour(asked) <= 4 * requests_a_try


@SERVICES
@TROUBLES
def test_a_crash_loop_knocks_no_more_often(
    healthy: ScriptedServer, build: Build, status: int, raw: str | None, tmp_path: Path
) -> None:
    healthy.status, healthy.raw = status, raw
    asked = lived(healthy, build, tmp_path, every_s=20, for_s=3600)
    assert 1 <= len(asked) <= 4 * (2 if build is vrm_login else 1)


@TROUBLES
def test_three_planes_stay_within_the_free_quota(
    healthy: ScriptedServer, status: int, raw: str | None, tmp_path: Path
) -> None:
    healthy.status, healthy.raw = status, raw
    asked = lived(healthy, solar, tmp_path, every_s=450, for_s=86_400, site=THREE_PLANES)
    assert most_in_an_hour(asked) <= FREE_AN_HOUR
    assert len(asked) <= 3 * 28


class Killed(BaseException):
    """The program dies; no `except` of it catches this."""


@pytest.mark.parametrize("dies", [1, 2, 3])
def test_a_program_that_dies_while_it_asks_does_not_go_on_knocking(
    healthy: ScriptedServer, tmp_path: Path, dies: int
) -> None:
    clock = HandClock(MORNING)
    tools = tools_for(tmp_path, clock=clock, site=THREE_PLANES)

    class Deadly(ForecastSolar):
        def fetch(self, now: datetime) -> NoReturn:
            for plane in self._site.pv[:dies]:
                self._plane(plane, now)
            raise Killed

    for _ in range(360):
        with contextlib.suppress(Killed, SourceError):
            CachedForecast(Deadly(ForecastSolar.Settings(base_url=healthy.url), tools), tools).fetch(clock.now())
        clock.advance(10)
    assert dies <= len(healthy.asked) <= FREE_AN_HOUR


def test_an_hours_ban_is_kept_over_all_restarts(healthy: ScriptedServer, tmp_path: Path) -> None:
    healthy.status, healthy.raw, healthy.headers = 429, "slow down", {"Retry-After": "3600"}
    asked = lived(healthy, solar, tmp_path, every_s=60, for_s=3 * 3600)
    assert [(at - MORNING).total_seconds() for at in asked] == [0, 3600, 7200]
