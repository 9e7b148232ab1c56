"""Which days are lived again: the home's own, day by day out of its history; recordings; else the bundled ones."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from pv_heater.commands.whatif.days import days_of
from pv_heater.errors import RecordingError
from pv_heater.history.rows import Batch
from pv_heater.history.store import Store
from pv_heater.io.system.database import open_to_write
from tests.commands.whatif.homes import VIENNA, config

TODAY = date(2026, 3, 31)
WINTER, SPRING = date(2026, 3, 28), date(2026, 3, 29)
"""The second has 23 hours."""


def history(path: Path, *days: date, seen_s: float = 86_000.0, hours: int = 23) -> Path:
    """A sample every ten minutes: sun as high as the hour, of which a tenth more could have been."""
    batch = Batch()
    for day in days:
        midnight = datetime(day.year, day.month, day.day, tzinfo=VIENNA).timestamp()
        for step in range(6 * hours):
            sun_w = 100.0 * (step // 6)
            batch.samples[int(midnight) + 600 * step] = {
                "pv_w": sun_w, "pv_possible_w": 1.1 * sun_w, "house_w": 300.0, "battery_soc_percent": 61.0,
            }  # fmt: skip
        batch.days[day] = {"seen_s": seen_s, "caught_wh": 1.0, "lost_wh": {}}
    path.parent.mkdir(exist_ok=True)
    database = open_to_write(path)
    Store(database).add(batch)
    database.close()
    return path


def test_the_homes_own_history_is_read_day_by_day(tmp_path: Path) -> None:
    home = config(tmp_path)
    history(tmp_path / "state" / "history.db", WINTER, SPRING)
    days = days_of(home, None, None, TODAY)
    (chain,) = days.chains
    assert days.title == "2 days of the history, 2026-03-28 to 2026-03-29"
    assert chain.start_percent == 61.0
    winter, spring = chain.day(0), chain.day(1)
    assert (winter.end_s, spring.end_s) == (24 * 3600.0, 23 * 3600.0)
    assert winter.start_at == datetime(2026, 3, 28, tzinfo=VIENNA)
    assert next(winter.stretches(12 * 3600.0, 12 * 3600.0 + 60))[2:] == (1320.0, 300.0)


def test_only_the_newest_days_and_none_that_was_hardly_seen(tmp_path: Path) -> None:
    file = history(tmp_path / "copy.db", WINTER, SPRING)
    history(file, SPRING + timedelta(days=1), seen_s=40_000.0)
    days = days_of(config(tmp_path), file, 1, TODAY)
    assert len(days.chains[0]) == 1
    assert days.chains[0].day(0).start_at.date() == SPRING
    assert days.notes == ("1 day of the history is left out: the home was seen for less than 95 % of the time.",)


def test_today_is_not_over_and_does_not_count(tmp_path: Path) -> None:
    days = days_of(config(tmp_path), history(tmp_path / "copy.db", WINTER, SPRING), None, SPRING)
    assert days.title == "1 day of the history, 2026-03-28 to 2026-03-28"


def recording(folder: Path, name: str, start: str, hours: int) -> Path:
    begin = datetime.fromisoformat(start)
    rows = [f"{begin + timedelta(hours=hour):%Y-%m-%dT%H:%M:%S},{10 * hour},200" for hour in range(hours)]
    file = folder / name
    file.write_text("\n".join(["t,pv_w,load_w", *rows]) + "\n", encoding="utf-8")
    return file


def test_of_a_folder_the_newest_days_of_all_files_are_taken_and_pieces_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "days"
    folder.mkdir()
    recording(folder, "b.csv", "2026-05-01T00:00", 48)
    recording(folder, "a.csv", "2026-05-04T00:00", 25)
    recording(folder, "piece.csv", "2026-05-09T12:00", 13)
    days = days_of(config(tmp_path), folder, 2, TODAY)
    assert [(chain.name, len(chain)) for chain in days.chains] == [("b", 1), ("a", 1)]
    assert days.chains[0].day(0).start_at == datetime(2026, 5, 2, tzinfo=VIENNA)
    assert days.notes == ("skipped: piece holds no whole day, midnight to midnight",)


def test_a_single_file_is_taken_whatever_its_name(tmp_path: Path) -> None:
    file = recording(tmp_path, "of [May].csv", "2026-05-01T00:00", 24)
    assert [len(chain) for chain in days_of(config(tmp_path), file, None, TODAY).chains] == [1]


def test_without_a_history_the_bundled_days_are_taken_and_it_is_said(tmp_path: Path) -> None:
    days = days_of(config(tmp_path), None, None, TODAY)
    assert sum(len(chain) for chain in days.chains) >= 1
    assert "the bundled days are taken, which are of another home" in days.notes[0]


@pytest.mark.parametrize("name", ["nowhere.csv", "nowhere.db", "short.csv"])
def test_what_holds_no_day_is_refused(tmp_path: Path, name: str) -> None:
    recording(tmp_path, "short.csv", "2026-05-01T00:00", 5)
    with pytest.raises(RecordingError, match=r"no such|no whole day"):
        days_of(config(tmp_path), tmp_path / name, None, TODAY)
