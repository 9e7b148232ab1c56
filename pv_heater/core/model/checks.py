"""What values that cross borders must be: finite numbers, aware instants."""

from __future__ import annotations

import math
from datetime import UTC, datetime


def require_finite(name: str, value: float | None) -> None:
    """Raise ValueError when `value` is NaN or infinite; None (missing) passes."""
    try:
        finite = value is None or math.isfinite(value)
    except OverflowError:  # a whole number beyond what a float holds
        raise ValueError(f"{name} must be a finite number, not one of more than 300 digits") from None
    if not finite:
        raise ValueError(f"{name} must be a finite number, not {value}")


def require_aware(name: str, value: datetime) -> None:
    """Raise ValueError when `value` carries no time zone."""
    if value.tzinfo is None:
        raise ValueError(f"{name} must carry a time zone, but {value.isoformat()} has none")


def in_utc(name: str, value: datetime) -> datetime:
    """The same instant in UTC; raises ValueError when `value` carries no time zone.

    Python subtracts and compares two instants of the same zone by their wall clocks, which is an hour off when
    summer time begins or ends. In UTC the two are the same.
    """
    if value.tzinfo is UTC:
        return value
    require_aware(name, value)
    return value.astimezone(UTC)


def are_finite(*values: float | None) -> bool:
    """Whether none of these is NaN or infinite, at one look; False also where only their sum is beyond a float."""
    try:
        return math.isfinite(sum([0.0 if value is None else value for value in values]))
    except OverflowError:
        return False
