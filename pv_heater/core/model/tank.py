"""A tank for people: how full of heat it is, and how it stands against legionella."""

from __future__ import annotations

from datetime import date, datetime

from pv_heater.core.model.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """A tank was hot enough for long enough."""

    day: date
    by_duty: bool
    """False: the sun did it by itself."""
    warmest_c: float
    bought_wh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HygieneRecord:
    """What the settings ask of a tank, and what came of it."""

    at_c: float
    due_on: date | None
    """The last day on which the next cycle may be; None before the time of day was known."""
    held_s: float
    """So long it has been hot enough now, without a break."""
    cycles: tuple[Cycle, ...]
    """The last ones, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TankStatus:
    """A tank, for people."""

    percent: float | None
    """Heat in it, 0 cold to 100 full; None: not known."""
    kwh_to_go: float | None
    """Energy until it is full; None: not known."""
    ready_at: datetime | None
    """When it is full if it goes on as now; None: it is not being heated, or nothing is known."""
    estimated: bool
    """True: without a probe, from the energy that went in."""
    hygiene: str | None
    """How it stands against legionella, as a sentence; None: that is off."""
    hygiene_record: HygieneRecord | None
    """The same as data."""
