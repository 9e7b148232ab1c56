from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pv_heater.core.model.values import Forecast
from pv_heater.core.settings.home import PvPlane, Site
from pv_heater.errors import SourceError
from pv_heater.forecasts.cached import build_forecast
from pv_heater.forecasts.clear_sky import ClearSky
from pv_heater.forecasts.forecast_solar import ForecastSolar
from pv_heater.ports import ForecastSource
from tests.forecast_server import ForecastServer
from tests.source_tools import GRAZ, NOON, tools_for

NOWHERE = Site(pv=GRAZ.pv)


def started(sky: ForecastServer, state_dir: Path, site: Site = GRAZ) -> ForecastSource:
    """The program's forecast as after a fresh start."""
    tools = tools_for(state_dir, site=site)
    return build_forecast([ForecastSolar(ForecastSolar.Settings(base_url=sky.url), tools)], tools)


def kept_file(state_dir: Path) -> Path:
    (path,) = state_dir.glob("forecast_*.json")
    return path


def test_the_first_source_that_answers_is_used_and_named(sky: ForecastServer, tmp_path: Path) -> None:
    forecast = started(sky, tmp_path).fetch(NOON)
    assert forecast.source == "forecast.solar"
    assert forecast.power_w_at(NOON) == pytest.approx(2800.0)


def test_twenty_restarts_within_the_hour_use_one_request(sky: ForecastServer, tmp_path: Path) -> None:
    for minute in range(20):
        source = started(sky, tmp_path)
        forecast = source.fetch(NOON + timedelta(minutes=2 * minute))
        assert forecast.power_w_at(NOON) == pytest.approx(2800.0)
    assert len(sky.paths) == 1
    assert forecast.source == "forecast.solar cached 38 min ago"
    assert source.interval_s == 22 * 60


def test_after_an_hour_it_is_asked_again(sky: ForecastServer, tmp_path: Path) -> None:
    source = started(sky, tmp_path)
    source.fetch(NOON)
    assert source.interval_s == 3600
    assert source.fetch(NOON + timedelta(seconds=3601)).source == "forecast.solar"
    assert len(sky.paths) == 2


def test_a_restart_loop_against_a_used_up_quota_asks_once(sky: ForecastServer, tmp_path: Path) -> None:
    sky.status, sky.retry_at = 429, "2099-01-01T00:00:00+00:00"
    for minute in range(20):
        source = started(sky, tmp_path)
        assert source.fetch(NOON + timedelta(minutes=minute)).source == "clear sky"
    assert len(sky.paths) == 1
    sky.reset()
    assert started(sky, tmp_path).fetch(NOON + timedelta(minutes=61)).source == "forecast.solar"


def test_a_server_that_fails_is_replaced_by_its_last_answer(sky: ForecastServer, tmp_path: Path) -> None:
    source = started(sky, tmp_path)
    source.fetch(NOON)
    sky.status = 500
    forecast = source.fetch(NOON + timedelta(hours=3))
    assert forecast.source == "forecast.solar cached 3 h ago"
    assert forecast.power_w_at(NOON) == pytest.approx(2800.0)


