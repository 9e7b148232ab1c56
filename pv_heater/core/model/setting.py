"""How a setting is declared: its unit, range, default and help travel with it.

``check``, the comments of Files/config.yaml and the messages about mistakes are made from these. Adapters declare
theirs beside their code with the same helper. Nothing here reads files: ``config/load.py`` turns YAML into the classes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, field, fields
from datetime import time, timedelta
from math import inf
from typing import Any, get_type_hints

from pv_heater.core.model.lean import dataclass


class Secret(str):
    """A text that never shows in a log, repr, page or journal: only `reveal` gives it away."""

    __slots__ = ()

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return str.__str__(self)

    def __repr__(self) -> str:
        return "(secret)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format("(secret)", spec)


class SettingProblem(ValueError):
    """A value that no setting can take; `key` names the setting when the class knows which one it is."""

    def __init__(self, message: str, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


def setting(
    help: str,
    *,
    default: Any = MISSING,
    factory: Any = None,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[Any] | None = None,
    key: str | None = None,
    check: Callable[[Any], object] | None = None,
    live: bool = False,
) -> Any:
    """Declare one setting; without `default` or `factory` it must be given. Bounds are inclusive.

    `check` raises SettingProblem for a value that bounds and choices cannot describe.
    `key` is its word in YAML where that is not a Python name (``from``). A default of None that means something
    computed is written ``auto`` in YAML; the help says so. `live`: it may change while the program runs, since nothing
    is built from it that would have to be built anew: no pin, address, secret or meter.
    """
    metadata = {
        "help": help,
        "unit": unit,
        "minimum": minimum,
        "maximum": maximum,
        "choices": choices,
        "key": key,
        "check": check,
        "live": live,
    }
    options: dict[str, Any] = {"metadata": metadata, "kw_only": True}
    if factory is not None:
        return field(default_factory=factory, **options)
    return field(default=default, **options)


def settings_of(cls: type[Any]) -> tuple[Field[Any], ...]:
    """The fields of a settings class that stand in YAML, each with its type."""
    found = tuple(each for each in fields(cls) if "help" in each.metadata)
    if any(isinstance(each.type, str) for each in found):
        types = get_type_hints(cls)
        for each in found:
            each.type = types[each.name]
    return found


def key_of(field: Field[Any]) -> str:
    """The word of a setting in YAML."""
    return str(field.metadata["key"] or field.name)


def is_required(field: Field[Any]) -> bool:
    """Whether it must be given."""
    return field.default is MISSING and field.default_factory is MISSING


def default_of(field: Field[Any]) -> Any:
    """The value of a setting that is not given; None also where it must be."""
    if field.default_factory is not MISSING:
        return field.default_factory()
    return None if field.default is MISSING else field.default


def check_range(value: Any, metadata: Any) -> None:
    """Raise SettingProblem when `value` lies outside the declared bounds or choices, or fails its own check."""
    minimum, maximum = metadata.get("minimum"), metadata.get("maximum")
    choices, unit = metadata.get("choices"), metadata.get("unit")
    if isinstance(value, int | float) and not isinstance(value, bool):
        suffix, slip = f" {unit}" if unit else "", _slip(value, minimum, maximum, unit)
        if minimum is not None and maximum is not None and not minimum <= value <= maximum:
            raise SettingProblem(f"must be between {minimum:.10g} and {maximum:.10g}{suffix}, not {value:g}{slip}")
        if minimum is not None and value < minimum:
            raise SettingProblem(f"must be at least {minimum:.10g}{suffix}, not {value:g}{slip}")
        if maximum is not None and value > maximum:
            raise SettingProblem(f"must be at most {maximum:.10g}{suffix}, not {value:g}{slip}")
    if choices is not None and value not in choices:
        raise SettingProblem(f"must be one of {', '.join(str(choice) for choice in choices)}, not {value!r}")
    if metadata.get("check") is not None and value is not None:
        metadata["check"](value)


def _slip(value: float, minimum: float | None, maximum: float | None, unit: str | None) -> str:
    """The value that was probably meant where kilo and plain units were mixed up; empty where none fits."""
    low, high = minimum if minimum is not None else -inf, maximum if maximum is not None else inf
    factor = {"W": 1000.0, "Wh": 1000.0, "kWp": 0.001}.get(unit or "", 1.0)
    in_range = low <= value <= high or not low <= value * factor <= high
    return "" if in_range or value <= 0 else f"; did you mean {value * factor:g}?"


@dataclass(frozen=True, slots=True)
class DayTime:
    """A moment of the day: a clock time, or sunrise or sunset with an offset."""

    event: str
    """``clock``, ``sunrise`` or ``sunset``."""
    clock: time | None = None
    offset: timedelta = timedelta(0)

    _PATTERN = re.compile(r"^(sunrise|sunset)(?:\s*([+-])\s*(\d+)\s*(m|min|h))?$")

    @classmethod
    def parse(cls, text: str) -> DayTime:
        """Read ``09:00``, ``18:00:00``, ``sunrise+30m``, ``sunset-1h``; raise SettingProblem for anything else."""
        match = cls._PATTERN.match(text.strip())
        if match:
            event, sign, amount, unit = match.groups()
            minutes = int(amount or 0) * (60 if unit == "h" else 1)
            return cls(event=event, offset=timedelta(minutes=-minutes if sign == "-" else minutes))
        try:
            hour, minute, *rest = (int(part) for part in text.strip().split(":"))
            return cls(event="clock", clock=time(hour, minute, rest[0] if rest else 0))
        except ValueError:
            raise SettingProblem(
                f"must be a time of day such as 09:00, sunrise+30m or sunset-1h, not {text!r}"
            ) from None

    def __str__(self) -> str:
        if self.clock is not None:
            return self.clock.isoformat(timespec="minutes")
        minutes = int(self.offset.total_seconds() // 60)
        return f"{self.event}{minutes:+d}m" if minutes else self.event
