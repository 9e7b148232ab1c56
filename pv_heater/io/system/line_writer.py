"""Lines on their way into a file and to a terminal, each by a thread that nobody else waits for."""

from __future__ import annotations

import contextlib
import os
import select
import stat
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pv_heater.core.model.plain_text import folded
from pv_heater.io.system.own_files import close_to_others, is_shared, open_plain, private

_LOOK_S = 200
"""Milliseconds after which a writer that waits looks whether it has to end."""
_ALWAYS_FITS = 4096
"""A pipe that can be written takes as many bytes at once (PIPE_BUF, pipe(7))."""


class LineQueue:
    """Lines for one writer. With `most`, further lines are dropped and counted."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._lines: deque[str] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self.dropped = 0
        """Lines that did not fit since the last ones were taken out; the writer sets it back."""

    @property
    def closed(self) -> bool:
        """Whether nothing more will come."""
        return self._closed

    def put(self, line: str) -> None:
        """Never waits."""
        with self._changed:
            if self._closed:
                return
            if self._most is not None and len(self._lines) >= self._most:
                self.dropped += 1
                return
            self._lines.append(line)
            self._changed.notify()

    def close(self, *, drop: bool = False) -> None:
        """Nothing more will come; `drop` forgets what is there."""
        with self._changed:
            self._closed = True
            if drop:
                self._lines.clear()
            self._changed.notify()

    def drain(self, write: Callable[[str], None]) -> None:
        """The writer's thread: until the queue is closed and empty."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._closed)
                if not self._lines:
                    return
                line = self._lines.popleft()
            write(line)


class FileLines:
    """A file that is put aside as ``.1`` when it is full, and begun anew. Lines that cannot be written are lost."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        """Raises OSError when it cannot be opened."""
        self._path = path
        self._max_bytes = max_bytes
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd: int | None = self._open()
        for file in (path, path.with_name(f"{path.name}.1")):
            close_to_others(file)

    def write(self, line: str) -> None:
        """One line; waits for the disk."""
        data = (line + "\n").encode("utf-8", "backslashreplace")
        with contextlib.suppress(OSError):
            if self._fd is None:
                self._fd = self._open()
            found = os.fstat(self._fd)
            if stat.S_ISREG(found.st_mode) and 0 < self._max_bytes < found.st_size + len(data):
                self._begin_anew()
            while data and self._fd is not None:
                data = data[os.write(self._fd, data) :]

    def _open(self) -> int:
        if is_shared(self._path.parent):
            return open_plain(self._path, os.O_WRONLY | os.O_APPEND)
        # A folder of the owner's own: a link there is his. A pipe that nobody reads is an error instead of a wait.
        return private(str(self._path), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK)

    def _begin_anew(self) -> None:
        """Where the old file cannot be put aside, its lines are lost: a full disk is worse."""
        assert self._fd is not None
        try:
            os.replace(self._path, self._path.with_name(f"{self._path.name}.1"))
        except OSError:
            os.ftruncate(self._fd, 0)
            return
        os.close(self._fd)
        self._fd = None
        self._fd = self._open()


class StreamLines:
    """Standard output, written past Python's own buffer, whose lock would hang the end of the program."""

    def __init__(self, stream: Any, log_file: Path, queue: LineQueue, *, patient: bool) -> None:
        """`patient`: the end of the program waits until it is read, as when it is piped into a pager."""
        self._stream = stream
        self._log_file = log_file
        self._queue = queue
        self._patient = patient
        self._gone = False
        self._is_terminal = False
        try:
            self._fd: int | None = os.dup(stream.fileno())
            self._is_terminal = os.isatty(self._fd)
        except (OSError, ValueError, AttributeError):
            self._fd = None  # made of memory
        self._encoding = getattr(stream, "encoding", None) or "utf-8"

    def write(self, line: str) -> None:
        """One line, when somebody takes it; none once the reader is gone."""
        if self._fd is None:
            with contextlib.suppress(OSError, ValueError):
                self._stream.write(line + "\n")
                self._stream.flush()
            return
        if self._queue.dropped:
            missing, self._queue.dropped = self._queue.dropped, 0
            line += f"\n{missing} lines are not shown here: nobody took them. {self._log_file} has them all."
        if self._is_terminal:
            line = _as_wide_as(self._fd, line)
        data = (line + "\n").encode(self._encoding, "backslashreplace")
        while data and not self._gone:
            if not self._may_write(self._fd):
                return
            try:
                data = data[os.write(self._fd, data[:_ALWAYS_FITS]) :]
            except BlockingIOError:
                continue
            except OSError:
                self._gone = True

    def _may_write(self, fd: int) -> bool:
        """Wait until it can be written; False when the program ends before that."""
        poll = select.poll()
        poll.register(fd, select.POLLOUT)
        while not poll.poll(_LOOK_S):
            if self._queue.closed and not self._patient:
                return False
        return True


def _as_wide_as(terminal: int, line: str) -> str:
    """Broken between words where the terminal ends now."""
    try:
        width = os.get_terminal_size(terminal).columns
    except OSError:
        return line
    return "\n".join(folded(line.split("\n"), width))
