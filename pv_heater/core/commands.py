"""What the owner orders: forced modes, boosts, cleared faults, a vacation. Obeyed at the beginning of a step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pv_heater.core.duties.duties import Duties
from pv_heater.core.loads.home_loads import HomeLoads
from pv_heater.core.model.requests import (
    FORCE_DEFAULT_S,
    FORCE_LONGEST_S,
    Boost,
    ClearFault,
    Command,
    Force,
    Mode,
    Vacation,
)
from pv_heater.core.vacations import Vacations


class Commands:
    """Passes commands on to the loads, their duties, and whoever knows of vacations."""

    def __init__(self, loads: HomeLoads, duties: Duties, vacations: Vacations) -> None:
        self._loads, self._duties, self._vacations = loads, duties, vacations

    def obey(self, commands: Sequence[Command], now: datetime, tick_s: float) -> set[str]:
        """Apply commands; the names of loads whose fault is to be cleared. Unknown loads raise ValueError."""
        cleared = set()
        for command in commands:
            if isinstance(command, Vacation):
                self._vacations.announce(command.until_at, now)
                continue
            if command.load not in self._loads.policies:
                raise ValueError(f"there is no load {command.load!r}; there is {', '.join(self._loads.policies)}")
            if isinstance(command, ClearFault):
                cleared.add(command.load)
            elif isinstance(command, Boost):
                for_s = FORCE_DEFAULT_S if command.for_s is None else command.for_s
                if command.at is not None:
                    self._duties.plan_boost(command.load, command.at, for_s, command.to_c)
                    continue
                self._loads.free(command.load)
                self._duties.begin_boost(command.load, tick_s, for_s, command.to_c)
            else:
                self._duties.end_boost(command.load, planned_too=command.mode is Mode.AUTO)
                self._force(command, tick_s)
        return cleared

    def _force(self, command: Force, tick_s: float) -> None:
        if command.mode is Mode.AUTO:
            self._loads.free(command.load)
            return
        for_s = FORCE_DEFAULT_S if command.for_s is None else command.for_s
        # For good: where the settings do not allow it, the load itself puts the usual end, see `core.loads.machine`.
        until_s = None if command.for_good else tick_s + min(FORCE_LONGEST_S, max(0.0, for_s))
        self._loads.force(command.load, command.mode, tick_s=tick_s, until_s=until_s, power_w=command.power_w)
