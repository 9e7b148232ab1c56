"""pytest with `--mutate MODULES`: tests are collected once, then a copy of this process tries each change and ends.

A first copy runs every test and notes which lines of the modules it passes. A change is tried with the tests that pass
its statement, the quick ones first, until one fails.
"""

from __future__ import annotations

import gc
import math
import os
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import Phase, settings

from bench.kept_rows import Rows, digest
from bench.mutate.copies import Task, in_copies
from bench.mutate.mutations import Mutation, mutations
from bench.mutate.passing import Failed, seen_by_tests
from bench.mutate.swap import CannotSwap, Functions, functions_of, swap
from pv_heater.core.model.lean import dataclass

PATIENCE_S, PATIENCE = 10, 20.0
"""A change has so long, and so many times what its tests take without it: a loop without end is found as well."""
LONGEST_TEST_S = 3.0
"""Slower tests are left out: a change that they alone find is one that deserves a quick test."""
CAUGHT, SURVIVED, HUNG, NOT_ENTERED, NOT_TRIED = "caught", "survived", "hung", "no test passes it", "not tried"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Words of our own."""
    group = parser.getgroup("mutate")
    group.addoption("--mutate", help="dotted names of modules below pv_heater, with commas between them")
    group.addoption("--mutate-sample", type=int, help="so many changes of each module, drawn by the seed")
    group.addoption("--mutate-seed", type=int, default=1)
    group.addoption("--mutate-jobs", type=int, default=1)
    group.addoption("--mutate-keep", type=Path, help="folder for the rows")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """A module under test."""

    name: str
    module: ModuleType
    text: str
    functions: Functions
    rows: Rows

    @property
    def path(self) -> str:
        return str(self.module.__file__)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """In place of running the tests once."""
    option = session.config.getoption
    if option("mutate") is None or session.config.option.collectonly:
        return None
    if session.testsfailed:
        raise session.Interrupted("tests cannot be collected")
    names, folder = option("mutate").split(","), option("mutate_keep")
    _find_no_smaller_example(session.items)
    modules = {name: import_module(f"pv_heater.{name}") for name in names}
    texts = {str(module.__file__): Path(str(module.__file__)).read_text("utf-8") for module in modules.values()}
    seen = seen_by_tests(session, texts, folder / f"{names[0]}.tests.jsonl")
    subjects = [
        _Subject(
            name=name,
            module=module,
            text=texts[str(module.__file__)],
            functions=functions_of(module),
            rows=Rows(folder / f"{name}.jsonl"),
        )
        for name, module in modules.items()
    ]
    gc.collect()
    gc.freeze()  # what is here by now no copy has to look through
    with tempfile.TemporaryDirectory(prefix="mutate-") as scratch:
        tasks = _tasks(session, subjects, seen, Path(scratch))
        for (subject, row), told in in_copies(tasks, option("mutate_jobs")):
            subject.rows.add(_row_of(dict(row), told, seen))
    return True


def chosen(name: str, text: str, sample: int | None, seed: int) -> list[tuple[str, Mutation]]:
    """The changes of a module that are tried, each under a key of its own."""
    count: dict[str, int] = {}
    found = []
    for each in mutations(text):
        count[each.name] = count.get(each.name, 0) + 1
        found.append((f"{each.name} #{count[each.name]}", each))
    if sample is not None and sample < len(found):
        drawn = random.Random(f"{seed} {name}").sample(range(len(found)), sample)
        found = [found[number] for number in sorted(drawn)]
    return found


def _tasks(
    session: pytest.Session, subjects: Sequence[_Subject], seen: Mapping[str, Mapping[str, Any]], scratch: Path
) -> Iterator[Task]:
    """Each change that no kept row tells of."""
    option = session.config.getoption
    items = {item.nodeid: item for item in session.items}
    for subject in subjects:
        of_module = digest([subject.text])
        for key, mutation in chosen(subject.name, subject.text, option("mutate_sample"), option("mutate_seed")):
            tests = _those_that_pass(seen, subject.path, mutation)
            row = {
                "key": key, "of": of_module, "name": mutation.name, "line": mutation.line, "kind": mutation.kind,
                "shown_to": len(tests), "proof": digest(seen[node]["of"] + node for node in tests), "by": None,
            }  # fmt: skip
            if _is_still_true(subject.rows.get(key, of_module), row, seen):
                continue
            if not tests:
                subject.rows.add({**row, "outcome": NOT_ENTERED})
                continue
            usual_s = sum(seen[node]["seconds"] for node in tests)
            yield Task(
                key=(subject, row),
                act=_Try(session, subject, mutation, [items[node] for node in tests], scratch),
                processor_s=PATIENCE_S + math.ceil(PATIENCE * usual_s),
            )


def _is_still_true(kept: Mapping[str, Any] | None, row: Mapping[str, Any], seen: Mapping[str, Any]) -> bool:
    """Found by a test that is as it was; else nothing new is there to find it."""
    if kept is None:
        return False
    if kept["outcome"] == CAUGHT and kept["by"] in seen:
        return bool(kept["by_of"] == seen[kept["by"]]["of"])
    return bool(kept["proof"] == row["proof"])


def _row_of(row: dict[str, Any], told: Any, seen: Mapping[str, Any]) -> dict[str, Any]:
    if told is None:
        return {**row, "outcome": HUNG}
    if "broke" in told:
        return {**row, "outcome": CAUGHT, "by": told["broke"]}
    by = told.get("by")
    return {**row, **told, "by_of": seen[by]["of"] if by in seen else None}


def _those_that_pass(seen: Mapping[str, Mapping[str, Any]], path: str, mutation: Mutation) -> list[str]:
    """The quick ones first. What is read on import may matter to every test that comes into the module."""
    found = []
    for node, row in seen.items():
        lines = row["lines"].get(path)
        if not lines or not row["passed"] or row["seconds"] > LONGEST_TEST_S:
            continue
        if not mutation.in_function or any(mutation.first_line <= line <= mutation.last_line for line in lines):
            found.append((row["seconds"] + row["wall_s"] / 10, node))
    return [node for _, node in sorted(found)]


class _Try:
    """One change, in a copy of the process."""

    def __init__(
        self,
        session: pytest.Session,
        subject: _Subject,
        mutation: Mutation,
        items: Sequence[pytest.Item],
        scratch: Path,
    ) -> None:
        self._session, self._subject, self._mutation = session, subject, mutation
        self._items, self._scratch = items, scratch

    def __call__(self) -> dict[str, Any]:
        try:
            swap(self._subject.module, self._subject.text, self._mutation, self._subject.functions)
        except CannotSwap as error:
            return {"outcome": NOT_TRIED, "why": str(error)}
        except SyntaxError:
            return {"outcome": NOT_TRIED, "why": "it is no Python"}
        config = self._session.config
        own = self._scratch / str(os.getpid())
        own.mkdir()
        config._tmp_path_factory._basetemp = own  # type: ignore[attr-defined]
        config.pluginmanager.register(Failed(_found))
        try:
            for item, after in zip(self._items, [*self._items[1:], None], strict=True):
                config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        except _Found as found:
            return {"outcome": CAUGHT, "by": found.args[0]}
        return {"outcome": SURVIVED}


class _Found(BaseException):
    """By this test."""


def _found(node: str) -> None:
    raise _Found(node)


def _find_no_smaller_example(items: Sequence[pytest.Item]) -> None:
    """Any example that fails will do."""
    for item in items:
        test = getattr(item, "obj", None)
        usual = getattr(test, "_hypothesis_internal_use_settings", None)
        if usual is not None:
            function: Any = getattr(test, "__func__", test)
            function._hypothesis_internal_use_settings = settings(usual, phases=(Phase.explicit, Phase.generate))
