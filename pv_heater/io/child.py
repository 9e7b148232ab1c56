"""A process of our own that is asked and answers in lines of JSON; it may hang, lie or die without harm."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pv_heater.errors import SourceError

PROJECT_FOLDER = Path(__file__).resolve().parents[2]
END_S = 2.0
"""A process that is killed is gone at once, unless it waits for a disk."""
MOST_BYTES = 1_000_000
"""A child that sends so much without a line's end talks nonsense."""


class ChildGone(SourceError):
    """The process has ended, or talks nonsense."""


class Child:
    """Runs ``python -m module`` in a session of its own, so that what it starts can be ended with it."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None
        self._heard = b""

    @property
    def pid(self) -> int | None:
        """None while it does not run."""
        return None if self._process is None else self._process.pid

    @staticmethod
    def now_s() -> float:
        """The clock that time-outs are measured with."""
        return time.monotonic()

    def start(self) -> None:
        """Start it anew. Raises ChildGone where that is not possible."""
        self.end()
        # One arena: each thread would else reserve 64 MB of addresses. The search path is ours, wherever that is.
        places = [str(PROJECT_FOLDER), *filter(None, sys.path)]
        environ = {**os.environ, "MALLOC_ARENA_MAX": "1", "PYTHONPATH": os.pathsep.join(places)}
        command = [sys.executable, "-S", "-m", self._module]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, start_new_session=True
            )
        except OSError as error:
            raise ChildGone(f"it cannot be started: {error}") from error
        self._heard = b""

    def say(self, words: Mapping[str, Any]) -> None:
        """Send one line. Raises ChildGone."""
        if self._process is None or self._process.stdin is None:
            raise ChildGone("it does not run")
        try:
            self._process.stdin.write(json.dumps(words).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise ChildGone(f"it has ended: {error}") from error

    def hear(self, timeout_s: float) -> list[dict[str, Any]]:
        """What it has said, after at most `timeout_s`; empty when it said nothing. Raises ChildGone."""
        if self._process is None or self._process.stdout is None:
            raise ChildGone("it does not run")
        until_s = time.monotonic() + timeout_s
        while b"\n" not in self._heard:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, until_s - time.monotonic()))
            if not ready:
                return []
            came = os.read(self._process.stdout.fileno(), 65_536)
            if not came:
                raise ChildGone("it has ended by itself")
            self._heard += came
            if len(self._heard) > MOST_BYTES:
                raise ChildGone("it talks without end")
        *lines, self._heard = self._heard.split(b"\n")
        return [_object(line) for line in lines]

    def kill(self) -> None:
        """End it and all that it has started, from any thread; whoever hears it is told that it has gone."""
        process = self._process
        if process is not None:
            with suppress(ProcessLookupError):  # it has ended by itself, and all it had started
                os.killpg(process.pid, signal.SIGKILL)

    def end(self) -> None:
        """The same, and give back what it used. May be repeated."""
        self.kill()
        process, self._process = self._process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):  # what was still to be written has no reader any more
                    stream.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=END_S)


def _object(line: bytes) -> dict[str, Any]:
    try:
        words = json.loads(line)
    except ValueError as error:
        raise ChildGone(f"it talks nonsense: {line[:60]!r}") from error
    if not isinstance(words, dict):
        raise ChildGone(f"it talks nonsense: {line[:60]!r}")
    return words
