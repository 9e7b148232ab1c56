"""The latest tick as others may see it: displays, `status`, a page."""

from __future__ import annotations

from datetime import datetime

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import Decision, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The latest tick as others may see it."""

    now: datetime
    decision: Decision
    reading: Reading | None
    forecast_source: str | None
    commands_seen: int = 0
    """Every command up to this number has been through a tick."""
