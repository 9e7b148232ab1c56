"""What is written can be read again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.values import Reading
from pv_heater.errors import RecordingError
from pv_heater.sim.recording import ReadingsRecording
from pv_heater.sim.recording_file import load_recording
from pv_heater.sim.recording_writer import VrmRecorder, write_readings

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
