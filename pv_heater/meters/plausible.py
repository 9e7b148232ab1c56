"""What a home can have and what it cannot. Shared by all meters; an impossible value is left out and named once."""

from __future__ import annotations

from collections.abc import Iterable

from pv_heater.io.system.log import Complain

MOST_W = 1e6
"""A megawatt: beyond it lies no home, but a wrapped register, a wrong unit or a broken line."""
MOST_V = 2000.0
"""Above the strings of modules that a home may have (1500 V)."""


def plausible_w(what: str, power_w: float | None, complain: Complain) -> float | None:
    """The power, None when it is missing or when no home has that much; `what` begins the complaint."""
    if power_w is None or abs(power_w) <= MOST_W:
        return power_w
    complain(f"{what} is {power_w:.0f} W, which no home has; it is left out")
    return None


def plausible_v(what: str, voltage_v: float | None, complain: Complain) -> float | None:
    """The voltage of a battery, None when it is missing, negative, or when no home has that much."""
    if voltage_v is None or 0.0 <= voltage_v <= MOST_V:
        return voltage_v
    complain(f"{what} is {voltage_v:.0f} V, which no home has; it is left out")
    return None


def plausible_percent(what: str, percent: float | None, complain: Complain) -> float | None:
    """The state of charge, None when it is missing or outside 0 to 100."""
    if percent is None or 0.0 <= percent <= 100.0:
        return percent
    complain(f"{what} is {percent:g} %, which cannot be; it is left out")
    return None


def total(values: Iterable[float | None]) -> float | None:
    """The sum of what is there; None when nothing is. A phase that does not exist is not an error."""
    found = [value for value in values if value is not None]
    return sum(found) if found else None
