"""How a tank stands, for people and programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
