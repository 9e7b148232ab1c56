from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pv_heater.core.model.values import Forecast
from pv_heater.errors import BadReply
from pv_heater.forecasts.steps import forecast_from_spans, spans_of_days
from tests.forecast_server import TWO_DAYS_WH

VIENNA = ZoneInfo("Europe/Vienna")
ISSUED = datetime(2026, 6, 21, 6, tzinfo=UTC)


def build(*planes: dict[str, float], zone: ZoneInfo = VIENNA, issued_at: datetime = ISSUED) -> Forecast:
    spans = [spans_of_days(plane, zone) for plane in planes]
    return forecast_from_spans(spans, issued_at=issued_at, source="test", zone=zone)


def local(hour: int, minute: int = 0, day: int = 21) -> datetime:
    return datetime(2026, 6, day, hour, minute, tzinfo=VIENNA)


def test_the_energy_of_an_hour_is_its_own_and_not_the_next_ones() -> None:
    forecast = build(TWO_DAYS_WH)
    assert forecast.power_w_at(local(12, 30)) == pytest.approx(3000.0)
    assert forecast.power_w_at(local(13, 30)) == pytest.approx(2800.0)


def test_a_gap_of_hours_is_spread_evenly() -> None:
    assert build(TWO_DAYS_WH).power_w_at(local(9, 10)) == pytest.approx(1800.0)


def test_the_partial_hour_after_sunrise_counts_from_sunrise() -> None:
    forecast = build(TWO_DAYS_WH)
    assert forecast.power_w_at(local(4, 59)) == 0.0
    assert forecast.power_w_at(local(5, 30)) == pytest.approx(50 / (53 / 60))
    assert forecast.energy_wh_between(local(5), local(6)) == pytest.approx(50.0)


def test_no_energy_is_lost_and_every_day_starts_anew() -> None:
    forecast = build(TWO_DAYS_WH)
    assert forecast.energy_wh_between(local(0), local(0, day=22)) == pytest.approx(24_107.0)
    assert forecast.energy_wh_between(local(0, day=22), local(0, day=23)) == pytest.approx(9000.0)


def test_nights_are_zero_and_all_steps_follow_each_other() -> None:
    forecast = build(TWO_DAYS_WH)
    assert len(forecast.steps) == 2 * 96
    assert forecast.steps[0][0] == local(0)
    assert forecast.end_at == local(0, day=23)
    assert forecast.power_w_at(local(23)) == 0.0
    assert forecast.power_w_at(local(0, day=23)) is None


def test_two_planes_are_added() -> None:
    assert build(TWO_DAYS_WH, TWO_DAYS_WH).power_w_at(local(12, 30)) == pytest.approx(6000.0)


def test_half_hours_are_read_as_finely_as_they_come() -> None:
    forecast = build({"2026-06-21 12:00:00": 0, "2026-06-21 12:30:00": 500, "2026-06-21 13:00:00": 1500})
    assert forecast.power_w_at(local(12, 10)) == pytest.approx(1000.0)
    assert forecast.power_w_at(local(12, 40)) == pytest.approx(2000.0)


def test_times_with_an_offset_are_taken_at_their_word() -> None:
    with_offset = {f"{text.replace(' ', 'T')}+02:00": energy for text, energy in TWO_DAYS_WH.items()}
    assert build(with_offset).steps == build(TWO_DAYS_WH).steps


def test_a_day_that_begins_with_energy_made_it_in_the_hour_before() -> None:
    forecast = build({"2026-06-21 07:00:00": 200, "2026-06-21 08:00:00": 700})
    assert forecast.power_w_at(local(6, 30)) == pytest.approx(200.0)
    assert forecast.power_w_at(local(7, 30)) == pytest.approx(500.0)


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25)])
def test_days_on_which_the_clocks_change_come_out_right(day: tuple[int, int, int], hours: int) -> None:
    text = "-".join(f"{part:02d}" for part in day)
    forecast = build({f"{text} 07:00:00": 0, f"{text} 11:00:00": 4000, f"{text} 17:00:00": 7000})
    assert len(forecast.steps) == hours * 4
    assert forecast.energy_wh_between(datetime(*day, 11, tzinfo=VIENNA), datetime(*day, 17, tzinfo=VIENNA)) == (
        pytest.approx(3000.0)
    )


def test_a_zone_that_is_half_an_hour_off_keeps_its_hours() -> None:
    zone = ZoneInfo("Asia/Kathmandu")
    forecast = build({"2026-06-21 12:00:00": 0, "2026-06-21 13:00:00": 1000}, zone=zone)
    start = datetime(2026, 6, 21, 12, tzinfo=zone)
    assert [forecast.power_w_at(start + timedelta(minutes=m)) for m in (-1, 0, 59, 60)] == [0, 1000, 1000, 0]


def test_a_total_that_falls_within_a_day_is_not_negative_power() -> None:
    forecast = build({"2026-06-21 12:00:00": 900, "2026-06-21 13:00:00": 800})
    assert min(power_w for _, power_w in forecast.steps) == 0


def test_days_without_any_sun_are_known_to_be_dark() -> None:
    forecast = build({"2026-06-21 12:00:00": 0, "2026-06-21 13:00:00": 0})
    assert forecast.power_w_at(local(12)) == 0
    assert forecast.end_at == local(0, day=23)


@pytest.mark.parametrize("text", ["noon", "", "2026-13-01 12:00:00", "0001-01-01 00:00:00"])
def test_a_time_that_is_none_is_a_bad_reply(text: str) -> None:
    with pytest.raises(BadReply):
        build({text: 0, "2026-06-21 13:00:00": 100})


def test_a_forecast_over_years_is_a_bad_reply() -> None:
    with pytest.raises(BadReply, match="cannot be right"):
        build({"2020-06-21 12:00:00": 100, "2026-06-21 13:00:00": 100})
