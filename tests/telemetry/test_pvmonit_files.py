"""PvMonit's files in a real folder: scripts write modes, loads follow, and what is no mode does nothing."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import pytest

from pv_heater.errors import SourceError, Unreachable
from pv_heater.telemetry.pvmonit.files import OLD_S, SETTLE_S, PvMonitFiles
from tests.source_tools import HandClock, tools_for


def document(*modes: str, on: int = 0) -> dict[str, Any]:
    """Loads in these modes, the `on`-th of which is on."""
    return {"loads": [
        {
            "name": f"load{number}", "mode": mode, "power_w": 500.0 if number == on else 0.0,
            "forced_without_end": number == 3,
        }
        for number, mode in enumerate(modes, 1)
    ]}  # fmt: skip


class Rig:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "state").mkdir()
        self.modes, self.states = folder / "modes", folder / "states"
        self.clock = HandClock()
        self.files = self.started()

    def started(self) -> PvMonitFiles:
        settings = PvMonitFiles.Settings(modes_file=str(self.modes), states_file=str(self.states), forced_for_s=600)
        return PvMonitFiles(settings, tools_for(self.folder / "state", clock=self.clock))

    def tell(self, *modes: str, on: int = 0, after_s: float = 2.0) -> list[tuple[str, str, float | None]]:
        """What is asked for: load, mode, seconds."""
        self.clock.advance(after_s)
        requests = self.files.tell(document(*modes, on=on), self.clock.monotonic_s())
        return [(each["load"], each["mode"], each["for_s"]) for each in requests]

    def shown(self) -> dict[str, int]:
        found: dict[str, int] = json.loads(self.modes.read_text())
        return found


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_both_files_show_the_loads_as_relays(rig: Rig) -> None:
    assert rig.tell("auto", "auto", "on", "off", on=2) == []
    assert rig.modes.read_text() == '{"1":1,"2":2,"3":3,"4":0}'
    assert rig.states.read_text() == '{"1":0,"2":1,"3":0,"4":0}'
    before = rig.modes.stat().st_mtime_ns
    rig.tell("auto", "auto", "on", "off", on=2)
    assert rig.modes.stat().st_mtime_ns == before  # a card is not written for nothing
    rig.tell("auto", "auto", "auto", "off")
    assert rig.shown() == {"1": 1, "2": 1, "3": 1, "4": 0}


def test_a_mode_is_for_good_as_it_was_there_where_the_load_may_be_forced_so(rig: Rig) -> None:
    rig.tell("auto", "auto", "auto")
    for number, mode in ((3, "on"), (0, "off")):
        rig.modes.write_text(json.dumps({"1": 1, "2": number, "3": number}))
        rig.clock.advance(2)
        asked = rig.files.tell(document("auto", "auto", "auto"), rig.clock.monotonic_s())
        ends = [(each["load"], each["mode"], each["for_s"], each["for_good"]) for each in asked]
        assert ends == [("load2", mode, 600, False), ("load3", mode, None, True)]
    rig.modes.write_text('{"1":1,"2":1,"3":1}')
    asked = rig.files.tell(document("auto", "auto", "off"), rig.clock.monotonic_s())
    assert [(each["mode"], each["for_good"]) for each in asked] == [("auto", False)]


def test_a_script_that_writes_a_mode_is_obeyed_once_and_for_a_time(rig: Rig) -> None:
    rig.tell("auto", "auto")
    rig.modes.write_text('{"1":1,"2":3}')
    assert rig.tell("auto", "auto") == [("load2", "on", 600)]
    assert rig.tell("auto", "auto") == []  # the load takes a tick to follow, and the wish stands meanwhile
    assert rig.shown() == {"1": 1, "2": 3}
    assert rig.tell("auto", "on", on=2) == []
    assert rig.tell("auto", "auto", after_s=600) == []  # it has ended
    assert rig.shown() == {"1": 1, "2": 1}
    rig.modes.write_text('{"1":0,"2":1}')
    assert rig.tell("auto", "auto") == [("load1", "off", 600)]
    assert rig.tell("off", "auto") == []
    rig.modes.write_text('{"1":1,"2":2}')
    assert rig.tell("off", "auto") == [("load1", "auto", None)]


def test_a_wish_that_was_refused_is_taken_back(rig: Rig) -> None:
    rig.tell("auto")
    rig.modes.write_text('{"1":3}')
    rig.tell("auto")
    assert rig.tell("auto", after_s=SETTLE_S + 1) == []
    assert rig.shown() == {"1": 1}


GARBAGE = [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 4000, b"{" + b" " * 5000 + b"}", b'{"1":1,']


@pytest.mark.parametrize("content", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_said_and_written_anew_but_not_at_once(
    rig: Rig, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """At the first look it may be half of something that is being written."""
    rig.tell("auto")
    rig.modes.write_bytes(content)
    assert (rig.tell("auto"), rig.modes.read_bytes()) == ([], content)
    assert (rig.tell("auto"), rig.shown()) == ([], {"1": 1})
    assert len([line for line in caplog.messages if "no file of modes" in line]) == 1


@pytest.mark.parametrize("value", ["null", "4", "-1", "true", '"3"', "3.0", "[3]", "1e400", "NaN"])
def test_what_is_no_mode_is_left_out(rig: Rig, value: str) -> None:
    rig.tell("auto", "auto")
    rig.modes.write_text(f'{{"1":{value},"2":0,"9":3,"x":3}}')
    assert rig.tell("auto", "auto") == [("load2", "off", 600)]
    assert rig.shown() == {"1": 1, "2": 0}


def test_a_restart_knows_its_own_words_and_hears_what_was_written_meanwhile(rig: Rig) -> None:
    rig.tell("on", "auto")
    rig.files = rig.started()
    assert rig.tell("auto", "auto") == []  # the 3 in the file is ours, and over
    assert rig.shown() == {"1": 1, "2": 1}
    rig.modes.write_text('{"1":1,"2":3}')
    now_s = rig.clock.now().timestamp()
    os.utime(rig.modes, (now_s, now_s))
    rig.files = rig.started()
    assert rig.tell("auto", "auto") == [("load2", "on", 600)]
    rig.tell("auto", "auto", after_s=SETTLE_S + 1)
    rig.modes.write_text('{"1":3,"2":1}')
    os.utime(rig.modes, (now_s - OLD_S, now_s - OLD_S))
    rig.files = rig.started()
    assert rig.tell("auto", "auto") == []


def test_a_file_of_before_the_first_start_commands_nothing(rig: Rig) -> None:
    rig.modes.write_text('{"1":3}')
    assert rig.tell("auto") == []
    assert rig.shown() == {"1": 1}


def test_a_script_that_writes_while_we_do_is_not_overwritten(rig: Rig) -> None:
    rig.tell("auto")
    rig.modes.write_text('{"1":1}')
    reading = rig.files._write

    def late(path: Path, numbers: Any, mark: Any = None) -> bool:
        if path == rig.modes and mark is not None:
            rig.modes.write_text('{"1":0}')
        return reading(path, numbers, mark)

    rig.files._write = late  # type: ignore[method-assign]
    rig.tell("on")
    rig.files._write = reading  # type: ignore[method-assign]
    assert rig.tell("on") == [("load1", "off", 600)]


def test_who_holds_the_lock_is_waited_for_and_then_said(rig: Rig) -> None:
    rig.tell("auto")
    with (rig.folder / "modes.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(SourceError, match="somebody holds"):
            rig.tell("auto")
    assert rig.tell("auto") == []


def test_links_pipes_and_folders_are_no_files(rig: Rig) -> None:
    victim = rig.folder / "victim"
    victim.write_text("mine")
    rig.modes.symlink_to(victim)
    with pytest.raises(Unreachable):
        rig.tell("auto")
    assert victim.read_text() == "mine"
    rig.modes.unlink()
    os.mkfifo(rig.modes)
    with pytest.raises(Unreachable, match="not a plain file"):
        rig.tell("auto")


def test_a_folder_that_all_may_write_is_warned_of(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.folder.chmod(0o777)
    rig.tell("auto")
    rig.tell("auto")
    assert [line for line in caplog.messages if "may switch the loads by modes" in line] == caplog.messages


def test_before_the_first_tick_and_while_none_comes_nothing_is_touched(rig: Rig) -> None:
    assert rig.files.tell(None, 0.0) == ()
    assert not rig.modes.exists()
    assert "is not there yet" in rig.files.ask()
    rig.tell("auto", "auto")
    assert rig.files.ask().endswith("has the modes of 2 relays")


def test_who_could_write_it_still_can(rig: Rig) -> None:
    rig.modes.write_text("{}")
    rig.modes.chmod(0o666)
    rig.tell("auto")
    assert rig.modes.stat().st_mode & 0o777 == 0o666
