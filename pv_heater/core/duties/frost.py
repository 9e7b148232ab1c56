"""Frost protection: what is colder than `frost_c` is heated, whatever the sun gives and whether anybody is at home."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, tzinfo
from typing import Any

from pv_heater.core.duties.context import DutyContext
from pv_heater.core.loads.duty import FROST, Duty
from pv_heater.core.model.numbers import day_in, number_in
from pv_heater.core.settings.load import LoadSettings

LONGEST_S = 3600.0
"""One duty lasts at most so long; where it is still too cold then, the next begins."""
DAILY_MAX_S = 12 * 3600.0
"""A heater that has run for half a day and has not won against the cold will not win: its owner must look."""


class Frost:
    """The frost protection of one load."""

    def __init__(self, policy: LoadSettings, zone: tzinfo) -> None:
        self._policy = policy
        self._zone = zone
        self._until_s: float | None = None
        """The tick at which the duty that runs ends at the latest; None: none runs."""
        self._heats = False
        """Whether the step that ended was on duty."""
        self._seen_s = 0.0
        """The tick of the step that ended."""
        self._day: date | None = None
        self._heated_s = 0.0
        """How long it has heated on that day."""
        self.notice: str | None = None
        """The last thing worth telling."""

    def adopt(self, policy: LoadSettings) -> None:
        """Other settings of the same load."""
        self._policy = policy

    def duty(self, context: DutyContext) -> Duty | None:
        """The duty of this step; None while it is warm enough, or its temperature is not known."""
        frost_c, temperature_c = self._policy.frost_c, context.temperature_c
        self._count(context)
        if frost_c is None:
            return None
        if temperature_c is None:
            self._until_s, self.notice = None, "frost protection waits: its temperature is not known"
            return None
        goal_c = frost_c + self._policy.hysteresis_c
        if temperature_c >= (frost_c if self._until_s is None else goal_c):
            self._until_s = None
            return None
        if self._heated_s >= DAILY_MAX_S:
            self._until_s = None
            self.notice = (
                f"frost protection gave up for today: {temperature_c:.1f} degC after {DAILY_MAX_S / 3600:.0f} h of "
                "heating; look at the heater and its probe"
            )
            return None
        if self._until_s is None or context.tick_s >= self._until_s:
            self._until_s = context.tick_s + LONGEST_S
        if context.most_w <= 0 or not context.may_protect:
            return None
        self._heats = True
        because = f"frost protection: {temperature_c:.1f} degC, heats below {frost_c:g} degC until {goal_c:g} degC"
        return Duty(rule=FROST, because=because, until_s=self._until_s, power_w=context.most_w)

    def state(self) -> dict[str, Any]:
        """What it heated today, as plain JSON types."""
        return {"day": self._day.isoformat() if self._day else None, "heated_s": round(self._heated_s, 1)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave; anything else is ignored."""
        day, heated_s = day_in(state, "day"), number_in(state, "heated_s")
        if day is not None and heated_s is not None:
            self._day, self._heated_s = day, max(0.0, heated_s)

    def _count(self, context: DutyContext) -> None:
        day = context.now.astimezone(self._zone).date()
        if day != self._day:
            self._day, self._heated_s = day, 0.0
        if self._heats and context.told_wh > 0:
            self._heated_s += context.tick_s - self._seen_s
        self._seen_s, self._heats = context.tick_s, False
