"""What people may ask of a running controller."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pv_heater.core.model.checks import require_aware, require_finite
from pv_heater.core.model.lean import dataclass


class Mode(StrEnum):
    """What the owner asked of a load. ``on`` and ``off`` end by themselves, but where a load may be forced for good."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


BOOST_AHEAD_S = 7 * 86_400.0
"""No boost is planned further ahead: a week from now it is forgotten."""
FORCE_DEFAULT_S = 7200.0
"""A forced mode without a duration: long enough for a bath, short enough to be forgotten without harm."""
FORCE_LONGEST_S = 7 * 86_400.0
"""No end of a forced mode is further away than a week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Force:
    """Command: put `load` into `mode` for `for_s` seconds (default two hours), at `power_w` (None: all it has).

    `for_good`: without an end, until another order, where the load's settings allow that; else for the usual time.
    """

    load: str
    mode: Mode
    for_s: float | None = None
    power_w: float | None = None
    for_good: bool = False

    def __post_init__(self) -> None:
        if self.for_good and (self.mode is Mode.AUTO or self.for_s is not None):
            raise ValueError("for good goes with mode on or off, and with no other end")
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
