"""The ways to be asked to stop: systemd (TERM), Ctrl-C (INT), Ctrl-\\ (QUIT), a closed terminal (HUP), Ctrl-Z (TSTP).

Ctrl-Z would freeze the program with the contact closed and the watchdog frozen too, so it ends the program instead.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from pv_heater.io.system.clock import SystemClock

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP)
FREEZING_SIGNALS = (signal.SIGTTIN, signal.SIGTTOU)
"""What a terminal sends to a program in the background that reads or writes; ignored, for the same reason."""


class Stoppable(Protocol):
    """The loop, as far as signals know it."""

    def stop(self, reason: str) -> None:
        """Come to an end soon; called from a signal handler."""
        ...


class StopSignals:
    """Remembers the first signal that asked to stop, also before there is anything to tell."""

    def __init__(self) -> None:
        self._running: Stoppable | None = None
        self.reason: str | None = None

    def install(self, clock: SystemClock) -> None:
        """Catch them, and let them end the clock's waits. From the main thread, before any pin is touched."""
        clock.wake_on_signals()
        for number in STOP_SIGNALS:
            signal.signal(number, self._caught)
        for number in FREEZING_SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    @contextmanager
    def heard_by(self, clock: SystemClock) -> Iterator[None]:
        """Caught inside the block alone: afterwards each signal does what it did before."""
        before = {number: signal.getsignal(number) for number in (*STOP_SIGNALS, *FREEZING_SIGNALS)}
        self.install(clock)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def attach(self, running: Stoppable) -> None:
        """Pass on to `running`, at once if a signal came already."""
        self._running = running
        if self.reason is not None:
            running.stop(self.reason)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.reason = self.reason or signal.Signals(number).name
        if self._running is not None:
            self._running.stop(self.reason)
