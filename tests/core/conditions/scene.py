"""A home for conditions: values given by name, everything else not known."""

from __future__ import annotations

from typing import Any

from pv_heater.core.conditions.expression import Probe
from pv_heater.core.conditions.names import Value
from pv_heater.core.conditions.parser import parse
from pv_heater.core.model.setting import DayTime


class GivenScene:
    """Names that are not given are not known; what lasts or has lasted answers at once what it is asked about."""

    def __init__(self, **values: Any) -> None:
        self._values = {name: float(value) if type(value) is int else value for name, value in values.items()}

    def site(self, name: str) -> Value:
        return self._values.get(name)

    def load(self, load: str, name: str) -> Value:
        return self._values.get(f"{load}__{name}")

    def held(self, number: int, condition: bool | None, for_s: float) -> bool | None:
        return condition

    def lasting(self, number: int, condition: bool | None, on_s: float, off_s: float) -> bool | None:
        return condition

    def hysteresis(self, number: int, value: float | None, on_at: float, off_at: float) -> bool | None:
        return None if value is None else value >= on_at

    def between(self, begin: DayTime, end: DayTime) -> bool | None:
        return self._values.get("between")

    def probe(self, probe: Probe) -> bool | None:
        return self._values.get(probe.kind)


def holds(text: str, **values: Any) -> bool | None:
    """What the condition gives in a home with these values."""
    return parse(text).holds(GivenScene(**values))
