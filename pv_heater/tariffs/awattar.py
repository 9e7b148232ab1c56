"""Prices of aWATTar: the day-ahead auction of Austria and Germany in hours, free and without a key.

Facts from its public interface: ``/v1/marketdata?start=<ms>&end=<ms>`` answers a list ``data`` of hours with
``start_timestamp`` and ``end_timestamp`` in unix milliseconds and ``marketprice`` in ``unit``, euro a MWh.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.prices import MarketAnswer
from pv_heater.core.model.setting import setting
from pv_heater.core.settings.tariff import MarketTariff
from pv_heater.errors import BadReply
from pv_heater.io.net.http import HttpClient
from pv_heater.io.system.log import Complain, Complaints
from pv_heater.ports import Tools
from pv_heater.tariffs.market import Span, day_bounds_s, list_in, priced

log = logging.getLogger(__name__)

_ADDRESSES = {"AT": "https://api.awattar.at", "DE-LU": "https://api.awattar.de"}


class Awattar:
    """Satisfies `ports.PriceSource`."""

    interval_s = None

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(MarketTariff):
        """Which country, and how your price follows from the market's."""

        zone: str = setting("Austria, or Germany with Luxembourg", default="AT", choices=tuple(_ADDRESSES))
        base_url: str | None = setting("where the service is; auto is that of the zone", default=None)

    def __init__(self, settings: Settings, tools: Tools) -> None:  # noqa: ARG002
        base_url = settings.base_url or _ADDRESSES[settings.zone]
        self.name = f"aWATTar {settings.zone}"
        self.cache_key = f"{base_url} {settings.zone}"
        self._http = HttpClient(base_url, who=self.name)
        self._complain = Complaints(log)

    def fetch(self, day: date) -> MarketAnswer:
        """Prices of that day; raises SourceError."""
        begin_s, end_s = day_bounds_s(day)
        params = {"start": 1000 * begin_s, "end": 1000 * end_s}
        return answer_of(self._http.get_json("/v1/marketdata", params=params).body, self.name, self._complain)

    def close(self) -> None:
        """End its connections."""
        self._http.close()


def answer_of(body: Any, who: str, complain: Complain) -> MarketAnswer:
    """What can be believed of an answer; raises BadReply. Pure."""
    rows = list_in(body, "data", who)
    units = {str(row.get("unit")) for row in rows if isinstance(row, Mapping)}
    if len(units) > 1:
        raise BadReply(f"{who} mixes units in one answer: {', '.join(sorted(units))[:80]}")
    spans = [span for row in rows if (span := _span(row)) is not None]
    return priced(spans, next(iter(units), None), who, complain, usual=0.001)


def _span(row: object) -> Span | None:
    if not isinstance(row, Mapping):
        return None
    start_ms, end_ms = number_of(row.get("start_timestamp")), number_of(row.get("end_timestamp"))
    if start_ms is None or end_ms is None:
        return None
    return Span(start_ms / 1000.0, end_ms / 1000.0, number_of(row.get("marketprice")))
