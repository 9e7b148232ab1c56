"""A changed module in a running process: the functions that differ get the code of the changed one.

Nothing is imported anew, so whoever has a function, a method or a property already has the changed one.
"""

from __future__ import annotations

import ast
import gc
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import CodeType, FunctionType, ModuleType
from typing import Any

from bench.mutate.mutations import Mutation

OURS = ("pv_heater", "tests", "bench")


class CannotSwap(Exception):
    """The place is read once, on import, and lives on elsewhere: a default, a table of a class."""


Functions = Mapping[CodeType, Sequence[FunctionType]]
"""Who runs which code."""


def functions_of(module: ModuleType) -> Functions:
    """All functions that were made in a module, wherever they are by now."""
    found: dict[CodeType, list[FunctionType]] = {}
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and each.__globals__ is module.__dict__:
            found.setdefault(each.__code__, []).append(each)
    return found


def swap(module: ModuleType, text: str, mutation: Mutation, functions: Functions | None = None) -> None:
    """From now on the module runs with it. Raises CannotSwap; SyntaxError for what is no Python."""
    changed = mutation.applied(text)
    path = str(module.__file__)
    old, new = compile(text, path, "exec", dont_inherit=True), compile(changed, path, "exec", dont_inherit=True)
    pairs = list(_differing(old, new))
    if not pairs:
        _assign_anew(module, changed, mutation)
        return
    known = functions_of(module) if functions is None else functions
    for before, after in pairs:
        if before not in known:
            raise CannotSwap(f"no function has the code of {before.co_qualname}")
        for function in known[before]:
            try:
                function.__code__ = after
            except ValueError as error:
                raise CannotSwap(str(error)) from None


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
