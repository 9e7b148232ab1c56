"""What is written can be read again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.steering import By, Does, Steering
from pv_heater.core.model.values import Reading
from pv_heater.errors import RecordingError
from pv_heater.sim.recording import ReadingsRecording
from pv_heater.sim.recording_file import load_recording
from pv_heater.sim.recording_writer import VrmRecorder, write_readings
from tests.builders import reading

NOON = datetime(2026, 6, 21, 11, 0, tzinfo=UTC)
FULL = Reading(
    taken_at=NOON,
    source="recording",
    pv_w=1234.5678901,
    consumption_w=0.1 + 0.2,
    grid_w=-5.0,
    grid_phase_w=(-10.0, 5.0),
    battery_w=-700.0,
    battery_v=52.1,
    battery_soc_percent=81.5,
    charger_state="external control",
    pv_throttled=False,
    feed_in_allowed=True,
    grid_connected=True,
    load_w={"water_heater": 500.0},
    load_c={"water_heater": 55.5, "pool": 22.0},
    interval_s=10.0,
)
BARE = Reading(taken_at=NOON + timedelta(seconds=10.5), source="recording")


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_readings_come_back_as_they_were(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert write_readings(path, [FULL, BARE], load_names=["water_heater", "pool"]) == 2
    recording = load_recording(path)
    assert isinstance(recording, ReadingsRecording)
    assert recording.readings == (FULL, BARE)


def test_each_row_is_in_the_file_before_the_next_reading_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"

    def readings() -> Iterator[Reading]:
        yield FULL
        assert len(path.read_text().splitlines()) == 3
        yield BARE

    assert write_readings(path, readings()) == 2


def test_a_reading_that_is_no_newer_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    assert write_readings(path, [BARE, BARE, FULL]) == 1
    load_recording(path)


def test_a_comma_in_a_word_does_not_move_the_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_readings(path, [Reading(taken_at=NOON, source="x", charger_state="bulk, hot")])
    recording = load_recording(path)
    assert isinstance(recording, ReadingsRecording)
    assert recording.readings[0].charger_state == "bulk  hot"


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("precious")
    with pytest.raises(RecordingError, match="never overwrites"):
        write_readings(path, [FULL])
    with pytest.raises(RecordingError, match="never overwrites"):
        VrmRecorder(path)
    assert path.read_text() == "precious"


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be written"):
        write_readings(tmp_path / "gone" / "a.csv", [FULL])


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_raw_answers_come_back_scrubbed(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with VrmRecorder(path) as recorder:
        recorder.write(5.0, NOON, {"who": {"email": "marta@example.org"}, "pv": {"rawValue": 900}})
        recorder.write(65.0, NOON + timedelta(minutes=1), {"pv": {"rawValue": 950}})

    def decode(bodies: dict[str, Any]) -> Reading:
        assert "marta" not in str(bodies)
        return Reading(taken_at=NOON, source="vrm", pv_w=bodies["pv"]["rawValue"])

    recording = load_recording(path, decode)
    assert isinstance(recording, ReadingsRecording)
    assert recording.offsets_s == (0.0, 60.0)
    assert [reading.pv_w for reading in recording.readings] == [900.0, 950.0]


def test_who_else_steers_survives_the_recording(tmp_path: Path) -> None:
    sells = Steering(
        by=By.DYNAMIC_ESS, does=Does.SELLS, charge_w=-2100.0, target_percent=40.0, ahead_percent=55.5,
        until_at=NOON + timedelta(hours=3), opportunity_loads=True,
    )  # fmt: skip
    told = [None, sells, Steering(opportunity_loads=True), Steering(by=By.SUSTAIN, does=Does.CHARGES)]
    path = tmp_path / "steered.csv"
    at = [NOON + timedelta(minutes=number) for number in range(len(told))]
    write_readings(path, [reading(at, steering=steering) for at, steering in zip(at, told, strict=True)])
    recording = load_recording(path)
    assert isinstance(recording, ReadingsRecording)
    assert [seen.steering for seen in recording.readings] == told


@pytest.mark.parametrize(
    ("column", "cell"),
    [("by", "somebody"), ("does", "buys"), ("charge_w", "much"), ("until_at", "noon"), ("opportunity_loads", "2"),
     ("charge_w", "inf"), ("until_at", "2026-06-21T10:00:00")],
)  # fmt: skip
def test_what_nobody_can_do_with_a_battery_is_refused_with_its_line(tmp_path: Path, column: str, cell: str) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(f"# pv-heater 1 kind=readings zone=UTC\nt,pv_w,steering.{column}\n2026-06-21T10:00:00,1,{cell}\n")
    with pytest.raises(RecordingError, match=r"wrong.csv, line 3: steering"):
        load_recording(path)
