"""What the meter in front of a load can say: its power, for `power_from:`."""

from __future__ import annotations

from pv_heater.core.numbers import number_of
from pv_heater.errors import BadReply

MOST_W = 100_000.0
"""The most any load can be set to, and so the most its meter can mean."""


def plug_w(value: object, who: str, *, scale: float = 1.0) -> float:
    """The power in W that `value`, a number or its text, stands for: ``value * scale``; `who` begins the message.

    A clamp the wrong way round tells it below 0; that is passed on. Raises BadReply for what is no number, and for
    what no load can draw.
    """
    number = number_of(value)
    if number is None:
        kind = repr(value)[:60] if isinstance(value, str | bool) else f"a {type(value).__name__}"
        raise BadReply(f"{who} says {kind}, where a power in W should be")
    power_w = number * scale
    if not abs(power_w) <= MOST_W:
        raise BadReply(f"{who} says {power_w:g} W, which no load can draw")
    return power_w
