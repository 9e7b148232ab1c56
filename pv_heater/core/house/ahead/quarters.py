"""The quarter hours ahead, and what is expected of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pv_heater.core.model.lean import passing

QUARTER_S = 900


@passing(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A quarter hour, or what is left of it: mean powers as expected."""

    start_at: datetime
    end_at: datetime
    sun_w: float
    clear_w: float
    """Under a cloudless sky."""
    use_w: float
    """Of the house without controlled loads."""
    hours: float
    """Its length."""


def lit_until(day: Sequence[Stretch]) -> int:
    """How many of these quarters, in order of time, there are up to the last in which the sun may shine."""
    return max([number for number, stretch in enumerate(day, 1) if stretch.sun_w > 0 or stretch.clear_w > 0], default=0)


def quarters_between(start_at: datetime, end_at: datetime) -> list[datetime]:
    """The beginnings of all quarter hours that overlap the time between two instants."""
    first_at = start_at.replace(minute=start_at.minute - start_at.minute % 15, second=0, microsecond=0)
    count = -(-int((end_at - first_at).total_seconds()) // QUARTER_S)
    return [first_at + timedelta(seconds=QUARTER_S * number) for number in range(count)]
