"""Prices of Nord Pool: the day-ahead auction of northern and western Europe, without a key.

Facts from what its own data portal asks: ``/DayAheadPrices?market=DayAhead&date=2026-12-01&deliveryArea=SE3&currency=
EUR`` answers ``multiAreaEntries``, each with ``deliveryStart``, ``deliveryEnd`` and ``entryPerArea``, in the currency a
MWh; nothing (204) until a day is published. Its terms for private use are not stated; it is asked twice a day.
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
from pv_heater.tariffs.market import Span, instant_s, list_in, priced

log = logging.getLogger(__name__)

_NOTHING_YET = 204


class NordPool:
    """Satisfies `ports.PriceSource`."""

    interval_s = None

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(MarketTariff):
        """Which zone and currency, and how your price follows from the market's."""

        zone: str = setting("delivery area, such as SE3, NO1, FI, DK1, EE, AT, GER")
        currency: str = setting(
            "currency of its prices", default="EUR", choices=("EUR", "SEK", "NOK", "DKK", "PLN", "RON", "GBP")
        )
        base_url: str = setting("where the service is", default="https://dataportal-api.nordpoolgroup.com/api")

    def __init__(self, settings: Settings, tools: Tools) -> None:  # noqa: ARG002
        self.name = f"Nord Pool {settings.zone}"
        self.cache_key = f"{settings.base_url} {settings.zone} {settings.currency}"
        self._zone, self._currency = settings.zone, settings.currency
        self._http = HttpClient(settings.base_url, who=self.name)
        self._complain = Complaints(log)

    def fetch(self, day: date) -> MarketAnswer:
        """Prices of that day; raises SourceError."""
        params = {
            "market": "DayAhead",
            "date": day.isoformat(),
            "deliveryArea": self._zone,
            "currency": self._currency,
        }
        reply = self._http.exchange("GET", "/DayAheadPrices", params=params)
        if reply.status == _NOTHING_YET:
            return MarketAnswer(prices=())
        body = self._http.require_ok(reply).body
        return answer_of(body, self._zone, self._currency, self.name, self._complain)

    def close(self) -> None:
        """End its connections."""
        self._http.close()


def answer_of(body: Any, zone: str, currency: str, who: str, complain: Complain) -> MarketAnswer:
    """What can be believed of an answer; raises BadReply. Pure."""
    said = body.get("currency") if isinstance(body, Mapping) else None
    if said not in (None, currency):
        raise BadReply(f"{who} answered prices in {str(said)[:20]!r}, asked for {currency}")
    spans = [
        Span(start_s, end_s, number_of(areas.get(zone)))
        for row in list_in(body, "multiAreaEntries", who)
        if isinstance(row, Mapping)
        and (start_s := instant_s(row.get("deliveryStart"))) is not None
        and (end_s := instant_s(row.get("deliveryEnd"))) is not None
        and isinstance(areas := row.get("entryPerArea"), Mapping)
    ]
    return priced(spans, None, who, complain, usual=0.001)
