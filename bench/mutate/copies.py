"""Copies of this process, some at a time: each does one thing, tells what came of it, and is gone."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from typing import Any

from pv_heater.core.model.lean import dataclass

LONGEST_WAIT_S = 300.0
"""Of the clock on the wall; what counts else are seconds of the processor, so that a busy machine judges the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one copy does."""

    key: Any
    act: Callable[[], Any]
    """What it gives must fit into JSON."""
    processor_s: int


@dataclass(slots=True, kw_only=True, eq=False)
class _Copy:
    task: Task
    pid: int
    end_s: float
    parts: list[bytes] = field(default_factory=list)


def in_copies(tasks: Iterable[Task], jobs: int) -> Iterator[tuple[Any, Any]]:
    """Each key with what its copy gave, as they end; None where one takes longer than it may, or dies."""
    waiting, running = iter(tasks), dict[int, _Copy]()
    try:
        while True:
            while len(running) < jobs and (task := next(waiting, None)) is not None:
                reading, copy = _begin(task)
                running[reading] = copy
            if not running:
                return
            ready = select.select(list(running), [], [], 1.0)[0]
            for reading in ready:
                part = os.read(reading, 1 << 20)
                if part:
                    running[reading].parts.append(part)
                    continue
                copy = running.pop(reading)
                _end(reading, copy)
                yield copy.task.key, json.loads(b"".join(copy.parts)) if copy.parts else None
            for reading in [reading for reading, copy in running.items() if time.monotonic() > copy.end_s]:
                copy = running.pop(reading)
                _end(reading, copy)
                yield copy.task.key, None
    finally:
        for reading, copy in running.items():
            _end(reading, copy)


def _begin(task: Task) -> tuple[int, _Copy]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        os.close(reading)
        _live(task, writing)
    os.close(writing)
    return reading, _Copy(task=task, pid=pid, end_s=time.monotonic() + max(LONGEST_WAIT_S, task.processor_s))


def _live(task: Task, writing: int) -> None:
    """In the copy; does not return."""
    resource.setrlimit(resource.RLIMIT_CPU, (task.processor_s, task.processor_s + 1))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    try:
        told = json.dumps(task.act()).encode()
    except BaseException as error:  # noqa: BLE001 - a change may break the test runner itself
        told = json.dumps({"broke": f"{type(error).__name__}: {error}"[:300]}).encode()
    try:
        with os.fdopen(writing, "wb") as out:
            out.write(told)
    finally:
        os._exit(0)


def _end(reading: int, copy: _Copy) -> None:
    os.close(reading)
    for kill in (os.killpg, os.kill):
        try:
            kill(copy.pid, signal.SIGKILL)  # and whatever it has begun
        except ProcessLookupError:
            continue
    os.waitpid(copy.pid, 0)
