"""Questions to the world outside, asked on a thread of their own: does a host answer, is a file there."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Iterable
from contextlib import suppress

from pv_heater.io.alive.starting import Thread

THREAD_NAME = "probes"
PING_EVERY_S = 30.0
FILE_EVERY_S = 5.0
FORGOTTEN_S = 120.0
"""A question that no rule has asked for this long is dropped."""
PING_TIMEOUT_S = 3.0
MOST_PROBES = 50
STALE_S = 180.0
"""An answer so long overdue is worth nothing: the thread hangs, such as at a network drive that is gone. All questions
together take up to two and a half minutes where nobody answers."""

Key = tuple[str, str]


class Probes:
    """Answers at once what was found last; a question is first answered about a second after it was asked."""

    def __init__(self, *, begin: bool = True) -> None:
        """`begin` False: without a thread; `look` is called from outside."""
        self._begin = begin
        self._wanted: dict[Key, float] = {}
        """When each was last asked for."""
        self._answers: dict[Key, tuple[bool | None, float]] = {}
        """What each gave, and when it is to be asked again."""
        self._thread: threading.Thread | None = None

    def answer(self, kind: str, target: str) -> bool | None:
        """What was found last; None before the first time, and where it cannot be found out."""
        key = (kind, target)
        if key not in self._wanted and len(self._wanted) >= MOST_PROBES:
            raise ValueError(f"rules ask about {MOST_PROBES} hosts and files already, and {target!r} is one more")
        self._wanted[key] = time.monotonic()
        if self._thread is None and self._begin:
            thread = Thread(target=self._run, name=THREAD_NAME)
            with suppress(RuntimeError):  # no thread now: nothing is known until there is one
                thread.start()
                self._thread = thread
        found, due_s = self._answers.get(key, (None, 0.0))
        return found if time.monotonic() - due_s < STALE_S else None

    def answers(self, keys: Iterable[Key]) -> dict[str, bool]:
        """What is known of several, by their text as in `core.conditions.expression.Probe`."""
        found = {f'{kind}("{target}")': self.answer(kind, target) for kind, target in keys}
        return {text: answer for text, answer in found.items() if answer is not None}

    def _run(self) -> None:
        while True:
            self.look(time.monotonic())
            time.sleep(0.5)

    def look(self, now_s: float) -> None:
        """Ask what is due."""
        for key, asked_s in list(self._wanted.items()):
            if now_s - asked_s > FORGOTTEN_S:
                del self._wanted[key]
                self._answers.pop(key, None)
            elif self._answers.get(key, (None, 0.0))[1] <= now_s:
                answer, every_s = (
                    (answers(key[1]), PING_EVERY_S) if key[0] == "ping" else (exists(key[1]), FILE_EVERY_S)
                )
                self._answers[key] = (answer, time.monotonic() + every_s)


def answers(host: str) -> bool | None:
    """Whether `host` answers one ping within a second; None where this machine cannot ping at all.

    The system's own ``ping`` has the rights that raw sockets need; a TCP connection would need a port that is open.
    """
    if not re.fullmatch(r"[A-Za-z0-9_.:][A-Za-z0-9_.:-]*", host):
        return None
    command = ["ping", "-n", "-c", "1", "-W", "1", host]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=PING_TIMEOUT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False
    except OSError:
        return None
    return done.returncode == 0


def exists(path: str) -> bool | None:
    """Whether there is a file or folder at `path`; None where that cannot be found out."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return None
    return True
