"""Reading recordings: what they hold, and what is said when they are wrong."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pv_heater.core.model.values import Reading
from pv_heater.errors import BadReply, RecordingError
from pv_heater.sim.recording import HomeRecording, ReadingsRecording
from pv_heater.sim.recording_file import load_recording, zone_from_text

HOME = """# pv-heater 1 kind=home zone=UTC+1 name=tiny
# licence: ours
t,pv_w,load_w,outside_c
2026-06-21T12:00:00,1000,300,20
2026-06-21T12:01:00,,nan,20
2026-06-21T12:02:00,-3,400,20
"""
READINGS = """# pv-heater 1 kind=readings zone=Europe/Vienna
t,pv_w,grid_w,grid_phase_w.1,load_w.water_heater,pv_throttled,charger_state
2026-06-21T12:00:00,1000,-20,-30,500,true,bulk
2026-06-21T12:00:10,NaN,,,,,
2026-06-21T10:00:20+00:00,5,6,7,9,0,
"""
BUNDLED = Path(__file__).parent.parent.parent / "Files" / "recordings"


def write(folder: Path, text: str, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def home(folder: Path, text: str, name: str = "a.csv") -> HomeRecording:
    recording = load_recording(write(folder, text, name))
    assert isinstance(recording, HomeRecording)
    return recording


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_home_is_read_plain_or_gzipped(tmp_path: Path, name: str) -> None:
    recording = home(tmp_path, HOME, name)
    assert recording.name == "tiny"
    assert recording.start_at == datetime(2026, 6, 21, 11, 0, tzinfo=UTC)
    assert recording.start_at.utcoffset() == timedelta(hours=1)
    assert recording.local_start_s == 12 * 3600.0
    assert recording.end_s == 180.0
    assert recording.notes == ("licence: ours",)


def test_an_empty_cell_of_a_home_keeps_the_power_before_and_night_noise_is_zero(tmp_path: Path) -> None:
    recording = home(tmp_path, HOME)
    assert recording.pv_w == (1000.0, 1000.0, 0.0)
    assert recording.load_w == (300.0, 300.0, 400.0)


def test_a_minutes_mean_holds_for_that_minute(tmp_path: Path) -> None:
    recording = home(tmp_path, HOME)
    assert list(recording.stretches(30.0, 150.0)) == [
        (30.0, 60.0, 1000.0, 300.0),
        (60.0, 120.0, 1000.0, 300.0),
        (120.0, 150.0, 0.0, 400.0),
    ]
    assert list(recording.stretches(59.0, 60.0)) == [(59.0, 60.0, 1000.0, 300.0)]
    assert list(recording.stretches(200.0, 300.0)) == [(200.0, 300.0, 0.0, 400.0)]
    assert list(recording.stretches(60.0, 60.0)) == [(60.0, 60.0, 1000.0, 300.0)]


def test_the_files_own_forecast_is_offered_in_quarters(tmp_path: Path) -> None:
    rows = "".join(f"2026-06-21T{12 + i // 60}:{i % 60:02}:00,1000,300,{2000 + i}\n" for i in range(60))
    recording = home(tmp_path, f"# pv-heater 1 kind=home zone=UTC\nt,pv_w,load_w,pv_forecast_w\n{rows}")
    forecast = recording.own_forecast()
    assert forecast is not None
    assert [power_w for _, power_w in forecast.steps] == [2000.0, 2015.0, 2030.0, 2045.0]
    assert forecast.steps[0][0] == datetime(2026, 6, 21, 12, 0, tzinfo=UTC)
    assert home(tmp_path, HOME).own_forecast() is None


def test_readings_keep_every_field_and_missing_stays_missing(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "# pv-heater 1 kind=readings zone=Europe/Vienna\n"
        "t,pv_w,grid_w,grid_phase_w.1,grid_phase_w.2,load_w.water_heater,load_c.water_heater,pv_throttled,charger_state\n"
        "2026-06-21T12:00:00,1000,-20,-30,10,500,55.5,true,bulk\n"
        "2026-06-21T12:00:10,NaN,,,,,,,\n"
        "2026-06-21T10:00:20+00:00,5,6,7,8,9,10,0,\n",
    )
    recording = load_recording(path)
    assert isinstance(recording, ReadingsRecording)
    first, second, third = recording.readings
    assert first == Reading(
        taken_at=datetime(2026, 6, 21, 10, 0, tzinfo=UTC),
        source="recording",
        pv_w=1000.0,
        grid_w=-20.0,
        grid_phase_w=(-30.0, 10.0),
        load_w={"water_heater": 500.0},
        load_c={"water_heater": 55.5},
        pv_throttled=True,
        charger_state="bulk",
    )
    assert second == Reading(taken_at=datetime(2026, 6, 21, 10, 0, 10, tzinfo=UTC), source="recording")
    assert third.pv_throttled is False
    assert recording.spacing_s == 10.0
    assert recording.end_s == 30.0
    assert recording.reading_at(19.9) is second


def test_the_hour_that_a_clock_shows_twice_is_lived_through_twice(tmp_path: Path) -> None:
    times = ["02:00", "02:30", "02:00", "02:30", "03:00"]
    rows = "".join(f"2026-10-25T{time}:00,0,300\n" for time in times)
    recording = home(tmp_path, f"# pv-heater 1 kind=home zone=Europe/Vienna\nt,pv_w,load_w\n{rows}")
    assert recording.offsets_s == (0.0, 1800.0, 3600.0, 5400.0, 7200.0)


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("UTC", timedelta(0)),
        ("UTC+1", timedelta(hours=1)),
        ("UTC-03:30", timedelta(hours=-3, minutes=-30)),
        ("UTC+0530", timedelta(hours=5, minutes=30)),
    ],
)
def test_a_fixed_offset_is_a_zone_and_east_is_plus(text: str, offset: timedelta) -> None:
    assert zone_from_text(text) == timezone(offset)


@pytest.mark.parametrize("text", ["", "Europe/Atlantis", "UTC+99", "UTC+1x", "../etc/passwd", "/etc/localtime"])
def test_what_is_no_zone_is_none(text: str) -> None:
    assert zone_from_text(text) is None


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("t,pv_w,load_w\n", 1, "must begin with"),
        ("# pv-heater 2 kind=home zone=UTC\n", 1, "version 2"),
        ("# pv-heater\n", 1, "the first line must begin with"),
        ("# pv-heater 1 kind=house zone=UTC\n", 1, "not house"),
        ("# pv-heater 1 zone=UTC\n", 1, "kind"),
        ("# pv-heater 1 kind=home\n", 1, "zone"),
        ("# pv-heater 1 kind=home zone=Mars/Olympus\n", 1, "Mars/Olympus"),
        ("# pv-heater 1 kind=home zone=UTC loose\n", 1, "loose"),
        ("# pv-heater 1 kind=home zone=UTC\nwhen,pv_w,load_w\n", 2, "must be t"),
        ("# pv-heater 1 kind=home zone=UTC\nt,pv_w,pv_w,load_w\n", 2, "pv_w is there twice"),
        ("# pv-heater 1 kind=home zone=UTC\nt,pv_w\n2026-06-21T12:00,1\n", 2, "load_w"),
        ("# pv-heater 1 kind=home zone=UTC\nt,pv_w,load_w\n2026-06-21T12:00,lots,1\n", 3, "'lots'"),
        ("# pv-heater 1 kind=home zone=UTC\nt,pv_w,load_w\n2026-06-21T12:00,inf,1\n", 3, "finite"),
        ("# pv-heater 1 kind=home zone=UTC\nt,pv_w,load_w\n2026-06-21T12:00,1\n", 3, "expected 3 cells"),
        ("# pv-heater 1 kind=home zone=UTC\nt,pv_w,load_w\nnoon,1,1\n", 3, "'noon'"),
        (
            "# pv-heater 1 kind=home zone=UTC\nt,pv_w,load_w\n2026-06-21T12:00,1,1\n2026-06-21T11:59,1,1\n",
            4,
            "backwards",
        ),
        ("# pv-heater 1 kind=home zone=UTC\nt,pv_w,load_w\n2026-06-21T12:00,1,1\n2026-06-21T12:00,1,1\n", 4, "still"),
        ("# pv-heater 1 kind=home zone=UTC\nt,pv_w,load_w\n2026-06-21T12:00,1,1\n2026-06-21T15:00,1,1\n", 4, "3.0 h"),
        ("# pv-heater 1 kind=readings zone=UTC\nt,pv_kw\n2026-06-21T12:00,1\n", 2, "pv_kw"),
        ("# pv-heater 1 kind=readings zone=UTC\nt,grid_phase_w.4\n2026-06-21T12:00,1\n", 2, "grid_phase_w.4"),
        ("# pv-heater 1 kind=readings zone=UTC\nt,pv_throttled\n2026-06-21T12:00,maybe\n", 3, "maybe"),
        ('{"pv-heater": 2, "kind": "vrm"}\n', 1, "expected"),
        ("{nonsense\n", 1, "not JSON"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(RecordingError) as caught:
        load_recording(path)
    assert f"{path}, line {line}: " in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["", "\n", "# pv-heater 1 kind=home zone=UTC\nt,pv_w,load_w\n"])
def test_an_empty_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecordingError, match=r"a\.csv: "):
        load_recording(write(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"gone\.csv: there is no such recording"):
        load_recording(tmp_path / "gone.csv")


def test_a_truncated_gzip_is_said_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "cut.csv.gz"
    path.write_bytes((BUNDLED / "summer.csv.gz").read_bytes()[:5000])
    with pytest.raises(RecordingError, match=r"cut\.csv\.gz, line \d+: the gzip data is damaged or cut off"):
        load_recording(path)


def test_a_file_that_only_claims_to_be_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plain.csv.gz"
    path.write_text(HOME)
    with pytest.raises(RecordingError, match="line 1: the gzip data is damaged"):
        load_recording(path)


def test_binary_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"# pv-heater 1 kind=home zone=UTC\n\xff\xfe\x00")
    with pytest.raises(RecordingError, match="UTF-8"):
        load_recording(path)


def vrm(folder: Path, *looks: dict[str, Any]) -> Path:
    lines = [{"pv-heater": 1, "kind": "vrm", "name": "portal"}, *looks]
    return write(folder, "".join(f"{json.dumps(line)}\n" for line in lines), "a.jsonl")


def decode(bodies: dict[str, Any]) -> Reading:
    if "pv" not in bodies:
        raise BadReply("no pv")
    return Reading(taken_at=datetime(2026, 6, 21, 11, 59, tzinfo=UTC), source="vrm", pv_w=bodies["pv"])


def test_raw_answers_are_decoded_and_dated_by_the_monotonic_clock(tmp_path: Path) -> None:
    path = vrm(
        tmp_path,
        {"taken_s": 500.0, "at": "2026-06-21T12:00:00+00:00", "bodies": {"pv": 1.0}},
        {"taken_s": 560.0, "at": "2026-06-21T12:01:00+00:00", "bodies": {"error": "busy"}},
        {"taken_s": 620.0, "at": "2031-01-01T00:00:00+00:00", "bodies": {"pv": 2.0}},
    )
    recording = load_recording(path, decode)
    assert isinstance(recording, ReadingsRecording)
    assert recording.name == "portal"
    assert recording.start_at == datetime(2026, 6, 21, 12, 0, tzinfo=UTC)
    assert recording.offsets_s == (0.0, 120.0)
    assert [reading.pv_w for reading in recording.readings] == [1.0, 2.0]


def test_raw_answers_need_a_decoder(tmp_path: Path) -> None:
    path = vrm(tmp_path, {"taken_s": 1, "at": "2026-06-21T12:00:00+00:00", "bodies": {}})
    with pytest.raises(RecordingError, match="raw answers"):
        load_recording(path)


@pytest.mark.parametrize(
    ("look", "said"),
    [
        ({"at": "2026-06-21T12:00:00+00:00", "bodies": {}}, "taken_s"),
        ({"taken_s": float("nan"), "at": "2026-06-21T12:00:00+00:00", "bodies": {}}, "taken_s"),
        ({"taken_s": 5, "at": "noon", "bodies": {}}, "noon"),
        ({"taken_s": 5, "at": "0001-01-01T00:00:00+05:00", "bodies": {}}, "0001"),
        ({"taken_s": 5, "at": "2026-06-21T12:00:00", "bodies": {}}, "zone"),
        ({"taken_s": 5, "at": "2026-06-21T12:00:00+00:00", "bodies": 7}, "bodies"),
        ({"taken_s": 1, "at": "2026-06-21T12:00:00+00:00", "bodies": {"pv": 1.0}}, "backwards"),
    ],
)
def test_a_bad_look_at_the_portal_is_said_with_its_line(tmp_path: Path, look: dict[str, Any], said: str) -> None:
    good = {"taken_s": 2, "at": "2026-06-21T12:00:00+00:00", "bodies": {"pv": 1.0}}
    with pytest.raises(RecordingError, match=rf"a\.jsonl, line 3: .*{said}"):
        load_recording(vrm(tmp_path, good, look), decode)


def test_raw_answers_without_any_reading_are_refused(tmp_path: Path) -> None:
    look = {"taken_s": 2, "at": "2026-06-21T12:00:00+00:00", "bodies": {"error": "busy"}}
    with pytest.raises(RecordingError, match="not one of its 1 recorded answers"):
        load_recording(vrm(tmp_path, look), decode)


lines = st.lists(st.sampled_from(HOME.splitlines()) | st.text(max_size=40), max_size=8)
cuts = st.tuples(st.integers(0, 400), st.integers(0, 400), st.text(max_size=6))


@given(lines=lines, cut=cuts, whole=st.booleans())
def test_whatever_a_file_holds_only_our_own_error_comes(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], cut: tuple[int, int, str], whole: bool
) -> None:
    text = READINGS[: cut[0]] + cut[2] + READINGS[cut[1] :] if whole else "\n".join(lines)
    path = tmp_path_factory.mktemp("fuzz") / "a.csv"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with contextlib.suppress(RecordingError):
        load_recording(path, decode)


@pytest.mark.parametrize("name", ["summer", "broken_cloud"])
def test_the_bundled_days_are_whole_sunny_and_name_their_licence(name: str) -> None:
    recording = load_recording(BUNDLED / f"{name}.csv.gz")
    assert isinstance(recording, HomeRecording)
    assert recording.name == name
    assert recording.days == 1.0
    assert recording.local_start_s == 0.0
    assert sum(recording.pv_w) > 1.4 * sum(recording.load_w)
    assert any("CC BY-SA 4.0" in note for note in recording.notes)


def test_the_bundled_files_carry_no_time_of_packing() -> None:
    for path in BUNDLED.glob("*.gz"):
        assert path.read_bytes()[4:8] == bytes(4)


def test_the_examples_in_the_docs_can_be_read(tmp_path: Path) -> None:
    text = (BUNDLED.parent.parent / "docs" / "recordings.md").read_text(encoding="utf-8")
    examples = re.findall(r"```csv\n(.*?)```", text, re.DOTALL)
    recordings = [load_recording(write(tmp_path, example, f"{i}.csv")) for i, example in enumerate(examples)]
    assert [type(recording) for recording in recordings] == [HomeRecording, ReadingsRecording]
    for example in re.findall(r"```json\n(.*?)```", text, re.DOTALL):
        path = write(tmp_path, example, "a.jsonl")
        recording = load_recording(path, lambda _: Reading(taken_at=datetime.now(UTC), source="vrm"))
        assert isinstance(recording, ReadingsRecording)
