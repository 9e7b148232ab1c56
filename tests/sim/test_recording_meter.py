"""A recording in place of a meter."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pv_heater.core.model.setting import SettingProblem, check_range
from pv_heater.core.model.values import Reading, Setpoint
from pv_heater.errors import RecordingError, SourceError
from pv_heater.sim.clock import SimClock
from pv_heater.sim.recording import ReadingsRecording
from pv_heater.sim.recording_file import load_recording
from pv_heater.sim.recording_meter import RecordingMeter
from tests.sim.outputs import Obedient, tools_for
from tests.source_tools import HandClock

NOON = datetime(2026, 6, 21, 11, 0, tzinfo=UTC)
SUMMER = Path(__file__).parent.parent.parent / "Files" / "recordings" / "summer.csv.gz"


def settings(path: Path = SUMMER, **changes: object) -> RecordingMeter.Settings:
    return RecordingMeter.Settings(path=str(path), **changes)


def readings_recording(*powers_w: float | None) -> ReadingsRecording:
    return ReadingsRecording(
        name="minutes",
        start_at=NOON,
        offsets_s=tuple(60.0 * number for number in range(len(powers_w))),
        readings=tuple(
            Reading(taken_at=NOON + timedelta(minutes=number), source="recording", pv_w=power_w, grid_w=-600.0)
            for number, power_w in enumerate(powers_w)
        ),
    )


def meter_at(hour: float, **changes: object) -> tuple[RecordingMeter, SimClock]:
    clock = SimClock(load_recording(SUMMER).start_at)
    meter = RecordingMeter(settings(**changes), tools_for(clock))
    clock.wait_until(hour * 3600.0)
    return meter, clock


def test_a_home_recording_is_answered_by_the_software_home() -> None:
    meter, clock = meter_at(12.0)
    before = meter.read()
    meter.connect([Obedient(power_w=2000.0)])
    clock.wait_until(clock.monotonic_s() + 60.0)
    after = meter.read()
    assert before.taken_at == datetime(2017, 5, 28, 11, 0, tzinfo=UTC)
    assert after.load_w == {"heater": 2000.0}
    assert after.consumption_w is not None
    assert after.consumption_w > 2000.0
    assert meter.open_loop is False


def test_the_charge_at_the_beginning_is_the_owners_choice() -> None:
    meter, _ = meter_at(0.0, start_soc_percent=80.0)
    assert meter.read().battery_soc_percent == 80.0


def test_the_live_feed_comes_at_once_and_the_vrm_feed_a_minute_late() -> None:
    live, _ = meter_at(0.0, step_s=5.0)
    vrm, clock = meter_at(0.0, feed="vrm")
    assert (live.interval_s, live.delay_s) == (5.0, 0.0)
    assert (vrm.interval_s, vrm.delay_s) == (60.0, 60.0)
    live_reading, vrm_feed = live.feed().latest(), vrm.feed()
    assert live_reading is not None
    assert live_reading.pv_throttled is False
    assert live_reading.interval_s == 5.0
    assert vrm_feed.latest() is None
    clock.wait_until(60.0)
    vrm_reading = vrm_feed.latest()
    assert vrm_reading is not None
    assert vrm_reading.taken_at == clock.at(0.0)
    assert vrm_reading.pv_throttled is None
    assert vrm_reading.load_w == {}


def test_with_the_real_feed_a_step_of_a_load_takes_its_way_through_grid_and_devices() -> None:
    grid_w = {}
    for feed in ("live", "real"):
        meter, clock = meter_at(11.0, feed=feed, step_s=1.0)
        heater = Obedient()
        meter.connect([heater])
        heater.apply(Setpoint(on=True, power_w=2000.0), clock.monotonic_s())
        clock.wait_until(clock.monotonic_s() + 1.0)
        grid_w[feed] = meter.read().grid_w
        clock.wait_until(clock.monotonic_s() + 8.0)
        settled = meter.read()
        assert settled.grid_w == pytest.approx(0.0, abs=10.0)
        assert settled.consumption_w is not None
        assert settled.consumption_w > 2000.0
    assert grid_w["live"] == pytest.approx(0.0)
    assert (grid_w["real"] or 0.0) > 300.0


def test_nothing_is_lived_beyond_the_end_of_the_recording() -> None:
    meter, clock = meter_at(24.0)
    at_the_end = meter.ledger
    clock.wait_until(25 * 3600.0)
    assert meter.ledger == at_the_end
    assert at_the_end.house_wh == pytest.approx(28_100, rel=0.01)


def test_recorded_readings_are_repeated_open_loop() -> None:
    clock = SimClock(NOON)
    recording = readings_recording(1000.0, None, 3000.0)
    meter = RecordingMeter(settings(), tools_for(clock), recording)
    meter.connect([Obedient(power_w=1200.0)])
    feed = meter.feed()
    seen = []
    for second in range(0, 180, 10):
        clock.wait_until(float(second))
        reading = feed.latest()
        assert reading is not None
        seen.append(reading.pv_w)
    assert seen == [1000.0] * 6 + [None] * 6 + [3000.0] * 6
    assert meter.open_loop is True


def test_the_ledger_of_an_open_loop_counts_what_was_recorded_and_what_loads_were_set_to() -> None:
    clock = SimClock(NOON)
    meter = RecordingMeter(settings(), tools_for(clock), readings_recording(1000.0, 2000.0))
    meter.connect([Obedient(power_w=1200.0)])
    for second in range(0, 400, 10):
        clock.wait_until(float(second))
    ledger = meter.ledger
    assert ledger.pv_wh == pytest.approx(3000.0 / 60.0)
    assert ledger.heat_wh == {"heater": pytest.approx(40.0)}
    assert ledger.grid_export_wh == pytest.approx(20.0)
    assert ledger.house_wh == pytest.approx((400.0 + 1400.0) / 60.0)


def test_before_the_first_recorded_reading_there_is_none() -> None:
    recording = ReadingsRecording(
        name="late",
        start_at=NOON,
        offsets_s=(30.0,),
        readings=(Reading(taken_at=NOON, source="recording"),),
    )
    meter = RecordingMeter(settings(), tools_for(SimClock(NOON)), recording)
    with pytest.raises(SourceError, match="late has not begun"):
        meter.read()


def test_a_recording_refuses_a_clock_that_is_not_simulated() -> None:
    with pytest.raises(RecordingError, match="simulated clock"):
        RecordingMeter(settings(), tools_for(HandClock()))


def test_every_setting_has_help_and_its_bounds_hold() -> None:
    known = {field.name: field.metadata for field in fields(RecordingMeter.Settings)}
    assert all(metadata["help"] for metadata in known.values())
    for name, value in (("step_s", 301.0), ("speed", 0.0), ("feed", "gx"), ("start_soc_percent", 101.0)):
        with pytest.raises(SettingProblem):
            check_range(value, known[name])
