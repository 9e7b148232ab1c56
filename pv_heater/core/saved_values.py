"""Values out of a saved state: what is no such value is None, so that a damaged one costs its memory and no more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any


def number_in(state: Mapping[str, Any], key: str) -> float | None:
    """A finite number that is not below 0."""
    value = state.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return None
    return float(value)


def day_in(state: Mapping[str, Any], key: str) -> date | None:
    """A calendar day."""
    try:
        return date.fromisoformat(str(state.get(key)))
    except ValueError:
        return None


def instant_in(state: Mapping[str, Any], key: str) -> datetime | None:
    """An instant that carries a time zone."""
    try:
        instant = datetime.fromisoformat(str(state.get(key)))
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None


def group_in(state: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A group of values; an empty one for anything else."""
    value = state.get(key)
    return value if isinstance(value, Mapping) else {}
