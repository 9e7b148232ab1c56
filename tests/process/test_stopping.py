"""However the program ends, the contact is open."""

import signal
import socket
import time
from itertools import pairwise
from pathlib import Path

import pytest

from tests.process.program import RELAY, SERVO, Program, regulator, run_once, settings
from tests.vrm_server import VrmServer
from tests.waiting import WITHIN_S

pytestmark = pytest.mark.process

ZERO_DUTY = 0.0005 / 0.02
OPEN_S = 0.5
"""From a signal to an open contact: a tick that is under way may end first."""
HUNG_S = 10.0 + 2.5
"""From a tick that hangs to an open contact: the watchdog's patience, and how often it looks."""


def opened_after_s(program: Program, number: signal.Signals) -> float:
    """Send a signal; seconds until the contact was open, read off the mock pins' own log."""
    watch = program.watch()
    program.process.send_signal(number)
    opened_s = program.opens_after_s(watch)
    assert program.process.wait(WITHIN_S) == 0
    return opened_s


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP])
def test_a_signal_while_heating_opens_the_relay_at_once(number: signal.Signals, vrm: VrmServer, tmp_path: Path) -> None:
    with Program(tmp_path, settings(tmp_path, vrm.url), cold=number is signal.SIGTERM) as program:
        program.wait_until_heating()
        assert opened_after_s(program, number) < OPEN_S
        assert program.states(SERVO)[-1] is None
        assert f"stopped by {number.name}: every load is off" in program.log()
        assert "Traceback" not in program.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_while_the_portal_hangs_opens_the_relay_at_once(
    number: signal.Signals, vrm: VrmServer, tmp_path: Path
) -> None:
    with Program(tmp_path, settings(tmp_path, vrm.url)) as program:
        program.wait_until_heating()
        vrm.hanging = True
        time.sleep(1.5)  # a request is under way now
        assert opened_after_s(program, number) < OPEN_S
        assert program.states(SERVO)[-1] is None


def test_impatient_signals_during_the_stop_do_not_cut_it_short(vrm: VrmServer, tmp_path: Path) -> None:
    servo = {"pin": SERVO, "settle_s": 2.0}
    with Program(tmp_path, settings(tmp_path, vrm.url, loads=[regulator(servo=servo)])) as program:
        program.wait_until_heating(30)
        before = len(program.pins())
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT, signal.SIGINT, signal.SIGHUP):
            program.process.send_signal(number)
            time.sleep(0.1)
        assert program.process.wait(WITHIN_S) == 0
        changes = program.pins()[before:]
    assert [change["state"] for change in changes if change["pin"] == RELAY] == [0.0, None]
    turned, rested = (change for change in changes if change["pin"] == SERVO)
    assert rested["mono_s"] - turned["mono_s"] >= 2.0
    assert "Traceback" not in program.log()


def test_kill_9_in_the_middle_of_a_servo_move_is_mended_by_off(vrm: VrmServer, tmp_path: Path) -> None:
    servo = {"pin": SERVO, "settle_s": 3.0}
    config = settings(tmp_path, vrm.url, loads=[regulator(servo=servo)])
    with Program(tmp_path, config) as program:
        program.wait_for(program.contact_closed, 20, "relay closed")
        program.wait_for(lambda: program.states(SERVO)[-1] is not None, 5, "pulses go out")
        program.process.kill()
        program.process.wait()
        before = len(program.pins())
        assert run_once(tmp_path, config, "off").returncode == 0
        after = [(change["pin"], change["state"]) for change in program.pins()[before:]]
    # Mock pins of a new process know nothing of the old one's level, so opening shows as a change.
    assert after[0] == (RELAY, 0.0)
    assert (SERVO, pytest.approx(ZERO_DUTY)) in after
    assert program.states(SERVO)[-1] is None


