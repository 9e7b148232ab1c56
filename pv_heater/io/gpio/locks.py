"""Locks that keep two controllers apart: one a real pin for the whole machine, one a state folder.

Locks are the kernel's and end with the process that holds them, however that dies. A real pin is locked twice. The
first lock lies on the device behind the pins, which only those can open who may switch them: so controllers of two
users exclude each other, and a stranger can neither take it nor pretend to hold it. The second is a file in a folder of
the controller's own user, which says who it is and where it listens. Mock pins are made of thin air: they are locked in
the state folder, so that controllers of two homes do not meet.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Sequence
from dataclasses import field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem
from pv_heater.core.settings.pins import PinName
from pv_heater.errors import HardwareError, PinBusy
from pv_heater.io.gpio.lock_places import SYSTEM, LockPlaces, byte_of, is_free, open_device
from pv_heater.io.system.own_files import OTHERS_MAY_WRITE, open_plain, read_plain

STATE_LOCK_NAME = "lock"
LONGEST_WORD = 4096
"""As long as a path may be (PATH_MAX)."""
TRIES = 20
"""Whoever looks for a holder takes the lock for an instant, so a first refusal may be over at once."""
LONGEST_PASSING_S = 30.0
"""Waited for a holder that ends by itself: `off` turns servos to zero and lets them settle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lock. `pid` 0 and empty texts where the file does not tell; `started` is ISO 8601."""

    pid: int
    owner: str
    """The path of its settings, or what else it said of itself."""
    started: str
    state_dir: str
    """Where it listens for commands; a service's folder is not the one a shell would guess."""
    uid: int = 0
    """The user who wrote the file."""
    passing: bool = False
    """True: it ends by itself within seconds."""

    def __str__(self) -> str:
        if not self.owner:
            return f"process {self.pid}" if self.pid else "a process that does not say who it is"
        try:
            since = f"{datetime.fromisoformat(self.started).astimezone():%Y-%m-%d %H:%M}"
        except ValueError:
            since = "an unknown time"
        return f"process {self.pid} ({self.owner}, since {since})"


@dataclass(frozen=True, slots=True)
class PinLocks:
    """Locks that are held until `release`, or until the process ends."""

    _fds: list[int] = field(default_factory=list)
    _passing: list[Path] = field(default_factory=list)
    """Files that go with the lock."""

    def release(self) -> None:
        """Give everything free. May be repeated."""
        while self._passing:
            self._passing.pop().unlink(missing_ok=True)
        while self._fds:
            os.close(self._fds.pop())

    def __enter__(self) -> PinLocks:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def lock_pins(
    names: Sequence[str],
    owner: str,
    kind: str,
    *,
    state_dir: Path | None = None,
    passing: bool = False,
    places: LockPlaces = SYSTEM,
) -> PinLocks:
    """Lock all these pins or none. `kind` is mock or real: mock pins are locked in `state_dir`, without one not at all.

    `owner` is told to whoever comes second, such as the path of the configuration, and `state_dir` to those who
    want to talk to the owner. `passing`: we give them free within seconds, so whoever comes meanwhile waits, as the
    next start does for the `off` that follows a killed program. Raises PinBusy naming the first pin that is taken and
    by whom, HardwareError when a lock cannot be made.
    """
    normal = sorted({_normal(name) for name in names})
    locks = PinLocks()
    try:
        if kind != "mock" and normal:
            _lock_device(normal, places, locks._fds)
        folder = state_dir if kind == "mock" else places.own_folder()
        for name in normal if folder is not None else ():
            assert folder is not None
            advice = "; stop that controller first, or name another pin"
            locks._fds.append(_take(folder / _file_name(name), name, owner, state_dir, advice, passing=passing))
    except HardwareError:
        locks.release()
        raise
    return locks


def lock_state_dir(state_dir: Path, owner: str) -> PinLocks:
    """Keep a state folder to one controller, dry or not: they would write one state and listen at one socket.

    Raises PinBusy naming who has it, HardwareError when the lock cannot be made.
    """
    advice = "; stop that controller first, or give this one a `state_dir` of its own"
    return PinLocks([_take(state_dir / STATE_LOCK_NAME, f"the state folder {state_dir}", owner, state_dir, advice)])


def register_settings(path: Path, state_dir: Path, *, places: LockPlaces = SYSTEM) -> PinLocks:
    """Let commands find the controller of these settings in whatever state folder; keeps nobody out, never raises."""
    folder = places.own_folder()
    if folder is None:
        return PinLocks()
    file = folder / _settings_name(path)
    try:
        return PinLocks([_take(file, "these settings", str(path), state_dir, "")], [file])
    except HardwareError:
        return PinLocks()


def state_holder(state_dir: Path) -> Holder | None:
    """Who holds this state folder; None when nobody does, or when others than its owner can write the lock."""
    return _holder_of(state_dir / STATE_LOCK_NAME)


def settings_holders(path: Path, *, places: LockPlaces = SYSTEM) -> list[Holder]:
    """Controllers that run with this file of settings."""
    return _holders(_settings_name(path), places)


