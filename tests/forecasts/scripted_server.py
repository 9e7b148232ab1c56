"""A service on loopback that answers whatever the test says, and keeps what it was asked."""

from __future__ import annotations

import json
import re
from types import TracebackType
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response


class ScriptedServer:
    """Start with `with`; set `answers` (by the path's last part) or `status`, `raw` and `headers` for all of them."""

    def __init__(self) -> None:
        self._server = HTTPServer(host="127.0.0.1", port=0, threaded=True)
        self._server.expect_request(re.compile(".*")).respond_with_handler(self._answer)
        self.reset()

    def __enter__(self) -> ScriptedServer:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    def reset(self) -> None:
        """Nothing to say and never asked."""
        self.answers: dict[str, Any] = {}
        self.status = 200
        self.raw: str | None = None
        self.headers: dict[str, str] = {}
        self.asked: list[Request] = []

    @property
    def url(self) -> str:
        return self._server.url_for("").rstrip("/")

    def _answer(self, request: Request) -> Response:
        self.asked.append(request)
        body = self.answers.get(request.path.rpartition("/")[2], {})
        text = json.dumps(body) if self.raw is None else self.raw
        return Response(text, status=self.status, headers=self.headers, content_type="application/json")
