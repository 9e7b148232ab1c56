"""Made-up days, folders of days, and forecasts of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from pv_heater.core.model.values import Forecast
from pv_heater.core.settings.home import PvPlane, Site
from pv_heater.errors import RecordingError
from pv_heater.sim.recording import HomeRecording
from pv_heater.sim.recording_file import days_from_folder, load_recording
from pv_heater.sim.weather import WEATHERS, recorded_sun_forecast, site_clear_sky, synthetic_days

MIDNIGHT = datetime(2026, 6, 21, 0, 0, tzinfo=timezone(timedelta(hours=1)))
SKY = site_clear_sky(Site())
BUNDLED = Path(__file__).parent.parent.parent / "Files" / "recordings"


def spell(weather: str, days: int = 1, seed: int = 7) -> HomeRecording:
    return synthetic_days(days, weather, seed, MIDNIGHT, SKY)


def sun_kwh(recording: HomeRecording) -> float:
    return sum(recording.pv_w) / 60_000.0


def jumps(recording: HomeRecording) -> int:
    return sum(abs(after - before) > 700.0 for before, after in zip(recording.pv_w, recording.pv_w[1:], strict=False))


@pytest.mark.parametrize("weather", WEATHERS)
def test_the_same_seed_gives_the_same_days_and_another_gives_others(weather: str) -> None:
    assert spell(weather, days=2) == spell(weather, days=2)
    assert spell(weather, days=2).pv_w != spell(weather, days=2, seed=8).pv_w


def test_a_clear_day_is_sunny_a_cloudy_one_dark_and_a_broken_one_restless() -> None:
    clear, cloudy, broken = spell("clear"), spell("cloudy"), spell("broken")
    assert 25.0 < sun_kwh(clear) < 40.0
    assert sun_kwh(cloudy) < 0.4 * sun_kwh(clear)
    assert 0.5 * sun_kwh(clear) < sun_kwh(broken) < 0.95 * sun_kwh(clear)
    assert jumps(clear) == 0
    assert jumps(broken) > 40


def test_nights_are_dark_and_the_house_always_uses_something() -> None:
    recording = spell("mixed", days=5)
    assert recording.days == 5.0
    assert len(recording.pv_w) == len(recording.load_w) == 5 * 1440
    assert all(recording.pv_w[day * 1440 + minute] == 0.0 for day in range(5) for minute in range(120))
    assert min(recording.load_w) > 100.0
    assert 6.0 < sum(recording.load_w) / 60_000.0 / 5 < 13.0


def test_more_panels_give_more_and_the_inverter_limits_them() -> None:
    double = site_clear_sky(Site(pv=(PvPlane(kwp=10.0),)))
    recording = synthetic_days(1, "clear", 7, MIDNIGHT, double, max_pv_w=6000.0)
    assert sun_kwh(recording) > 1.3 * sun_kwh(spell("clear"))
    assert max(recording.pv_w) == 6000.0


@pytest.mark.parametrize(("weather", "days", "said"), [("foggy", 1, "foggy"), ("clear", 0, "at least one day")])
def test_unknown_weather_and_no_days_are_refused(weather: str, days: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        synthetic_days(days, weather, 1, MIDNIGHT, SKY)


def test_a_simulated_forecast_is_wrong_by_about_a_seventh_of_a_clear_day() -> None:
    recording = spell("broken")
    clear_kwh = sum(SKY(MIDNIGHT + timedelta(minutes=15 * number)) for number in range(96)) / 4000.0
    errors = [
        (sum(power_w for _, power_w in recorded_sun_forecast(recording, SKY, seed).steps) / 4000.0 - sun_kwh(recording))
        / clear_kwh
        for seed in range(200)
    ]
    mean = sum(errors) / len(errors)
    spread = (sum((error - mean) ** 2 for error in errors) / len(errors)) ** 0.5
    assert abs(mean) < 0.03
    assert spread == pytest.approx(0.15, abs=0.03)


def test_a_simulated_forecast_is_the_same_for_the_same_seed_and_covers_the_nights() -> None:
    recording = spell("mixed", days=3)
    forecast = recorded_sun_forecast(recording, SKY, 3)
    assert forecast == recorded_sun_forecast(recording, SKY, 3)
    assert forecast.steps[0][0] == MIDNIGHT
    assert forecast.end_at == MIDNIGHT + timedelta(days=3)
    # Smoothing over three hours may lighten the edges of a night, not its middle.
    assert all(power_w == 0.0 for at, power_w in forecast.steps if at.astimezone(UTC).hour in (23, 0))
    assert all(power_w >= 0.0 for _, power_w in forecast.steps)


def test_a_folder_gives_its_days_and_says_what_it_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "t,pv_w,load_w,soc_pct\n2026-06-21T00:00:00,0,300,50\n2026-06-21T00:01:00,0,310,50\n"
    )
    (tmp_path / "b.csv").write_text("t,pv_w\n2026-06-21T00:00:00,0\n")
    (tmp_path / "c.csv").write_text("")
    (tmp_path / "d.csv.gz").write_bytes((BUNDLED / "summer.csv.gz").read_bytes())
    (tmp_path / "e.csv").write_text("# pv-heater 1 kind=readings zone=UTC\nt,pv_w\n2026-06-21T00:00:00,0\n")
    (tmp_path / "notes.txt").write_text("not a day")
    folder = days_from_folder(tmp_path, timezone(timedelta(hours=2)))
    assert [recording.name for recording in folder.recordings] == ["a", "summer"]
    assert folder.recordings[0].start_at == datetime(2026, 6, 20, 22, 0, tzinfo=UTC)
    assert folder.recordings[1].start_at == datetime(2017, 5, 27, 23, 0, tzinfo=UTC)
    assert [sentence for sentence in folder.skipped if "b.csv" in sentence and "needs the column load_w" in sentence]
    assert len(folder.skipped) == 3


def test_a_folder_without_days_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="not one of its 0 CSV files"):
        days_from_folder(tmp_path, UTC)
    with pytest.raises(RecordingError, match="no such folder"):
        days_from_folder(tmp_path / "gone", UTC)


def test_a_bundled_day_is_forecast_from_its_own_sun() -> None:
    recording = load_recording(BUNDLED / "summer.csv.gz")
    assert isinstance(recording, HomeRecording)
    forecast = recorded_sun_forecast(recording, SKY, 1)
    at_noon, at_dawn = forecast.steps[48][1], forecast.steps[22][1]
    assert 2500.0 < at_noon < 6000.0
    assert at_dawn < 1500.0


def test_a_shifted_forecast_is_the_same_day_earlier_or_later() -> None:
    recording = spell("clear")
    shifts_h = []
    for seed in range(100):
        plain_h, shifted_h = (
            middle_h(recorded_sun_forecast(recording, SKY, seed, shifted=shifted)) for shifted in (False, True)
        )
        shifts_h.append(shifted_h - plain_h)
    mean = sum(shifts_h) / len(shifts_h)
    assert abs(mean) < 0.3
    assert sum((shift - mean) ** 2 for shift in shifts_h) / len(shifts_h) == pytest.approx(1.0, abs=0.4)
    plain, shifted = (recorded_sun_forecast(recording, SKY, 1, shifted=shifted) for shifted in (False, True))
    assert sum(power_w for _, power_w in shifted.steps) == pytest.approx(
        sum(power_w for _, power_w in plain.steps), rel=0.02
    )


def middle_h(forecast: Forecast) -> float:
    """Hours after midnight at which the mean Wh is expected."""
    energy = sum(power_w for _, power_w in forecast.steps)
    return sum(power_w * number / 4.0 for number, (_, power_w) in enumerate(forecast.steps)) / energy
