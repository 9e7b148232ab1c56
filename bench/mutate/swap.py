"""A changed module in a running process: the functions that differ get the code of the changed one.

Nothing is imported anew, so whoever has a function, a method or a property already has the changed one.
"""

from __future__ import annotations

import ast
import gc
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from bench.mutate.mutations import Mutation

OURS = ("pv_heater", "tests", "bench")


class CannotSwap(Exception):
    """The place is read once, on import, and lives on elsewhere: a default, a table of a class."""


def swap(module: ModuleType, text: str, mutation: Mutation) -> None:
    """From now on the module runs with it. Raises CannotSwap; SyntaxError for what is no Python."""
    changed = mutation.applied(text)
    path = str(module.__file__)
    old, new = compile(text, path, "exec", dont_inherit=True), compile(changed, path, "exec", dont_inherit=True)
    pairs = list(_differing(old, new))
    if not pairs:
        _assign_anew(module, changed, mutation)
        return
    for before, after in pairs:
        functions = [
            found for found in gc.get_objects()
            if isinstance(found, FunctionType) and found.__globals__ is module.__dict__ and found.__code__ == before
        ]  # fmt: skip
        if not functions:
            raise CannotSwap(f"no function has the code of {before.co_qualname}")
        for function in functions:
            try:
                function.__code__ = after
            except ValueError as error:
                raise CannotSwap(str(error)) from None


def function_of(text: str, path: Path, mutation: Mutation) -> tuple[str, int] | None:
    """Qualified name and first line of the outermost function that is changed; None at the top of a module or class."""
    old = compile(text, str(path), "exec", dont_inherit=True)
    new = compile(mutation.applied(text), str(path), "exec", dont_inherit=True)
    for before, _ in _differing(old, new):
        return before.co_qualname, before.co_firstlineno
    return None


def _differing(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """The outermost functions that are not the same."""
    olds, news = ([const for const in code.co_consts if isinstance(const, CodeType)] for code in (old, new))
    for before, after in zip(olds, news, strict=True):
        if before == after:
            continue
        if before.co_flags & inspect.CO_NEWLOCALS and before.co_flags & inspect.CO_OPTIMIZED:
            yield before, after
        else:
            yield from _differing(before, after)  # the body of a class


def _assign_anew(module: ModuleType, changed: str, mutation: Mutation) -> None:
    """A constant at the top of the module: for all who have it by its name."""
    for statement in ast.parse(changed).body:
        if not statement.lineno <= mutation.line <= (statement.end_lineno or 0):
            continue
        names = [name.id for name in _targets(statement) if isinstance(name, ast.Name)]
        if not names:
            break
        before = {name: module.__dict__.get(name) for name in names}
        exec(compile(ast.Module([statement], []), str(module.__file__), "exec"), module.__dict__)
        for other in [other for name, other in sys.modules.items() if name.partition(".")[0] in OURS]:
            for name in names:
                if other.__dict__.get(name) is before[name]:
                    other.__dict__[name] = module.__dict__[name]
        return
    raise CannotSwap("it is read once, on import")


def _targets(statement: ast.stmt) -> list[Any]:
    if isinstance(statement, ast.Assign):
        return statement.targets
    return [statement.target] if isinstance(statement, ast.AnnAssign) and statement.value is not None else []
