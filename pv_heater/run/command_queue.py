"""Commands on their way to the loop: given from any thread, taken by ticks, numbered so that others can see it done."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from pv_heater.core.model.requests import Command


class Order(NamedTuple):
    """A command, or the reason why every load goes off, and its number."""

    number: int
    what: Command | str


class CommandQueue:
    """The loop takes without waiting: only those who give wait for each other, and not for long."""

    def __init__(self) -> None:
        self._waiting: deque[Order] = deque()
        self._giving = threading.Lock()
        self._given = 0
        self._taken = 0
        self.seen = 0
        """Every command up to this number has been through a tick."""

    def put(self, what: Command | str) -> int:
        """Queue it; its number, 1 for the first of this process."""
        with self._giving:
            self._given += 1
            self._waiting.append(Order(self._given, what))
            return self._given

    def take(self) -> list[Order]:
        """All that wait, in their order."""
        taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if taken:
            self._taken = max(self._taken, taken[-1].number)
        return taken

    def put_back(self, orders: Sequence[Order]) -> None:
        """Let them be taken first at the next tick."""
        self._waiting.extendleft(reversed(orders))

    def note_done(self, later: Sequence[Order]) -> None:
        """The tick is over, and what it took is done but for `later`."""
        self.seen = min((order.number - 1 for order in later), default=self._taken)
