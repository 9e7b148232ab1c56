"""A boost: the owner wants it hot now, until a temperature or for a time, whichever comes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pv_heater.core.duties.context import DutyContext
from pv_heater.core.loads.duty import BOOST, Duty
from pv_heater.core.model.numbers import group_in, instant_in, number_in
from pv_heater.core.settings.load import LoadSettings

LONGEST_S = 12 * 3600.0
"""Time enough for 500 litres at 2 kW."""
HOTTEST_C = 100.0
"""No boost heats water further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBoost:
    """A boost that begins later."""

    at: datetime
    for_s: float
    to_c: float | None
    """None: to the load's target, where it has one."""


class BoostOf:
    """The boost of one load, if one runs."""

    def __init__(self, policy: LoadSettings) -> None:
        self._policy = policy
        self._until_s: float | None = None
        self._to_c: float | None = None
        self.is_running = False
        """Whether one has begun and not ended."""
        self.planned: PlannedBoost | None = None
        """One that is to begin later."""
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

    def plan(self, planned: PlannedBoost | None) -> None:
        """Run at that moment, instead of one planned before; None: at none."""
        if planned is not None:
            self.notice = f"a boost is planned from {planned.at:%Y-%m-%d %H:%M}"
        elif self.planned is not None:
            self.notice = "the planned boost is cancelled"
        self.planned = planned

    def begin_planned(self, now: datetime, tick_s: float) -> None:
        """Begin what was planned, once its moment has come; one that would be over by now is given up."""
        planned = self.planned
        if planned is None or now < planned.at:
            return
        left_s = min(LONGEST_S, planned.for_s) - (now - planned.at).total_seconds()
        self.planned = None
        if left_s > 0:
            self.begin(tick_s, left_s, planned.to_c)
        else:
            self.notice = "the planned boost was missed: its time was over when the program knew the time again"

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
        """The seconds that are left and the goal, degC, both None without a boost, and what is planned; plain JSON."""
        left_s = None if self._until_s is None else self._until_s - tick_s
        planned = self.planned
        return {
            "left_s": left_s,
            "to_c": self._to_c,
            "planned": None
            if planned is None
            else {"at": planned.at.isoformat(), "for_s": planned.for_s, "to_c": planned.to_c},
        }

    def restore(self, state: Mapping[str, Any], tick_s: float, away_s: float) -> None:
        """Go on after `away_s` seconds, if there is something left; anything else than `state` gave is ignored."""
        left_s, to_c = number_in(state, "left_s"), number_in(state, "to_c")
        lost = state.get("to_c") is not None and (to_c is None or to_c > HOTTEST_C)
        if left_s is not None and left_s > away_s and not lost:
            self.begin(tick_s, left_s - away_s, to_c)
        planned = group_in(state, "planned")
        at, for_s, to_c = instant_in(planned, "at"), number_in(planned, "for_s"), number_in(planned, "to_c")
        lost = planned.get("to_c") is not None and (to_c is None or to_c > HOTTEST_C)
        if at is not None and for_s is not None and not lost:
            self.planned = PlannedBoost(at=at, for_s=for_s, to_c=to_c)

    def _over(self, context: DutyContext, until_s: float) -> str | None:
        if context.tick_s >= until_s:
            return "its time is up"
        if context.drew_nothing:
            return "the thermostat has opened"
        if self._to_c is not None and context.temperature_c is not None and context.temperature_c >= self._to_c:
            return f"it has {context.temperature_c:.1f} degC"
        return None
