"""Who else steers the battery, as cells of a recording: a column for each field of a `Steering`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from pv_heater.core.model.steering import Steering

HEAD = "steering"
COLUMNS = tuple([f"{HEAD}.{item.name}" for item in fields(Steering)])
_NUMBERS = ("charge_w", "target_percent", "ahead_percent")
_WORDS = {"true": True, "false": False}


def value_of(steering: Steering | None, column: str) -> Any:
    """What stands in that column; None is an empty cell."""
    value = None if steering is None else getattr(steering, column.removeprefix(f"{HEAD}."))
    return value.isoformat() if isinstance(value, datetime) else value


def steering_of(cells: Mapping[str, str]) -> Steering | None:
    """The value of these cells, by column; None where all are empty. Raises ValueError, with a sentence."""
    told = {column.removeprefix(f"{HEAD}."): text for column, text in cells.items() if text and text.lower() != "nan"}
    if not told:
        return None
    values: dict[str, Any] = {}
    for name, text in told.items():
        try:
            values[name] = _parsed(name, text)
        except (KeyError, ValueError):
            raise ValueError(f"{HEAD}.{name} cannot be {text!r}") from None
    try:
        return Steering(**values)
    except ValueError as error:
        raise ValueError(f"{HEAD}: {error}") from None


def _parsed(name: str, text: str) -> Any:
    if name in _NUMBERS:
        return float(text)
    if name == "until_at":
        return datetime.fromisoformat(text)
    return _WORDS[text.lower()] if name == "opportunity_loads" else text
