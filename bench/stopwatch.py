"""How long a program takes for something, on a machine that others use too."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path


def queued_ns(pid: int) -> Iterator[tuple[Path, int]]:
    """For how long each thread of a process was ready to run and had to queue so far, as the kernel counts it."""
    for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            yield file, int(file.read_text().split()[1])
        except (OSError, IndexError, ValueError):
            continue


class Stopwatch:
    """How long something takes, without the time in which others had the processor: for promises in seconds.

    The kernel counts for each thread how long it was ready to run and had to queue (`schedstat`). That, of all threads
    of this process and of `pids`, is taken off, so that a promise can be as short as it is made on any machine. Threads
    that queue at once are all taken off: a busy machine may hide a slow program, but never blames a quick one. On a
    quiet machine next to nothing is taken off. Where the kernel does not count, nothing is.
    """

    def __init__(self, *pids: int, ours: bool = True) -> None:
        """`ours` False: how long this process queued is not taken off."""
        self._pids: tuple[int, ...] = (os.getpid(), *pids) if ours else pids
        self._queued_ns: dict[Path, int] = {}
        self.look()
        self._before_ns = dict(self._queued_ns)
        self.began_s = time.monotonic()

    def look(self) -> None:
        """Note how long each thread has queued so far: its count goes when it ends."""
        for pid in self._pids:
            self._queued_ns.update(queued_ns(pid))

    def also(self, pid: int) -> None:
        """A process that began after this watch: the time that it queued is taken off as well."""
        self._pids += (pid,)
        self.look()

    def took_s(self, ended_s: float | None = None) -> float:
        """Seconds since the start, until the monotonic `ended_s` or else now, without queuing."""
        ended_s = time.monotonic() if ended_s is None else ended_s
        self.look()
        queued_ns = sum(now_ns - self._before_ns.get(file, 0) for file, now_ns in self._queued_ns.items())
        return ended_s - self.began_s - queued_ns / 1e9
