"""A small file of secrets that two processes of one owner may change: replaced whole, read again when it changed."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pv_heater.io.system.own_files import open_plain
from pv_heater.io.system.state_file import UnreadableState, give_to_owner, read_object, write_atomically

PRIVATE_MODE = 0o600
_LOCK_TRIES = 100
_LOCK_PAUSE_S = 0.02
_Stamp = tuple[int, int, int, int]


class PrivateFile:
    """A JSON object for the eyes of its owner alone (mode 0600). From any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock_path = path.with_name(f".{path.name}.lock")
        self._reading = threading.Lock()
        self._known: tuple[_Stamp | None, Mapping[str, Any] | UnreadableState | None] | None = None

    def read(self) -> Mapping[str, Any] | None:
        """What stands there now; None where no file ever was. Raises UnreadableState for anything else.

        Costs one look at the file's stamp while nobody changes it.
        """
        with self._reading:
            stamp = _stamp(self.path)
            if self._known is None or self._known[0] != stamp:
                self._known = (stamp, _found(self.path))
            found = self._known[1]
        if isinstance(found, UnreadableState):
            raise found
        return found

    def change(self, changed: Callable[[Mapping[str, Any] | None], Mapping[str, Any]]) -> None:
        """Replace what stands there by what `changed` makes of it; nobody else changes it meanwhile.

        Raises OSError when it cannot be written and UnreadableState when it cannot be read; then nothing has changed.
        """
        with self._alone():
            self._write(changed(read_object(self.path)))

    def put(self, content: Mapping[str, Any]) -> None:
        """Replace whatever stands there, damaged or not. Raises OSError."""
        with self._alone():
            self._write(content)

    def _write(self, content: Mapping[str, Any]) -> None:
        write_atomically(self.path, json.dumps(content, indent=1, sort_keys=True) + "\n", PRIVATE_MODE)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Until the end of the block no other process changes the file; a process that hangs is not waited for long."""
        descriptor = open_plain(self._lock_path, os.O_RDWR, PRIVATE_MODE)
        try:
            give_to_owner(descriptor, self.path.parent)
            for tries_left in reversed(range(_LOCK_TRIES)):
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if not tries_left:
                        raise
                    time.sleep(_LOCK_PAUSE_S)
            yield
        finally:
            os.close(descriptor)


def _found(path: Path) -> Mapping[str, Any] | UnreadableState | None:
    try:
        return read_object(path)
    except UnreadableState as error:
        return error


def _stamp(path: Path) -> _Stamp | None:
    """Changes whenever the file is replaced; None where nothing can be looked at."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_ino, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size
