"""Locks on pins, with a second process, and as root a second user, where it matters."""

import fcntl
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pv_heater.errors import HardwareError, PinBusy
from pv_heater.io.gpio.lock_places import LockPlaces
from pv_heater.io.gpio.locks import (
    Holder,
    _patiently,
    lock_pins,
    lock_state_dir,
    pin_holders,
    register_settings,
    settings_holders,
    state_holder,
)
from tests.strangers import NOBODY, as_root, open_ways, result_as_nobody, stranger
from tests.waiting import WITHIN_S


@pytest.fixture
def places(tmp_path: Path) -> LockPlaces:
    """A machine of its own: /run, a folder that everybody may write, and a GPIO device of the group 4711."""
    for name in ("run", "lock", "dev"):
        (tmp_path / name).mkdir()
    (tmp_path / "lock").chmod(0o1777)
    (tmp_path / "dev" / "gpiochip0").touch(mode=0o660)
    return LockPlaces(run=tmp_path / "run", shared=(tmp_path / "lock",), devices=tmp_path / "dev")


def test_a_second_taker_is_told_who_holds_which_pin(places: LockPlaces) -> None:
    with lock_pins(["BOARD11", "GPIO21"], "a.yaml", "real", places=places):
        with pytest.raises(PinBusy, match=rf"GPIO17 is held by process {os.getpid()} \(a.yaml, since 20") as caught:
            lock_pins(["GPIO4", "GPIO17"], "b.yaml", "real", places=places)
        assert caught.value.exit_code == 6
        assert pin_holders("GPIO4", "real", places=places) == [], "all or none"


def test_released_pins_may_be_taken_again(places: LockPlaces) -> None:
    lock_pins(["GPIO17"], "a", "real", places=places).release()
    lock_pins(["GPIO17"], "b", "real", places=places).release()


@pytest.mark.parametrize("kind", ["real", "mock"])
def test_whoever_comes_while_off_has_the_pins_waits_for_its_end(places: LockPlaces, tmp_path: Path, kind: str) -> None:
    """After a kill the guard's `off`, the owner's and the next start come together."""
    passing = lock_pins(["GPIO17"], "off, a.yaml", kind, state_dir=tmp_path, passing=True, places=places)
    taken = threading.Event()

    def come() -> None:
        with lock_pins(["GPIO17"], "a.yaml", kind, state_dir=tmp_path, places=places):
            taken.set()

    second = threading.Thread(target=come)
    second.start()
    assert not taken.wait(0.5), "longer than for a holder that stays"
    passing.release()
    second.join(WITHIN_S)
    assert taken.is_set()


def test_one_that_goes_between_our_try_and_our_look_is_no_holder_that_stays() -> None:
    """And one that has taken the lock, and has not written yet who it is, may be passing as well."""
    off = Holder(pid=1, owner="off", started="", state_dir="", uid=0, passing=True)
    nobody_yet = Holder(pid=0, owner="", started="", state_dir="", uid=0)
    for sights in ([[], None], [[off], [], None], [[nobody_yet], [off], [], None]):
        left = iter(sights)
        now = [next(left)]

        def lock(now: list[Any] = now) -> None:
            if now[0] is not None:
                raise BlockingIOError

        def look(now: list[Any] = now, left: Iterator[Any] = left) -> list[Holder]:
            seen, now[0] = now[0], next(left)
            return list(seen)

        _patiently(lock, look)
    with pytest.raises(BlockingIOError):
        _patiently(partial(fail, BlockingIOError), lambda: [nobody_yet])


def fail(error: type[Exception]) -> None:
    raise error


def test_mock_pins_are_locked_in_their_state_folder(places: LockPlaces, tmp_path: Path) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    for home in homes:
        home.mkdir()
    with (
        lock_pins(["GPIO17"], "a", "mock", state_dir=homes[0], places=places),
        lock_pins(["GPIO17"], "b", "mock", state_dir=homes[1], places=places),
        lock_pins(["GPIO17"], "c", "real", places=places),
        pytest.raises(PinBusy, match=r"GPIO17 is held by .*a, since"),
    ):
        lock_pins(["GPIO17"], "d", "mock", state_dir=homes[0], places=places)


def test_the_holder_is_known_without_taking_the_lock(places: LockPlaces, tmp_path: Path) -> None:
    assert pin_holders("GPIO17", "real", places=places) == []
    with lock_pins(["gpiochip1/12", "GPIO17"], "my.yaml", "real", state_dir=tmp_path, places=places):
        (found,) = pin_holders("BOARD11", "real", places=places)
        assert (found.pid, found.owner, found.state_dir) == (os.getpid(), "my.yaml", str(tmp_path))
    assert pin_holders("GPIO17", "real", places=places) == []


