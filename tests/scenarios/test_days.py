"""Whole days in virtual time: the real loop and controller, the software home, a timeline for each."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pv_heater.config.load import load_config
from pv_heater.ports import Tools
from pv_heater.sim.clock import SimClock
from pv_heater.sim.recording import HomeRecording
from pv_heater.sim.recording_file import load_recording
from pv_heater.sim.recording_meter import RecordingMeter
from tests.builders import heater
from tests.scenarios.life import HOUR, MIDNIGHT, Day, day_of, live

PROJECT = Path(__file__).parent.parent.parent
SUNNY = day_of([(0, 0, 300), (7, 1500, 300), (9, 3000, 300), (13, 2000, 300), (15, 0, 300)], until_hour=17)
DULL = day_of([(0, 0, 300), (8, 350, 300), (17, 0, 300)], until_hour=20)

VRM: dict[str, Any] = {"interval_s": 60.0, "delay_s": 60.0, "tick_s": 30.0}
BY_MINUTES: dict[str, Any] = {"interval_s": 60.0, "tick_s": 60.0}
"""Where what a whole day comes to is shown, and not how soon something is done."""


@cache
def sunny_day() -> Day:
    return live(SUNNY)


@cache
def dull_day_without_heating() -> Day:
    return live(DULL, limits={"min_battery_percent": 100}, tick_s=60.0)


@pytest.mark.xdist_group("sunny day")
def test_a_sunny_day_fills_the_battery_and_spends_the_rest() -> None:
    # 07:00 sun, the battery (50 %) comes first; 10:00 it is near full, the heater has nearly everything;
    # 15:00 the sun is gone: nothing may run.
    day = sunny_day()
    assert day.power_w(7.5) == 0
    assert day.power_w(12) > 1900
    assert day.heated_s(15.1, 17) == 0
    assert day.ledger.unused_wh < 0.27 * (2 * 1.2 + 4 * 2.7 + 2 * 1.7) * 1000  # the heater takes 2000 of 2700 W
    # Bought at night, and nothing beside that.
    without = live(SUNNY, limits={"min_battery_percent": 100}, tick_s=60.0)
    assert day.ledger.grid_import_wh <= without.ledger.grid_import_wh + 50


def test_a_full_battery_at_ten_with_zero_feed_in_does_not_hide_the_sun() -> None:
    # The battery is full and PV throttles from the first ray; the surplus reads zero all morning.
    day = live(day_of([(0, 0, 0), (10, 3000, 300)], until_hour=12), start_percent=100.0, from_hour=9.75)
    assert day.power_w(10.5) > 1900
    assert day.ledger.heat_wh["heater"] > 0.9 * 2 * 2000


def test_with_feed_in_only_what_would_be_exported_is_spent() -> None:
    day = live(SUNNY, feed_in=True, **BY_MINUTES)
    assert day.power_w(12) == 2000
    assert day.ledger.grid_export_wh < 0.35 * 4 * 2700


def test_vrm_silent_at_noon_is_off_within_the_age_limit_and_comes_back() -> None:
    # 12:00 the last reading; a live source of 10 s has a limit of 180 s in this mapping (no meter named);
    # 12:03 at the latest everything is off; 12:30 the meter speaks again, 12:36 it heats again.
    sunny = day_of([(0, 0, 0), (11, 3000, 300)], until_hour=12.7)
    day = live(sunny, start_percent=95.0, silent=(12.0, 12.5), from_hour=10.75)
    assert day.power_w(11.9) > 1900
    assert day.heated_s(12.0 + 190 / HOUR, 12.5) == 0
    assert day.power_w(12.6) > 1900


@pytest.mark.xdist_group("sunny day")
def test_readings_a_minute_old_are_as_good() -> None:
    day = live(SUNNY, **VRM)
    fast = sunny_day()
    assert day.ledger.heat_wh["heater"] > 0.97 * fast.ledger.heat_wh["heater"]


def test_readings_ten_minutes_late_never_heat() -> None:
    day = live(day_of([(0, 0, 300), (7, 3000, 300)], until_hour=12), **VRM | {"delay_s": 600.0, "tick_s": 60.0})
    assert day.ledger.heat_wh["heater"] == 0


def test_clouds_every_two_minutes_do_not_wear_the_relay() -> None:
    rows = [(0.0, 0.0, 0.0)]
    for minute in range(8 * 60, 12 * 60):
        rows.append((minute / 60, 3500.0 if minute % 4 < 2 else 600.0, 300.0))
    day = live(day_of([*rows, (12, 0, 300)], until_hour=13), start_percent=80.0, from_hour=7.75)
    assert day.starts() <= 8
    assert day.ledger.heat_wh["heater"] > 3600
    assert day.ledger.grid_import_wh < 0.01 * day.ledger.heat_wh["heater"]


def test_a_kettle_is_paid_by_the_battery_or_the_heater_not_by_the_grid() -> None:
    rows = [(0.0, 0.0, 0.0), (11.0, 2500.0, 300.0), (12.0, 2500.0, 2300.0), (12.1, 2500.0, 300.0)]
    day = live(day_of(rows, until_hour=13), start_percent=90.0, from_hour=10.75)
    assert day.power_w(11.9) > 1500
    by_day = [reading for at_s, _, reading in day.seen if reading and at_s > 11.1 * HOUR]
    bought_wh = sum(max(0.0, reading.grid_w or 0.0) for reading in by_day) * 10 / 3600
    assert bought_wh < 10


@pytest.mark.parametrize("strategy", ["balance", "forecast_gap"])
def test_a_forecast_of_sun_that_does_not_come_heats_nothing_from_the_grid(strategy: str) -> None:
    day = live(DULL, strategy={"type": strategy}, forecast_w=4000.0, start_percent=60.0, **BY_MINUTES)
    nothing = dull_day_without_heating()
    assert day.ledger.grid_import_wh <= nothing.ledger.grid_import_wh + 100
    assert day.ledger.heat_wh["heater"] < 2500


def test_a_battery_charged_from_the_grid_at_night_is_no_surplus() -> None:
    day = live(day_of([(0, 0, 300)], until_hour=8), start_percent=100.0)
    assert day.ledger.heat_wh["heater"] == 0


def test_the_seeds_law_follows_its_forecast_where_pv_is_throttled() -> None:
    bright = day_of([(0, 0, 300), (8, 3000, 300), (17, 0, 300)], until_hour=18)
    day = live(bright, strategy={"type": "forecast_gap"}, forecast_w=3000.0, start_percent=100.0, **BY_MINUTES)
    assert day.ledger.heat_wh["heater"] > 8000


@pytest.mark.parametrize(("name", "least_kwh"), [("summer", 14.0), ("broken_cloud", 15.0)])
def test_the_bundled_days_are_spent_well(name: str, least_kwh: float) -> None:
    recording = load_recording(PROJECT / "Files" / "recordings" / f"{name}.csv.gz")
    assert isinstance(recording, HomeRecording)
    day = live(recording, **BY_MINUTES)
    idle = live(recording, limits={"min_battery_percent": 100}, load={"max_closings_per_day": 1}, tick_s=60.0)
    assert day.ledger.heat_wh["heater"] / 1000 > least_kwh
    extra_wh = day.ledger.grid_import_wh - idle.ledger.grid_import_wh
    assert extra_wh < 0.02 * day.ledger.heat_wh["heater"]


def test_the_recording_meter_serves_the_same_home(tmp_path: Path) -> None:
    config = load_config({"loads": [heater()], "site": {"battery": {"capacity_wh": 4800}}})
    clock = SimClock(MIDNIGHT)
    tools = Tools(clock=clock, site=config.site, state_dir=tmp_path, pins=lambda: None)
    meter = RecordingMeter(RecordingMeter.Settings(path="scripted"), tools, SUNNY)
    clock.wait_until(12 * HOUR)
    assert meter.read().consumption_w == 300
