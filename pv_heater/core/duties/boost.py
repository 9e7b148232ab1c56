"""A boost: the owner wants it hot now, until a temperature or for a time, whichever comes first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pv_heater.core.duties.context import DutyContext
from pv_heater.core.loads.duty import BOOST, Duty
from pv_heater.core.model.numbers import number_in
from pv_heater.core.settings.load import LoadSettings

LONGEST_S = 12 * 3600.0
"""Time enough for 500 litres at 2 kW."""
HOTTEST_C = 100.0
"""No boost heats water further."""


class BoostOf:
    """The boost of one load, if one runs."""

    def __init__(self, policy: LoadSettings) -> None:
        self._policy = policy
        self._until_s: float | None = None
        self._to_c: float | None = None
        self.is_running = False
        """Whether one has begun and not ended."""
        self.notice: str | None = None
        """How the last one ended."""

    def adopt(self, policy: LoadSettings) -> None:
        """A boost from now on has this target; one that runs keeps its own."""
        self._policy = policy

    def begin(self, tick_s: float, for_s: float, to_c: float | None) -> None:
        """Run from `tick_s` for `for_s` seconds at most; `to_c` None: to the load's target, where it has one."""
        self._until_s = tick_s + min(LONGEST_S, max(0.0, for_s))
        self._to_c = self._policy.target_c if to_c is None else to_c
        self.is_running = True

    def end(self) -> None:
        """Run no more."""
        self._until_s = self._to_c = None
        self.is_running = False

    def duty(self, context: DutyContext) -> Duty | None:
        """The duty of this step; None without a boost."""
        until_s, to_c = self._until_s, self._to_c
        if until_s is None:
            return None
        over = self._over(context, until_s)
        if over is not None:
            self.notice = f"boost over: {over}"
            self.end()
            return None
        goal = "" if to_c is None else f" to {to_c:.0f} degC"
        known = "" if context.temperature_c is None else f", it has {context.temperature_c:.1f} degC"
        # At no room below the fuse it waits, and goes on when there is.
        if context.most_w <= 0:
            return None
        return Duty(rule=BOOST, because=f"boost{goal}{known}", until_s=until_s, power_w=context.most_w)

    def state(self, tick_s: float) -> dict[str, Any]:
        """The seconds that are left and the goal, degC, as plain JSON types; both None without a boost."""
        return {"left_s": None if self._until_s is None else self._until_s - tick_s, "to_c": self._to_c}

    def restore(self, state: Mapping[str, Any], tick_s: float, away_s: float) -> None:
        """Go on after `away_s` seconds, if there is something left; anything else than `state` gave is ignored."""
        left_s, to_c = number_in(state, "left_s"), number_in(state, "to_c")
        lost = state.get("to_c") is not None and (to_c is None or to_c > HOTTEST_C)
        if left_s is not None and left_s > away_s and not lost:
            self.begin(tick_s, left_s - away_s, to_c)

    def _over(self, context: DutyContext, until_s: float) -> str | None:
        if context.tick_s >= until_s:
            return "its time is up"
        if context.drew_nothing:
            return "the thermostat has opened"
        if self._to_c is not None and context.temperature_c is not None and context.temperature_c >= self._to_c:
            return f"it has {context.temperature_c:.1f} degC"
        return None
