"""The log: neither a reader who sleeps nor a stranger's file may stand in its way."""

import fcntl
import logging
import os
import select
import struct
import termios
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pv_heater.io.system.line_writer import FileLines, LineQueue, StreamLines
from pv_heater.io.system.log import LogLines
from pv_heater.io.system.log_place import LogPlace, log_place
from pv_heater.io.system.own_files import replace_file
from tests.strangers import NOBODY, as_root, open_ways, result_as_nobody
from tests.waiting import Stopwatch

log = logging.getLogger("pv_heater.test")


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    root = logging.getLogger()
    before, level, raises = root.handlers, root.level, logging.raiseExceptions
    yield
    root.handlers, logging.raiseExceptions = before, raises
    root.setLevel(level)


def lines_at(path: Path, *, drops: bool = True) -> LogLines:
    return LogLines(
        LogPlace(path=path), max_bytes=1_000_000, zone=ZoneInfo("UTC"), to_stdout=True, debug=False, drops=drops
    )


def test_on_a_terminal_a_line_breaks_between_words(tmp_path: Path) -> None:
    ours, shown = os.openpty()
    fcntl.ioctl(shown, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    with open(shown, "w") as terminal:
        queue = LineQueue(None)
        StreamLines(terminal, tmp_path / "log", queue, patient=False).write(
            "12:00:00 INFO heater off -> armed: 645 W spare"
        )
        assert os.read(ours, 1000).decode() == "12:00:00 INFO heater off -> armed: 645 W\r\n    spare\r\n"
    os.close(ours)


class Pipe:
    """Standard output that nobody reads, until `read_all`."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()

    def fileno(self) -> int:
        return self.writing

    def flush(self) -> None: ...

    def close_reader(self) -> None:
        os.close(self.reading)


def test_a_standard_output_that_nobody_reads_stops_neither_the_file_nor_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = Pipe()
    monkeypatch.setattr("sys.stdout", pipe)
    lines = lines_at(tmp_path / "a.log")
    lines.release()
    for number in range(5000):
        log.info("change %d %s", number, "x" * 100)
    watch = Stopwatch()
    lines.stop()
    assert watch.took_s() < 2.0
    written = (tmp_path / "a.log").read_text().splitlines()
    assert len(written) == 5000
    assert "change 4999" in written[-1]


def test_what_standard_output_missed_is_counted_when_it_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = Pipe()
    monkeypatch.setattr("sys.stdout", pipe)
    lines = lines_at(tmp_path / "a.log")
    lines.release()
    for number in range(3000):
        log.info("change %d %s", number, "x" * 100)
    seen, logged = b"", 3000

    def told() -> list[str]:
        return [line for line in seen.decode().splitlines() if "not shown here" in line]

    def counted() -> int:
        """What was shown, and what was said to be missing."""
        shown = [line for line in seen.decode().splitlines() if "change" in line or "the last one" in line]
        return len(shown) + sum(int(line.split()[0]) for line in told())

    while counted() < logged or not seen.endswith(b"\n"):
        if select.select([pipe.reading], [], [], 0.2)[0]:
            seen += os.read(pipe.reading, 65_536)
        else:  # all that was kept has been read: there is room again
            log.info("the last one")
            logged += 1
    lines.stop()
    assert counted() == logged
    assert told()
    assert str(tmp_path / "a.log") in told()[0]


def test_a_reader_that_is_gone_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = Pipe()
    pipe.close_reader()
    monkeypatch.setattr("sys.stdout", pipe)
    lines = lines_at(tmp_path / "a.log", drops=False)
    lines.release()
    for _ in range(3000):
        log.info("change")
    lines.stop()
    assert len((tmp_path / "a.log").read_text().splitlines()) == 3000


def test_who_is_refused_has_not_opened_the_file(tmp_path: Path) -> None:
    lines = lines_at(tmp_path / "a.log")
    log.info("pv-heater starts")
    lines.abandon()
    lines.stop()
    assert list(tmp_path.iterdir()) == []


def test_lines_from_before_the_release_are_not_lost(tmp_path: Path) -> None:
    lines = lines_at(tmp_path / "a.log")
    log.info("early")
    lines.stop()
    assert (tmp_path / "a.log").read_text().endswith(" INFO early\n")


def test_what_an_error_says_passes_for_no_line_of_the_log(tmp_path: Path) -> None:
    lines = lines_at(tmp_path / "a.log")
    forged = "no answer\n2026-11-30 08:00:00 INFO every load is off\x1b[2J"
    log.warning("the meter: %s", forged)
    try:
        raise ValueError(forged)
    except ValueError:
        log.exception("a bug")
    lines.stop()
    written = (tmp_path / "a.log").read_text()
    assert "\x1b" not in written
    assert written.count("\\x1b[2J") == 2
    assert [line[20:] for line in written.splitlines() if line.startswith("20")] == [
        "WARNING the meter: no answer",
        "ERROR a bug",
    ]
    assert "    Traceback" in written


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """As /tmp is."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def test_the_usual_file_is_used_where_nobody_has_put_another_there(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(shared))
    assert log_place(None, {}) == LogPlace(path=shared / "pv_heater.log")
    FileLines(shared / "pv_heater.log", 1000).write("mine")
    assert log_place(None, {}, "replay").path == shared / "pv_heater_replay.log"
    assert log_place(None, {}) == LogPlace(path=shared / "pv_heater.log")
    assert (shared / "pv_heater.log").stat().st_mode & 0o777 == 0o600
    assert log_place(None, {"LOGS_DIRECTORY": "/var/log/pv"}).path == Path("/var/log/pv/pv_heater.log")


@pytest.mark.parametrize("trap", ["link", "pipe", "folder", "other name", "nobody's"])
@pytest.mark.parametrize("named", [False, True], ids=["auto", "named in the settings"])
def test_what_a_stranger_has_put_into_a_shared_folder_is_not_used(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trap: str, named: bool
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(shared))
    target, path = tmp_path / "target", shared / "pv_heater.log"
    target.write_text("precious\n")
    if trap == "nobody's":
        if os.geteuid() != 0:
            pytest.skip("only root can give a file away")
        path.touch()
        os.chown(path, NOBODY, NOBODY)
    else:
        {
            "link": lambda: path.symlink_to(target), "pipe": lambda: os.mkfifo(path), "folder": path.mkdir,
            "other name": lambda: path.hardlink_to(target),
        }[trap]()  # fmt: skip
    place = log_place(str(path) if named else None, {})
    assert place.path == shared / f"pv-heater-{os.geteuid()}" / "pv_heater.log"
    assert place.doubt is not None
    assert place.doubt.startswith(str(path))
    assert str(place.path) in place.doubt
    place.make_folder()
    FileLines(place.path, 1000).write("mine")
    assert place.path.read_text() == "mine\n"
    assert target.read_text() == "precious\n"


@pytest.mark.parametrize("trap", ["link", "pipe"])
def test_a_trap_that_appears_after_the_look_is_not_walked_into(shared: Path, tmp_path: Path, trap: str) -> None:
    path = shared / "pv_heater.log"
    path.symlink_to(tmp_path / "target") if trap == "link" else os.mkfifo(path)
    with pytest.raises(OSError, match=r"symbolic links|No such device"):
        FileLines(path, 1000)
    assert not (tmp_path / "target").exists()


def test_a_picture_beside_the_log_takes_the_place_of_a_link(shared: Path, tmp_path: Path) -> None:
    target, path = tmp_path / "target", shared / "pv_heater.svg"
    target.write_text("precious\n")
    path.symlink_to(target)
    replace_file(path, "<svg/>")
    assert (path.is_symlink(), path.read_text(), target.read_text()) == (False, "<svg/>", "precious\n")
    assert [file.name for file in shared.iterdir()] == ["pv_heater.svg"]


@as_root
def test_nobody_cannot_read_or_write_the_log(shared: Path) -> None:
    FileLines(shared / "pv_heater.log", 1000).write("mine")
    open_ways(shared / "x")
    for mode in ("r", "a"):
        assert result_as_nobody(lambda mode=mode: (shared / "pv_heater.log").open(mode)).startswith("PermissionError")


def test_a_full_file_is_put_aside_and_begun_anew(tmp_path: Path) -> None:
    lines = FileLines(tmp_path / "a.log", 100)
    for number in range(12):
        lines.write(f"line {number:2d} 0123456789")
    assert "line 11" in (tmp_path / "a.log").read_text()
    assert "line  9" in ((tmp_path / "a.log.1").read_text() + (tmp_path / "a.log").read_text())
    assert (tmp_path / "a.log").stat().st_size <= 100


def test_a_file_that_cannot_be_put_aside_does_not_fill_the_disk(tmp_path: Path) -> None:
    (tmp_path / "a.log.1").mkdir()
    (tmp_path / "a.log.1" / "x").touch()
    lines = FileLines(tmp_path / "a.log", 100)
    for number in range(30):
        lines.write(f"line {number:2d} 0123456789")
    assert (tmp_path / "a.log").stat().st_size <= 100
    assert "line 29" in (tmp_path / "a.log").read_text()
