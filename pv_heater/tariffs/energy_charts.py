"""Prices of Energy-Charts (Fraunhofer ISE): the day-ahead auction of most zones of Europe, free and without a key.

Facts from its public interface: ``/price?bzn=AT&start=2026-12-01&end=2026-12-01`` answers two lists side by side, unix
seconds and prices in euro a MWh whatever the zone's own currency, with a text on the licence.
"""

from __future__ import annotations

import logging
from datetime import date
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.prices import MarketAnswer
from pv_heater.core.model.setting import setting
from pv_heater.core.settings.tariff import MarketTariff
from pv_heater.io.net.http import HttpClient
from pv_heater.io.system.log import Complain, Complaints
from pv_heater.ports import Tools
from pv_heater.tariffs.market import list_in, priced, spans_of_starts, with_licence

log = logging.getLogger(__name__)


class EnergyCharts:
    """Satisfies `ports.PriceSource`."""

    interval_s = None

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(MarketTariff):
        """Which zone, and how your price follows from the market's."""

        zone: str = setting("bidding zone, such as AT, DE-LU, CH, FR, NL, SE4")
        base_url: str = setting("where the service is", default="https://api.energy-charts.info")

    def __init__(self, settings: Settings, tools: Tools) -> None:  # noqa: ARG002
        self.name = f"Energy-Charts {settings.zone}"
        self.cache_key = f"{settings.base_url} {settings.zone}"
        self._zone = settings.zone
        self._http = HttpClient(settings.base_url, who=self.name)
        self._complain = Complaints(log)

    def fetch(self, day: date) -> MarketAnswer:
        """Prices of that day; raises SourceError."""
        params = {"bzn": self._zone, "start": day.isoformat(), "end": day.isoformat()}
        return answer_of(self._http.get_json("/price", params=params).body, self.name, self._complain)

    def close(self) -> None:
        """End its connections."""
        self._http.close()


def answer_of(body: Any, who: str, complain: Complain) -> MarketAnswer:
    """What can be believed of an answer; raises BadReply. Pure."""
    spans = spans_of_starts(list_in(body, "unix_seconds", who), list_in(body, "price", who))
    return with_licence(priced(spans, body.get("unit"), who, complain, usual=0.001), body.get("license_info"))
