"""What people may ask of a running controller."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pv_heater.core.model.checks import require_aware, require_finite
from pv_heater.core.model.lean import dataclass


class Mode(StrEnum):
    """What the owner asked of a load. ``on`` and ``off`` always end by themselves."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


BOOST_AHEAD_S = 7 * 86_400.0
"""No boost is planned further ahead: a week from now it is forgotten."""
FORCE_LONGEST_S = 7 * 86_400.0
"""No forced mode lasts longer than a week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Force:
    """Command: put `load` into `mode` for `for_s` seconds (default two hours), at `power_w` (None: all it has)."""

    load: str
    mode: Mode
    for_s: float | None = None
    power_w: float | None = None

    def __post_init__(self) -> None:
        require_finite("for_s", self.for_s)
        require_finite("power_w", self.power_w)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearFault:
    """Command: end the latched fault of `load`."""

    load: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacation:
    """Command: nobody home, no automatic heating before `until_at`; None ends it."""

    until_at: datetime | None

    def __post_init__(self) -> None:
        if self.until_at is not None:
            require_aware("until_at", self.until_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Boost:
    """Command: heat `load` for `for_s` seconds at most (default two hours) and to `to_c` (None: its target).

    From `at` on, at most a week ahead; None: now. A later one of the same load takes the place of an earlier one.
    """

    load: str
    for_s: float | None = None
    to_c: float | None = None
    at: datetime | None = None

    def __post_init__(self) -> None:
        if self.at is not None:
            require_aware("at", self.at)
        require_finite("for_s", self.for_s)
        require_finite("to_c", self.to_c)


Command = Force | ClearFault | Vacation | Boost
