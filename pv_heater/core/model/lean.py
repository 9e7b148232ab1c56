"""`dataclass` of the standard library, but its methods are written when they are first called.

The library writes seven functions for each class while its module is loaded, and compiles each of them. For the two
hundred classes of a home that was a fifth of the start and three megabytes, most of it for values that this home never
makes, compares or prints. Here only `__init__` is written, at the first value of a class; the others are shared by all.
`fields`, `replace` and `is_dataclass` of the library work as ever, and for mypy it is the library's own. What can be
made of any of them stands here too: the same value with some fields changed, and plain JSON types.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T")


def lean(
    cls: type[Any] | None = None,
    /,
    *,
    frozen: bool = False,
    slots: bool = False,
    kw_only: bool = False,
    eq: bool = True,
    unsafe_hash: bool = False,
) -> Any:
    """As `dataclasses.dataclass`; of its options there are those that this program uses."""

    def made(cls: type[Any]) -> type[Any]:
        own = set(vars(cls))
        if cls.__doc__ is None:
            cls.__doc__ = cls.__name__  # else the library works out a signature
        cls = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(cls)
        methods: dict[str, Any] = {"__init__": _first_init(cls), "__repr__": _repr}
        if eq:
            methods["__eq__"] = _eq
        if frozen:
            methods |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
        if frozen and slots:
            methods |= {"__getstate__": _state, "__setstate__": _set_state}
        if eq and ("__hash__" not in own or ("__eq__" in own and vars(cls)["__hash__"] is None)):
            methods["__hash__"] = _hash if frozen or unsafe_hash else None
            own.discard("__hash__")
        for name in methods.keys() - own:
            setattr(cls, name, methods[name])
        return cls

    return made if cls is None else made(cls)


def _first_init(cls: type[Any]) -> Callable[..., None]:
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        _written_init(cls)(self, *args, **kwargs)

    return init


def _written_init(cls: type[Any]) -> Any:
    """One line a field, as one would write it by hand."""
    setter: Any = cls.__setattr__
    frozen = setter is _refuse_to_set
    places: list[str] = ["self"]
    words: list[str] = []
    lines: list[str] = []
    names: dict[str, Any] = {"_set": object.__setattr__, "_MISSING": dataclasses.MISSING}
    for field in dataclasses.fields(cls):
        parameter = value = name = field.name
        if field.default is not dataclasses.MISSING:
            names[f"_default_{name}"] = field.default
            parameter, value = f"{name}=_default_{name}", name if field.init else f"_default_{name}"
        elif field.default_factory is not dataclasses.MISSING:
            names[f"_new_{name}"] = field.default_factory
            new = f"_new_{name}()"
            parameter, value = f"{name}=_MISSING", f"{new} if {name} is _MISSING else {name}" if field.init else new
        elif not field.init:
            continue
        if field.init:
            (words if field.kw_only else places).append(parameter)
        lines.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    head = ", ".join([*places, *(["*", *words] if words else [])])
    return _written(cls, "__init__", head, "\n ".join([*lines, "return"]), names)


def _written(cls: type[Any], method: str, head: str, body: str, names: dict[str, Any] | None = None) -> Any:
    """A method of this class alone, in place of that which wrote it."""
    space = {} if names is None else names
    exec(f"def {method}({head}):\n {body}", space)
    written = space[method]
    written.__qualname__, written.__module__ = f"{cls.__qualname__}.{method}", cls.__module__
    setattr(cls, method, written)
    return written


def _eq(self: Any, other: Any) -> Any:
    mine, its = (_compared(self.__class__, who) for who in ("self", "other"))
    same = f"{mine} == {its} if other.__class__ is self.__class__ else NotImplemented"
    return _written(self.__class__, "__eq__", "self, other", f"return {same}")(self, other)


def _hash(self: Any) -> Any:
    return _written(self.__class__, "__hash__", "self", f"return hash({_compared(self.__class__, 'self')})")(self)


def _compared(cls: type[Any], who: str) -> str:
    """The fields that count, as a tuple."""
    return f"({''.join(f'{who}.{field.name}, ' for field in dataclasses.fields(cls) if field.compare)})"


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _is_fixed(value: Any, name: str) -> bool:
    """Whether nobody may write it: anything of a value, and in a plain subclass what it inherits."""
    return "__dataclass_fields__" in vars(type(value)) or name in value.__dataclass_fields__


def _refuse_to_set(self: Any, name: str, value: Any) -> None:
    if _is_fixed(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
    object.__setattr__(self, name, value)


def _refuse_to_delete(self: Any, name: str) -> None:
    if _is_fixed(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
    object.__delattr__(self, name)


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


def _passing(*, frozen: bool, slots: bool, kw_only: bool = False) -> Any:
    """For values that pass from hand to hand within a step: frozen for the type checker, plain while the program runs.

    A frozen value writes each of its fields by a call; the two hundred of a step took a twentieth of its time. That
    nobody writes them mypy proves, so the program need not watch it. What leaves a step is frozen as everywhere.
    Written as `dataclass` is, always with ``frozen=True``; hashed by value all the same.
    """
    return lean(slots=slots, kw_only=kw_only, unsafe_hash=frozen)


def replaced(value: T, **changes: Any) -> T:
    """As `dataclasses.replace`, in a third of its time, for what changes in every step.

    All of the class's fields, several of them, are parameters of its `__init__`.
    """
    names, values_of = _fields_of(type(value))  # type: ignore[arg-type]  # a class is hashable
    return type(value)(**{**dict(zip(names, values_of(value), strict=True)), **changes})


@cache
def _fields_of(kind: type[Any]) -> tuple[tuple[str, ...], attrgetter[Any]]:
    names = tuple(field.name for field in dataclasses.fields(kind))
    return names, attrgetter(*names)


def to_jsonable(value: Any) -> Any:
    """The value as plain JSON types: dataclasses as objects, instants in ISO 8601, enums as their words."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_jsonable(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, date):  # and so every datetime
        return value.isoformat()
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): to_jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_jsonable(item) for item in value]
    return value


if TYPE_CHECKING:
    from dataclasses import dataclass
    from dataclasses import dataclass as passing
else:
    dataclass, passing = lean, _passing

__all__ = ["dataclass", "lean", "passing", "replaced", "to_jsonable"]
