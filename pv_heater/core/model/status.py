"""The latest tick as others may see it: displays, `status`, a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import Decision, Reading

STALE_S = 15.0
"""A tick is made every 5 s at least; later than this the loop hangs, and what it last said may not be true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """How the loop itself fares."""

    ticks: int = 0
    """Since the start."""
    late_s: float | None = None
    """How late the newest tick of its pace began; None where nobody measures."""
    faults: Mapping[str, int] = field(default_factory=dict)
    """How often each load went into fault since the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The latest tick as others may see it."""

    now: datetime
    decision: Decision
    reading: Reading | None
    forecast_source: str | None
    commands_seen: int = 0
    """Every command up to this number has been through a tick."""
    pulse: Pulse = field(default_factory=Pulse)
