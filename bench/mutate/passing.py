"""Which lines each test passes, on whatever thread, and what it takes: the tests run once without any change."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from bench.kept_rows import Rows, digest
from bench.mutate.copies import Task, in_copies

LONGEST_S = 3600


class Failed:
    """Whether the test that runs has failed."""

    def __init__(self, at_once: Callable[[str], None] | None = None) -> None:
        """`at_once` is called with the first failure, before anybody works out a report of it."""
        self.now, self._at_once = False, at_once

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """A part of a test has ended."""
        if (
            call.excinfo is None
            or call.excinfo.errisinstance(pytest.skip.Exception)
            or item.get_closest_marker("xfail")
        ):
            return
        self.now = True
        if self._at_once is not None:
            self._at_once(item.nodeid)


def seen_by_tests(session: pytest.Session, texts: Mapping[str, str], path: Path) -> dict[str, dict[str, Any]]:
    """By test: whether it passes, its seconds, and by file of `texts` its lines. What `path` has of it stays."""
    rows, of_modules = Rows(path), digest(texts.values())
    digests = {file: digest([file.read_text(encoding="utf-8"), of_modules]) for file in {i.path for i in session.items}}
    new = [item for item in session.items if rows.get(item.nodeid, digests[item.path]) is None]
    if new:
        task = Task(key=0, act=lambda: _watch(session, new, digests, set(texts), rows), processor_s=LONGEST_S)
        (_, told), *_ = in_copies([task], 1)
        rows = Rows(path)
        if not isinstance(told, list):
            raise session.Interrupted(f"the tests could not be run without a change: {told}")
        for name in told:  # the next copies need not load it again
            __import__(name)
    found = {item.nodeid: rows.get(item.nodeid, digests[item.path]) for item in session.items}
    return {node: row for node, row in found.items() if row is not None}


def _watch(
    session: pytest.Session, items: Sequence[pytest.Item], digests: Mapping[Path, str], files: set[str], rows: Rows
) -> list[str]:
    failed = Failed()
    session.config.pluginmanager.register(failed)
    for item, after in zip(items, [*items[1:], None], strict=True):
        lines: defaultdict[str, set[int]] = defaultdict(set)
        failed.now = False
        tracer = _tracer(files, lines)
        begin_s, begin_wall_s = time.process_time(), time.monotonic()
        threading.settrace(tracer)
        sys.settrace(tracer)
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        finally:
            sys.settrace(None)
            threading.settrace(None)
        rows.add({
            "key": item.nodeid,
            "of": digests[item.path],
            "passed": not failed.now,
            "seconds": time.process_time() - begin_s,
            "wall_s": time.monotonic() - begin_wall_s,
            "lines": {file: sorted(passed) for file, passed in lines.items()},
        })  # fmt: skip
    os.chdir(session.config.rootpath)
    return [name for name in list(sys.modules) if name.startswith("pv_heater.")]


def _tracer(files: set[str], lines: defaultdict[str, set[int]]) -> Callable[[FrameType, str, Any], Any]:
    def of_call(frame: FrameType, _: str, __: Any) -> Any:
        file = frame.f_code.co_filename
        if file not in files:
            return None
        mine = lines[file]
        mine.add(frame.f_lineno)

        def of_line(inner: FrameType, event: str, _: Any) -> Any:
            if event == "line":
                mine.add(inner.f_lineno)
            return of_line

        return of_line

    return of_call
