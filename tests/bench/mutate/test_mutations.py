"""What the mutation run changes, and that a running module really runs with it."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from bench.mutate.explained import EXPLAINED
from bench.mutate.measure import Result, Tried
from bench.mutate.mutations import Mutation, mutations
from bench.mutate.rooms import MODULES, ROOMS
from bench.mutate.swap import CannotSwap, swap
from tests.warm_start import PROJECT

TEXT = '''import logging as log
LIMIT_W = 100.0



class Guard:
    limit_w = 5

    def __init__(self, held=3):
        self.held = held

    @property
    def holds(self) -> bool:
        return self.held > 2

    def look(self, grid_w: float | None, names: list[str]) -> str | None:
        """More words."""
        if grid_w is None or not names:
            return None
        log.warning("%s", grid_w * 2)
        self.held = min(
            grid_w,
            LIMIT_W,
        )
        assert self.held != 7
        names.clear()
        return "on" if grid_w - 1 >= LIMIT_W else f"{grid_w + 1}"


KEPT = [Guard().holds]
'''


def _named(text: str = TEXT) -> dict[str, Mutation]:
    return {each.name: each for each in mutations(text)}


def test_each_comparison_number_word_of_logic_answer_and_call_is_changed_and_no_word_for_people() -> None:
    found = [(each.line, each.kind, each.before, each.after) for each in mutations(TEXT)]
    assert found == [
        (2, "constant", "100.0", "200.0"),
        (7, "constant", "5", "10"),
        (9, "constant", "3", "6"),
        (14, "return", "self.held > 2", "not (self.held > 2)"),
        (14, "comparison", ">", ">="),
        (14, "constant", "2", "4"),
        (18, "comparison", "is", "is not"),
        (18, "logic", "or", "and"),
        (18, "logic", "not", ""),
        (21, "call", "min", "max"),
        (26, "call left out", "names.clear()", "pass"),
        (27, "return", '"on" if grid_w - 1 >= LIMIT_W else f"{grid_w + 1}"', "None"),
        (27, "arithmetic", "-", "+"),
        (27, "constant", "1", "2"),
        (27, "comparison", ">=", ">"),
    ]
    for each in mutations(TEXT):
        changed = each.applied(TEXT)
        assert changed != TEXT
        assert changed.count("\n") == TEXT.count("\n"), "every later line keeps its number"
        compile(changed, "changed", "exec")


@pytest.fixture
def module(tmp_path: Path) -> Iterator[ModuleType]:
    path = tmp_path / "pv_heater_of_a_test.py"
    path.write_text(TEXT)
    spec = importlib.util.spec_from_file_location("pv_heater.of_a_test", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made
    spec.loader.exec_module(made)
    yield made
    del sys.modules[spec.name]


def test_a_method_a_property_and_a_number_are_changed_in_what_was_made_before(module: ModuleType) -> None:
    guard, look = module.Guard(), module.Guard().look
    assert (guard.holds, look(101.0, ["a"])) == (True, "on")
    swap(module, TEXT, _named()["Guard.holds: return self.held > 2 [2 -> 4]"])
    assert not guard.holds
    swap(module, TEXT, _named()["module: LIMIT_W = 100.0 [100.0 -> 200.0]"])
    assert look(101.0, ["a"]) == "102.0"


def test_what_is_read_once_on_import_is_said_not_to_be_tried(module: ModuleType) -> None:
    with pytest.raises(CannotSwap, match="once"):
        swap(module, TEXT, _named()["Guard: limit_w = 5 [5 -> 10]"])


def test_every_module_and_its_tests_are_there_and_every_explanation_explains_something() -> None:
    for room in ROOMS.values():
        assert all((PROJECT / where).exists() for where in room.tests)
    for name in MODULES:
        text = (PROJECT / "pv_heater" / f"{name.replace('.', '/')}.py").read_text()
        missing = EXPLAINED.get(name, {}).keys() - {each.name for each in mutations(text)}
        assert not missing, f"{name}: these changes are no longer possible"
    assert EXPLAINED.keys() <= set(MODULES)


def test_the_score_leaves_out_what_is_explained_and_names_what_is_open() -> None:
    rows = [
        {"name": name, "line": 1, "outcome": how}
        for name, how in zip("abcd", ("caught", "hung", "survived", "not tried"), strict=True)
    ]
    result = Result(seed=1, sample=None, tried=(Tried(module="run.loop", rows=tuple(rows)),))
    assert not result.kept
    lines = result.as_lines()
    assert lines[2].split() == ["run.loop", "3", "2", "66.7", "%", "1", "0", "1"]
    assert lines[-1] == "run.loop line 1: c (survived)"