def test_without_a_last_answer_the_clear_sky_stands_in(
    sky: ForecastServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sky.status = 500
    source = started(sky, tmp_path)
    for hour in range(3):
        assert source.fetch(NOON + timedelta(hours=hour)).source == "clear sky"
    lines = [text for text in caplog.messages if "now comes from clear sky" in text]
    assert len(lines) == 1
    assert "500" in lines[0]


def test_after_a_failure_it_is_tried_again_soon_and_then_more_rarely(sky: ForecastServer, tmp_path: Path) -> None:
    sky.status = 500
    source = started(sky, tmp_path)
    waits = []
    for hour in range(6):
        source.fetch(NOON + timedelta(hours=hour))
        waits.append(source.interval_s)
    assert waits == [300, 600, 1200, 2400, 3600, 3600]
    sky.reset()
    assert source.fetch(NOON + timedelta(hours=7)).source == "forecast.solar"
    assert source.interval_s == 3600


def test_yesterdays_file_is_used_while_it_covers_today_and_not_after(sky: ForecastServer, tmp_path: Path) -> None:
    started(sky, tmp_path).fetch(NOON)
    sky.status = 500
    assert started(sky, tmp_path).fetch(NOON + timedelta(days=1)).source == "forecast.solar cached 24 h ago"
    assert started(sky, tmp_path).fetch(NOON + timedelta(days=2)).source == "clear sky"


def test_a_file_from_the_future_is_not_taken_for_a_fresh_one(sky: ForecastServer, tmp_path: Path) -> None:
    started(sky, tmp_path).fetch(NOON)
    started(sky, tmp_path).fetch(NOON - timedelta(hours=2))
    assert len(sky.paths) == 2


def test_a_file_for_other_modules_is_not_used(sky: ForecastServer, tmp_path: Path) -> None:
    started(sky, tmp_path).fetch(NOON)
    other = replace(GRAZ, pv=(PvPlane(kwp=9),))
    started(sky, tmp_path, other).fetch(NOON + timedelta(minutes=5))
    assert len(sky.paths) == 2


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '{"version": 99}',
        '{"version": 1, "not_before_at": null, "forecast": {"step_s": 900}}',
        "\x00",
    ],
)
def test_a_broken_file_is_ignored_with_one_line(
    sky: ForecastServer, tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    started(sky, tmp_path).fetch(NOON)
    kept_file(tmp_path).write_text(content, encoding="utf-8")
    caplog.clear()
    source = started(sky, tmp_path)
    assert source.fetch(NOON + timedelta(minutes=1)).source == "forecast.solar"
    assert len([text for text in caplog.messages if "cannot be used" in text]) == 1


def test_a_file_that_is_no_text_is_ignored(sky: ForecastServer, tmp_path: Path) -> None:
    started(sky, tmp_path).fetch(NOON)
    kept_file(tmp_path).write_bytes(b"\xff\xfe\x00")
    assert started(sky, tmp_path).fetch(NOON).source == "forecast.solar"


def test_a_full_disk_is_said_and_costs_no_forecast(
    sky: ForecastServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert started(sky, tmp_path / "missing").fetch(NOON).source == "forecast.solar"
    assert any("cannot be kept" in text for text in caplog.messages)


def test_writing_leaves_no_half_file_behind(sky: ForecastServer, tmp_path: Path) -> None:
    started(sky, tmp_path).fetch(NOON)
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]


def test_without_a_place_a_failure_says_what_would_help(sky: ForecastServer, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"site\.latitude"):
        started(sky, tmp_path, NOWHERE).fetch(NOON)


def test_without_any_source_the_clear_sky_is_used(tmp_path: Path) -> None:
    source = build_forecast([], tools_for(tmp_path))
    assert source.fetch(NOON).source == "clear sky"
    assert source.interval_s == 3600


def test_a_clear_sky_in_the_list_comes_after_the_last_answer(sky: ForecastServer, tmp_path: Path) -> None:
    tools = tools_for(tmp_path)
    network = ForecastSolar(ForecastSolar.Settings(base_url=sky.url), tools)
    source = build_forecast([network, ClearSky(ClearSky.Settings(), tools)], tools)
    source.fetch(NOON)
    sky.status = 500
    assert source.fetch(NOON + timedelta(hours=2)).source == "forecast.solar cached 2 h ago"
    assert source.fetch(NOON + timedelta(days=3)).source == "clear sky"


def test_the_second_source_answers_where_the_first_fails(sky: ForecastServer, tmp_path: Path) -> None:
    class Fixed:
        interval_s = 900.0

        def fetch(self, now: datetime) -> Forecast:
            return Forecast(issued_at=now, source="fixed", step_s=3600, steps=((now, 1.0),))

    tools = tools_for(tmp_path)
    sky.status = 500
    source = build_forecast([ForecastSolar(ForecastSolar.Settings(base_url=sky.url), tools), Fixed()], tools)
    assert source.fetch(NOON).source == "fixed"
    assert source.interval_s == 300


def test_the_end_of_a_trouble_is_logged(sky: ForecastServer, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    source = started(sky, tmp_path)
    source.fetch(NOON)
    sky.status = 500
    source.fetch(NOON + timedelta(hours=2))
    sky.status = 200
    source.fetch(NOON + timedelta(hours=4))
    assert any("The one of 2 h ago is used" in text for text in caplog.messages)
    assert any("answers again after 1 failed" in text for text in caplog.messages)
