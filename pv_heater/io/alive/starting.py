"""Threads whose `start` ends, whatever becomes of them.

Python's `start` waits until the new thread says that it has begun. One that finds no memory for its first step, or is
told to exit there, never says so (CPython issue 140746), and whoever began it would wait for ever: the watchdog, the
one who hears `off`, the loop.
"""

from __future__ import annotations

import threading
from typing import Any

LONGEST_START_S = 5.0
"""A thread begins within milliseconds; seconds are a first Pi that has much else to do."""


class _Begun(threading.Event):
    """Not waited for without end."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(LONGEST_START_S if timeout is None else timeout)


class Thread(threading.Thread):
    """As Python's, a daemon; `start` raises RuntimeError where it has not begun in time, and then it never will."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.daemon = True
        self._started = _Begun()  # Python's own name for what `start` waits for, since 3.0
        self._decided = threading.Lock()
        """Taken by the thread as it begins, or by who gives it up: by one of them."""

    def start(self) -> None:
        """Begin. Raises RuntimeError where the system gives no thread, or no memory for it."""
        super().start()
        if self.ident is None and self._decided.acquire(blocking=False):
            raise RuntimeError(f"it has not begun within {LONGEST_START_S:g} s, perhaps for want of memory")

    def run(self) -> None:
        """What it is for, unless nobody counts on it any more."""
        if self._decided.acquire(blocking=False):
            super().run()


class Timer(Thread, threading.Timer):
    """As Python's, with such a `start`."""
