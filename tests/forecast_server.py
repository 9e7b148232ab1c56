"""A stand-in for forecast.solar on loopback. Bodies follow the shape of the public API; the numbers are made up."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

TWO_DAYS_WH: dict[str, float] = {
    # A midsummer day in Graz, sunrise 05:07 and sunset 20:57 by the clock on the wall, and a duller one.
    "2026-06-21 05:07:00": 0,
    "2026-06-21 06:00:00": 50,
    "2026-06-21 07:00:00": 250,
    "2026-06-21 12:00:00": 9250,
    "2026-06-21 13:00:00": 12_250,
    "2026-06-21 14:00:00": 15_050,
    "2026-06-21 20:00:00": 24_050,
    "2026-06-21 20:57:00": 24_107,
    "2026-06-22 05:07:00": 0,
    "2026-06-22 06:00:00": 30,
    "2026-06-22 12:00:00": 4230,
    "2026-06-22 20:57:00": 9000,
}


class ForecastServer:
    """Start with `with`; steer by the public attributes."""

    def __init__(self) -> None:
        self._server = HTTPServer(host="127.0.0.1", port=0, threaded=True)
        self._server.expect_request(re.compile(".*")).respond_with_handler(self._answer)
        self.reset()

    def __enter__(self) -> ForecastServer:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    def reset(self) -> None:
        """Healthy and never asked."""
        self.watt_hours: dict[str, Any] = dict(TWO_DAYS_WH)
        self.timezone: str | None = "Europe/Vienna"
        self.text = ""
        self.status = 200
        self.retry_at: str | None = None
        self.raw: str | None = None
        self.paths: list[str] = []

    @property
    def url(self) -> str:
        return self._server.url_for("").rstrip("/")

    def _answer(self, request: Request) -> Response:
        self.paths.append(request.path)
        if self.raw is not None:
            return Response(self.raw, status=self.status)
        message: dict[str, Any] = {"code": self.status, "text": self.text}
        message["info"] = {"timezone": self.timezone, "time": datetime.now(UTC).isoformat()}
        message["ratelimit"] = {"period": 3600, "limit": 12, "remaining": 11}
        if self.retry_at is not None:
            message["ratelimit"] = {"period": 3600, "limit": 12, "retry-at": self.retry_at}
        body = {"result": self.watt_hours if self.status == 200 else self.text, "message": message}
        return Response(json.dumps(body), status=self.status, content_type="application/json")
