"""The real clock: wall time, monotonic time, and a wait that anything may end."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's own clock; satisfies `ports.Clock`. One thread waits, any thread or signal handler wakes it.

    The wait is a `select` on a pipe. A `threading.Event` would not do: a signal handler that sets the event while
    the interrupted main thread holds the event's own lock never returns.
    """

    def __init__(self) -> None:
        self._read_fd, self._write_fd = os.pipe()
        os.set_blocking(self._read_fd, False)
        os.set_blocking(self._write_fd, False)
        self._hears_signals = False

    def now(self) -> datetime:
        """Wall time in UTC; may jump when network time arrives."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Seconds that never jump; the zero point is arbitrary."""
        return time.monotonic()

    def wait_until(self, monotonic_s: float) -> None:
        """Return at `monotonic_s`, or earlier when `wake` was called since the last wait."""
        select.select([self._read_fd], [], [], max(0.0, monotonic_s - time.monotonic()))
        with contextlib.suppress(BlockingIOError):
            while os.read(self._read_fd, 4096):
                pass

    def wake(self) -> None:
        """End a running or the next `wait_until` at once."""
        # A full pipe means that a wake is already waiting to be seen.
        with contextlib.suppress(BlockingIOError):
            os.write(self._write_fd, b"\0")

    def wake_on_signals(self) -> None:
        """Let every caught signal end the wait too; to be called once, from the main thread.

        Python runs a handler only between two bytecodes, so a signal that arrives just before `select` would
        otherwise be noticed a whole wait later.
        """
        signal.set_wakeup_fd(self._write_fd, warn_on_full_buffer=False)
        self._hears_signals = True

    def close(self) -> None:
        """Give the pipe back. The clock must not be waited on or woken afterwards."""
        if self._hears_signals:
            signal.set_wakeup_fd(-1)
        os.close(self._read_fd)
        os.close(self._write_fd)


class _Timex(ctypes.Structure):
    """The head of the kernel's `struct timex`; the padding is larger than the rest on any architecture."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    )


_STA_UNSYNC = 0x0040
_TIME_ERROR = 5
"""Both from linux/timex.h; see adjtimex(2)."""


def network_time_synchronised() -> bool:
    """Whether the kernel says that a time service keeps the clock right; False when it cannot be known."""
    timex = _Timex()  # modes = 0 asks and changes nothing
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return False
    return 0 <= state < _TIME_ERROR and not timex.status & _STA_UNSYNC
