"""The forecast of forecast.solar: free for twelve requests an hour and address, more with a key.

Facts from the public documentation of api.forecast.solar: ``/estimate/watthours/{lat}/{lon}/{tilt}/{azimuth}/{kwp}``
(a key comes first in the path) answers the energy of the day so far, in Wh, at instants of the place's local time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import json_number_of
from pv_heater.core.model.setting import Secret, setting
from pv_heater.core.model.values import Forecast
from pv_heater.core.settings.home import PvPlane
from pv_heater.errors import BadReply, RateLimited, SourceError
from pv_heater.forecasts.steps import Span, forecast_from_spans, spans_of_days
from pv_heater.io.net.http import HttpClient, HttpReply
from pv_heater.ports import Tools

_FREE_PER_HOUR = 12
_KEY_PER_HOUR = 60
"""Requests allowed an hour, as the API itself tells in message.ratelimit.limit."""
_SPARE_REQUESTS = 2
"""An hour's requests left for a restart, a check, or another program at the same address."""


class ForecastSolar:
    """Satisfies `ports.ForecastSource`; one request for each plane of modules."""

    name = "forecast.solar"

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        """Where and as whom forecast.solar is asked. Place and modules are those of `site`."""

        base_url: str = setting("where the API is", default="https://api.forecast.solar")
        api_key: Secret | None = setting("key of a paid account; none is needed for hourly forecasts", default=None)

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self._settings = settings
        self._site = tools.site
        self._zone = ZoneInfo(tools.site.timezone)
        self._http = HttpClient(settings.base_url, who="forecast.solar", secrets=(settings.api_key,))

    @property
    def interval_s(self) -> float:
        """An hour, half of one with a key; longer when so many planes would exceed the allowed requests."""
        per_hour, wanted_s = (_KEY_PER_HOUR, 1800.0) if self._settings.api_key else (_FREE_PER_HOUR, 3600.0)
        return max(wanted_s, 3600.0 * len(self._site.pv) / (per_hour - _SPARE_REQUESTS))

    @property
    def requests(self) -> int:
        """One for each plane."""
        return max(1, len(self._site.pv))

    @property
    def cache_key(self) -> str:
        """Names what is asked for: a kept answer is good only for the same place and modules."""
        planes = ",".join(_plane_path(plane) for plane in self._site.pv)
        return f"{self._settings.base_url} {self._site.latitude} {self._site.longitude} {planes}"

    def fetch(self, now: datetime) -> Forecast:
        """The sum of all planes in quarter hours, nights included; raises SourceError."""
        if not self._site.located or not self._site.pv:
            raise SourceError("forecast.solar needs site.latitude, site.longitude and at least one plane in site.pv.")
        planes = [self._plane(plane, now) for plane in self._site.pv]
        return forecast_from_spans(planes, issued_at=now, source=self.name, zone=self._zone)

    def _plane(self, plane: PvPlane, now: datetime) -> list[Span]:
        key = f"/{self._settings.api_key.reveal()}" if self._settings.api_key else ""
        place = f"{self._site.latitude:.4f}/{self._site.longitude:.4f}"
        reply = self._http.exchange("GET", f"{key}/estimate/watthours/{place}/{_plane_path(plane)}")
        message = _object(_object(reply.body).get("message"))
        self._raise_if_limited(reply, message, now)
        said = message.get("text")
        body = self._http.require_ok(reply, str(said) if said else None).body
        return spans_of_answer(body, self._zone)

    def _raise_if_limited(self, reply: HttpReply, message: Mapping[str, Any], now: datetime) -> None:
        if reply.status != 429:
            return
        try:
            retry_at = datetime.fromisoformat(str(_object(message.get("ratelimit")).get("retry-at")))
        except ValueError:
            raise self._http.error_for(reply, str(message.get("text") or "") or None) from None
        if retry_at.tzinfo is None:
            retry_at = retry_at.replace(tzinfo=_zone_of(message, self._zone))
        # Their clock counts, where it is known: ours may not be set yet.
        wait_s = max(0.0, (retry_at - (reply.server_time_at or now)).total_seconds())
        raise RateLimited(
            f"forecast.solar allows no more requests until {retry_at:%H:%M} ({wait_s / 60:.0f} min from now)",
            retry_after_s=wait_s,
        )


def spans_of_answer(body: Any, own_zone: ZoneInfo) -> list[Span]:
    """The energies in one plane's answer; `own_zone` is for one that does not tell its own. Raises BadReply. Pure."""
    return spans_of_days(_watt_hours(body), _zone_of(_object(_object(body).get("message")), own_zone))


def _zone_of(message: Mapping[str, Any], own_zone: ZoneInfo) -> ZoneInfo:
    """The zone of the answer's clock times, which is that of the place; ours where it does not tell."""
    name = _object(message.get("info")).get("timezone")
    try:
        return ZoneInfo(str(name)) if name else own_zone
    except (ValueError, KeyError, OSError, RecursionError):  # a name of many dots is looked up in depth
        return own_zone


def _plane_path(plane: PvPlane) -> str:
    return f"{plane.tilt_deg:g}/{plane.azimuth_deg:g}/{plane.kwp:g}"


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _watt_hours(body: Any) -> dict[str, float]:
    """The answer's instants and energies; raises BadReply for any other shape."""
    result = _object(body).get("result")
    if not isinstance(result, Mapping) or not result:
        raise BadReply("forecast.solar answered without a result, so nothing is known of the coming sun")
    found: dict[str, float] = {}
    for at, said in result.items():
        energy_wh = json_number_of(said)
        if energy_wh is None:
            raise BadReply(f"forecast.solar gives {str(said)[:50]!r} Wh for {str(at)[:50]}, which is not a number")
        found[str(at)] = energy_wh
    return found
