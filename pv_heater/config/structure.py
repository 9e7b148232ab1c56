"""Plain values into settings classes, every mistake worded for the person who made it.

The type of a field decides how its text is read: `off` is a word where a word is wanted and false where a truth is
wanted. All mistakes of a group are gathered; the sentences are made here, from the field's own unit, bounds and help.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, is_dataclass, replace
from datetime import time
from functools import partial
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pv_heater.config.scalars import (
    UNIT_NAMES,
    Secrets,
    check_base_url,
    check_host_alone,
    check_zone,
    clock_time,
    day_time,
    number,
    shown,
    truth,
)
from pv_heater.config.yaml_lines import Problem
from pv_heater.core.model.setting import (
    DayTime,
    Secret,
    SettingProblem,
    check_range,
    is_required,
    key_of,
    settings_of,
)

Hook = Callable[[Any], Any]
"""Turns a plain value into a setting; raises SettingProblem or SettingProblems."""

_CHECKS: Mapping[str, Callable[[str], None]] = {
    "timezone": check_zone,
    "base_url": check_base_url,
    "url": check_base_url,
    "host": check_host_alone,
    "live_host": partial(check_host_alone, port_key="live_port"),
}
"""What a text of that name must be, wherever it stands."""


class SettingProblems(Exception):
    """The mistakes in a group of settings, with paths relative to the group."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(problem.message for problem in problems))
        self.problems = problems


class Structure:
    """Makes hooks for settings classes, each once, and when it is first needed."""

    def __init__(self, secrets: Callable[[], Secrets]) -> None:
        """`secrets` tells where texts of the configuration that is being read may stand."""
        self._secrets = secrets
        self._groups: dict[tuple[type[Any], int], tuple[Hook, Mapping[str, Hook] | None]] = {}

    def group(self, cls: type[Any], hooks: Mapping[str, Hook] | None = None) -> Hook:
        """A hook that builds the class `cls` from a group of settings; `hooks` stand in for some fields'."""
        key = (cls, id(hooks))
        if key not in self._groups:
            self._groups[key] = (self._new_group(cls, hooks), hooks)  # kept with its hooks, whose id is the key
        return self._groups[key][0]

    def _new_group(self, cls: type[Any], hooks: Mapping[str, Hook] | None) -> Hook:
        fields = {key_of(field): field for field in settings_of(cls)}
        readers: dict[str, Hook] = {}  # made for what stands in a file: no file has everything

        def structure(value: Any) -> Any:
            given = {} if value is None else value
            if not isinstance(given, Mapping):
                raise SettingProblem(f"must be a group of settings ({_listed(fields)}), not {shown(value)}")
            values: dict[str, Any] = {}
            problems: list[Problem] = []
            for key, field in fields.items():
                if key not in given:
                    if is_required(field):
                        problems.append(Problem((key,), f"is missing; {_wanted(field)}"))
                    continue
                if key not in readers:
                    readers[key] = (hooks or {}).get(field.name) or self._field(field)
                try:
                    values[field.name] = readers[key](given[key])
                except (SettingProblem, SettingProblems) as error:
                    problems += problems_of(error, key)
            unknown = sorted((key for key in given if key not in fields), key=str)
            problems += [Problem((key,), f"is not a setting; {suggestion(key, fields)}") for key in unknown]
            if problems:
                raise SettingProblems(problems)
            try:
                return cls(**values)
            except ValueError as error:
                raise SettingProblems(problems_of(error)) from None

        return structure

    def _field(self, field: Field[Any]) -> Hook:
        convert = self._of_type(field.type, field)
        optional = _is_optional(field.type)
        # A recording's speed is a factor, and `max` is as fast as the machine can: no factor at all.
        nothing = {"", "auto", "max"} if field.name == "speed" else {"", "auto"}
        bare = without_none(field.type)
        empty_is_fine = optional or is_dataclass(bare) or get_origin(bare) is tuple

        def hook(value: Any) -> Any:
            if optional and (value is None or (isinstance(value, str) and value in nothing)):
                return None
            if value is None and not empty_is_fine:
                raise SettingProblem(f"is empty; {_wanted(field)}")
            result = convert(value)
            check_range(result, field.metadata)
            if field.name in _CHECKS:
                _CHECKS[field.name](result)
            return result

        return hook

    def _of_type(self, type_: Any, field: Field[Any]) -> Hook:
        bare = without_none(type_)
        if get_origin(bare) is tuple:
            inner = get_args(bare)[0]
            return many(
                self._of_type(inner, field), alone=Mapping if is_dataclass(inner) else str if inner is str else None
            )
        if isinstance(bare, type) and is_dataclass(bare) and bare is not DayTime:
            return self.group(bare)
        if bare in (str, Secret):
            return lambda value: bare(self._text(value, secret=bare is Secret))
        if bare is Path:
            return lambda value: Path(self._text(value, secret=False))
        if bare in (int, float):
            return lambda value: number(value, field.metadata["unit"], whole=bare is int)
        simple: dict[Any, Hook] = {bool: truth, DayTime: day_time, time: clock_time}
        if bare in simple:
            return simple[bare]
        raise TypeError(f"{field.name}: settings of type {bare} cannot be read; add it to config/structure.py")

    def _text(self, value: Any, *, secret: bool) -> str:
        if isinstance(value, Secret):
            return value.reveal()
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise SettingProblem(f"must be a text, not {'(secret)' if secret else shown(value)}")
        return self._secrets().fetch(value, secret=secret)


