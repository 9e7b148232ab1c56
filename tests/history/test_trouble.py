"""What goes wrong with a file costs history, never heating: killed, full, damaged, and clocks that jump."""

from __future__ import annotations

import json
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
from pv_heater.io.two_slots import TwoSlots
from tests.history.life import BEGIN, VIENNA, Life


def seconds_kept(life: Life) -> int:
    """How many ten-second rows of the first day can be read."""
    series = life.kept.columns(BEGIN, BEGIN + timedelta(days=1), 10, ["pv_w"])["series"]["pv_w"]
    return sum(value is not None for value in series)


@pytest.mark.process
def test_a_process_killed_while_it_writes_loses_at_most_a_minute_and_no_counter_goes_back(tmp_path: Path) -> None:
    """With somebody who keeps what waits once a minute."""
    path, record = tmp_path / "history.db", tmp_path / "record.bin"
    script = (
        "import sys; from pathlib import Path; from tests.history.life import Life\n"
        "from pv_heater.io.two_slots import TwoSlots\n"
        "life, record = Life(Path(sys.argv[1])), TwoSlots(Path(sys.argv[2]))\n"
        "while True:\n"
        "    life.live(60)\n"
        "    record.write(life.kept.waiting())\n"
        "    print(life.at_s, life.counts.caught_wh, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path), str(record)], cwd=PROJECT_FOLDER, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        for _ in range(100):
            said = child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        child.wait()
        rest = child.stdout.read().splitlines()
    lived_s, caught_wh = map(float, (rest[-1] if rest and len(rest[-1].split()) == 2 else said).split())
    life = Life(path, begin=BEGIN + timedelta(seconds=lived_s + 90), left=TwoSlots(record).found)
    life.live(310)  # counters that begin anew, as after a state that was lost
    assert life.kept.trouble is None
    assert not list(tmp_path.glob("*.damaged*")), "a killed writer damages nothing"
    assert seconds_kept(life) * 10 >= lived_s - 60 - 10
    (day,) = life.kept.days(BEGIN.date(), BEGIN.date())
    assert day["caught_wh"] >= caught_wh * (lived_s - 70) / lived_s
    energies = life.kept.columns(BEGIN, BEGIN + timedelta(days=1), 900, ["pv_wh"])["series"]["pv_wh"]
    assert sum(value or 0 for value in energies) == pytest.approx(day["pv_wh"], rel=0.05), "none is counted twice"
    assert day["possible_wh"] == pytest.approx(day["caught_wh"] + sum(day["lost_wh"].values()))
    life.kept.close()


def killed(life: Life, path: Path) -> Life:
    """The next program, after a power cut: what waited is all that it is given."""
    left = json.loads(json.dumps(life.kept.waiting()))
    return Life(path, begin=life.now, left=left)


def energy_wh(life: Life) -> float:
    """By the quarter hours of the first two days."""
    series = life.kept.columns(BEGIN, BEGIN + timedelta(days=2), 900, ["pv_wh"])["series"]["pv_wh"]
    return sum(value or 0 for value in series)


def test_what_waited_is_in_the_file_after_a_cut_and_once(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    life = Life(path)
    life.live(1500)
    transitions = life.kept.transitions(BEGIN, life.now)
    with closing(killed(life, path).kept) as after:
        after.writer.look()
        assert after.columns(BEGIN, BEGIN + timedelta(days=1), 10, ["pv_w"]) == life.kept.columns(
            BEGIN, BEGIN + timedelta(days=1), 10, ["pv_w"]
        )
        assert after.transitions(BEGIN, life.now) == transitions
        assert after.days(BEGIN.date(), BEGIN.date())[0]["caught_wh"] == pytest.approx(life.counts.caught_wh, abs=0.1)
    assert energy_wh(life) == pytest.approx(life.counts.pv_wh, rel=0.01)


def test_what_was_committed_after_all_is_not_counted_twice(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    life = Life(path)
    life.live(1500)
    after = killed(life, path)
    life.live(600)
    life.kept.close()
    after.kept.writer.look()
    assert energy_wh(after) == pytest.approx(life.counts.pv_wh, rel=0.01)
    after.kept.close()


def test_a_cut_before_it_was_taken_back_and_one_after_lose_nothing_and_add_nothing(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    life = Life(path)
    life.live(1500)
    second = killed(life, path)
    third = killed(second, path)
    third.writer.look()
    fourth = killed(second, path)  # its record is older than the commit of the third
    fourth.writer.look()
    assert energy_wh(fourth) == pytest.approx(life.counts.pv_wh, rel=0.01)
    fourth.kept.close()


def test_the_last_minutes_of_a_day_are_not_lost_by_a_cut_after_midnight(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    late = datetime(2026, 6, 1, 21, 58, tzinfo=UTC)
    life = Life(path, begin=late)
    life.live(100)
    was = life.counts
    life.live(120)
    after = killed(life, path)
    after.writer.look()
    first, second = after.kept.days(date(2026, 6, 1), date(2026, 6, 2))
    assert first["pv_wh"] == pytest.approx(was.pv_wh, rel=0.3)
    assert second["pv_wh"] == pytest.approx(life.counts.pv_wh, rel=0.01)
    after.kept.close()


@pytest.mark.parametrize(
    "left",
    [{}, {"commits": 0}, {"commits": 0, "names": 3, "samples": [[1, 2]], "sums": [], "days": []}, {"commits": "0"}],
)
def test_what_waited_and_cannot_be_read_is_left_out(tmp_path: Path, left: dict[str, Any]) -> None:
    life = Life(tmp_path / "history.db", left=left)
    life.live(1200)
    life.kept.close()
    assert life.kept.trouble is None
    assert energy_wh(life) == pytest.approx(life.counts.pv_wh, rel=0.02)


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
    (path / "mine").touch()
    life = Life(path)
    life.live(86_400 / 2)
    assert "history.db" in (life.kept.trouble or "")
    assert len(life.writer.pending()) == MOST_SAMPLES
    for _ in range(2 * MOST_KEPT):
        life.tick()
    assert len(life.kept.recorder.take()) == MOST_KEPT
    life.kept.close()


def test_an_empty_folder_in_its_place_makes_room_and_a_full_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.mkdir()
    life = Life(path)
    life.live(1000)
    assert life.kept.trouble is None
    life.kept.close()
    assert path.is_file()
    assert (tmp_path / "history.db.folder-1").is_dir()
    full = tmp_path / "home"
    full.mkdir()
    (full / "mine").touch()
    life = Life(full)
    life.live(1000)
    assert life.kept.trouble is not None
    life.kept.close()
    assert (full / "mine").exists()


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
    left_open = "SELECT key FROM meta WHERE key = 'open_since'"
    assert database.run(left_open)
    life.kept.close()
    assert not database.run(left_open)
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
