"""pytest with `--mutate MODULE`: tests are collected once, then a copy of this process tries each change and ends.

A first copy runs every test and notes which functions and lines of the module it enters. A change is tried with the
tests that enter its function, those that pass its line first, the quick ones before the slow, until one fails.
"""

from __future__ import annotations

import json
import math
import os
import random
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from bench.mutate.mutations import Mutation, mutations
from bench.mutate.swap import CannotSwap, function_of, swap

PATIENCE_S, PATIENCE = 10, 20.0
"""A change has so long, and so many times what its tests take without it: a loop without end is found as well."""
LONGEST_WAIT_S = 600.0
"""Of the clock on the wall; what counts else are seconds of the processor, so that a busy machine judges the same."""
LONGEST_TEST_S = 2.0
"""Slower tests are left out: a change that they alone find is one that deserves a quick test."""
CAUGHT, SURVIVED, HUNG, NOT_ENTERED, NOT_TRIED = "caught", "survived", "hung", "no test enters it", "not tried"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Words of our own."""
    group = parser.getgroup("mutate")
    group.addoption("--mutate", help="dotted name of the module below pv_heater")
    group.addoption("--mutate-sample", type=int, help="so many of its changes, drawn by the seed")
    group.addoption("--mutate-seed", type=int, default=1)
    group.addoption("--mutate-into", help="file that gets the result as JSON")


class _Failed:
    """Whether the test that runs has failed."""

    def __init__(self) -> None:
        self.now = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A part of a test has ended."""
        self.now = self.now or report.failed


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """In place of running the tests once."""
    name = session.config.getoption("mutate")
    if name is None or session.config.option.collectonly:
        return None
    if session.testsfailed:
        raise session.Interrupted("tests cannot be collected")
    module = import_module(f"pv_heater.{name}")
    path = Path(str(module.__file__))
    text = path.read_text(encoding="utf-8")
    found = mutations(text)
    sample = session.config.getoption("mutate_sample")
    if sample is not None and sample < len(found):
        draw = random.Random(f"{session.config.getoption('mutate_seed')} {name}")
        found = sorted(draw.sample(found, sample), key=lambda each: each.start)
    entered = _in_a_copy(lambda: _watched(session, path), 3600)
    if not isinstance(entered, dict) or "outcome" in entered:
        raise session.Interrupted("the tests could not be run without a change")
    rows = [_tried(session, module, path, text, each, entered) for each in found]
    left_out = sorted(node for node, seen in entered.items() if not seen["passed"] or seen["seconds"] > LONGEST_TEST_S)
    Path(session.config.getoption("mutate_into")).write_text(
        json.dumps({"module": name, "tests": len(entered), "left_out": left_out, "rows": rows}, indent=1)
    )
    return True


def _watched(session: pytest.Session, path: Path) -> dict[str, Any]:
    """Each test: whether it passes, how long it takes, which functions and lines of the file it enters."""
    failed, seen = _Failed(), {}
    session.config.pluginmanager.register(failed)
    for item, after in zip(session.items, [*session.items[1:], None], strict=True):
        functions: set[tuple[str, int]] = set()
        lines: set[int] = set()
        failed.now = False
        begin_s = time.process_time()
        sys.settrace(_tracer(str(path), functions, lines))
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        finally:
            sys.settrace(None)
        seconds = time.process_time() - begin_s
        seen[item.nodeid] = {
            "passed": not failed.now,
            "seconds": seconds,
            "functions": sorted([name, line] for name, line in functions),
            "lines": sorted(lines),
        }
    return seen


def _tracer(path: str, functions: set[tuple[str, int]], lines: set[int]) -> Callable[[FrameType, str, Any], Any]:
    def of_line(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            lines.add(frame.f_lineno)
        return of_line

    def of_call(frame: FrameType, _: str, __: Any) -> Any:
        if frame.f_code.co_filename != path:
            return None
        functions.add((frame.f_code.co_qualname, frame.f_code.co_firstlineno))
        lines.add(frame.f_lineno)
        return of_line

    return of_call


def _tried(
    session: pytest.Session, module: Any, path: Path, text: str, mutation: Mutation, entered: dict[str, Any]
) -> dict[str, Any]:
    row = {"name": mutation.name, "line": mutation.line, "kind": mutation.kind, "by": None}
    try:
        function = function_of(text, path, mutation)
    except SyntaxError:
        return {**row, "outcome": NOT_TRIED, "why": "it is no Python"}
    items = _those_that_enter(session.items, function, mutation.line, entered)
    if not items:
        return {**row, "outcome": NOT_ENTERED}
    usual_s = sum(entered[item.nodeid]["seconds"] for item in items)
    limit_s = PATIENCE_S + math.ceil(PATIENCE * usual_s)
    told = _in_a_copy(lambda: _first_failure(session, module, text, mutation, items), limit_s)
    if told is None:
        return {**row, "outcome": HUNG}
    return {**row, **told}


def _those_that_enter(
    items: Iterable[pytest.Item], function: tuple[str, int] | None, line: int, entered: dict[str, Any]
) -> list[pytest.Item]:
    chosen = []
    for item in items:
        seen = entered.get(item.nodeid)
        if seen is None or not seen["passed"] or seen["seconds"] > LONGEST_TEST_S:
            continue
        if (function is None and seen["lines"]) or (function is not None and list(function) in seen["functions"]):
            chosen.append((line not in seen["lines"], seen["seconds"], item))
    return [item for _, _, item in sorted(chosen, key=lambda each: each[:2])]


def _first_failure(
    session: pytest.Session, module: Any, text: str, mutation: Mutation, items: list[pytest.Item]
) -> dict[str, Any]:
    try:
        swap(module, text, mutation)
    except CannotSwap as error:
        return {"outcome": NOT_TRIED, "why": str(error)}
    failed = _Failed()
    session.config.pluginmanager.register(failed)
    for item, after in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        if failed.now:
            return {"outcome": CAUGHT, "by": item.nodeid}
    return {"outcome": SURVIVED}


def _in_a_copy(act: Callable[[], Any], processor_s: int) -> Any:
    """What `act` gives in a copy of this process, which ends then; None where it takes longer, or dies."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (processor_s, processor_s + 1))
        os.close(reading)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nowhere, number)
        try:
            told = json.dumps(act()).encode()
        except BaseException as error:  # noqa: BLE001 - a change may break the test runner itself
            told = json.dumps({"outcome": CAUGHT, "by": f"{type(error).__name__}: {error}"[:300]}).encode()
        with os.fdopen(writing, "wb") as out:
            out.write(told)
        os._exit(0)
    os.close(writing)
    parts: list[bytes] = []
    end_s = time.monotonic() + max(LONGEST_WAIT_S, processor_s)
    try:
        while select.select([reading], [], [], max(0.0, end_s - time.monotonic()))[0]:
            part = os.read(reading, 1 << 20)
            if not part:
                return json.loads(b"".join(parts)) if parts else None
            parts.append(part)
        return None
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
