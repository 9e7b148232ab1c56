"""The guard process: the contact opens though nothing of the program runs any more, and stays its own while it does."""

import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from pv_heater.io.alive import guard, guard_process
from pv_heater.io.alive.limits import MOST_FILES
from tests.process.program import CHIP, RELAY, SERVO, Program, regulator, settings
from tests.vrm_server import VrmServer
from tests.waiting import WITHIN_S, until

pytestmark = pytest.mark.process

START_OF_PYTHON_S = 5.0


def guard_of(program: Program) -> int | None:
    """The process of its guard, by the kernel's word; None without one."""
    for child in Path(f"/proc/{program.process.pid}/task/{program.process.pid}/children").read_text().split():
        if guard_process.__file__ in Path(f"/proc/{child}/cmdline").read_text():
            return int(child)
    return None


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def heating_under_guard(program: Program) -> int:
    program.wait_until_heating()
    found = guard_of(program)
    assert found is not None
    return found


def opened(program: Program) -> None:
    until(lambda: program.states(RELAY)[-1] is None, "contact open", START_OF_PYTHON_S, more=program.log)
    until(lambda: program.states(SERVO)[-1] is None, "servo at rest", START_OF_PYTHON_S, more=program.log)


def test_kill_9_leaves_the_contact_open(vrm: VrmServer, tmp_path: Path) -> None:
    with Program(tmp_path, settings(tmp_path, vrm.url, guard=True)) as program:
        watcher = heating_under_guard(program)
        program.process.kill()
        opened(program)
        until(lambda: not is_there(watcher), "the guard has ended", WITHIN_S)
        assert f"(process {program.process.pid}) was killed or has crashed; `main.py off` follows" in program.log()
        assert "water_heater: relay" in program.log()


def test_a_program_that_ends_by_itself_sends_its_guard_away(vrm: VrmServer, tmp_path: Path) -> None:
    with Program(tmp_path, settings(tmp_path, vrm.url, guard=True)) as program:
        watcher = heating_under_guard(program)
        assert program.stop() == 0
        until(lambda: not is_there(watcher), "the guard has ended", WITHIN_S)
        assert "guard" not in program.log()


def test_a_guard_that_was_killed_is_followed_by_another_and_nothing_is_switched(vrm: VrmServer, tmp_path: Path) -> None:
    with Program(tmp_path, settings(tmp_path, vrm.url, guard=True)) as program:
        os.kill(heating_under_guard(program), signal.SIGKILL)
        program.wait_for(lambda: "the guard process has ended" in program.log(), 10, "log line")
        assert program.contact_closed()


def test_it_dumps_no_memory_and_takes_no_more_than_its_share(vrm: VrmServer, tmp_path: Path) -> None:
    """Of a shell's limits, which leave both open; what it starts has the same."""
    with Program(tmp_path, settings(tmp_path, vrm.url, guard=True)) as program:
        for pid in (heating_under_guard(program), program.process.pid):
            text = Path(f"/proc/{pid}/limits").read_text()
            soft = {line[:26].strip(): line[26:].split()[0] for line in text.splitlines()}
            assert soft["Max core file size"] == "0"
            assert soft["Max address space"].isdecimal()
            assert 1024 <= int(soft["Max open files"]) <= MOST_FILES


def test_systemd_keeps_watch_itself(vrm: VrmServer, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url, guard=True)
    with Program(tmp_path, config, environ={"WATCHDOG_USEC": "30000000"}) as program:
        program.wait_until_heating()
        assert guard_of(program) is None


def test_a_program_of_which_nothing_runs_is_killed_and_switched_off(vrm: VrmServer, tmp_path: Path) -> None:
    """Two beside each other, as it takes its time: one is stopped, one never gives Python's lock back."""
    stuck = tmp_path / "stuck"
    programs = []
    with ExitStack() as ends:
        for folder, pins in ((tmp_path / "a", 17), (tmp_path / "b", 27)):
            folder.mkdir()
            load = regulator(
                relay={"pin": f"{CHIP}/{pins}", "active_high": True},
                servo={"pin": f"{CHIP}/{pins + 1}", "settle_s": 0.2},
            )
            config = settings(folder, vrm.url, guard=True, loads=[load])
            environ = {"STUCK": str(stuck)} if pins == 27 else {"STUCK": str(tmp_path / "never")}
            program = ends.enter_context(Program(folder, config, environ=environ, door="tests/process/stuck.py"))
            programs.append((program, f"{CHIP}/{pins}"))
        for program, relay in programs:
            until(lambda program=program, relay=relay: program.states(relay)[-1:] == [1.0], "closed", more=program.log)
            assert guard_of(program) is not None
        programs[0][0].process.send_signal(signal.SIGSTOP)
        stuck.touch()
        for program, relay in programs:
            until(
                lambda program=program, relay=relay: program.states(relay)[-1] is None, "contact open",
                guard.LONGEST_SILENCE_S + guard_process.LOOK_MS / 1000 + START_OF_PYTHON_S, more=program.log,
            )  # fmt: skip
            assert program.process.wait(WITHIN_S) == -signal.SIGKILL
            assert "hung and was killed" in program.log()
