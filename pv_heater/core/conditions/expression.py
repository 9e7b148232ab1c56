"""What a user's condition is once it has been read: plain steps, and what it can be asked about.

A value that is not known is None; arithmetic and logic with it give None, where the other side does not decide alone.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from pv_heater.core.conditions.names import Value
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import DayTime

Operation = Callable[[Value, Value], Value]


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition that has been checked."""

    text: str
    step: Step
    names: frozenset[str]
    """Every name it uses, as it is written: ``soc``, ``pump.on_today_s``."""
    loads: frozenset[str]
    """The loads it asks about, without ``this``."""
    probes: frozenset[Probe]

    def holds(self, scene: Scene) -> bool | None:
        """True, false, or None where too little is known."""
        value = self.step(scene)
        return value if isinstance(value, bool) else None


class Scene(Protocol):
    """What a condition is asked about; see `core.conditions.names` for the names."""

    def site(self, name: str) -> Value:
        """The value of a name of the home."""
        ...

    def load(self, load: str, name: str) -> Value:
        """The value of a name of a load; `this` is the one that the rule belongs to."""
        ...

    def held(self, number: int, condition: bool | None, for_s: float) -> bool | None:
        """Whether `condition` has been true for this long; `number` tells the places of one text apart."""
        ...

    def lasting(self, number: int, condition: bool | None, on_s: float, off_s: float) -> bool | None:
        """`condition`, but once true for at least `on_s` seconds, once false for at least `off_s`."""
        ...

    def hysteresis(self, number: int, value: float | None, on_at: float, off_at: float) -> bool | None:
        """Whether `value` has reached `on_at` and has not been beyond `off_at` since."""
        ...

    def between(self, begin: DayTime, end: DayTime) -> bool | None:
        """Whether the time of day lies between two, past midnight too."""
        ...

    def probe(self, probe: Probe) -> bool | None:
        """What the world outside answered last."""
        ...


Step = Callable[[Scene], Value]


@dataclass(frozen=True, slots=True)
class Probe:
    """A question to the world outside: ``ping`` with a host, ``file_exists`` with a path."""

    kind: str
    target: str

    def __str__(self) -> str:
        return f'{self.kind}("{self.target}")'


def all_of(values: Sequence[Value]) -> bool | None:
    """False if one is false, else None if one is not known, else true."""
    if any(value is False for value in values):
        return False
    return None if any(value is None for value in values) else True


def any_of(values: Sequence[Value]) -> bool | None:
    """True if one is true, else None if one is not known, else false."""
    return negated(all_of([negated(value) for value in values]))


def negated(value: Value) -> bool | None:
    """The opposite; what is not known stays so."""
    return None if value is None else not value


def _arithmetic(operation: Callable[[float, float], float]) -> Operation:
    def result(left: Value, right: Value) -> Value:
        if not isinstance(left, float) or not isinstance(right, float):
            return None
        try:
            number = operation(left, right)
        except (ZeroDivisionError, OverflowError):
            return None
        return number if math.isfinite(number) else None

    return result


ARITHMETIC: Mapping[type[ast.operator], Operation] = {
    ast.Add: _arithmetic(operator.add),
    ast.Sub: _arithmetic(operator.sub),
    ast.Mult: _arithmetic(operator.mul),
    ast.Div: _arithmetic(operator.truediv),
    ast.Mod: _arithmetic(operator.mod),
}
"""Powers are missing on purpose: nobody needs them, and 9**9**9 never ends."""


def _comparison(operation: Callable[[Any, Any], bool]) -> Operation:
    def result(left: Value, right: Value) -> Value:
        return None if left is None or right is None else operation(left, right)

    return result


COMPARISONS: Mapping[type[ast.cmpop], Operation] = {
    ast.Eq: _comparison(operator.eq),
    ast.NotEq: _comparison(operator.ne),
    ast.Lt: _comparison(operator.lt),
    ast.LtE: _comparison(operator.le),
    ast.Gt: _comparison(operator.gt),
    ast.GtE: _comparison(operator.ge),
}
