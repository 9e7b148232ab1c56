"""The description of the API, written by hand and served as it stands."""

from __future__ import annotations

from pathlib import Path

from pv_heater.web.calls import Answer, Call, Route, Scope, etag_of

DOCUMENT = Path(__file__).parent / "openapi.json"


def openapi_routes() -> list[Route]:
    """One route; anybody may read it."""
    body = DOCUMENT.read_bytes()
    etag = etag_of(body)

    def handle(call: Call) -> Answer:
        call.asked()
        return Answer(body=body, etag=etag, cache="no-cache")

    return [Route(method="GET", path="/api/v1/openapi.json", scope=Scope.OPEN, handle=handle)]
