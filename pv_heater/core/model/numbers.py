"""Values out of what others wrote: an answer, or a saved state. Pure.

What is not such a value is None, so that a damaged state costs its memory and no more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

LARGEST = 1e9
"""No number that is saved is larger, nor below its negative: 30 years in seconds, a GWh, a GW."""
FIRST_YEAR, LAST_YEAR = 1970, 2199
"""A Pi without a clock chip wakes up in 1970."""
DEEPEST = 16
"""No state is nested deeper; a damaged one may be."""
DAMAGED = "(damaged)"
"""No number, no instant, no word that means anything."""


def number_of(value: object) -> float | None:
    """A finite number, also when it came as text ("78"); None for everything else, truth values and lists included."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def json_number_of(value: object) -> float | None:
    """A finite number that came as one; None for everything else, its text included."""
    return None if isinstance(value, str) else number_of(value)


def cleaned(value: Any, complaints: list[str], path: str = "", depth: int = 0) -> Any:
    """The same as plain JSON types, with `DAMAGED` for numbers and instants that nothing can be computed with.

    `complaints` gets the path of each. It is not None, which says something: never, or without an end.
    """
    if isinstance(value, Mapping) and depth < DEEPEST:
        return {str(key): cleaned(item, complaints, _joined(path, key), depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple) and depth < DEEPEST:
        return [cleaned(item, complaints, _joined(path, number), depth + 1) for number, item in enumerate(value)]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and _usable(value):
        return value
    if isinstance(value, str) and _in_time(value):
        return value
    complaints.append(path)
    return DAMAGED


def number_in(state: Mapping[str, Any], key: str) -> float | None:
    """A finite number that is not below 0."""
    value = state.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not _usable(value) or value < 0:
        return None
    return float(value)


def day_in(state: Mapping[str, Any], key: str) -> date | None:
    """A calendar day."""
    value = state.get(key)
    if not isinstance(value, str) or not _in_time(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def instant_in(state: Mapping[str, Any], key: str) -> datetime | None:
    """An instant that carries a time zone."""
    value = state.get(key)
    if not isinstance(value, str) or not _in_time(value):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None


def text_in(state: Mapping[str, Any], key: str) -> str | None:
    """A text that is not empty."""
    value = state.get(key)
    return value if isinstance(value, str) and value not in ("", DAMAGED) else None


def group_in(state: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A group of values; an empty one for anything else."""
    value = state.get(key)
    return value if isinstance(value, Mapping) else {}


def _usable(value: float) -> bool:
    return -LARGEST <= value <= LARGEST and (isinstance(value, int) or math.isfinite(value))


def _in_time(text: str) -> bool:
    """Whether it is not an instant, or one that can be reckoned with: at the ends of the calendar sums overflow."""
    try:
        return FIRST_YEAR <= datetime.fromisoformat(text).year <= LAST_YEAR
    except ValueError:
        return True


def _joined(path: str, key: object) -> str:
    return f"{path}.{str(key)[:40]}" if path else str(key)[:40]
