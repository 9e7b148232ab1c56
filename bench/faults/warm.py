"""Programs whose imports are done: a start takes a hundredth of the processor that a cold one does.

A server without threads imports the program once and copies itself for each start; the copy runs as main.py would. Many
homes side by side can then begin at once without holding each other up.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from multiprocessing.connection import Connection, Pipe

_MODULES = (
    "cli.door", "commands.run", "run.live", "io.gpio.pins", "io.gpio.mock", "meters.http", "victron.vrm.live_meter",
    "victron.mqtt.meter", "loads.pins.servo_regulator", "loads.network.http_dimmer", "strategies.balance",
    "history.writer",
)  # fmt: skip


def load() -> None:
    """What the program imports sooner or later; whoever makes several servers does it before."""
    for name in _MODULES:
        import_module(f"pv_heater.{name}")


class WarmProcess:
    """A running copy, as far as `Rig` asks `subprocess.Popen`. Its exit code is not known."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._file = os.pidfd_open(pid)
        self._ended = False

    def poll(self) -> int | None:
        """None while it runs."""
        return 0 if self._has_ended(0.0) else None

    def wait(self, timeout: float | None = None) -> int:
        """Until its end. Raises TimeoutExpired."""
        if not self._has_ended(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return 0

    def send_signal(self, number: int) -> None:
        """Never to whoever has its number later."""
        if not self._ended:
            signal.pidfd_send_signal(self._file, number)

    def _has_ended(self, within_s: float | None) -> bool:
        if not self._ended:
            self._ended = bool(select.select([self._file], [], [], within_s)[0])
            if self._ended:
                os.close(self._file)
        return self._ended


class WarmStart:
    """The server; to be made before this process has threads."""

    def __init__(self) -> None:
        self._ours, theirs = Pipe()
        if os.fork() == 0:
            self._ours.close()
            _serve(theirs)
        theirs.close()

    def start(self, words: Sequence[str], environ: Mapping[str, str], folder: str) -> WarmProcess:
        """main.py with these words."""
        self._ours.send((list(words), dict(environ), folder))
        return WarmProcess(self._ours.recv())


def _serve(asked: Connection) -> None:
    """Until nobody asks any more. Never returns."""
    load()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the copies
    while True:
        try:
            words, environ, folder = asked.recv()
        except EOFError:
            os._exit(0)
        pid = os.fork()
        if pid == 0:
            asked.close()
            _become(words, environ, folder)
        asked.send(pid)


def _become(words: list[str], environ: dict[str, str], folder: str) -> None:
    code: object = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for file in (0, 1, 2):
            os.dup2(nothing, file)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environ)
        sys.argv = ["main.py", *words]
        from bench.faults.door import main

        main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    finally:
        os._exit(code if isinstance(code, int) else 1)
