"""Notes what the program was told and when, what its pins did, and for how long it had to wait for the processor."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bench.faults.rig import Rig
from bench.stopwatch import queued_ns
from bench.torture.home import MAX_C, MAX_HOUSE_W
from bench.torture.judge import Counted, Kind, Life, Promise, Span, Told

_LOOK_S = 0.05
COMPUTING_S = 0.1
"""Real seconds that are added to each bound where the clock is hurried: computing is not."""


class Witness:
    """Of one life."""

    def __init__(self, rig: Rig, first: int) -> None:
        self._rig, self._first = rig, first
        self.believes = True
        """False: a fault spoils what the meter says, and whoever has nothing else must go off."""
        self._house: list[Told] = []
        self._tank: list[Told] = []
        self._spans: list[Span] = []
        self._counted: list[Counted] = []
        self.begins: list[float] = []
        self.remarks: list[str] = []
        self._queued: list[tuple[float, float]] = []
        self._listen("meter", self._of_the_house, self._house)
        self._listen("probe", self._of_the_tank, self._tank)

    def now_s(self) -> float:
        """The program's second."""
        return self._rig.program_s(time.monotonic())

    def _listen(self, peer: str, heard: Callable[[Any, float], Told], notes: list[Told]) -> None:
        answer = self._rig.peers[peer].answer

        def noted(path: str, body: bytes) -> Any:
            said = answer(path, body)
            notes.append(heard(said, self.now_s()))
            return said

        self._rig.peers[peer].answer = noted

    def _of_the_house(self, said: Any, at_s: float) -> Told:
        house = self._rig.peers["house"]
        good = self.believes or (house.spoilt is None and house.stamp is None)
        use_w = said.get("use")
        above = isinstance(use_w, float | int) and MAX_HOUSE_W < use_w < 1e6
        return Told(at_s=at_s, good=good, forbids=above and good)

    def _of_the_tank(self, said: Any, at_s: float) -> Told:
        warmth = said.get("tank")
        good = isinstance(warmth, float | int)
        return Told(at_s=at_s, good=good, forbids=good and warmth >= MAX_C)

    # What is true for a while

    def span(self, kind: Kind, begin_s: float, end_s: float, bound_s: float = 0.0) -> None:
        """Because of the newest fault."""
        self._spans.append(Span(kind=kind, begin_s=begin_s, end_s=end_s, bound_s=bound_s, fault=self.fault))

    def counted(self, promise: Promise, at_s: float, seconds: float, bound_s: float) -> None:
        """For the newest fault."""
        one = Counted(promise=promise, at_s=at_s, seconds=seconds, bound_s=bound_s, fault=self.fault)
        self._counted.append(one)

    @property
    def fault(self) -> int:
        """The number of the newest."""
        return self._first + len(self.begins) - 1

    # The processor

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While it lives, note how long program and peers have to wait for the processor."""
        over = threading.Event()

        def look() -> None:
            queue, sum_s = Queue(), 0.0
            while not over.wait(_LOOK_S):
                sum_s += queue.waited_s() * self._rig.speed
                self._queued.append((self.now_s(), sum_s))

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    # The end

    def life(self) -> Life:
        """All that was noted so far."""
        return Life(
            pins=self._rig.changes(), relays=self._rig.relays, house=list(self._house), tank=list(self._tank),
            spans=list(self._spans), counted=list(self._counted), begins=list(self.begins), end_s=self.now_s(),
            queued=list(self._queued), first=self._first, computing_s=COMPUTING_S * (self._rig.speed - 1.0),
        )  # fmt: skip


class Queue:
    """How long threads were ready to run and others had the processor."""

    def __init__(self) -> None:
        self._before_ns: dict[Path, int] = {}

    def waited_s(self) -> float:
        """Since the last look: of this process and each that it started the thread that waited longest, as the others
        may wait for that one."""
        return sum(self._longest_ns(pid) for pid in (os.getpid(), *_children())) / 1e9

    def _longest_ns(self, pid: int) -> int:
        now_ns = dict(queued_ns(pid))
        grown_ns = [waited_ns - self._before_ns.get(file, 0) for file, waited_ns in now_ns.items()]
        self._before_ns |= now_ns
        return max([0, *grown_ns])


def _children() -> set[int]:
    """The program, `off`, the broker."""
    found: set[int] = set()
    for file in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            found |= {int(pid) for pid in file.read_text().split()}
    return found
