"""Waiting for real threads, processes and brokers: for a state, never for a time."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WITHIN_S = 60.0
"""An end that even a Pi with other work reaches. A test that passes never waits so long; what must be quick is measured
by its own stamps (the pin log, the peer), not by this."""
LOOK_S = 0.005
LATER_LOOK_S = 0.025
"""After a second: what takes seconds need not be looked at 200 times in each: looking costs time as well."""


class Stopwatch:
    """How long something takes, without the time in which others had the processor: for promises in seconds.

    The kernel counts for each thread how long it was ready to run and had to queue (`schedstat`). That, of all threads
    of this process and of `pids`, is taken off, so that a promise can be as short as it is made on any machine. Threads
    that queue at once are all taken off: a busy machine may hide a slow program, but never blames a quick one. On a
    quiet machine next to nothing is taken off. Where the kernel does not count, nothing is.
    """

    def __init__(self, *pids: int) -> None:
        self._pids: tuple[int, ...] = (os.getpid(), *pids)
        self._queued_ns: dict[Path, int] = {}
        self.look()
        self._before_ns = dict(self._queued_ns)
        self.began_s = time.monotonic()

    def look(self) -> None:
        """Note how long each thread has queued so far: its count goes when it ends."""
        for pid in self._pids:
            for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                try:
                    self._queued_ns[file] = int(file.read_text().split()[1])
                except (OSError, IndexError, ValueError):
                    continue

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


@contextmanager
def ended_after(process: subprocess.Popen[Any]) -> Iterator[subprocess.Popen[Any]]:
    """A program that is killed at the end: one whose test fails is else waited for until it ends by itself."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def until(
    condition: Callable[[], Any],
    what: str,
    usually_s: float = 0.0,
    *,
    more: Callable[[], str] = lambda: "",
    watch: Stopwatch | None = None,
) -> float:
    """Seconds until `condition` holds. Fails with `what`, and what `more` then says, after `WITHIN_S` or more.

    `usually_s` is what it takes on a quiet machine at most; it makes the end later, never earlier. `watch` looks on.
    """
    began_s, within_s = time.monotonic(), max(WITHIN_S, 2.0 * usually_s)
    while not condition():
        waited_s = time.monotonic() - began_s
        assert waited_s < within_s, f"not within {within_s:.0f} s: {what}\n{more()}"
        if watch is not None:
            watch.look()
        time.sleep(LOOK_S if waited_s < 1.0 else LATER_LOOK_S)
    return time.monotonic() - began_s


def promised(condition: Callable[[], Any], what: str, within_s: float, *pids: int) -> None:
    """`condition` holds within seconds that somebody relies on, by a `Stopwatch` of these processes and this one."""
    watch = Stopwatch(*pids)
    until(condition, what, within_s, watch=watch)
    assert watch.took_s() <= within_s, f"not within {within_s:g} s: {what}"
