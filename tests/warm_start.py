"""Programs in processes of their own whose imports are done: a start costs a hundredth of a second, not half of one.

A server without threads imports the package once, and copies itself for every program that a test starts. The copy
then runs the door, main.py, as Python would: with its own arguments, folder, environment, signals, output and exit
code. Only the imports have happened before. What a test shows of the start itself needs a real one, `subprocess`.
"""

from __future__ import annotations

import atexit
import functools
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.waiting import WITHIN_S

PROJECT = Path(__file__).parent.parent
SAID_BYTES = 100_000
"""More than any program's arguments and environment."""
ALWAYS = (
    "cli.app",
    "cli.door",
    "commands.run",
    "run.live",
    "commands.off",
    "commands.off_outputs",
    "commands.check",
    "commands.play.run",
    "commands.record",
    "commands.running",
    "io.gpio.pins",
    "io.gpio.mock",
)


class WarmProgram:
    """A running program, as far as tests ask `subprocess.Popen`; its output is piped, the two together or apart."""

    def __init__(
        self, door: str, arguments: Sequence[str], *, folder: Path, environ: Mapping[str, str], together: bool
    ) -> None:
        self.returncode: int | None = None
        self._out, out = os.pipe()
        self._err, err = (None, os.dup(out)) if together else os.pipe()
        try:
            said = json.dumps([door, list(arguments), str(folder), dict(environ)]).encode()
            self._guard = _ask_server(said, [out, err])
        finally:
            os.close(out)
            os.close(err)
        self.pid = int(self._guard.recv(20))

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        return self._ended(0.0)

    def wait(self, timeout: float = WITHIN_S) -> int:
        """The exit code. Raises TimeoutExpired."""
        ended = self._ended(timeout)
        if ended is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return ended

    def send_signal(self, number: signal.Signals) -> None:
        """As `os.kill`, but never to whoever has its number later, and nothing where it has ended by itself."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it ended after the look: its code is on its way
                os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def communicate(self) -> tuple[str, str]:
        """What it printed until its end: standard output and the errors; those of one pipe are in the first. Once."""
        parts: list[str] = []
        for end in (self._out, self._err):
            if end is None:
                parts.append("")
                continue
            with open(end, encoding="utf-8", errors="replace") as pipe:
                parts.append(pipe.read())
        return parts[0], parts[1]

    def _ended(self, within_s: float) -> int | None:
        if self.returncode is None:
            self._guard.settimeout(within_s)
            try:
                self.returncode = int(self._guard.recv(20))
            except (BlockingIOError, TimeoutError):
                return None
            self._guard.close()
        return self.returncode


def run_warm(
    arguments: Sequence[str], *, folder: Path = PROJECT, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """main.py to its end, both outputs apart; they must fit into a pipe, 64 KiB."""
    program = WarmProgram(
        str(PROJECT / "main.py"), arguments, folder=folder, environ={**os.environ, **(environ or {})}, together=False
    )
    try:
        program.wait(2 * WITHIN_S)
    finally:
        program.kill()
    out, err = program.communicate()
    assert program.returncode is not None
    return subprocess.CompletedProcess(list(arguments), program.returncode, out, err)


@functools.cache
def _server() -> socket.socket:
    """The connection to this test process's own server; it ends with this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.warm_start", str(theirs.fileno())], cwd=PROJECT, pass_fds=[theirs.fileno()]
        )
    atexit.register(server.wait)
    atexit.register(ours.close)
    return ours


def _ask_server(said: bytes, outputs: Sequence[int]) -> socket.socket:
    """The guard of a new program: says its process number, and later its exit code."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        socket.send_fds(_server(), [said], [*outputs, theirs.fileno()])
    return ours


def _import_all() -> None:
    """What the program imports sooner or later, and no more."""
    from pv_heater.displays import DISPLAYS
    from pv_heater.loads import LOADS
    from pv_heater.meters import METERS
    from pv_heater.strategies import STRATEGIES

    for name in ALWAYS:
        import_module(f"pv_heater.{name}")
    tables: Any = (DISPLAYS, LOADS, METERS, STRATEGIES)
    for place in (place for table in tables for place in table.values()):
        import_module(place.partition(":")[0])


def _serve(connection: socket.socket) -> tuple[str, list[str]]:
    """In each copy: the door and its arguments. The server itself never returns."""
    while True:
        said, files, _, _ = socket.recv_fds(connection, SAID_BYTES, 3)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:  # also counts their processor time as the suite's
                pass
        if not said:
            os._exit(0)
        if os.fork() == 0:
            connection.close()
            return _guarded(said, files)
        for file in files:
            os.close(file)


def _guarded(said: bytes, files: list[int]) -> tuple[str, list[str]]:
    """Copy itself once more, and wait for that copy; only the copy returns."""
    out, err, guard = files
    begin, go = os.pipe()
    pid = os.fork()
    with socket.socket(fileno=guard) as told:
        if pid:
            for file in (begin, out, err):
                os.close(file)
            told.send(str(pid).encode())
            os.close(go)
            status = os.waitpid(pid, 0)[1]
            with suppress(OSError):  # nobody wants to know any more
                told.send(str(os.waitstatus_to_exitcode(status)).encode())
            os._exit(0)
    os.close(go)
    os.read(begin, 1)
    os.close(begin)
    for file, place in ((out, 1), (err, 2)):
        os.dup2(file, place)
        os.close(file)
    door, arguments, folder, environ = json.loads(said)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    return door, arguments


if __name__ == "__main__":
    _import_all()
    gc.collect()
    gc.freeze()
    _door, _arguments = _serve(socket.socket(fileno=int(sys.argv[1])))
    sys.argv = [_door, *_arguments]
    sys.path[0] = os.path.dirname(os.path.abspath(_door))
    runpy.run_path(_door, run_name="__main__")
