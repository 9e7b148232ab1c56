"""What can be seen without asking for anything: the whole first screen, as JSON and for Prometheus, and whether the
controller lives."""

from __future__ import annotations

import gzip
import threading
from typing import Any

from pv_heater.core.model.status import STALE_S
from pv_heater.status.home import Home
from pv_heater.status.newest import NewestDocument
from pv_heater.status.strict_json import json_bytes
from pv_heater.web.calls import Answer, Call, Problem, Route, Scope, etag_of
from pv_heater.web.metrics import metrics_route


def status_routes(newest: NewestDocument, home: Home) -> list[Route]:
    """`newest` may serve others as well; it is that of `home`."""
    first_screen = FirstScreen(newest)
    return [
        Route(method="GET", path="/health", scope=Scope.OPEN, handle=first_screen.health),
        Route(method="GET", path="/api/v1/status", scope=Scope.READ, handle=first_screen.status),
        metrics_route(newest.document, home),
    ]


class FirstScreen:
    """Keeps the answer of the newest document: bytes, compressed bytes, ETag."""

    def __init__(self, newest: NewestDocument) -> None:
        self._newest = newest
        self._making = threading.Lock()
        self._document: dict[str, Any] | None = None
        self._answer = Answer()

    def status(self, call: Call) -> Answer:
        """All of it, or the `fields` that are asked for."""
        asked = call.asked("fields")
        document = self._newest.document()
        if "fields" not in asked:
            return self._whole(document)
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
        lag_s, status = self._newest.look()
        if status is None:
            word = "starting"
        elif lag_s > STALE_S:
            word = "hangs"
        elif status.decision.trace.reading_source is None:
            word = "blind"
        else:
            word = "ok"
        return Answer(body=word.encode(), status=200 if word == "ok" else 503, content_type="text/plain; charset=utf-8")

    def _whole(self, document: dict[str, Any]) -> Answer:
        with self._making:
            if document is not self._document:
                self._document, self._answer = document, _answer(document)
            return self._answer


def _answer(document: dict[str, Any], *, compress: bool = True) -> Answer:
    body = json_bytes(document)
    return Answer(
        body=body,
        etag=etag_of(body),
        cache="no-cache",
        gzipped=gzip.compress(body, 5, mtime=0) if compress else None,
    )