def test_a_signal_at_any_moment_of_the_start_ends_it_with_the_contact_open(vrm: VrmServer, tmp_path: Path) -> None:
    for step in range(8):
        cold = step % 2 == 0  # of the others the imports are over: the moments just after those
        with Program(tmp_path, settings(tmp_path, vrm.url), cold=cold) as program:
            time.sleep((0.2 if cold else 0.03) * step)
            program.process.send_signal(signal.SIGTERM)
            program.process.wait(WITHIN_S)
            assert program.states(RELAY)[-1:] in ([], [None])
            assert "Traceback" not in program.log()


def test_the_safety_stop_opens_the_contact_before_the_servo_moves(vrm: VrmServer, tmp_path: Path) -> None:
    with Program(tmp_path, settings(tmp_path, vrm.url)) as program:
        program.wait_until_heating()
        before = len(program.pins())
        program.stop()
        order = [(change["pin"], change["state"]) for change in program.pins()[before:]]
    assert order[0] == (RELAY, 0.0)
    moves = [state for pin, state in order if pin == SERVO]
    assert moves[0] == pytest.approx(ZERO_DUTY)
    assert moves[-1] is None


def test_the_contact_closes_only_with_the_servo_settled_at_zero(vrm: VrmServer, tmp_path: Path) -> None:
    with Program(tmp_path, settings(tmp_path, vrm.url)) as program:
        program.wait_until_heating()
        changes = program.pins()
    closing = next(index for index, change in enumerate(changes) if (change["pin"], change["state"]) == (RELAY, 1.0))
    moves = [change for change in changes[:closing] if change["pin"] == SERVO and change["state"] not in (None, 0.0)]
    assert moves[-1]["state"] == pytest.approx(ZERO_DUTY)
    assert changes[closing]["mono_s"] - moves[-1]["mono_s"] >= 0.2
    after = [change["state"] for change in changes[closing:] if change["pin"] == SERVO]
    assert any(state is not None and state > ZERO_DUTY * 1.1 for state in after)


def test_the_normal_stop_turns_to_zero_settles_and_then_opens(vrm: VrmServer, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url, loads=[regulator(min_on_s=0)])
    with Program(tmp_path, config) as program:
        program.wait_until_heating()
        before = len(program.pins())
        vrm.values.update({"Pdc": 100.0, "bp": -1400.0})
        program.wait_for(lambda: program.states(RELAY)[-1] == 0.0, 8, "relay open")
        changes = program.pins()[before:]
    moves = [change for change in changes if change["pin"] == SERVO and change["state"] is not None]
    opening = next(change for change in changes if change["pin"] == RELAY)
    last_move = [change for change in moves if change["mono_s"] < opening["mono_s"]][-1]
    assert last_move["state"] == pytest.approx(ZERO_DUTY)
    assert opening["mono_s"] - last_move["mono_s"] >= 0.2


def test_an_exception_inside_a_tick_opens_the_relay_and_ends_non_zero(vrm: VrmServer, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url, strategy={"type": "faulty"})
    with Program(tmp_path, config, environ={"FAULT": "raise"}, door="tests/process/faulty.py") as program:
        program.wait_for(program.contact_closed, 15, "relay closed")
        assert program.process.wait(WITHIN_S) == 1
        assert program.states(RELAY)[-1] is None
        assert program.states(RELAY)[-2] == 0.0
        assert program.states(SERVO)[-1] is None
        assert "the loop broke; every load is off" in program.log()
        assert "a bug in a strategy" in program.log()


def test_a_hung_tick_is_ended_by_the_watchdog_after_ten_seconds(vrm: VrmServer, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url, strategy={"type": "faulty"})
    with Program(tmp_path, config, environ={"FAULT": "hang"}, door="tests/process/faulty.py") as program:
        program.wait_for(lambda: "the strategy hangs" in program.log(), 15, "it hangs")
        assert program.contact_closed()
        assert program.opens_after_s(program.watch()) < HUNG_S
        program.wait_for(lambda: "watchdog: the loop completed no tick" in program.log(), 3, "log line")


