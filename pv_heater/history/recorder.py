"""What the control thread hands over: each tick, and nothing else. It never waits for the history."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime

from pv_heater.core.model.day_energies import DayEnergies
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import Decision, Forecast, Reading

MOST_KEPT = 600
"""Ten minutes of ticks, while the disk hangs; then the oldest are forgotten. About 2 MB."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick."""

    at_s: float
    """Monotonic."""
    now: datetime
    decision: Decision


class Recorder:
    """A reporter of the loop."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._ticks: deque[Tick] = deque(maxlen=MOST_KEPT)
        self.newest: DayEnergies | None = None
        """Of the newest tick whose time of day is known; read from any thread."""

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
        """Remember it."""
        del reading, forecast
        self._ticks.append(Tick(self._monotonic_s(), now, decision))
        if decision.trace.clock_trusted is not False:
            self.newest = decision.today

    def take(self) -> list[Tick]:
        """The ticks since the last call, oldest first. For one thread."""
        taken = []
        while self._ticks:
            taken.append(self._ticks.popleft())
        return taken
