"""One lock a pin for the whole machine, so that two controllers never drive the same relay; one a state folder too.

The lock is the kernel's (flock) and ends with the process that holds it, however that dies. The file says who it is.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from attrs import frozen

from pv_heater.core.pin_names import PinName
from pv_heater.core.setting import SettingProblem
from pv_heater.errors import HardwareError, PinBusy

SYSTEM_FOLDER = Path("/run/lock")
"""Where a Linux system keeps locks (Filesystem Hierarchy Standard 3.0, section 3.15.7)."""

TRIES = 5
"""`holder` takes the lock for an instant, so a first refusal may be over at once."""


@frozen(kw_only=True)
class Holder:
    """Who holds a pin. `pid` 0 and empty texts where the file does not tell; `started` is ISO 8601."""

    pid: int
    owner: str
    started: str
    state_dir: str
    """Where it listens for commands; a service's folder is not the one a shell would guess."""

    def __str__(self) -> str:
        return f"process {self.pid}" + (f" ({self.owner}, since {self.started})" if self.owner else "")


class PinLocks:
    """Locks that are held until `release`, or until the process ends."""

    def __init__(self, fds: Sequence[int]) -> None:
        self._fds = list(fds)

    def release(self) -> None:
        """Give all pins free. May be repeated."""
        while self._fds:
            os.close(self._fds.pop())

    def __enter__(self) -> PinLocks:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def lock_folder() -> Path:
    """/run/lock where it can be written, else the folder for temporary files."""
    return SYSTEM_FOLDER if os.access(SYSTEM_FOLDER, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())


def lock_pins(
    names: Sequence[str], owner: str, kind: str, *, state_dir: Path | None = None, folder: Path | None = None
) -> PinLocks:
    """Lock all these pins or none. `kind` is mock or real: mock pins clash with mock pins only.

    `owner` is told to whoever comes second, such as the path of the configuration, and `state_dir` to those who
    want to talk to the owner. Raises PinBusy naming
    the first pin that is taken and by whom, HardwareError when a lock cannot be made.
    """
    fds: list[int] = []
    try:
        for name in sorted({_normal(name) for name in names}):
            fds.append(_take(_path(name, kind, folder), name, owner, state_dir))
    except HardwareError:
        PinLocks(fds).release()
        raise
    return PinLocks(fds)


def lock_state_dir(state_dir: Path, owner: str) -> PinLocks:
    """Keep a state folder to one controller, dry or not: they would write one state and listen at one socket.

    A dry run that answers `off` in the place of the controller that heats would be believed. Raises PinBusy naming
    who has it, HardwareError when the lock cannot be made.
    """
    return PinLocks([_take(state_dir / "lock", f"the state folder {state_dir}", owner, state_dir)])


def holder(name: str, kind: str, *, folder: Path | None = None) -> Holder | None:
    """Who holds this pin; None when nobody does. Raises HardwareError when that cannot be found out."""
    path = _path(_normal(name), kind, folder)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HardwareError(f"the pin lock {path} cannot be read: {error.strerror}") from error
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


def _path(name: str, kind: str, folder: Path | None) -> Path:
    return (folder or lock_folder()) / f"pv_heater-{kind}-{name.replace('/', '-')}.lock"


def _take(path: Path, name: str, owner: str, state_dir: Path | None) -> int:
    try:
        fd = _open(path)
    except OSError as error:
        raise HardwareError(
            f"the lock {path} for {name} cannot be opened: {error.strerror}; remove that file if it is no lock of ours"
        ) from error
    try:
        for left in reversed(range(TRIES)):
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not left:
                    raise PinBusy(
                        f"{name} is held by {_read(fd)}; stop that controller first, or give this one its own"
                    ) from None
                time.sleep(0.01)
        os.ftruncate(fd, 0)
        text = {
            "pid": os.getpid(),
            "owner": owner,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "state_dir": str(state_dir.absolute()) if state_dir is not None else "",
        }
        os.pwrite(fd, json.dumps(text).encode() + b"\n", 0)
    except OSError as error:
        os.close(fd)
        if isinstance(error, HardwareError):
            raise
        raise HardwareError(f"the lock {path} for {name} cannot be taken: {error.strerror}") from error
    return fd


def _open(path: Path) -> int:
    """Open without O_CREAT first: in a sticky folder the kernel refuses O_CREAT on another user's file, even to root.

    (fs.protected_regular; Linux documentation, sysctl/fs.)
    """
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        fd = os.open(path, flags)
    except FileNotFoundError:
        try:
            fd = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
            os.fchmod(fd, 0o666)  # the umask has narrowed it; root and the user must be able to lock by turns
        except FileExistsError:
            fd = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "it is not a plain file", str(path))
    return fd


def _read(fd: int) -> Holder:
    try:
        text: Any = json.loads(os.pread(fd, 10_000, 0))
        return Holder(pid=int(text["pid"]), **{key: str(text[key]) for key in ("owner", "started", "state_dir")})
    except (ValueError, TypeError, KeyError, OSError):
        return Holder(pid=0, owner="", started="", state_dir="")
