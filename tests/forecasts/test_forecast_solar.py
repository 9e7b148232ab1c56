from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pv_heater.core.model.setting import Secret
from pv_heater.core.settings.home import PvPlane, Site
from pv_heater.errors import AuthRejected, BadReply, RateLimited, SourceError, Unreachable
from pv_heater.forecasts.forecast_solar import ForecastSolar
from tests.forecast_server import ForecastServer
from tests.source_tools import GRAZ, NOON, tools_for

EAST_WEST = replace(
    GRAZ, pv=(PvPlane(kwp=2.5, tilt_deg=30, azimuth_deg=-90), PvPlane(kwp=3, tilt_deg=30, azimuth_deg=90))
)


def source_of(sky: ForecastServer, state_dir: Path, site: Site = GRAZ, api_key: Secret | None = None) -> ForecastSolar:
    return ForecastSolar(ForecastSolar.Settings(base_url=sky.url, api_key=api_key), tools_for(state_dir, site=site))


def test_place_and_plane_are_asked_for_and_the_answer_is_power(sky: ForecastServer, tmp_path: Path) -> None:
    forecast = source_of(sky, tmp_path).fetch(NOON)
    assert sky.paths == ["/estimate/watthours/47.0500/15.4400/37/20/4.4"]
    assert (forecast.source, forecast.issued_at) == ("forecast.solar", NOON)
    # 11:00 UTC is 13:00 in Vienna: the hour in which 2800 Wh are made.
    assert forecast.power_w_at(NOON) == pytest.approx(2800.0)


def test_several_planes_are_one_request_each_and_are_summed(sky: ForecastServer, tmp_path: Path) -> None:
    forecast = source_of(sky, tmp_path, EAST_WEST).fetch(NOON)
    assert [path.split("/")[-3:] for path in sky.paths] == [["30", "-90", "2.5"], ["30", "90", "3"]]
    assert forecast.power_w_at(NOON) == pytest.approx(5600.0)


def test_a_key_goes_first_in_the_path_and_shows_nowhere(sky: ForecastServer, tmp_path: Path) -> None:
    source = source_of(sky, tmp_path, api_key=Secret("my-key-77"))
    source.fetch(NOON)
    assert sky.paths[0].startswith("/my-key-77/estimate/watthours/47.0500/")
    assert "my-key-77" not in source.cache_key
    sky.status, sky.raw = 500, "error at /my-key-77/estimate"
    with pytest.raises(Unreachable) as caught:
        source.fetch(NOON)
    assert "my-key-77" not in str(caught.value)


def test_the_times_are_those_of_the_place_and_not_of_the_settings(sky: ForecastServer, tmp_path: Path) -> None:
    in_utc = replace(GRAZ, timezone="UTC")
    forecast = source_of(sky, tmp_path, in_utc).fetch(NOON)
    assert forecast.power_w_at(NOON) == pytest.approx(2800.0)
    sky.timezone = None
    assert source_of(sky, tmp_path, in_utc).fetch(NOON).power_w_at(NOON) == pytest.approx(1800.0)


@pytest.mark.parametrize("site", [Site(pv=GRAZ.pv), replace(GRAZ, pv=())])
def test_without_place_or_modules_nothing_is_asked(sky: ForecastServer, tmp_path: Path, site: Site) -> None:
    with pytest.raises(SourceError, match=r"site\.latitude"):
        source_of(sky, tmp_path, site).fetch(NOON)
    assert sky.paths == []


def test_the_pace_leaves_free_requests_unused(sky: ForecastServer, tmp_path: Path) -> None:
    def interval_s(planes: int, key: Secret | None = None) -> float:
        return source_of(sky, tmp_path, replace(GRAZ, pv=GRAZ.pv * planes), key).interval_s

    assert interval_s(1) == 3600
    assert interval_s(20) == 7200
    assert interval_s(1, Secret("k")) == 1800


def test_a_used_up_quota_tells_when_to_come_back(sky: ForecastServer, tmp_path: Path) -> None:
    # The wish counts from the server's own clock, which is the real one here.
    sky.status, sky.retry_at = 429, datetime.fromtimestamp(datetime.now(UTC).timestamp() + 1200, UTC).isoformat()
    with pytest.raises(RateLimited, match="no more requests until") as caught:
        source_of(sky, tmp_path).fetch(NOON)
    assert caught.value.retry_after_s == pytest.approx(1200, abs=5)


@pytest.mark.parametrize("raw", [None, "<html>slow down</html>"])
def test_a_used_up_quota_without_a_time_is_still_known_as_one(
    sky: ForecastServer, tmp_path: Path, raw: str | None
) -> None:
    sky.status, sky.raw = 429, raw
    with pytest.raises(RateLimited) as caught:
        source_of(sky, tmp_path).fetch(NOON)
    assert caught.value.retry_after_s is None


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_bad_place_is_refused_in_the_apis_own_words(sky: ForecastServer, tmp_path: Path, status: int) -> None:
    sky.status, sky.text = status, "Location is in the sea, isn't it?"
    with pytest.raises(BadReply, match="Location is in the sea, isn't it"):
        source_of(sky, tmp_path).fetch(NOON)


def test_a_bad_key_is_a_refusal(sky: ForecastServer, tmp_path: Path) -> None:
    sky.status, sky.text = 401, "API key is not valid"
    with pytest.raises(AuthRejected, match="API key is not valid"):
        source_of(sky, tmp_path, api_key=Secret("old")).fetch(NOON)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "[]",
        "{}",
        '{"result": null}',
        '{"result": []}',
        '{"result": {}}',
        '{"result": "don\'t"}',
        '{"result": {"2026-06-21 12:00:00": "many"}}',
        '{"result": {"2026-06-21 12:00:00": null}}',
        '{"result": {"2026-06-21 12:00:00": NaN}}',
        '{"result": {"2026-06-21 12:00:00": 1e999}}',
        '{"result": {"2026-06-21 12:',
    ],
)
def test_an_answer_of_another_shape_is_a_bad_reply(sky: ForecastServer, tmp_path: Path, raw: str) -> None:
    sky.raw = raw
    with pytest.raises(BadReply):
        source_of(sky, tmp_path).fetch(NOON)
