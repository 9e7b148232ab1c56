from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.values import Forecast
from pv_heater.core.settings.home import PvPlane
from pv_heater.errors import BadReply
from pv_heater.forecasts.open_meteo_answer import forecast_of, module_w, weather_of
from tests.forecasts.weather_answers import SUMMER_DAY, answer, light_w_m2
from tests.source_tools import NOON

ONE = PvPlane(kwp=1.0, tilt_deg=35)
DATA = Path(__file__).parents[2].parent / "shared" / "data" / "forecast_json"
BRIGHT_W = module_w(1.0, 500.0, 20.0)


def forecast(
    *bodies: Any, planes: tuple[PvPlane, ...] = (ONE,), now: datetime = NOON, max_w: float | None = None
) -> tuple[Forecast, list[str]]:
    """What comes of the answers, one for each plane, and what was said of them."""
    said: list[str] = []
    pairs = [(plane, weather_of(body, said.append)) for plane, body in zip(planes, bodies, strict=True)]
    return forecast_of(pairs, now=now, max_w=max_w), said


def changed(block: str, key: str, value: Any, at: int | None = None) -> dict[str, Any]:
    """A whole answer with one array, or one of its values, replaced."""
    body = answer()
    if at is None:
        body[block][key] = value
    else:
        body[block][key][at] = value
    return body


def test_quarter_hours_are_used_where_they_come() -> None:
    built, said = forecast(answer())
    assert (built.source, built.step_s, built.issued_at) == ("Open-Meteo", 900, NOON)
    assert built.power_w_at(NOON) == pytest.approx(BRIGHT_W)
    assert built.steps[0][0] == SUMMER_DAY - timedelta(seconds=900)
    assert said == []


def test_the_light_at_a_time_is_that_of_the_step_before_it() -> None:
    built, _ = forecast(answer())
    six, eighteen = SUMMER_DAY + timedelta(hours=6), SUMMER_DAY + timedelta(hours=18)
    second = timedelta(seconds=1)
    assert [built.power_w_at(at) for at in (six - second, six, eighteen - second, eighteen)] == [
        0, pytest.approx(BRIGHT_W), pytest.approx(BRIGHT_W), 0,
    ]  # fmt: skip


@pytest.mark.parametrize("body", [answer(["hourly"]), {**answer(["hourly"]), "minutely_15": None}])
def test_hours_do_where_no_quarters_come(body: Any) -> None:
    built, _ = forecast(body)
    assert built.step_s == 3600
    assert built.power_w_at(SUMMER_DAY + timedelta(hours=6, minutes=1)) == pytest.approx(BRIGHT_W)
    assert built.power_w_at(SUMMER_DAY + timedelta(hours=5, minutes=59)) == 0


def test_hours_do_where_the_quarters_end_sooner() -> None:
    body = answer()
    body["minutely_15"]["global_tilted_irradiance"][100:] = [None] * 188
    built, said = forecast(body)
    assert built.step_s == 3600
    assert built.end_at == SUMMER_DAY + timedelta(hours=71)
    assert said == [], "an array that ends in nulls is how the API says that its model reaches no further"


def test_planes_are_added_where_all_are_known() -> None:
    late = answer(["minutely_15"], first_at=SUMMER_DAY + timedelta(hours=8))
    planes = (ONE, PvPlane(kwp=3.0, tilt_deg=10, azimuth_deg=90))
    built, _ = forecast(answer(["minutely_15"]), late, planes=planes)
    assert built.power_w_at(NOON) == pytest.approx(4 * BRIGHT_W)
    assert built.steps[0][0] == SUMMER_DAY + timedelta(hours=7, minutes=45)
    assert built.end_at == SUMMER_DAY + timedelta(hours=71, minutes=45)


def test_an_inverter_cuts_off_what_it_cannot_give() -> None:
    assert forecast(answer(), max_w=300.0)[0].power_w_at(NOON) == 300
    assert forecast(answer(), max_w=3000.0)[0].power_w_at(NOON) == pytest.approx(BRIGHT_W)


def test_clouds_are_the_mean_of_a_steps_two_ends() -> None:
    body = answer(["hourly"])
    body["hourly"]["cloud_cover"] = [0] * 12 + [100] * 60
    built, _ = forecast(body)
    eleven = SUMMER_DAY + timedelta(hours=11)
    assert built.cloud_percent_between(eleven, eleven + timedelta(hours=1)) == 50
    assert built.cloud_percent_between(eleven - timedelta(hours=3), eleven) == 0


def test_without_clouds_the_sun_is_told_all_the_same() -> None:
    built, said = forecast(answer(cloud_percent=None))
    assert built.cloud_percent == ()
    assert built.power_w_at(NOON) == pytest.approx(BRIGHT_W)
    assert said == []


def test_without_a_temperature_usual_air_is_assumed() -> None:
    built, _ = forecast(answer(air_c=None))
    assert built.power_w_at(NOON) == pytest.approx(module_w(1.0, 500.0, None))


