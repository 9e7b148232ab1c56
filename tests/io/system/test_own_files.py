"""What the program writes is for its owner alone, whatever the umask and whatever an earlier version left."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pv_heater.cli.history import _write
from pv_heater.config.load import load_config
from pv_heater.forecasts.cached import CachedAnswer, ForecastCache
from pv_heater.history.kept import backup
from pv_heater.history.reader import HistoryReader
from pv_heater.io.gpio.mock import MockBoard
from pv_heater.io.gpio.pins_file import write_pins_file
from pv_heater.io.system.database import Database, open_to_write
from pv_heater.io.system.line_writer import FileLines
from pv_heater.io.system.own_files import close_to_others
from pv_heater.io.system.run_mark import RunMark
from pv_heater.io.system.state_file import StateFile
from pv_heater.run.state_dir import make_state_dir
from pv_heater.sim.recording_writer import VrmRecorder, write_readings
from pv_heater.tariffs.price_cache import KeptAnswer, PriceCache
from tests.strangers import as_root, open_ways, result_as_nobody

HOME = "meter: {type: vrm, installation_id: 1, token: x}\nloads: [{type: dry_run, name: a, max_power_w: 100}]\n"


@pytest.fixture
def open_to_everybody() -> Iterator[None]:
    """As careless as it gets."""
    before = os.umask(0)
    yield
    os.umask(before)


def _a_history(path: Path) -> Database:
    database = open_to_write(path)
    database.run("CREATE TABLE IF NOT EXISTS said (text TEXT)")
    database.run("INSERT INTO said VALUES ('a shower at six')")
    return database


def _all_of_it(folder: Path) -> list[Database]:
    """Every kind of file that is kept; what is left open, so that SQLite's own stand beside it."""
    (folder / "config.yaml").write_text(HOME)
    config = load_config(folder / "config.yaml")
    state = make_state_dir(config)
    StateFile(state / "state.json").save_now({"schema": 1})
    (state / "state.json").write_text("{")
    StateFile(state / "state.json").set_aside("it is damaged", "All off")
    RunMark(state).begin([])
    write_pins_file(state, [], config.gpio)
    opened = _a_history(state / "history.db")
    backup(HistoryReader(state / "history.db", ZoneInfo("UTC")), state / "history.db", date(2026, 12, 1), keep=3)
    FileLines(folder / "heater.log", 1000).write("a shower at six")
    ForecastCache(state / "forecast.json").save(CachedAnswer())
    PriceCache(state, "key").save(KeptAnswer())
    VrmRecorder(folder / "raw.jsonl").close()
    write_readings(folder / "readings.csv.gz", iter(()), ["a"])
    _write(iter(["a,b\n"]), folder / "export.csv")
    MockBoard(folder / "pins.jsonl", lambda: 0.0)
    return [opened]


@pytest.mark.usefixtures("open_to_everybody")
def test_every_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    opened = _all_of_it(tmp_path)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.name != "config.yaml"}
    names = {path.name for path in modes}
    assert names > {"state.json", "state.damaged", "running.json", "pins.json", "history.db", "history.db-wal"}
    assert names > {"history-2026-12-01.db", "heater.log", "raw.jsonl", "readings.csv.gz", "export.csv"}
    assert len(names) >= 17, "one of forecast, prices, recording or pin log is missing"
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}
    for database in opened:
        database.close()


@as_root
def test_nobody_reads_them_and_finds_no_names_either(tmp_path: Path) -> None:
    _all_of_it(tmp_path)
    open_ways(tmp_path / "state" / "x")
    (tmp_path / "state").chmod(0o755)  # as systemd makes it
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name != "config.yaml":
            assert result_as_nobody(lambda path=path: path.read_bytes()).startswith("PermissionError"), path
    assert result_as_nobody(lambda: os.listdir(tmp_path / "state" / "backups")).startswith("PermissionError")


def test_what_an_earlier_version_left_open_is_closed_at_the_next_start(tmp_path: Path) -> None:
    database = _a_history(tmp_path / "history.db")
    for name in ("state.json", "heater.log", "heater.log.1"):
        (tmp_path / name).write_text("{}\n")
    for path in tmp_path.iterdir():
        path.chmod(0o644)
    StateFile(tmp_path / "state.json")
    FileLines(tmp_path / "heater.log", 1000)
    _a_history(tmp_path / "history.db").close()
    assert {oct(stat.S_IMODE(path.stat().st_mode)) for path in tmp_path.iterdir()} == {"0o600"}
    database.close()
    with sqlite3.connect(tmp_path / "history.db") as found:
        assert found.execute("SELECT count(*) FROM said").fetchone() == (2,)


def test_what_is_behind_a_link_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("")
    (tmp_path / "theirs").chmod(0o644)
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    close_to_others(tmp_path / "link")
    assert stat.S_IMODE((tmp_path / "theirs").stat().st_mode) == 0o644
