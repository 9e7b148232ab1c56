"""A stand-in for forecast.solar on loopback. Bodies follow the shape of the public API; the numbers are made up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from werkzeug import Request

from tests.http_server import ScriptedServer

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


class ForecastServer(ScriptedServer):
    """Steer by the public attributes."""

    def reset(self) -> None:
        """Healthy and never asked."""
        super().reset()
        self.watt_hours: dict[str, Any] = dict(TWO_DAYS_WH)
        self.timezone: str | None = "Europe/Vienna"
        self.text = ""
        self.retry_at: str | None = None

    def answer(self, request: Request) -> Any:
        status = 200 if self.status is None else self.status
        message: dict[str, Any] = {"code": status, "text": self.text}
        message["info"] = {"timezone": self.timezone, "time": datetime.now(UTC).isoformat()}
        message["ratelimit"] = {"period": 3600, "limit": 12, "remaining": 11}
        if self.retry_at is not None:
            message["ratelimit"] = {"period": 3600, "limit": 12, "retry-at": self.retry_at}
        return {"result": self.watt_hours if status == 200 else self.text, "message": message}
