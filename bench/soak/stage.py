"""What stands around the life that `bench soak` watches: the GX device, the broker's restarts, the ear for the log."""

from __future__ import annotations

import logging
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bench.doubles.brokers import BrokerProcess
from bench.soak.day import Day, Trouble, play
from bench.soak.hurried_clock import HurriedClock

READY_S = 20.0
"""The peer starts an interpreter of its own, imports its libraries and connects."""


@contextmanager
def peer(day: Day) -> Iterator[tuple[Any, Any]]:
    """The GX device in a process of its own: what our heater draws goes there, what it counted comes back."""
    context = multiprocessing.get_context("spawn")
    heater_w = context.Value("d", 0.0)
    told, telling = context.Pipe(duplex=False)
    process = context.Process(target=play, args=(day, heater_w, telling), daemon=True)
    process.start()
    try:
        if not told.poll(READY_S) or told.recv() != "ready":
            raise TimeoutError("the GX peer did not reach the broker")
        yield heater_w, told
    finally:
        process.terminate()
        process.join()


@contextmanager
def restarts(broker: BrokerProcess, troubles: tuple[Trouble, ...], clock: HurriedClock) -> Iterator[None]:
    """Kill the broker and start it again when it is planned, on a thread."""
    ended = threading.Event()

    def run() -> None:
        for trouble in troubles:
            if trouble.kind != "broker restart":
                continue
            for at_s, act in ((trouble.begins_s, broker.stop), (trouble.ends_s, broker.start)):
                if ended.wait(max(0.0, (at_s - clock.monotonic_s()) / clock.speed)):
                    return
                act()

    thread = threading.Thread(target=run, name="restarts", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Counter(logging.Handler):
    """Counts log lines, or whatever else is added."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - it is only counted
        """One more line."""
        self.count += 1

    def add(self, then: Callable[[], None]) -> None:
        """One more, and then that."""
        self.count += 1
        then()


@contextmanager
def counted_lines() -> Iterator[Counter]:
    """The program's log lines are counted, and shown nowhere."""
    log, counter = logging.getLogger("pv_heater"), Counter()
    level, propagates = log.level, log.propagate
    log.addHandler(counter)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield counter
    finally:
        log.removeHandler(counter)
        log.setLevel(level)
        log.propagate = propagates
