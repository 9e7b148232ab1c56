"""The latest tick, for whoever asks from another thread: `status`, displays, the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pv_heater.core.model.status import Status
from pv_heater.core.model.values import Decision, Forecast, Reading


def _none() -> int:
    return 0


class NewestStatus:
    """A reporter that swaps what was true for what is true. Read from any thread."""

    def __init__(self, commands_seen: Callable[[], int] = _none) -> None:
        """`commands_seen` is that of the loop, asked on its own thread."""
        self._commands_seen = commands_seen
        self.status: Status | None = None
        """None before the first tick."""
        self.forecast: Forecast | None = None

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
        """Keep what is true at `now`."""
        self.forecast = forecast
        self.status = Status(
            now=now,
            decision=decision,
            reading=reading,
            forecast_source=None if forecast is None else forecast.source,
            commands_seen=self._commands_seen(),
        )
