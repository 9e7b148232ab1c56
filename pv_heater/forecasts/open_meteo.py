"""The forecast of Open-Meteo: irradiance on the modules from national weather services, free without a key.

Facts from its public documentation: ``/v1/forecast`` gives global_tilted_irradiance for one tilt and azimuth (0 south,
-90 east, +90 west) a request; free for private use up to 600 requests a minute, 5,000 an hour and 10,000 a day for an
address. An error is ``{"error": true, "reason": ...}``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret, setting
from pv_heater.core.model.values import Forecast
from pv_heater.core.settings.home import PvPlane
from pv_heater.errors import BadReply, RateLimited, SourceError
from pv_heater.forecasts.open_meteo_answer import AIR, CLOUDS, LIGHT, SERIES, SOURCE, Weather, forecast_of, weather_of
from pv_heater.io.net.http import HttpClient, HttpReply
from pv_heater.io.system.log import Complaints
from pv_heater.ports import Tools

log = logging.getLogger(__name__)

_DAYS_BACK, _DAYS_AHEAD = 1, 3
"""Of UTC: today and tomorrow of every time zone lie within."""
_LONG_WISH_S = 3600.0
"""When an hour's or a day's quota is used up; the API does not say for how long."""


class OpenMeteo:
    """Satisfies `ports.ForecastSource`; one request for each plane of modules."""

    name = SOURCE

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        """Where Open-Meteo is asked. Place and modules are those of `site`."""

        base_url: str = setting(
            "where the API is; https://customer-api.open-meteo.com/v1 with a key",
            default="https://api.open-meteo.com/v1",
        )
        api_key: Secret | None = setting("key of a paid account; private use needs none", default=None)
        max_w: float | None = setting(
            "most the PV inverter can give, where the modules could give more; empty means no such limit",
            default=None,
            unit="W",
            minimum=100,
        )

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self._settings = settings
        self._site = tools.site
        self._http = HttpClient(settings.base_url, who=SOURCE, secrets=(settings.api_key,))
        self._complain = Complaints(log)

    @property
    def interval_s(self) -> float:
        """An hour: weather models are run every one to six hours."""
        return 3600.0

    @property
    def requests(self) -> int:
        """One for each plane."""
        return max(1, len(self._site.pv))

    @property
    def cache_key(self) -> str:
        """Names what is asked for: a kept answer is good only for the same place and modules."""
        planes = ",".join(f"{plane.tilt_deg:g}/{plane.azimuth_deg:g}/{plane.kwp:g}" for plane in self._site.pv)
        own = self._settings
        return f"{own.base_url} {self._site.latitude} {self._site.longitude} {planes} {own.max_w}"

    def fetch(self, now: datetime) -> Forecast:
        """The sum of all planes, with the clouds; raises SourceError."""
        if not self._site.located or not self._site.pv:
            raise SourceError("Open-Meteo needs site.latitude, site.longitude and at least one plane in site.pv.")
        planes = [(plane, self._weather(plane)) for plane in self._site.pv]
        return forecast_of(planes, now=now, max_w=self._settings.max_w)

    def _weather(self, plane: PvPlane) -> list[Weather]:
        params: dict[str, Any] = {
            "latitude": f"{self._site.latitude:.4f}",
            "longitude": f"{self._site.longitude:.4f}",
            "tilt": f"{plane.tilt_deg:g}",
            "azimuth": f"{plane.azimuth_deg:g}",
            **dict.fromkeys(SERIES, f"{LIGHT},{AIR},{CLOUDS}"),
            "timeformat": "unixtime",
            "timezone": "GMT",
            "past_days": _DAYS_BACK,
            "forecast_days": _DAYS_AHEAD,
        }
        if self._settings.api_key:
            params["apikey"] = self._settings.api_key.reveal()
        return weather_of(self._understood(self._http.exchange("GET", "/forecast", params=params)), self._complain)

    def _understood(self, reply: HttpReply) -> Any:
        """The answer's body; raises what it means when it is not a success."""
        body = reply.body if isinstance(reply.body, Mapping) else {}
        reason = self._http.clean(str(body.get("reason") or "")[:200])
        if reply.status == 429:
            # Only a minute's quota is soon there again.
            wish_s = self._http.error_for(reply).retry_after_s or (None if "minute" in reason.lower() else _LONG_WISH_S)
            says = reason or "no reason given"
            raise RateLimited(f"Open-Meteo says we ask too often (429): {says}", retry_after_s=wish_s)
        self._http.require_ok(reply, reason or None)
        if body.get("error"):
            raise BadReply(f"Open-Meteo refuses: {reason or 'no reason given'}")
        return reply.body
