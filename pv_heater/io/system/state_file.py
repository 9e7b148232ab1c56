"""The saved state on disk: read at the start, replaced atomically by a thread of its own."""

from __future__ import annotations

import json
import logging
import os
import shutil
import stat
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pv_heater.errors import describe
from pv_heater.io.alive.threads import Lasting
from pv_heater.io.system.own_files import close_to_others, private

log = logging.getLogger(__name__)

RETRY_S = 10.0
"""A state that could not be written is tried again after this time, or with the next one."""
LAST_S = 5.0
"""So long the end of the program waits for a disk; systemd waits 90 s for the program."""
LARGEST_BYTES = 20_000_000
"""A state of twenty loads has 50 kB; reading more than this could take a small Pi's memory."""
LONGEST_NUMBER = 30
"""Digits; longer whole numbers are damage, and Python refuses those of more than 4300."""


class UnreadableState(Exception):
    """A saved state is there and cannot be read; the message says why."""


FILE_MODE = 0o600
"""What is kept about a home is for its owner alone."""


def write_atomically(path: Path, text: str, mode: int = FILE_MODE) -> None:
    """Replace `path` by `text`; a power cut leaves the old or the new file, never half of one. Raises OSError."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)  # one that a crash has left, or a link
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)  # whatever the umask
        give_to_owner(file.fileno(), path.parent)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.replace(draft, path)
    except IsADirectoryError:
        put_folder_aside(path)
        os.replace(draft, path)
    _sync_folder(path.parent)


def put_folder_aside(folder: Path) -> None:
    """A folder in the place of a file gets another name, or nothing could ever be saved again. Raises OSError."""
    number = 1
    while os.path.lexists(aside := folder.with_name(f"{folder.name}.folder-{number}")):
        number += 1
    folder.rename(aside)
    log.warning("%s was a folder; it is %s now, and a file takes its place", folder, aside.name)


def give_to_owner(descriptor: int, folder: Path) -> None:
    """What root writes into another user's folder is that user's: the service must be able to read it. Raises OSError.

    For everybody else this does nothing.
    """
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def read_object(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None where no file ever was. Raises UnreadableState for anything else."""
    try:
        text = _read(path)
    except FileNotFoundError:
        if path.is_symlink():  # and not: it is there, which a file that was written meanwhile is too
            raise UnreadableState("it is a link to a file that is not there") from None
        return None
    except (OSError, ValueError) as error:
        raise UnreadableState(_words(error)) from error
    try:
        found = json.loads(text, parse_int=_whole_number, object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:  # RecursionError: brackets within brackets
        raise UnreadableState(f"it is damaged: {_words(error)}" if text.strip("\0 \n") else "it is empty") from error
    if not isinstance(found, dict):
        raise UnreadableState("it holds no object")
    return found


def _sync_folder(folder: Path) -> None:
    """The new name itself reaches the disk; some file systems know no such thing, and then nothing is lost by it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class StateFile:
    """`save` hands over and returns at once; the newest state wins. Trouble is logged once until it works again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        close_to_others(path)
        self._pending: Mapping[str, Any] | None = None
        self._ready = threading.Condition()
        self._handed_over = self._tried = 0
        """How many states were handed over, and how many of them were written, could not be, or were outrun."""
        self._trouble: str | None = None
        Lasting(self._run, "state").start()

    @property
    def trouble(self) -> str | None:
        """Why the newest state is not on the disk; None while saving works. From any thread."""
        return self._trouble

    def load(self) -> dict[str, Any] | None:
        """The saved state; None where none was ever saved. Raises UnreadableState for anything else."""
        return read_object(self._path)

    def set_aside(self, why: str, consequence: str) -> None:
        """Keep a copy of a state that cannot be used, so that its owner can look, and say so.

        The state itself stays until another is saved: a restart before that must find it damaged, and not missing.
        """
        aside = self._path.with_suffix(".damaged")
        try:
            kept = f" A copy is kept as {aside.name}." if _keep(self._path, aside) else ""
        except OSError as error:
            kept = f" It could not be copied: {_words(error)}."
        log.error("the saved state %s cannot be used: %s. %s.%s", self._path, why, consequence, kept)

    def save(self, state: Mapping[str, Any]) -> None:
        """Write `state` soon, on the other thread."""
        with self._ready:
            self._pending = state
            self._handed_over += 1
            self._ready.notify_all()

    def save_now(self, state: Mapping[str, Any]) -> None:
        """Write `state` before returning; for the end of the program, when every load is safe already.

        A disk that hangs must not keep it from ending: that is said after `LAST_S`.
        """
        self.save(state)
        with self._ready:
            number = self._handed_over
            if not self._ready.wait_for(lambda: self._tried >= number, LAST_S):
                log.error(
                    "the last state is not in %s: the disk has not answered for %g s. A restart begins with what was "
                    "saved before; look at the card",
                    self._path, LAST_S,
                )  # fmt: skip

    def _run(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._pending is not None)
                state, self._pending = self._pending, None
                number = self._handed_over
            try:
                written = state is None or self._write(state)
            except BaseException:  # this thread ends, and the one that follows has to find it
                with self._ready:
                    self._pending = state if self._pending is None else self._pending
                raise
            with self._ready:
                self._tried = number
                self._ready.notify_all()
                if not written and not self._ready.wait_for(lambda: self._pending is not None, RETRY_S):
                    self._pending = state

    def _write(self, state: Mapping[str, Any]) -> bool:
        try:
            write_atomically(self._path, json.dumps(state, indent=1, sort_keys=True) + "\n")
        except Exception as error:  # noqa: BLE001 - whatever it is, the next state must be tried and the owner told
            trouble = describe(error)
            if self._trouble is None:
                log.error("the state cannot be saved to %s: %s; a restart would forget it", self._path, trouble)
            self._trouble = trouble
            return False
        if self._trouble is not None:
            log.info("the state is saved again")
        self._trouble = None
        return True


def _read(path: Path) -> str:
    """The text of an ordinary file; never waits, whatever stands there under its name."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        kind = os.fstat(file.fileno())
        if not stat.S_ISREG(kind.st_mode):
            raise ValueError("it is not an ordinary file")
        if kind.st_size > LARGEST_BYTES:
            raise ValueError(f"it has {kind.st_size} bytes, and no state has more than {LARGEST_BYTES}")
        return file.read(LARGEST_BYTES).decode("utf-8-sig")


def _keep(path: Path, aside: Path) -> bool:
    """A second name for an ordinary file, which takes neither time nor space; False for anything else."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return False
    aside.unlink(missing_ok=True)
    try:
        os.link(path, aside, follow_symlinks=False)
    except OSError:  # a file system without second names
        if path.stat().st_size > LARGEST_BYTES:
            return False
        with open(path, "rb") as damaged, open(aside, "xb", opener=private) as copy:
            shutil.copyfileobj(damaged, copy)
    return True


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """No word twice: which of two faults, or of a fault and none, would be true?"""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it says {twice[:40]!r} twice")
    return found


def _whole_number(digits: str) -> float | None:
    return int(digits) if len(digits) <= LONGEST_NUMBER else None


def _words(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not text"
    return str(error) or type(error).__name__
