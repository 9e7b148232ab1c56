"""When to save the controller's state: at every change of phase, mode or day, and now and then for the energies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pv_heater.core.model.values import Decision, Forecast, Reading

SAVE_EVERY_S = 900.0
"""A quarter hour of energy counts is what a power cut may cost; more often would wear the card for nothing."""


class StateSaver:
    """A reporter that hands the state to `save` when something changed that a restart must not forget."""

    def __init__(
        self,
        state: Callable[[], Mapping[str, Any]],
        save: Callable[[Mapping[str, Any]], None],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._state = state
        self._save = save
        self._monotonic_s = monotonic_s
        self._saved_s = monotonic_s()
        self._stand: object = None

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
        """Save if a phase, a mode or the day changed, or a quarter hour has passed."""
        del now, reading, forecast
        day = None if decision.today is None else decision.today.day
        stand = (day, *((state.phase, state.mode) for state in decision.loads.values()))
        if stand == self._stand and self._monotonic_s() - self._saved_s < SAVE_EVERY_S:
            return
        self._stand, self._saved_s = stand, self._monotonic_s()
        self._save(self._state())
