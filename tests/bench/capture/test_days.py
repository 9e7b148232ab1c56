"""Recorded days as the bench takes them from a folder."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.capture.days import BERKELEY, GRAZ, Place, minutes_w, spells_from_folder
from pv_heater.core.settings.home import PvPlane, Site
from pv_heater.errors import RecordingError

HOME = Place(latitude=48.0, longitude=2.0, timezone="Europe/Paris", panels=(PvPlane(kwp=3.0),))


def write(folder: Path, name: str, start: str, hours: int, *, step_minutes: int = 30) -> None:
    first = datetime.fromisoformat(start)
    rows = [
        f"{(first + timedelta(minutes=minute)).isoformat()},{minute},{2 * minute}"
        for minute in range(0, 60 * hours, step_minutes)
    ]
    (folder / f"{name}.csv").write_text("\n".join(["t,pv_w,load_w", *rows]) + "\n")


def test_a_known_name_gives_the_clock_and_the_place(tmp_path: Path) -> None:
    write(tmp_path, "D01_graz", "2017-05-27T00:00:00", 24)
    write(tmp_path, "E_berkeley", "2020-07-10T00:00:00", 24)
    spells, notes = spells_from_folder(tmp_path, pattern="*", elsewhere=None)
    assert notes == []
    assert [spell.place for spell in spells] == [GRAZ, BERKELEY]
    assert [spell.whole.start_at for spell in spells] == [
        datetime(2017, 5, 26, 23, tzinfo=UTC),
        datetime(2020, 7, 10, 7, tzinfo=UTC),
    ]


def test_days_are_cut_at_local_midnight_and_pieces_of_days_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, "W_graz", "2017-05-26T18:00:00", 60)
    (spell,), _ = spells_from_folder(tmp_path, pattern="*", elsewhere=None)
    assert [day.name for day in spell.days] == ["W 2017-05-27", "W 2017-05-28"]
    assert all(day.end_s == 86_400.0 and day.local_start_s == 0.0 for day in spell.days)
    assert [day.pv_w[0] for day in spell.days] == [360.0, 1800.0]
    assert spell.whole.end_s == 2 * 86_400.0


def test_an_unknown_name_is_left_out_unless_the_owner_says_where_it_is(tmp_path: Path) -> None:
    write(tmp_path, "D01_graz", "2017-05-27T00:00:00", 24)
    write(tmp_path, "mine", "2026-06-01T00:00:00", 24)
    spells, notes = spells_from_folder(tmp_path, pattern="*", elsewhere=None)
    assert [spell.name for spell in spells] == ["D01_graz"]
    assert [note for note in notes if "nobody says where mine was recorded" in note]
    spells, notes = spells_from_folder(tmp_path, pattern="*", elsewhere=HOME)
    assert spells[1].place == HOME
    assert spells[1].whole.start_at == datetime(2026, 5, 31, 22, tzinfo=UTC)
    assert notes == []


def test_only_files_that_match_the_pattern_are_taken(tmp_path: Path) -> None:
    write(tmp_path, "D01_graz", "2017-05-27T00:00:00", 24)
    write(tmp_path, "D02_graz", "2017-05-28T00:00:00", 24)
    spells, _ = spells_from_folder(tmp_path, pattern="D02*", elsewhere=None)
    assert [spell.name for spell in spells] == ["D02_graz"]
    with pytest.raises(RecordingError):
        spells_from_folder(tmp_path, pattern="X*", elsewhere=None)


def test_a_file_without_a_whole_day_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "D01_graz", "2017-05-27T06:00:00", 12)
    with pytest.raises(RecordingError, match="holds a whole day"):
        spells_from_folder(tmp_path, pattern="*", elsewhere=None)


def test_minutes_are_means_of_what_lies_in_them(tmp_path: Path) -> None:
    write(tmp_path, "D01_graz", "2017-05-27T00:00:00", 24)
    (spell,), _ = spells_from_folder(tmp_path, pattern="*", elsewhere=None)
    sun_w, use_w = minutes_w(spell.days[0])
    assert len(sun_w) == len(use_w) == 1440
    assert (sun_w[29], sun_w[30], use_w[1439]) == (0.0, 30.0, 2820.0)


def test_a_site_without_place_or_panels_is_no_place() -> None:
    assert Place.of_site(Site(latitude=47.0, longitude=15.0)) is None
    assert Place.of_site(Site(pv=(PvPlane(kwp=3.0),))) is None
    assert Place.of_site(HOME.site) == HOME
