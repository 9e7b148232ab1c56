"""The program's side of its guard, the process that switches off when this one is killed, stopped or stuck.

What the guard does stands in `guard_process`. Under systemd there is none: `WatchdogSec=` and `ExecStopPost=` do the
same there.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pv_heater.io.alive import guard_process

log = logging.getLogger(__name__)

LONGEST_SILENCE_S = guard_process.SILENT_LOOKS * guard_process.LOOK_MS / 1000
"""Without a word for so long, and one look more at worst, the program is killed."""
TRY_AGAIN_S = 60.0
"""A guard that cannot be started, or has ended, is started anew after this time."""


class Guard:
    """Starts the guard and keeps it, from `start` on; `dismiss` sends it away, and without that it switches off.

    All but `start` and `dismiss` is for the watchdog's thread.
    """

    def __init__(self, config: Path, log_file: Path, monotonic_s: Callable[[], float]) -> None:
        """`config` is what it names to `main.py off`; what comes of that goes to the end of `log_file`."""
        self._config, self._log_file, self._monotonic_s = config.absolute(), log_file, monotonic_s
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: int | None = None
        self._begun_s = monotonic_s()
        self._dismissed = False

    @property
    def pid(self) -> int | None:
        """Its process; None while there is none."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Begin to be watched. That this cannot be had is a warning: the program has other layers."""
        self._begun_s = self._monotonic_s()
        ears, self._pipe = os.pipe()
        os.set_blocking(self._pipe, False)
        command = [sys.executable, "-I", "-S", guard_process.__file__]
        try:
            self._process = subprocess.Popen(
                [*command, str(os.getpid()), str(self._config), str(self._log_file)],
                stdin=ears, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C and Ctrl-Z are for the program alone
            )  # fmt: skip
        except OSError as error:
            self._lose()
            log.warning("the guard process cannot be started: %s; it is tried again every minute", error)
        finally:
            os.close(ears)

    def beat(self) -> None:
        """The watchdog's thread has looked: say so, and look after the guard. Never waits, never raises."""
        if self._dismissed:
            return
        if self._pipe is not None:
            try:
                os.write(self._pipe, b".")
            except BlockingIOError:
                return  # it has not listened for two days; it is there, and stopped
            except OSError:
                self._lose()
                log.warning("the guard process has ended; another one follows within a minute")
        if self._pipe is None and self._monotonic_s() - self._begun_s >= TRY_AGAIN_S:
            self.start()

    def stop(self) -> None:
        """The program's other threads end: no more is heard of the watchdog. It takes `dismiss` to send it away."""

    def dismiss(self) -> None:
        """Every load was seen off: nothing is left to guard. May be repeated."""
        self._dismissed = True
        if self._pipe is not None:
            with suppress(OSError):
                os.write(self._pipe, guard_process.DISMISSED)

    def _lose(self) -> None:
        process, self._process = self._process, None
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
        if process is not None:
            process.kill()
            process.wait()
