from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.setting import Secret
from pv_heater.core.settings.home import PvPlane, Site
from pv_heater.errors import AuthRejected, BadReply, RateLimited, SourceError, Unreachable
from pv_heater.forecasts.open_meteo import OpenMeteo
from pv_heater.forecasts.open_meteo_answer import module_w
from tests.forecasts.weather_answers import answer
from tests.http_server import ScriptedServer
from tests.source_tools import GRAZ, NOON, tools_for


@pytest.fixture
def weather(service: ScriptedServer) -> ScriptedServer:
    service.answers["forecast"] = answer()
    return service


def source_of(weather: ScriptedServer, tmp_path: Path, site: Site = GRAZ, **settings: Any) -> OpenMeteo:
    return OpenMeteo(OpenMeteo.Settings(base_url=f"{weather.url}/v1", **settings), tools_for(tmp_path, site=site))


def test_place_plane_and_arrays_are_asked_for_in_unix_time(weather: ScriptedServer, tmp_path: Path) -> None:
    forecast = source_of(weather, tmp_path).fetch(NOON)
    assert forecast.power_w_at(NOON) == pytest.approx(module_w(4.4, 500, 20))
    assert forecast.cloud_percent_between(NOON, NOON.replace(hour=20)) == 40
    (request,) = weather.asked
    assert request.path == "/v1/forecast"
    assert dict(request.args) == {
        "latitude": "47.0500",
        "longitude": "15.4400",
        "tilt": "37",
        "azimuth": "20",
        "minutely_15": "global_tilted_irradiance,temperature_2m,cloud_cover",
        "hourly": "global_tilted_irradiance,temperature_2m,cloud_cover",
        "timeformat": "unixtime",
        "timezone": "GMT",
        "past_days": "1",
        "forecast_days": "3",
    }


def test_each_plane_costs_a_request(weather: ScriptedServer, tmp_path: Path) -> None:
    east, west = (PvPlane(kwp=2.2, tilt_deg=30, azimuth_deg=azimuth) for azimuth in (-90, 90))
    source = source_of(weather, tmp_path, replace(GRAZ, pv=(east, west)))
    assert source.fetch(NOON).power_w_at(NOON) == pytest.approx(module_w(4.4, 500, 20))
    assert [request.args["azimuth"] for request in weather.asked] == ["-90", "90"]
    assert source.requests == 2


def test_a_key_is_sent_and_never_shown(weather: ScriptedServer, tmp_path: Path) -> None:
    source = source_of(weather, tmp_path, api_key=Secret("hush-hush"))
    source.fetch(NOON)
    assert weather.asked[0].args["apikey"] == "hush-hush"
    weather.status, weather.raw = 401, '{"error": true, "reason": "key hush-hush is not known"}'
    with pytest.raises(AuthRejected) as caught:
        source.fetch(NOON)
    assert "hush-hush" not in str(caught.value)
    assert "hush-hush" not in source.cache_key


@pytest.mark.parametrize("site", [Site(pv=GRAZ.pv), replace(GRAZ, pv=())], ids=["no place", "no modules"])
def test_without_place_or_modules_it_says_what_is_missing(weather: ScriptedServer, tmp_path: Path, site: Site) -> None:
    with pytest.raises(SourceError, match=r"site\.latitude"):
        source_of(weather, tmp_path, site).fetch(NOON)
    assert weather.asked == []


@pytest.mark.parametrize(
    ("period", "wish_s"), [("Minutely", None), ("Hourly", 3600.0), ("Daily", 3600.0)], ids=["minute", "hour", "day"]
)
def test_a_used_up_quota_waits_as_long_as_it_must(
    weather: ScriptedServer, tmp_path: Path, period: str, wish_s: float | None
) -> None:
    again = {"Minutely": "in one minute", "Hourly": "in the next hour", "Daily": "tomorrow"}[period]
    reason = f"{period} API request limit exceeded. Please try again {again}."
    weather.status, weather.raw = 429, f'{{"error": true, "reason": "{reason}"}}'
    with pytest.raises(RateLimited, match=f"{period} API request limit") as caught:
        source_of(weather, tmp_path).fetch(NOON)
    assert caught.value.retry_after_s == wish_s


def test_a_wish_of_the_server_itself_counts_more(weather: ScriptedServer, tmp_path: Path) -> None:
    weather.status, weather.raw, weather.headers = 429, "slow down", {"Retry-After": "77"}
    with pytest.raises(RateLimited) as caught:
        source_of(weather, tmp_path).fetch(NOON)
    assert caught.value.retry_after_s == 77


@pytest.mark.parametrize("status", [200, 400])
def test_a_refusal_is_told_in_the_apis_own_words(weather: ScriptedServer, tmp_path: Path, status: int) -> None:
    weather.status, weather.raw = status, '{"error": true, "reason": "Cannot initialize tilt from 900"}'
    with pytest.raises(BadReply, match="Cannot initialize tilt from 900"):
        source_of(weather, tmp_path).fetch(NOON)


@pytest.mark.parametrize(
    ("status", "raw", "kind"),
    [
        (502, "<html>", Unreachable),
        (200, "", BadReply),
        (200, "null", BadReply),
        (200, "[]", BadReply),
        (200, '{"minutely_15": {"time": [17', BadReply),
    ],
    ids=["its own fault", "empty", "null", "a list", "broken off"],
)
def test_other_answers_are_a_clear_error(
    weather: ScriptedServer, tmp_path: Path, status: int, raw: str, kind: type[SourceError]
) -> None:
    weather.status, weather.raw = status, raw
    with pytest.raises(kind, match="Open-Meteo"):
        source_of(weather, tmp_path).fetch(NOON)


def test_a_value_that_cannot_be_is_said_once_and_not_every_hour(
    weather: ScriptedServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    weather.answers["forecast"]["minutely_15"]["temperature_2m"][7] = 1e9
    source = source_of(weather, tmp_path)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            source.fetch(NOON)
    assert len(caplog.messages) == 1
    assert "temperature_2m" in caplog.messages[0]