def test_an_hour_without_values_is_bridged_and_a_longer_hole_ends_it() -> None:
    body = answer(["minutely_15"])
    body["minutely_15"]["global_tilted_irradiance"][50:54] = [None] * 4
    assert forecast(body)[0].power_w_at(SUMMER_DAY + timedelta(hours=12, minutes=50)) == pytest.approx(BRIGHT_W)
    body["minutely_15"]["global_tilted_irradiance"][50:55] = [None] * 5
    assert forecast(body)[0].end_at == SUMMER_DAY + timedelta(minutes=15 * 49)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("global_tilted_irradiance", 1e9),
        ("global_tilted_irradiance", -84155.9),
        ("global_tilted_irradiance", float("nan")),
        ("global_tilted_irradiance", "bright"),
        ("global_tilted_irradiance", True),
        ("global_tilted_irradiance", [500]),
        ("temperature_2m", 1e9),
        ("cloud_cover", -1),
        ("cloud_cover", 101),
    ],
    ids=["1e9", "far below zero", "nan", "a word", "a truth", "a list", "hot as a star", "fewer than none", "too many"],
)
def test_a_value_that_cannot_be_is_left_out_and_said_once_for_each(key: str, value: Any) -> None:
    built, said = forecast(changed("minutely_15", key, value, at=48))
    assert built.power_w_at(SUMMER_DAY + timedelta(hours=11, minutes=50)) == pytest.approx(BRIGHT_W, rel=0.01)
    assert len(said) == 1
    assert key in said[0]
    assert built.cloud_percent_between(NOON, NOON + timedelta(hours=3)) == 40


def test_a_light_a_little_below_zero_is_night() -> None:
    built, said = forecast(answer(light=lambda at: light_w_m2(at) or -1.6))
    assert min(pv_w for _, pv_w in built.steps) == 0
    assert said == []


@pytest.mark.parametrize("key", ["temperature_2m", "cloud_cover"])
@pytest.mark.parametrize("value", [[20.0] * 5, "warm", None, {}, []])
def test_an_array_of_another_length_is_left_out_as_a_whole(key: str, value: Any) -> None:
    built, said = forecast(changed("minutely_15", key, value))
    assert built.step_s == 900
    assert 400 < (built.power_w_at(NOON) or 0) < 500
    assert len(said) == 1
    assert f"{key} for 288 times" in said[0]


BROKEN = {
    "nothing": None,
    "a list": [],
    "a text": "sunny",
    "no series": {},
    "series that are lists": {"minutely_15": [], "hourly": []},
    "no light": {"hourly": {"time": [int(SUMMER_DAY.timestamp())]}},
    "no time": {"hourly": {"global_tilted_irradiance": [1.0]}},
    "unequal lengths": {"hourly": {"time": [int(SUMMER_DAY.timestamp())], "global_tilted_irradiance": [1.0, 2.0]}},
    "only nulls": answer(light=lambda at: None),
    "times as text": {"hourly": {"time": ["2026-06-21T00:00"], "global_tilted_irradiance": [1.0]}},
    "a clock in 1970": answer(first_at=SUMMER_DAY.replace(year=1970)),
    "another year": answer(first_at=SUMMER_DAY.replace(year=2024)),
    "times off the step": answer(first_at=SUMMER_DAY + timedelta(minutes=7)),
    "a time too far": {**changed("minutely_15", "time", 99e9, at=5), "hourly": None},
    "a time that is nan": {**changed("minutely_15", "time", float("nan"), at=0), "hourly": None},
    "the same time twice": {"hourly": {"time": [1782000000, 1782000000], "global_tilted_irradiance": [1.0, 2.0]}},
    "a flood": {"hourly": {"time": list(range(100_000)), "global_tilted_irradiance": [1.0] * 100_000}},
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_an_answer_of_another_shape_is_a_bad_reply(body: Any) -> None:
    with pytest.raises(BadReply, match="Open-Meteo"):
        forecast(body)


def test_a_plane_without_an_answer_spoils_the_sum() -> None:
    yesterday = answer(first_at=SUMMER_DAY - timedelta(days=9))
    with pytest.raises(BadReply, match="says nothing of now"):
        forecast(answer(), yesterday, planes=(ONE, ONE))


def recorded(name: str, block: str, light: str) -> dict[str, Any]:
    """A real answer as it would have come in unix seconds; its light is the horizontal one."""
    path = DATA / name
    if not path.exists():
        pytest.skip("the recorded answers are not here")
    raw = json.loads(path.read_text(encoding="utf-8"))
    arrays = raw[block]
    offset_s = raw["utc_offset_seconds"]
    times = [int(datetime.fromisoformat(f"{text}+00:00").timestamp()) - offset_s for text in arrays["time"]]
    return {block: {**arrays, "time": times, "global_tilted_irradiance": arrays[light]}}


@pytest.mark.parametrize(
    ("name", "block", "light"),
    [
        ("emhass_openmeteo_15min_2025-02-24.json", "minutely_15", "shortwave_radiation_instant"),
        ("eos_weatherforecast_openmeteo_1.json", "hourly", "shortwave_radiation"),
    ],
    ids=["quarter hours", "hours"],
)
def test_recorded_answers_give_days_and_nights(name: str, block: str, light: str) -> None:
    body = recorded(name, block, light)
    first_s = body[block]["time"][0]
    now = datetime.fromtimestamp(first_s + 12 * 3600, tz=NOON.tzinfo)
    built, said = forecast(body, now=now)
    assert said == []
    assert len(built.steps) == len(body[block]["time"])
    day_wh = built.energy_wh_between(now - timedelta(hours=12), now + timedelta(hours=12))
    assert 300 < day_wh < 4500, "1 kWp on a day around the end of winter"
    assert built.power_w_at(now - timedelta(hours=11)) == 0
    assert 0 <= (built.cloud_percent_between(now, now + timedelta(hours=1)) or 0) <= 100
