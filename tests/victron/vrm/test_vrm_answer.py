from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pv_heater.core.model.values import Forecast
from pv_heater.errors import BadReply
from pv_heater.victron.vrm.forecast import forecast_of
from tests.source_tools import NOON

MIDNIGHT = NOON.replace(hour=22) - timedelta(days=1)
"""Of the site, in UTC."""


def ms(hour: float) -> int:
    """Unix milliseconds at an hour after the site's midnight."""
    return int((MIDNIGHT + timedelta(hours=hour)).timestamp() * 1000)


def day(*more: Any, hours: int = 48, wh: float = 1500.0) -> dict[str, Any]:
    """`wh` in each hour from six to six, in the shape of VRM's answer."""
    rows = [[ms(hour), wh if 6 <= hour % 24 < 18 else 0] for hour in range(hours)]
    return {"success": True, "records": {"solar_yield_forecast": [*rows, *more]}, "totals": {}}


def of_rows(rows: Any) -> dict[str, Any]:
    return {"success": True, "records": {"solar_yield_forecast": rows}}


def forecast(body: Any) -> tuple[Forecast, list[str]]:
    said: list[str] = []
    return forecast_of(body, now=NOON, complain=said.append), said


def test_the_energy_of_an_hour_is_its_mean_power() -> None:
    built, said = forecast(day())
    assert (built.source, built.step_s, built.issued_at, said) == ("VRM", 3600, NOON, [])
    assert (built.steps[0][0], built.end_at) == (MIDNIGHT, MIDNIGHT + timedelta(hours=48))
    assert [built.power_w_at(MIDNIGHT + timedelta(hours=h)) for h in (5.99, 6, 17.99, 18)] == [0, 1500, 1500, 0]
    assert built.energy_wh_between(MIDNIGHT, MIDNIGHT + timedelta(days=1)) == pytest.approx(18_000)
    assert built.cloud_percent == ()


def test_a_first_entry_of_the_day_before_is_an_hour_like_the_others() -> None:
    body = day()
    body["records"]["solar_yield_forecast"].insert(0, [ms(-1), 5])
    built, _ = forecast(body)
    assert built.steps[0] == (MIDNIGHT - timedelta(hours=1), 5)


def test_an_entry_within_an_hour_belongs_to_it() -> None:
    built, _ = forecast(day([ms(12.4), 900]))
    assert built.power_w_at(MIDNIGHT + timedelta(hours=12)) == 900


def test_a_zone_that_is_half_an_hour_off_keeps_its_hours() -> None:
    built, _ = forecast(of_rows([[ms(hour + 0.5), 100 * hour] for hour in range(30)]))
    assert built.power_w_at(MIDNIGHT + timedelta(hours=12, minutes=31)) == 1200


def test_of_an_hour_that_came_twice_the_later_entry_stays() -> None:
    built, _ = forecast(day([ms(12), 700]))
    assert built.power_w_at(MIDNIGHT + timedelta(hours=12)) == 700


def test_an_hour_without_energy_is_bridged_and_a_longer_hole_ends_it() -> None:
    body = day()
    rows = body["records"]["solar_yield_forecast"]
    rows[14] = [ms(14), None]
    built, said = forecast(body)
    assert built.power_w_at(MIDNIGHT + timedelta(hours=14)) == 1500
    assert said == []
    rows[15] = [ms(15), None]
    assert forecast(body)[0].end_at == MIDNIGHT + timedelta(hours=14)


@pytest.mark.parametrize(
    "row",
    [
        [ms(14), 1e9], [ms(14), -1500], [ms(14), float("nan")], [ms(14), "much"], [ms(14), True], [ms(14), [1]],
        [-5, 100], [0, 100], [1e300, 100], ["noon", 100], [ms(14)], [], "row", 7, None,
    ],
    ids=[
        "1e9", "sign flipped", "nan", "a word", "a truth", "a list",
        "before all time", "1970", "the end of time", "no time", "half a pair", "no pair", "text", "a number", "null",
    ],
)  # fmt: skip
def test_an_entry_that_cannot_be_is_left_out_and_said(row: Any) -> None:
    body = day()
    body["records"]["solar_yield_forecast"][14] = row
    built, said = forecast(body)
    assert built.power_w_at(MIDNIGHT + timedelta(hours=14)) == pytest.approx(1500)
    assert len(said) == 1
    assert "left out" in said[0]


BROKEN = {
    "nothing": None,
    "a list": [],
    "no records": {"success": True},
    "records that are a list": {"records": []},
    "no such code": {"records": {"vrm_consumption_fc": []}},
    "true": of_rows(True),
    "empty": of_rows([]),
    "only nulls": of_rows([[ms(hour), None] for hour in range(24)]),
    "yesterday": of_rows([[ms(hour - 48), 100] for hour in range(24)]),
    "over years": of_rows([[ms(0), 100], [ms(24 * 365), 100]]),
    "a flood": of_rows([[ms(0), 100]] * 1000),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_an_answer_of_another_shape_is_a_bad_reply(body: Any) -> None:
    with pytest.raises(BadReply, match="VRM"):
        forecast(body)


def test_a_site_that_vrm_cannot_forecast_is_told_what_is_missing() -> None:
    with pytest.raises(BadReply, match=r"Settings, Location"):
        forecast(of_rows(False))


def test_what_the_house_will_use_comes_along() -> None:
    body = day()
    body["records"]["vrm_consumption_fc"] = [[ms(-1), 7], *([ms(hour), 100 * hour] for hour in range(24))]
    built, said = forecast(body)
    assert (built.use_w_at(MIDNIGHT + timedelta(hours=5, minutes=59)), said) == (500, [])
    assert built.use_w_at(MIDNIGHT - timedelta(minutes=30)) == 7
    assert built.use_w_at(MIDNIGHT + timedelta(hours=24)) is None
    assert built.use_w_at(MIDNIGHT - timedelta(hours=2)) is None


@pytest.mark.parametrize("rows", [False, None, {}, [], "no", [[None, 1], ["x"], 7, [ms(3), -5], [ms(4), "nan"]]])
def test_a_use_that_vrm_does_not_tell_is_no_trouble(rows: Any) -> None:
    body = day()
    body["records"]["vrm_consumption_fc"] = rows
    built, _ = forecast(body)
    assert built.use_steps == ()
    assert built.power_w_at(NOON) == 1500