def many(hook: Hook, *, alone: type[Any] | None = Mapping) -> Hook:
    """A hook for a list of what `hook` reads; a value of the type `alone` counts as a list of one."""

    def structure(value: Any) -> tuple[Any, ...]:
        if value is None:
            return ()
        if alone is not None and isinstance(value, alone):
            return (hook(value),)
        if not isinstance(value, list | tuple):
            kinds: dict[Any, str] = {Mapping: "a group of settings or a list of them", str: "a text or a list of texts"}
            kind = kinds.get(alone, "a list, each entry beginning with `- `")
            raise SettingProblem(f"must be {kind}, not {shown(value)}")
        items, problems = [], []
        for index, item in enumerate(value):
            try:
                items.append(hook(item))
            except (SettingProblem, SettingProblems) as error:
                problems += problems_of(error, index)
        if problems:
            raise SettingProblems(problems)
        return tuple(items)

    return structure


def problems_of(error: BaseException, *prefix: str | int) -> list[Problem]:
    """What a hook raised, as problems below `prefix`."""
    if isinstance(error, SettingProblems):
        return [replace(problem, path=(*prefix, *problem.path)) for problem in error.problems]
    names = error.key.split(".") if isinstance(error, SettingProblem) and error.key else ()
    key = (int(name) if name.isdecimal() else name for name in names)
    return [Problem((*prefix, *key), str(error))]


def setting_keys(cls: type[Any]) -> list[str]:
    """The words in YAML of a settings class."""
    return [key_of(field) for field in settings_of(cls)]


def suggestion(word: Any, known: Iterable[str]) -> str:
    """``did you mean …?``, or what there is to choose from."""
    import difflib  # only a mistake needs it

    names = list(known)
    parts = sorted(str(word).split("_"))
    close = [name for name in names if sorted(name.split("_")) == parts]  # the same words in another order
    close = close or difflib.get_close_matches(str(word), names, n=1)
    return f"did you mean {close[0]}?" if close else f"known here: {_listed(names)}"


def _wanted(field: Field[Any]) -> str:
    unit = field.metadata["unit"]
    return f"{field.metadata['help']}{f' (in {UNIT_NAMES.get(unit, unit)})' if unit else ''}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _is_optional(type_: Any) -> bool:
    return get_origin(type_) in (Union, UnionType) and NoneType in get_args(type_)


def without_none(type_: Any) -> Any:
    """The type inside ``X | None``."""
    if not _is_optional(type_):
        return type_
    return next(inner for inner in get_args(type_) if inner is not NoneType)
