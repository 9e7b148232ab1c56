"""The latest tick, for whoever asks from another thread: `status`, displays, the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from pv_heater.core.model.status import Pulse, Status
from pv_heater.core.model.values import Decision, Forecast, Phase, Reading

if TYPE_CHECKING:
    from pv_heater.status.home import Home
    from pv_heater.status.newest import NewestDocument


def _none() -> int:
    return 0


def _unknown() -> None:
    """Where nobody measures."""


class NewestStatus:
    """A reporter that swaps what was true for what is true. Read from any thread."""

    def __init__(self, commands_seen: Callable[[], int] = _none, late_s: Callable[[], float | None] = _unknown) -> None:
        """Both are those of the loop, asked on its own thread."""
        self._commands_seen, self._late_s = commands_seen, late_s
        self._ticks = 0
        self._faulty: frozenset[str] = frozenset()
        self._faults: dict[str, int] = {}
        self.status: Status | None = None
        """None before the first tick."""
        self.forecast: Forecast | None = None

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
        """Keep what is true at `now`."""
        self.forecast = forecast
        self._ticks += 1
        self._count_faults(decision)
        self.status = Status(
            now=now,
            decision=decision,
            reading=reading,
            forecast_source=None if forecast is None else forecast.source,
            commands_seen=self._commands_seen(),
            pulse=Pulse(ticks=self._ticks, late_s=self._late_s(), faults=self._faults),
        )

    def _count_faults(self, decision: Decision) -> None:
        faulty = frozenset(name for name, load in decision.loads.items() if load.phase is Phase.FAULT)
        new = faulty - self._faulty
        self._faulty = faulty
        if new or len(self._faults) < len(decision.loads):
            # Those who have the former one keep it as it was.
            self._faults = {name: self._faults.get(name, 0) + (name in new) for name in decision.loads}


def newest_document(home: Home, monotonic_s: Callable[[], float]) -> Callable[[], NewestDocument]:
    """Makes, at the first call, the one document that page, other systems and messages are told from.

    Its code is loaded no earlier: a home that tells nobody needs none of it. `monotonic_s` are real seconds.
    """

    def made() -> NewestDocument:
        from pv_heater.status.newest import NewestDocument

        return NewestDocument(home, monotonic_s)

    return cache(made)
