"""What can be seen without asking for anything: the whole first screen, as JSON and for Prometheus, and whether the
controller lives."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.core.model.day_plan import DayPlan
from pv_heater.core.model.status import Status
from pv_heater.ports import Home
from pv_heater.web.calls import Answer, Call, Problem, Route, Scope, etag_of, json_bytes
from pv_heater.web.metrics import metrics_route
from pv_heater.web.plan_document import plan_of
from pv_heater.web.status_document import before_the_first_tick, status_document

ALIVE_S = 15.0
"""Ticks come every 5 s at the latest; when none has come for this long the loop hangs."""
LAG_STEP_S = 1.0
"""A document whose tick stays the newest is made anew this often, since what it tells grows old."""


def status_routes(home: Home, monotonic_s: Callable[[], float]) -> list[Route]:
    """`monotonic_s`: real seconds."""
    newest = NewestDocument(home, monotonic_s)
    return [
        Route(method="GET", path="/health", scope=Scope.OPEN, handle=newest.health),
        Route(method="GET", path="/api/v1/status", scope=Scope.READ, handle=newest.status),
        metrics_route(newest.document),
    ]


class NewestDocument:
    """Makes the document at most once a tick, and only if somebody asks: bytes, compressed bytes, ETag."""

    def __init__(self, home: Home, monotonic_s: Callable[[], float]) -> None:
        self._home = home
        self._monotonic_s = monotonic_s
        self._making = threading.Lock()
        self._status: Status | None = None
        self._came_s = monotonic_s()
        self._made: tuple[Status | None, int] | None = None
        self._document: dict[str, Any] = {}
        self._answer = Answer()
        self._planned: tuple[DayPlan | None, dict[str, Any] | None] = (None, None)

    def document(self) -> dict[str, Any]:
        """As data."""
        with self._making:
            self._make()
            return self._document

    def status(self, call: Call) -> Answer:
        """All of it, or the `fields` that are asked for."""
        asked = call.asked("fields")
        with self._making:
            self._make()
            answer, document = self._answer, self._document
        if "fields" not in asked:
            return answer
        words = asked["fields"].split(",")
        unknown = [word for word in words if word not in document]
        if unknown:
            raise Problem(
                422, f"There is no field {unknown[0][:40]!r}; there is {', '.join(document)}.", fields=["fields"]
            )
        return _answer({key: value for key, value in document.items() if key in words}, compress=False)

    def health(self, call: Call) -> Answer:
        """200 while ticks come and a source is believed, else 503; one word says which."""
        call.asked()
        with self._making:
            lag_s, status = self._look()
        if status is None:
            word = "starting"
        elif lag_s > ALIVE_S:
            word = "hangs"
        elif status.decision.trace.reading_source is None:
            word = "blind"
        else:
            word = "ok"
        return Answer(body=word.encode(), status=200 if word == "ok" else 503, content_type="text/plain; charset=utf-8")

    def _plan(self, plan: DayPlan | None) -> dict[str, Any] | None:
        """As JSON; the same plan stays for minutes."""
        if self._planned[0] is not plan:
            self._planned = (plan, plan_of(plan, ZoneInfo(self._home.site.timezone)))
        return self._planned[1]

    def _look(self) -> tuple[float, Status | None]:
        """The newest tick and how long it has been that, in seconds."""
        status, now_s = self._home.status(), self._monotonic_s()
        if status is not self._status:
            self._status, self._came_s = status, now_s
        return now_s - self._came_s, status

    def _make(self) -> None:
        lag_s, status = self._look()
        step = int(lag_s / LAG_STEP_S)
        if self._made is not None and self._made[0] is status and self._made[1] == step:
            return
        if status is None:
            self._document = before_the_first_tick(self._home, datetime.now(UTC))
        else:
            self._document = status_document(self._home, status, step * LAG_STEP_S, self._plan(status.decision.plan))
        self._answer = _answer(self._document)
        self._made = (status, step)


def _answer(document: dict[str, Any], *, compress: bool = True) -> Answer:
    body = json_bytes(document)
    return Answer(
        body=body,
        etag=etag_of(body),
        cache="no-cache",
        gzipped=gzip.compress(body, 5, mtime=0) if compress else None,
    )
