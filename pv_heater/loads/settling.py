"""Asking a device again and again until it shows what it was told, for as long as devices need to get there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LONGEST_S = 1.5
"""A command is queued in the device and takes effect some hundred milliseconds later; a slow one takes a second."""
PAUSE_S = 0.25


class Settling:
    """For one device; `close` ends a wait that is under way."""

    def __init__(self, *, longest_s: float = LONGEST_S) -> None:
        self._closed = threading.Event()
        self._longest_s = longest_s

    def ask(self, ask: Callable[[], T], is_there: Callable[[T], bool]) -> T:
        """The first answer that `is_there`, or the last one before the time was over. Raises what `ask` raises."""
        answer = ask()
        # By the machine's clock: a device that answers slowly must not make seven slow answers of it.
        until_s = time.monotonic() + self._longest_s
        while not is_there(answer) and time.monotonic() < until_s and not self._closed.wait(PAUSE_S):
            answer = ask()
        return answer

    def close(self) -> None:
        """Wait no more."""
        self._closed.set()
