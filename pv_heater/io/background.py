"""Work that nobody waits for, done beside the loop so that the loop does not notice."""

from __future__ import annotations

import os
import threading
import time

LOWEST_PRIORITY = 19
LONGEST_REST_S = 0.5


class Stopped(Exception):
    """The program ends; the work is left."""


class Breather:
    """Called in the midst of long work, it rests for as long as there was work since the last call.

    Python runs one thread at a time. The loop has to wait for this one a few milliseconds at most, and for half of the
    time not at all.
    """

    def __init__(self, ends: threading.Event) -> None:
        """`ends` is set when the program ends. For the thread that calls it, which gets the lowest priority."""
        self._ends = ends
        self._since_s = time.monotonic()
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST_PRIORITY)
        except (AttributeError, OSError):
            return  # no such thing on this system; resting is what counts

    def __call__(self) -> None:
        """Raises Stopped."""
        worked_s = time.monotonic() - self._since_s
        if self._ends.wait(min(LONGEST_REST_S, worked_s)):
            raise Stopped
        self._since_s = time.monotonic()
