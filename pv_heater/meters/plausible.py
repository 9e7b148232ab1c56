"""What a home can have and what it cannot. Shared by all meters; an impossible value is left out and named once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from pv_heater.core.numbers import number_of as number_of  # meters find it here

MOST_W = 1e6
"""A megawatt: beyond it lies no home, but a wrapped register, a wrong unit or a broken line."""
MOST_V = 2000.0
"""Above the strings of modules that a home may have (1500 V)."""

Complain = Callable[[str], None]
"""Gets a sentence, without its full stop, for each value that is left out."""


class Complaints:
    """Says each kind of trouble once, so that a value that is wrong every second is still one line."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._said: set[str] = set()

    def __call__(self, text: str) -> None:
        """Warn, unless the same was said before but for its numbers."""
        kind = "".join(character for character in text if not character.isdigit())
        if kind not in self._said:
            self._said.add(kind)
            self._log.warning("%s.", text)


def plausible_w(what: str, power_w: float | None, complain: Complain) -> float | None:
    """The power, None when it is missing or when no home has so much; `what` begins the complaint."""
    if power_w is None or abs(power_w) <= MOST_W:
        return power_w
    complain(f"{what} is {power_w:.0f} W, which no home has; it is left out")
    return None


def plausible_percent(what: str, percent: float | None, complain: Complain) -> float | None:
    """The state of charge, None when it is missing or outside 0 to 100."""
    if percent is None or 0.0 <= percent <= 100.0:
        return percent
    complain(f"{what} is {percent:g} %, which cannot be; it is left out")
    return None


def total(values: Iterable[float | None]) -> float | None:
    """The sum of what is there; None when nothing is. A phase that does not exist is no error."""
    found = [value for value in values if value is not None]
    return sum(found) if found else None
