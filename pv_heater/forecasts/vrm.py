"""The forecast of the Victron portal (VRM): from the weather and the site's history, without place or modules here."""

from __future__ import annotations

import logging
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from attrs import frozen

from pv_heater.core.types import Forecast
from pv_heater.errors import RateLimited
from pv_heater.forecasts.vrm_answer import SOURCE, forecast_of
from pv_heater.io.complaints import Complaints
from pv_heater.io.http import HttpClient
from pv_heater.io.request_budget import RequestBudget
from pv_heater.io.vrm_account import VrmAccount
from pv_heater.io.vrm_api import VrmApi
from pv_heater.ports import Tools

log = logging.getLogger(__name__)

_PER_HOUR = 12
"""Requests beside those of the meter: one an hour is wanted, a login and tries after failures come on top. VRM lets a
rolling window of 200 go by three a second, so that both together stay far below."""
_DAYS_AHEAD = 3


class VrmForecast:
    """Satisfies `ports.ForecastSource`; one request, and a login where there is no token."""

    name = SOURCE

    @frozen(kw_only=True)
    class Settings(VrmAccount):
        """Where and as whom VRM is asked; the same as for the meter."""

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self._settings = settings
        self._zone = ZoneInfo(tools.site.timezone)
        self._complain = Complaints(log)
        self._clock = tools.clock
        self._budget = RequestBudget(_PER_HOUR, tools.clock.monotonic_s())
        http = HttpClient(settings.base_url, who=SOURCE, secrets=(settings.token, settings.password))
        self._api = VrmApi(http, settings, budget=self._budget, clock=tools.clock, section="forecast")

    @property
    def interval_s(self) -> float:
        """An hour, as often as VRM makes one."""
        return 3600.0

    @property
    def requests(self) -> int:
        """One, and a login that may have to be renewed."""
        return 1 if self._settings.token else 2

    @property
    def cache_key(self) -> str:
        """Names what is asked for: one site."""
        return f"{self._settings.base_url} {self._settings.installation_id} solar forecast"

    def fetch(self, now: datetime) -> Forecast:
        """Hours from the start of today until three days on; raises SourceError."""
        wait_s = self._budget.seconds_until(self.requests, self._clock.monotonic_s())
        if wait_s > 0:
            raise RateLimited(
                f"VRM was asked {_PER_HOUR} times within an hour for its solar forecast, which is enough; "
                f"the next time is in {wait_s:.0f} s",
                retry_after_s=wait_s,
            )
        today_at = datetime.combine(now.astimezone(self._zone).date(), time(0), self._zone)
        end_at = today_at + timedelta(days=_DAYS_AHEAD)
        self._api.begin_poll()
        body = self._api.sun_forecast(
            self._settings.installation_id, int(today_at.timestamp()), int(end_at.timestamp())
        )
        return forecast_of(body, now=now, complain=self._complain)
