"""What goes wrong with a file costs history, never heating: killed, full, damaged, and clocks that jump."""

from __future__ import annotations

import logging
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pv_heater import PROJECT_FOLDER
from pv_heater.core.settings.history import History
from pv_heater.errors import HistoryTrouble
from pv_heater.history.recorder import MOST_KEPT
from pv_heater.history.rows import not_less
from pv_heater.history.sampler import MOST_SAMPLES
from pv_heater.history.store import SCHEMA
from pv_heater.io.system.database import open_to_write
from tests.history.life import BEGIN, VIENNA, Life


def seconds_kept(life: Life) -> int:
    """How many ten-second rows of the first day can be read."""
    series = life.kept.columns(BEGIN, BEGIN + timedelta(days=1), 10, ["pv_w"])["series"]["pv_w"]
    return sum(value is not None for value in series)


@pytest.mark.process
def test_a_process_killed_while_it_writes_loses_at_most_five_minutes_and_no_counter_goes_back(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    script = (
        "import sys; from pathlib import Path; from tests.history.life import Life\n"
        "life = Life(Path(sys.argv[1]))\n"
        "while True:\n"
        "    life.live(60)\n"
        "    print(life.at_s, life.counts.caught_wh, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], cwd=PROJECT_FOLDER, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        for _ in range(100):
            said = child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        child.wait()
        rest = child.stdout.read().splitlines()
    lived_s, caught_wh = map(float, (rest[-1] if rest and len(rest[-1].split()) == 2 else said).split())
    life = Life(path, begin=BEGIN + timedelta(seconds=lived_s + 90))
    life.live(310)  # counters that begin anew, as after a state that was lost
    assert life.kept.trouble is None
    assert not list(tmp_path.glob("*.damaged*")), "a killed writer damages nothing"
    assert seconds_kept(life) * 10 >= lived_s - 300 - 10
    (day,) = life.kept.days(BEGIN.date(), BEGIN.date())
    assert day["caught_wh"] >= caught_wh * (lived_s - 310) / lived_s
    assert day["possible_wh"] == pytest.approx(day["caught_wh"] + sum(day["lost_wh"].values()))
    life.kept.close()


@contextmanager
def no_file_larger_than(size_bytes: int) -> Iterator[None]:
    """What a full disk is to a writer: the kernel refuses to make a file longer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_once_and_what_waited_is_written_when_there_is_space(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    life = Life(tmp_path / "history.db")
    life.live(1200)
    with no_file_larger_than(32_768):
        life.live(5 * 3600)
        trouble = life.kept.trouble
    assert trouble is not None
    assert [record.levelname for record in caplog.records if "not written" in record.message] == ["ERROR"]
    life.live(310)
    assert life.kept.trouble is None
    assert sum("history is written again" in record.message for record in caplog.records) == 1
    assert seconds_kept(life) == round(life.at_s / 10) - 1, "all but the ten seconds under way"
    assert not list(tmp_path.glob("*.damaged*"))


def test_what_waits_for_a_disk_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.mkdir()
    life = Life(path)
    life.live(86_400 / 2)
    assert "history.db" in (life.kept.trouble or "")
    assert len(life.writer.pending()) == MOST_SAMPLES
    for _ in range(2 * MOST_KEPT):
        life.tick()
    assert len(life.kept.recorder.take()) == MOST_KEPT
    life.kept.close()


def damage(path: Path, *, from_byte: int, count: int) -> None:
    with path.open("r+b") as file:
        file.seek(from_byte)
        file.write(b"\xa5" * count)


@pytest.mark.parametrize("where", ["head", "middle", "no database", "empty name"])
def test_a_damaged_file_is_set_aside_said_once_and_another_begins(
    tmp_path: Path, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "history.db"
    life = Life(path)
    life.live(4 * 3600)
    life.kept.close()
    database = open_to_write(path)
    database.run("INSERT INTO meta VALUES ('open_since', 'a kill')")
    database.close()
    size = path.stat().st_size
    if where == "no database":
        path.write_bytes(b"rubbish " * 1000)
    elif where == "empty name":
        path.write_bytes(b"\0" * size)
    else:
        damage(path, from_byte=0 if where == "head" else 8192, count=100 if where == "head" else size - 12_288)
    again = Life(path, begin=life.now)
    again.live(900)
    assert again.kept.trouble is None
    assert [item.name for item in tmp_path.glob("*.damaged-*")] == ["history.db.damaged-2026-06-01"]
    assert sum("it is kept as" in record.message for record in caplog.records) == 1
    assert len(again.kept.days(BEGIN.date(), BEGIN.date())) == 1
    again.kept.close()


def test_a_file_that_is_damaged_while_it_is_in_use_is_found_by_whoever_reads(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    life = Life(path)
    life.live(12 * 3600, looks_s=1800)
    life.kept.close()
    life.live(310)
    damage(path, from_byte=8192, count=path.stat().st_size - 8192)
    with pytest.raises(HistoryTrouble):
        seconds_kept(life)
    life.live(900)
    assert life.kept.trouble is None
    assert list(tmp_path.glob("*.damaged-*"))
    assert life.kept.columns(life.now - timedelta(minutes=5), life.now, 10)["series"]["pv_w"]


def test_a_file_of_a_newer_version_is_kept_and_not_written(tmp_path: Path) -> None:
    """Whoever went back to this version will go on to that one again."""
    path = tmp_path / "history.db"
    database = open_to_write(path)
    database.run("CREATE TABLE of_a_newer_version (at)")
    database.run("PRAGMA user_version = 99")
    database.close()
    before = _all_in(path)
    life = Life(path)
    for _ in range(3):
        life.live(600)
    assert f"written by a newer version (layout 99, this one writes {SCHEMA}) and stays as" in str(life.kept.trouble)
    life.kept.close()
    assert _all_in(path) == before
    assert [item.name for item in tmp_path.iterdir()] == ["history.db"]


def _all_in(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as file:
        return [file.execute("PRAGMA user_version").fetchone(), *file.iterdump()]


def test_while_the_time_is_not_known_nothing_is_written_of_it(tmp_path: Path) -> None:
    """A Pi without a clock chip wakes up in 1970, or where it stopped."""
    wrong = datetime(1970, 1, 1, 0, 10, tzinfo=UTC)
    life = Life(tmp_path / "history.db", begin=wrong)
    life.live(1800, trusted=False)
    life.now = BEGIN
    life.live(900, trusted=True)
    life.kept.close()
    assert seconds_kept(life) == 89 + 1
    assert not life.kept.transitions(wrong, wrong + timedelta(days=1))
    assert [row["date"] for row in life.kept.days(date(1970, 1, 1), date(1972, 1, 1))] == []
    energies = life.kept.columns(BEGIN, BEGIN + timedelta(minutes=30), 900, ["pv_wh"])["series"]["pv_wh"]
    assert sum(value or 0 for value in energies) == pytest.approx(2000 / 4, rel=0.6)


def test_a_clock_that_goes_back_overwrites_nothing_and_its_energies_are_added(tmp_path: Path) -> None:
    life = Life(tmp_path / "history.db")
    life.live(3600)
    before = life.kept.columns(BEGIN, BEGIN + timedelta(hours=1), 10, ["pv_w"])["series"]["pv_w"]
    life.now -= timedelta(minutes=30)
    life.at_s += 1
    life.brightness = 0.5
    life.live(1200)
    life.kept.close()
    after = life.kept.columns(BEGIN, BEGIN + timedelta(hours=1), 10, ["pv_w"])["series"]["pv_w"]
    assert after[: 3600 // 10 - 31] == before[: 3600 // 10 - 31]
    energies = life.kept.columns(BEGIN, BEGIN + timedelta(hours=2), 900, ["pv_wh"])["series"]["pv_wh"]
    assert sum(value or 0 for value in energies) == pytest.approx(life.counts.pv_wh, rel=0.01)


def test_a_clock_set_to_another_day_and_back_counts_no_energy_twice(tmp_path: Path) -> None:
    life = Life(tmp_path / "history.db")
    life.live(3600)
    counts, right = life.counts, life.now
    life.now += timedelta(days=30)
    life.live(300)
    life.now, life.counts = right + timedelta(seconds=300), counts  # the core goes on where it left the day
    life.live(900)
    life.kept.close()
    energies = life.kept.columns(BEGIN, BEGIN + timedelta(hours=2), 900, ["pv_wh"])["series"]["pv_wh"]
    assert sum(value or 0 for value in energies) == pytest.approx(life.counts.pv_wh, rel=0.01)
    assert life.kept.days(BEGIN.date(), BEGIN.date())[0]["pv_wh"] == pytest.approx(life.counts.pv_wh, rel=0.01)


def test_a_clock_that_shows_another_year_for_a_night_forgets_a_week_and_not_all(tmp_path: Path) -> None:
    life = Life(tmp_path / "history.db", settings=History(minutes_days=20, quarters_days=30, backups=0))
    life.live(15 * 86_400, step_s=300, looks_s=14_400)
    right = life.now
    life.now += timedelta(days=4000)
    life.live(7200, step_s=300)
    life.now = right
    life.live(900)
    days = life.kept.days(BEGIN.date(), right.date())
    assert len(days) == 16
    kept = life.kept.columns(BEGIN, right, 900, ["pv_w"])["series"]["pv_w"]
    assert sum(value is not None for value in kept) >= 6 * 96


def test_two_readers_read_while_the_writer_writes(tmp_path: Path) -> None:
    life = Life(tmp_path / "history.db")
    life.live(700)
    found: list[int] = []
    errors: list[Exception] = []
    ends = threading.Event()

    def read() -> None:
        try:
            while not ends.is_set():
                found.append(seconds_kept(life))
                life.kept.days(BEGIN.date(), BEGIN.date())
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    life.live(4 * 3600)
    ends.set()
    for reader in readers:
        reader.join()
    assert not errors
    assert len(found) > 4
    assert life.kept.trouble is None
    assert seconds_kept(life) == round(life.at_s / 10) - 1, "all but the ten seconds under way"


def test_after_a_clean_stop_nobody_looks_at_every_page_and_after_another_one_does(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    life = Life(path)
    life.live(310)
    database = open_to_write(path)
    assert database.run("SELECT key FROM meta") == [("open_since",)]
    life.kept.close()
    assert database.run("SELECT key FROM meta") == []
    database.close()
    assert not Path(f"{path}-wal").exists() or os.path.getsize(f"{path}-wal") == 0


def test_the_thread_writes_what_came_when_it_is_stopped(tmp_path: Path) -> None:
    life = Life(tmp_path / "history.db")
    life.kept.start()
    for _ in range(30):
        life.tick()
    life.kept.stop()
    life.kept.close()
    assert seconds_kept(life) == 30


def test_copies_are_whole_and_the_newest_stay(tmp_path: Path) -> None:
    life = Life(tmp_path / "history.db", settings=History(backups=2))
    life.live(4 * 86_400, step_s=60, looks_s=7200)
    names = sorted(item.name for item in (tmp_path / "backups").iterdir())
    assert names == ["history-2026-06-04.db", "history-2026-06-05.db"]
    copy = life.kept.backup()
    other = Life(tmp_path / "other.db")
    copy.rename(tmp_path / "other.db")
    last = life.now.astimezone(VIENNA).date()
    assert other.kept.days(BEGIN.date(), last)[:-1] == life.kept.days(BEGIN.date(), last)[:-1]


def test_a_copy_that_cannot_be_made_is_said_once_a_night_and_the_history_is_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "backups").write_text("in the way", encoding="utf-8")
    life = Life(tmp_path / "history.db", settings=History(backups=2))
    life.live(86_400, step_s=60, looks_s=3600)
    assert life.kept.trouble is None
    said = [record.levelname for record in caplog.records if "no copy could be made" in record.message]
    assert said == ["WARNING", "WARNING"], "at the start, as there is none of that day, and in the night"
    with pytest.raises(HistoryTrouble, match="no copy could be made"):
        life.kept.backup()


def test_figures_of_a_day_never_become_less() -> None:
    kept = {"date": "2026-06-01", "caught_wh": 5.0, "lost_wh": {"min_off": 2.0}, "loads": {"a": {"energy_wh": 5.0}}}
    later = {"date": "2026-06-01", "caught_wh": 1.0, "possible_wh": 4.0, "lost_wh": {"limit": 3.0}, "loads": {}}
    merged = not_less(kept, later)
    assert merged["caught_wh"] == 5.0
    assert merged["lost_wh"] == {"min_off": 2.0, "limit": 3.0}
    assert merged["possible_wh"] == 10.0
    assert merged["loads"] == {"a": {"energy_wh": 5.0}}
