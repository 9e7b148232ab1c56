"""What a user's condition is once it has been read: plain steps, and what it can be asked about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pv_heater.core.rule_names import Value
from pv_heater.core.setting import DayTime


@dataclass(frozen=True, slots=True)
class Probe:
    """A question to the world outside: ``ping`` with a host, ``file_exists`` with a path."""

    kind: str
    target: str

    def __str__(self) -> str:
        return f'{self.kind}("{self.target}")'


class Scene(Protocol):
    """What a condition is asked about; see `core.rule_names` for the names."""

    def site(self, name: str) -> Value:
        """The value of a name of the home."""
        ...

    def load(self, load: str, name: str) -> Value:
        """The value of a name of a load; `this` is the one that the rule belongs to."""
        ...

    def held(self, number: int, condition: bool | None, for_s: float) -> bool | None:
        """Whether `condition` has been true for so long; `number` tells the places of one text apart."""
        ...

    def between(self, begin: DayTime, end: DayTime) -> bool | None:
        """Whether the time of day lies between two, past midnight too."""
        ...

    def probe(self, probe: Probe) -> bool | None:
        """What the world outside answered last."""
        ...


Step = Callable[[Scene], Value]


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
