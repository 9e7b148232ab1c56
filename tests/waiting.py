"""Waiting for real threads, processes and brokers: for a state, never for a time."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bench.stopwatch import Stopwatch as Stopwatch

WITHIN_S = 60.0
"""An end that even a Pi with other work reaches. A test that passes never waits so long; what must be quick is measured
by its own stamps (the pin log, the peer), not by this."""
LOOK_S = 0.005
LATER_LOOK_S = 0.025
"""After a second: what takes seconds need not be looked at 200 times in each: looking costs time as well."""


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
