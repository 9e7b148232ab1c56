"""Numbers in what others send. Pure."""

from __future__ import annotations

import math


def number_of(value: object) -> float | None:
    """A finite number, also when it came as text ("78"); None for everything else, truth values and lists included."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
