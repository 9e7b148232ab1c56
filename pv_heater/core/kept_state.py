"""What a restart must not forget, of all parts of a home: given as one plain JSON object, and taken back in two goes.

What was learned counts however old it is, at once. Modes, timers and counts wait for the first step, since only then is
it known how long the program was away.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pv_heater.core.actuators.actuators import Actuators
from pv_heater.core.duties.duties import Duties
from pv_heater.core.house.observer import HouseObserver
from pv_heater.core.house.surplus import Strategy
from pv_heater.core.loads.day_count import DayCount
from pv_heater.core.loads.home_loads import HomeLoads
from pv_heater.core.loads.saved import SCHEMA, Saved
from pv_heater.core.model.numbers import group_in
from pv_heater.core.own_draw import OwnDraw
from pv_heater.core.rules.rules import Rules
from pv_heater.core.vacations import Vacations


class KeptState:
    """Gathers the state of the parts, and hands each its own of a saved one."""

    def __init__(
        self,
        given: Mapping[str, Any] | None,
        *,
        loads: HomeLoads,
        own: OwnDraw,
        actuators: Actuators,
        watch: HouseObserver,
        duties: Duties,
        rules: Rules,
        vacations: Vacations,
        day_count: DayCount,
    ) -> None:
        """`given` is what was saved, None for a home that begins. Raises ValueError for a state that is none."""
        self._loads, self._own, self._actuators, self._watch = loads, own, actuators, watch
        self._duties, self._rules, self._vacations, self._day_count = duties, rules, vacations, day_count
        self._given = given
        self._saved = Saved.parse(given) if given is not None else None
        self.is_waiting = given is not None
        """Whether something is still to be taken back."""
        self.remarks = self._saved.remarks if self._saved is not None else ()
        """Sentences for the owner: what of it could not be used."""
        self._absent: dict[str, str] = {}
        """Saved faults of loads that the settings do not name now: they must be there when the load comes back."""

    def take_learned(self, strategy: Strategy, strategy_word: str) -> None:
        """What counts of a saved state however old it is."""
        saved = self._saved
        if saved is None:
            return
        parts = saved.parts
        for name, load in saved.loads.items():
            if load.fault and name not in self._loads.policies:
                self._absent[name] = load.fault
        learned = group_in(group_in(parts, "strategy"), "learned")
        # Earlier versions kept what was learned of sun and use with the strategy.
        self._watch.ahead.restore(group_in(parts, "ahead") or learned)
        if saved.strategy_type == strategy_word:
            strategy.restore(learned)
        self._watch.measured_twice.restore(parts.get("house"))
        self._own.restore(parts.get("powers"))

    def take_back(self, now: datetime, tick_s: float) -> date | None:
        """The rest, in the first step; the local day that the counts belong to."""
        saved, self._saved, self._given, self.is_waiting = self._saved, None, None, False
        if saved is None:
            return None
        away_s, parts = saved.longest_away_s(now), saved.parts
        self._loads.take_back(saved.of(self._loads.policies), tick_s, saved.away_s(now))
        self._duties.restore(group_in(parts, "duties"), tick_s, away_s)
        self._rules.take_back(parts.get("rules"), tick_s, away_s)
        self._actuators.restore(parts.get("curves"))
        self._day_count.restore(group_in(parts, "today"))
        self._vacations.restore(parts)
        return saved.day

    def as_json(
        self, now: datetime | None, day: date | None, tick_s: float, strategy: Strategy, strategy_word: str
    ) -> dict[str, Any]:
        """Modes, timers, energies and what was learned, as plain JSON types, versioned."""
        if self._given is not None:
            return dict(self._given)  # not one step yet: nothing has changed
        return {
            "schema": SCHEMA,
            "saved_at": now.isoformat() if now else None,
            "day": day.isoformat() if day else None,
            **self._vacations.state(),
            "faults": self._absent | self._loads.faults(),
            "loads": self._loads.as_json(tick_s),
            "today": self._day_count.state(),
            "powers": self._own.state(),
            "house": self._watch.measured_twice.state(),
            "duties": self._duties.state(tick_s),
            "rules": self._rules.as_json(tick_s),
            "curves": self._actuators.state(),
            "ahead": self._watch.ahead.state(),
            "strategy": {"type": strategy_word, "learned": strategy.state()},
        }