def pin_holders(name: str, kind: str, *, places: LockPlaces = SYSTEM) -> list[Holder]:
    """Who says that it holds this pin, as far as we can see; a user may say so who has no right to it.

    Empty where the device behind the pins says that it is free. Raises HardwareError for what is not a pin.
    """
    normal = _normal(name)
    return [] if kind == "mock" or is_free(normal, places) else _holders(_file_name(normal), places)


def _holders(file_name: str, places: LockPlaces) -> list[Holder]:
    return [found for folder in places.folders() if (found := _holder_of(folder / file_name)) is not None]


def _holder_of(path: Path) -> Holder | None:
    fd = read_plain(path)
    if fd is None:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(fd)
    finally:
        os.close(fd)
    return None


def _normal(name: str) -> str:
    try:
        return str(PinName.parse(name))
    except SettingProblem as problem:
        raise HardwareError(f"a pin {problem}") from None


def _file_name(name: str) -> str:
    return f"pin-{name.replace('/', '-')}.lock"


def _settings_name(path: Path) -> str:
    return f"settings-{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:24]}.lock"


def _lock_device(names: Sequence[str], places: LockPlaces, fds: list[int]) -> None:
    """A byte of the device for each pin. Without a device, or without a right to it, nobody switches pins here."""
    fd = open_device(places)
    if fd is None:
        return
    fds.append(fd)
    for name in names:
        try:
            _patiently(
                partial(fcntl.fcntl, fd, fcntl.F_OFD_SETLK, byte_of(name)),
                partial(pin_holders, name, "real", places=places),
            )
        except (BlockingIOError, PermissionError):
            others = pin_holders(name, "real", places=places)
            who = next(map(str, others), "a program of another user")
            raise PinBusy(f"{name} is held by {who}; stop that controller first, or name another pin") from None
        except OSError:
            return  # a kernel without such locks


def _take(path: Path, name: str, owner: str, state_dir: Path | None, advice: str, *, passing: bool = False) -> int:
    try:
        fd = _open(path)
    except OSError as error:
        raise HardwareError(
            f"the lock {path} for {name} cannot be opened: {error.strerror}; remove that file if it is not one of ours"
        ) from error
    try:
        _patiently(lambda: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB), lambda: [_read(fd)])
        _write_holder(fd, owner, state_dir, passing)
    except BlockingIOError:
        other = _read(fd)
        os.close(fd)
        raise PinBusy(f"{name} is held by {other}{advice}") from None
    except OSError as error:
        os.close(fd)
        raise HardwareError(f"the lock {path} for {name} cannot be taken: {error.strerror}") from error
    return fd


def _write_holder(fd: int, owner: str, state_dir: Path | None, passing: bool) -> None:
    """Who has the lock. A full disk keeps nobody from it: then whoever comes second only hears that it is taken."""
    text = {
        "pid": os.getpid(),
        "owner": owner,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "state_dir": str(state_dir.absolute()) if state_dir is not None else "",
        "passing": passing,
    }
    os.ftruncate(fd, 0)
    try:
        os.pwrite(fd, json.dumps(text).encode() + b"\n", 0)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise


def _patiently(lock: Callable[[], object], holders: Callable[[], Sequence[Holder]]) -> None:
    """Raises BlockingIOError for a holder that stays; waits for one of ours that is passing.

    One stays when two looks in a row say so: between our try and our look one may have gone, and another be about to
    write who it is.
    """
    left, until_s, stays = TRIES, time.monotonic() + LONGEST_PASSING_S, 0
    while True:
        try:
            lock()
            return
        except BlockingIOError:
            left -= 1
            if left <= 0:
                stays = 0 if any(map(_is_passing, holders())) else stays + 1
                if stays > 1 or time.monotonic() > until_s:
                    raise
        time.sleep(0.01 if left > 0 else 0.1)


def _is_passing(holder: Holder) -> bool:
    """A stranger may say so to delay us."""
    return holder.passing and holder.uid in (0, os.geteuid())


def _open(path: Path) -> int:
    """Readable and writable for its owner alone: whoever can open a lock can take it, and keep us from our pins."""
    fd = open_plain(path, os.O_RDWR)
    found = os.fstat(fd)
    if found.st_mode & OTHERS_MAY_WRITE and not _is_locked(fd):
        os.close(fd)  # somebody else may have it open for writing
        path.unlink()
        fd = open_plain(path, os.O_RDWR)
    if stat.S_IMODE(os.fstat(fd).st_mode) & 0o077 and found.st_uid == os.geteuid():
        os.fchmod(fd, 0o600)
    if os.geteuid() == 0:
        folder = os.stat(path.parent)
        os.fchown(fd, folder.st_uid, folder.st_gid)  # root has run here once; the user's own turn comes again
    return fd


def _is_locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _read(fd: int) -> Holder:
    uid = os.fstat(fd).st_uid
    try:
        text: Any = json.loads(os.pread(fd, 10_000, 0))
        words = {key: str(text[key])[:LONGEST_WORD].replace("\0", "") for key in ("owner", "started", "state_dir")}
        return Holder(pid=int(text["pid"]), uid=uid, passing=text.get("passing") is True, **words)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, OSError):  # a stranger may have written it
        return Holder(pid=0, owner="", started="", state_dir="", uid=uid)