def test_off_beside_a_hung_loop_opens_the_contact_at_once(vrm: VrmServer, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url, strategy={"type": "faulty"})
    with Program(tmp_path, config, environ={"FAULT": "hang"}, door="tests/process/faulty.py") as program:
        program.wait_for(lambda: "the strategy hangs" in program.log(), 15, "it hangs; the watchdog needs ten seconds")
        assert program.contact_closed()
        assert run_once(tmp_path, config, "off").returncode == 0
        assert program.states(RELAY)[-1] == 0.0, "open before `off` says so"
        assert "watchdog" not in program.log()


def test_off_after_kill_9_switches_off(vrm: VrmServer, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url)
    with Program(tmp_path, config) as program:
        program.wait_until_heating()
        program.process.kill()
        program.process.wait()
        assert program.states(RELAY)[-1] == 1.0
    done = run_once(tmp_path, config, "off", cold=True)
    assert done.returncode == 0, done.stderr
    assert program.states(RELAY)[-1] is None
    assert program.states(SERVO)[-1] is None
    assert "water_heater" in done.stdout


def test_off_beside_a_running_controller_latches_it_until_clear(vrm: VrmServer, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url)
    with Program(tmp_path, config) as program:
        program.wait_until_heating()
        done = run_once(tmp_path, config, "off")
        assert done.returncode == 0, done.stderr + done.stdout
        assert program.states(RELAY)[-1] == 0.0, "open before `off` says so"
        time.sleep(2.5)
        assert program.states(RELAY)[-1] == 0.0
        assert "switched off by `main.py off`" in program.log()
        assert run_once(tmp_path, config, "clear", "water_heater").returncode == 0
        program.wait_until_heating()


def test_a_second_process_on_the_same_state_is_refused_and_names_the_first(vrm: VrmServer, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url)
    with Program(tmp_path, config) as program:
        program.wait_until_heating()
        other = tmp_path / "other"
        other.mkdir()
        second = run_once(other, settings(other, vrm.url, state_dir=str(tmp_path / "state")))
        assert second.returncode == 6
        assert str(program.process.pid) in second.stderr
        assert "Traceback" not in second.stderr
        assert not (other / "pins.jsonl").exists()
        assert program.contact_closed()


def test_a_dry_run_beside_the_controller_cannot_answer_an_off_in_its_place(vrm: VrmServer, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url)
    with Program(tmp_path, config) as program:
        program.wait_until_heating()
        second = run_once(tmp_path, config, "run", "--dry-run")
        assert second.returncode == 6
        assert f"process {program.process.pid}" in second.stderr
        assert run_once(tmp_path, config, "off").returncode == 0
        assert program.states(RELAY)[-1] == 0.0, "open before `off` says so"


def test_systemd_is_told_ready_alive_and_stopping(vrm: VrmServer, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(WITHIN_S)
        config = settings(tmp_path, vrm.url)
        with Program(tmp_path, config, environ={"NOTIFY_SOCKET": str(tmp_path / "notify")}) as program:
            assert "READY=1" in manager.recv(1000).decode()
            assert manager.recv(1000) == b"WATCHDOG=1"
            program.stop()
            messages: list[str] = []
            while not messages or messages[-1] != "STOPPING=1":
                messages.append(manager.recv(1000).decode())


def test_a_full_disk_stops_neither_heating_nor_stopping(vrm: VrmServer, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url, log={"file": "/dev/full"})
    with Program(tmp_path, config) as program:
        program.wait_until_heating()
        assert opened_after_s(program, signal.SIGTERM) < OPEN_S


def test_the_loop_keeps_its_pace(vrm: VrmServer, tmp_path: Path) -> None:
    """A hanging portal delays no tick: systemd's pets come every second."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(WITHIN_S)
        vrm.hanging = True
        with Program(tmp_path, settings(tmp_path, vrm.url), environ={"NOTIFY_SOCKET": str(tmp_path / "notify")}):
            times = []
            for _ in range(5):
                manager.recv(1000)
                times.append(time.monotonic())
    # Not the longest: a busy machine may hold up one of them. A tick that waited for the portal would hold up all.
    assert sorted(after - before for before, after in pairwise(times))[1] < 1.5
