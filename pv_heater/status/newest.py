"""The document of the newest tick: made at most once a tick and only if somebody asks, for any number of readers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.core.model.day_plan import DayPlan
from pv_heater.core.model.status import Status
from pv_heater.status.document import before_the_first_tick, status_document
from pv_heater.status.home import Home
from pv_heater.status.plan import plan_of

LAG_STEP_S = 1.0
"""A document whose tick stays the newest is made anew this often, since what it tells grows old."""


class NewestDocument:
    """From any thread. The same object comes again until there is something new to tell."""

    def __init__(self, home: Home, monotonic_s: Callable[[], float]) -> None:
        """`monotonic_s`: real seconds."""
        self._home = home
        self._monotonic_s = monotonic_s
        self._making = threading.Lock()
        self._status: Status | None = None
        self._came_s = monotonic_s()
        self._made: tuple[Status | None, int] | None = None
        self._document: dict[str, Any] = {}
        self._planned: tuple[DayPlan | None, dict[str, Any] | None] = (None, None)

    def document(self) -> dict[str, Any]:
        """All of the first screen; nobody may change it."""
        with self._making:
            lag_s, status = self._look()
            step = int(lag_s / LAG_STEP_S)
            if self._made is None or self._made[0] is not status or self._made[1] != step:
                self._document = self._make(status, step * LAG_STEP_S)
                self._made = (status, step)
            return self._document

    def look(self) -> tuple[float, Status | None]:
        """How long the newest tick has been that, in seconds, and the tick; None before the first."""
        with self._making:
            return self._look()

    def _look(self) -> tuple[float, Status | None]:
        status, now_s = self._home.status(), self._monotonic_s()
        if status is not self._status:
            self._status, self._came_s = status, now_s
        return now_s - self._came_s, status

    def _make(self, status: Status | None, lag_s: float) -> dict[str, Any]:
        if status is None:
            return before_the_first_tick(self._home, datetime.now(UTC))
        return status_document(self._home, status, lag_s, self._plan(status.decision.plan))

    def _plan(self, plan: DayPlan | None) -> dict[str, Any] | None:
        """As JSON; the same plan stays for minutes."""
        if self._planned[0] is not plan:
            self._planned = (plan, plan_of(plan, ZoneInfo(self._home.site.timezone)))
        return self._planned[1]
