"""The description of the API, written by hand and served as it stands."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pv_heater.web.calls import Answer, Call, Route, Scope

DOCUMENT = Path(__file__).parent / "openapi.json"


def openapi_routes() -> list[Route]:
    """One route; anybody may read it."""
    body = DOCUMENT.read_bytes()
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'

    def handle(call: Call) -> Answer:
        call.asked()
        return Answer(body=body, etag=etag, cache="no-cache")

    return [Route(method="GET", path="/api/v1/openapi.json", scope=Scope.OPEN, handle=handle)]
