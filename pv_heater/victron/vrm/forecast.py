"""The forecast of the Victron portal (VRM): from the weather and the site's history, without place or modules here.

Shape of ``stats?type=forecast&interval=hours``: ``records.solar_yield_forecast`` is a list of [start of the hour in
unix milliseconds, Wh], or ``false`` where VRM has no forecast for the site; ``vrm_consumption_fc`` is the same for what
the house will use. `forecast_of` makes a Forecast of it, pure.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from statistics import mode
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.local_time import midnight_at
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.values import Forecast
from pv_heater.errors import BadReply, RateLimited
from pv_heater.forecasts.steps import Steps, run_around
from pv_heater.io.net.http import HttpClient
from pv_heater.io.net.request_budget import RequestBudget
from pv_heater.io.system.log import Complain, Complaints
from pv_heater.ports import Tools
from pv_heater.victron.vrm.api import VrmAccount, VrmApi

SOURCE = "VRM"
_STEP_S = 3600
_MOST_HOURS = 800
"""VRM gives at most 31 days of hours at once."""
_MOST_WH = 1e6
"""A megawatt for an hour: no home has that much."""
_UNIX_S = (1e9, 4e9)
"""2001 to 2096."""

log = logging.getLogger(__name__)
_PER_HOUR = 12
"""Requests beside those of the meter: one an hour is wanted, a login and tries after failures come on top. VRM lets a
rolling window of 200 go by three a second, so that both together stay far below."""
_DAYS_AHEAD = 3


def forecast_of(body: Any, *, now: datetime, complain: Complain) -> Forecast:
    """The hours without a hole around `now`; raises BadReply when VRM has no forecast or says nothing of now.

    `complain` gets a sentence for each kind of value that is left out because it cannot be true.
    """
    energies_wh = _by_hour(_rows(body), complain)
    if not energies_wh:
        raise BadReply("VRM's solar forecast holds no hour with a usable energy")
    first_s, last_s = min(energies_wh), max(energies_wh)
    if last_s - first_s > _MOST_HOURS * _STEP_S:
        raise BadReply(
            f"VRM's solar forecast reaches over {(last_s - first_s) / 86400:.0f} days, which cannot be right"
        )
    hours = tuple(energies_wh.get(at_s) for at_s in range(first_s, last_s + 1, _STEP_S))
    run = run_around(Steps(start_s=first_s, step_s=_STEP_S, values=hours), now.timestamp())
    if run is None:
        reach = f"{_text(first_s)} to {_text(last_s + _STEP_S)}"
        raise BadReply(f"VRM's solar forecast goes from {reach} UTC and says nothing of now ({now:%Y-%m-%d %H:%M})")
    first_at, step = datetime.fromtimestamp(run.start_s, UTC), timedelta(seconds=_STEP_S)
    steps = tuple((first_at + number * step, pv_w) for number, pv_w in enumerate(run.values))
    return Forecast(issued_at=now, source=SOURCE, step_s=_STEP_S, steps=steps, use_steps=_use_steps(body, complain))


class VrmForecast:
    """Satisfies `ports.ForecastSource`; one request, and a login where there is no token."""

    name = SOURCE
    tells_use = True

    @dataclass(frozen=True, slots=True, kw_only=True)
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
        today = now.astimezone(self._zone).date()
        today_at, end_at = midnight_at(today, self._zone), midnight_at(today + timedelta(days=_DAYS_AHEAD), self._zone)
        self._api.begin_poll()
        body = self._api.sun_forecast(
            self._settings.installation_id, int(today_at.timestamp()), int(end_at.timestamp())
        )
        return forecast_of(body, now=now, complain=self._complain)


def _use_steps(body: Any, complain: Complain) -> tuple[tuple[datetime, float], ...]:
    """What VRM expects the house to use; nothing where it does not say, which is no trouble."""
    rows = body["records"].get("vrm_consumption_fc")
    if not isinstance(rows, list) or len(rows) > _MOST_HOURS:
        return ()
    hours = sorted(_by_hour(rows, complain, "forecast of use").items())
    return tuple((datetime.fromtimestamp(at_s, UTC), energy_wh) for at_s, energy_wh in hours)


def _rows(body: Any) -> list[Any]:
    records = body.get("records") if isinstance(body, Mapping) else None
    rows = records.get("solar_yield_forecast") if isinstance(records, Mapping) else None
    if rows is False:
        raise BadReply(
            "VRM has no solar forecast for this site; it needs the site's place (VRM, Settings, Location) "
            "and some weeks of history"
        )
    if not isinstance(rows, list):
        raise BadReply("VRM answered without records.solar_yield_forecast")
    if len(rows) > _MOST_HOURS:
        raise BadReply(f"VRM's solar forecast has {len(rows)} hours, more than the {_MOST_HOURS} that it can have")
    return rows


def _by_hour(rows: list[Any], complain: Complain, what: str = "solar forecast") -> dict[int, float]:
    """Unix second at which an hour begins -> Wh; of an hour that came twice the later entry stays."""
    energies_wh = {}
    for row in rows:
        at_s, energy_wh = _pair(row)
        if at_s is None:
            complain(f"VRM's {what} holds {str(row)[:60]}, which is not a pair of time and energy; it is left out")
        elif energy_wh is not None and 0 <= energy_wh <= _MOST_WH:
            energies_wh[at_s] = energy_wh
        elif row[1] is not None:
            complain(f"VRM's {what} gives {str(row[1])[:40]} Wh for an hour, which cannot be; it is left out")
    if not energies_wh:
        return {}
    # Zones that are half an hour off have hours of their own, which all entries of a site share.
    begin_s = mode(at_s % _STEP_S for at_s in energies_wh)
    return {(at_s - begin_s) // _STEP_S * _STEP_S + begin_s: wh for at_s, wh in energies_wh.items()}


def _pair(row: Any) -> tuple[int | None, float | None]:
    """(unix second, Wh) of one entry; the first None when it is not an entry, the second when it has no energy."""
    if not isinstance(row, list) or len(row) < 2:
        return None, None
    at_ms = number_of(row[0])
    if at_ms is None or not _UNIX_S[0] <= at_ms / 1000 <= _UNIX_S[1]:
        return None, None
    return int(at_ms // 1000), number_of(row[1])


def _text(unix_s: int) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%d %H:%M}"