def test_a_lock_can_be_opened_by_its_owner_alone_whatever_the_umask(places: LockPlaces) -> None:
    old = os.umask(0)
    try:
        with lock_pins(["GPIO17"], "a", "real", places=places), lock_state_dir(places.run, "a"):
            folder = places.own_folder()
            assert folder is not None
            assert stat.S_IMODE(folder.stat().st_mode) == 0o755
            for file in (*folder.iterdir(), places.run / "lock"):
                assert file.is_dir() or stat.S_IMODE(file.stat().st_mode) == 0o600
    finally:
        os.umask(old)


def test_a_lock_that_others_could_write_is_neither_believed_nor_kept(places: LockPlaces) -> None:
    folder = places.own_folder()
    assert folder is not None
    file = folder / "pin-GPIO17.lock"
    file.touch()
    file.chmod(0o666)
    with open(file) as stranger:
        fcntl.flock(stranger, fcntl.LOCK_EX)
        (places.devices / "gpiochip0").unlink()
        assert pin_holders("GPIO17", "real", places=places) == []
        fcntl.flock(stranger, fcntl.LOCK_UN)
        with lock_pins(["GPIO17"], "a", "real", places=places):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert file.stat().st_ino != os.fstat(stranger.fileno()).st_ino, "who had it open has another file"


