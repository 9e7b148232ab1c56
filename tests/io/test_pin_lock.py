"""Locks on pins, with a second process where it matters."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pv_heater.errors import HardwareError, PinBusy
from pv_heater.io.pin_lock import holder, lock_pins


def test_a_second_taker_is_told_who_holds_which_pin(tmp_path: Path) -> None:
    with lock_pins(["BOARD11", "GPIO21"], "a.yaml", "real", folder=tmp_path):
        with pytest.raises(PinBusy, match=rf"GPIO17 is held by process {os.getpid()} \(a.yaml, since 20") as caught:
            lock_pins(["GPIO4", "GPIO17"], "b.yaml", "real", folder=tmp_path)
        assert caught.value.exit_code == 6
        assert holder("GPIO4", "real", folder=tmp_path) is None, "all or none"


def test_released_pins_may_be_taken_again(tmp_path: Path) -> None:
    lock_pins(["GPIO17"], "a", "real", folder=tmp_path).release()
    lock_pins(["GPIO17"], "b", "real", folder=tmp_path).release()


def test_mock_pins_and_real_pins_do_not_clash(tmp_path: Path) -> None:
    with lock_pins(["GPIO17"], "a", "mock", folder=tmp_path), lock_pins(["GPIO17"], "b", "real", folder=tmp_path):
        pass


def test_the_holder_is_known_without_taking_the_lock(tmp_path: Path) -> None:
    assert holder("GPIO17", "real", folder=tmp_path) is None
    with lock_pins(["gpiochip1/12", "GPIO17"], "my.yaml", "real", folder=tmp_path):
        found = holder("BOARD11", "real", folder=tmp_path)
        assert found is not None
        assert (found.pid, found.owner) == (os.getpid(), "my.yaml")
    assert holder("GPIO17", "real", folder=tmp_path) is None


def test_everybody_may_lock_by_turns_whatever_the_umask(tmp_path: Path) -> None:
    lock_pins(["GPIO17"], "a", "real", folder=tmp_path).release()
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o666


def test_a_link_in_place_of_a_lock_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("keep me")
    (tmp_path / "pv_heater-real-GPIO17.lock").symlink_to(precious)
    with pytest.raises(HardwareError, match=r"GPIO17 cannot be opened"):
        lock_pins(["GPIO17"], "a", "real", folder=tmp_path)
    assert precious.read_text() == "keep me"


def test_a_pipe_in_place_of_a_lock_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pv_heater-real-GPIO17.lock")
    with pytest.raises(HardwareError, match="not a plain file"):
        lock_pins(["GPIO17"], "a", "real", folder=tmp_path)


def test_a_lock_ends_with_its_process_even_when_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from pv_heater.io.pin_lock import lock_pins;"
        f"locks = lock_pins(['GPIO17'], 'other.yaml', 'real', folder=pathlib.Path({str(tmp_path)!r}));"
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(PinBusy, match=f"process {other.pid} .other.yaml"):
            lock_pins(["GPIO17"], "mine.yaml", "real", folder=tmp_path)
        other.kill()
        other.wait()
    lock_pins(["GPIO17"], "mine.yaml", "real", folder=tmp_path).release()


def test_locks_are_not_inherited_by_children(tmp_path: Path) -> None:
    with lock_pins(["GPIO17"], "a", "real", folder=tmp_path) as locks:
        assert not any(os.get_inheritable(fd) for fd in locks._fds)