@pytest.mark.parametrize("trap", ["link", "pipe", "folder"])
def test_what_is_no_lock_of_ours_is_not_touched_and_waits_for_nobody(
    places: LockPlaces, tmp_path: Path, trap: str
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("keep me")
    folder = places.own_folder()
    assert folder is not None
    file = folder / "pin-GPIO17.lock"
    {"link": lambda: file.symlink_to(precious), "pipe": lambda: os.mkfifo(file), "folder": file.mkdir}[trap]()
    with pytest.raises(HardwareError, match=r"GPIO17 cannot be opened: "):
        lock_pins(["GPIO17"], "a", "real", places=places)
    assert precious.read_text() == "keep me"


@pytest.mark.parametrize("trap", ["link", "file", "nobody's"])
def test_a_folder_of_ours_that_somebody_else_has_put_there_is_not_used(
    places: LockPlaces, tmp_path: Path, trap: str
) -> None:
    """Without one the lock on the device still keeps others out."""
    for folder in (places.service_folder, *(folder / f"pv-heater-{os.geteuid()}" for folder in places.shared)):
        if trap == "link":
            folder.symlink_to(tmp_path)
        elif trap == "file":
            folder.touch()
        else:
            if os.geteuid() != 0:
                pytest.skip("only root can give a folder away")
            folder.mkdir()
            os.chown(folder, NOBODY, NOBODY)
    assert places.own_folder() is None
    with (
        lock_pins(["GPIO17"], "a", "real", places=places),
        pytest.raises(PinBusy, match="GPIO17 is held by a program of another user"),
    ):
        lock_pins(["GPIO17"], "b", "real", places=places)


def test_one_lock_a_pin_lies_on_the_device_itself(places: LockPlaces, tmp_path: Path) -> None:
    """Two users have two folders; what they share is what they must be able to open in order to switch."""
    others = LockPlaces(run=tmp_path / "elsewhere", shared=(tmp_path / "dev",), devices=places.devices)
    with lock_pins(["GPIO17"], "a", "real", places=places):
        with pytest.raises(PinBusy, match="GPIO17 is held by a program of another user"):
            lock_pins(["GPIO17"], "b", "real", places=others)
        lock_pins(["GPIO4"], "b", "real", places=others).release()
        with open(places.devices / "gpiochip0", "rb"):
            pass  # a library that opens and closes the device frees nothing
        with pytest.raises(PinBusy):
            lock_pins(["GPIO17"], "b", "real", places=others)
    lock_pins(["GPIO17"], "b", "real", places=others).release()


def test_devices_of_the_kernel_take_such_locks() -> None:
    """A real one here: /dev/null, opened twice."""
    from pv_heater.io.gpio.lock_places import byte_of

    with open("/dev/null", "r+b", buffering=0) as one, open("/dev/null", "r+b", buffering=0) as two:
        fcntl.fcntl(one, fcntl.F_OFD_SETLK, byte_of("gpiochip99/1"))
        with pytest.raises(BlockingIOError):
            fcntl.fcntl(two, fcntl.F_OFD_SETLK, byte_of("gpiochip99/1"))
        fcntl.fcntl(two, fcntl.F_OFD_SETLK, byte_of("gpiochip99/2"))


@as_root
def test_nobody_can_take_write_or_hold_a_lock_of_ours(places: LockPlaces) -> None:
    with lock_pins(["GPIO17"], "a", "real", places=places), lock_state_dir(places.run, "a"):
        pass
    open_ways(places.run)
    folder = places.own_folder()
    assert folder is not None
    for file in (folder / "pin-GPIO17.lock", places.run / "lock", places.devices / "gpiochip0"):
        assert file.exists()
        for mode in ("r", "r+", "w"):
            assert result_as_nobody(lambda file=file, mode=mode: file.open(mode)).startswith("PermissionError")
        assert result_as_nobody(file.unlink).startswith("PermissionError")


@as_root
def test_a_claim_of_nobody_is_dropped_where_the_device_says_that_the_pin_is_free(places: LockPlaces) -> None:
    open_ways(places.run)
    folder = places.shared[0] / f"pv-heater-{NOBODY}"

    def claim() -> object:
        folder.mkdir()
        fd = os.open(folder / "pin-GPIO17.lock", os.O_CREAT | os.O_RDWR, 0o600)
        text = {"pid": 1, "owner": "/etc/pv.yaml", "started": "x", "state_dir": "/tmp/x"}
        os.write(fd, json.dumps(text).encode())
        fcntl.flock(fd, fcntl.LOCK_EX)
        return "held"

    with stranger(claim) as result:
        assert result == "held"
        assert pin_holders("GPIO17", "real", places=places) == []
        lock_pins(["GPIO17"], "a", "real", places=places).release()
        (places.devices / "gpiochip0").unlink()
        (found,) = pin_holders("GPIO17", "real", places=places)
        assert found.uid == NOBODY, "whose word it is decides what it is worth"


def test_a_controller_is_found_by_its_settings_in_whatever_state_folder(places: LockPlaces, tmp_path: Path) -> None:
    settings = tmp_path / "home.yaml"
    settings.touch()
    (tmp_path / "link.yaml").symlink_to(settings)
    with register_settings(settings, tmp_path / "var", places=places):
        (found,) = settings_holders(tmp_path / "link.yaml", places=places)
        assert found.state_dir == str(tmp_path / "var")
        register_settings(settings, tmp_path / "dry", places=places).release()
        assert settings_holders(tmp_path / "other.yaml", places=places) == []
        assert [holder.pid for holder in settings_holders(settings, places=places)] == [os.getpid()]
    assert settings_holders(settings, places=places) == []


def test_the_state_folder_says_who_has_it(tmp_path: Path) -> None:
    assert state_holder(tmp_path) is None
    with lock_state_dir(tmp_path, "/home/pi/a.yaml"):
        found = state_holder(tmp_path)
        assert found is not None
        assert found.owner == "/home/pi/a.yaml"
        with pytest.raises(PinBusy, match=r"/home/pi/a.yaml, since .* a `state_dir` of its own") as caught:
            lock_state_dir(tmp_path, "/home/pi/b.yaml")
        assert caught.value.exit_code == 6
    assert state_holder(tmp_path) is None


def test_a_lock_ends_with_its_process_even_when_that_is_killed(places: LockPlaces) -> None:
    code = (
        "import sys; from pathlib import Path; from pv_heater.io.gpio.lock_places import LockPlaces;"
        "from pv_heater.io.gpio.locks import lock_pins; run, shared, devices = map(Path, sys.argv[1:]);"
        "places = LockPlaces(run=run, shared=(shared,), devices=devices);"
        "locks = lock_pins(['GPIO17'], 'other.yaml', 'real', places=places);"
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(places.run), str(places.shared[0]), str(places.devices)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(PinBusy, match=f"process {other.pid} .other.yaml"):
            lock_pins(["GPIO17"], "mine.yaml", "real", places=places)
        other.kill()
        other.wait()
    lock_pins(["GPIO17"], "mine.yaml", "real", places=places).release()


def test_locks_are_not_inherited_by_children(places: LockPlaces) -> None:
    with lock_pins(["GPIO17"], "a", "real", places=places) as locks:
        assert not any(os.get_inheritable(fd) for fd in locks._fds)
