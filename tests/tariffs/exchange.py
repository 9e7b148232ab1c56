"""A stand-in on loopback for every service that tells prices. Bodies have the shape of the real ones, own numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from werkzeug import Request, Response

from pv_heater.config.load import adapter_class
from pv_heater.core.settings.home import Site
from pv_heater.ports import PriceSource, Tools
from pv_heater.tariffs import TARIFFS
from pv_heater.tariffs.market import MARKET_ZONE, day_bounds_s
from pv_heater.tariffs.price_feed import PriceFeed
from tests.http_server import ScriptedServer
from tests.source_tools import HandClock, tools_for

LICENCE = "CC BY 4.0 (creativecommons.org/licenses/by/4.0) from Bundesnetzagentur | SMARD.de"
VIENNA = Site(timezone="Europe/Vienna")
TODAY = date(2026, 11, 30)


def usual(at: datetime) -> float:
    """EUR/MWh at a local time: 50 at midnight, one more each quarter."""
    return 50.0 + at.hour * 4 + at.minute // 15


class Exchange(ScriptedServer):
    """Steer by the public attributes."""

    def reset(self) -> None:
        """Healthy and never asked."""
        super().reset()
        self.price: Callable[[datetime], float | None] = usual
        """EUR/MWh at a local time of the market."""
        self.published_until = TODAY + timedelta(days=1)
        """The last day that is known."""
        self.step_s = 900
        self.unit: Any = "EUR / MWh"
        self.spoil: Callable[[Any], Any] = lambda body: body
        """What becomes of each answer before it is sent."""

    def quarters(self, first: date, last: date) -> list[tuple[int, float | None]]:
        """(unix second, price) of each step of these days, as far as they are published."""
        found = []
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            begin_s, end_s = day_bounds_s(day)
            if day <= self.published_until:
                starts = range(begin_s, end_s, self.step_s)
                found += [(at_s, self.price(datetime.fromtimestamp(at_s, MARKET_ZONE))) for at_s in starts]
        return found

    def answer(self, request: Request) -> Any:
        kind, query = request.path.rpartition("/")[2], request.args
        if kind == "price":
            rows = self.quarters(date.fromisoformat(query["start"]), date.fromisoformat(query["end"]))
            body: Any = {
                "license_info": LICENCE,
                "unix_seconds": [at_s for at_s, _ in rows],
                "price": [price for _, price in rows],
                "unit": self.unit,
                "deprecated": False,
            }
        elif kind == "marketdata":
            first, last = (
                datetime.fromtimestamp(int(query[key]) / 1000, MARKET_ZONE).date() for key in ("start", "end")
            )
            rows = self.quarters(first, last - timedelta(days=1))
            body = {
                "object": "list",
                "data": [
                    {
                        "start_timestamp": 1000 * at_s,
                        "end_timestamp": 1000 * (at_s + self.step_s),
                        "marketprice": price,
                        "unit": self.unit,
                    }
                    for at_s, price in rows
                ],
                "url": "/at/v1/marketdata",
            }
        elif kind == "DayAheadPrices":
            body = self._of_nord_pool(query)
        else:
            return super().answer(request)
        return body if isinstance(body, Response) else self.spoil(body)

    def _of_nord_pool(self, query: Mapping[str, str]) -> Any:
        day = date.fromisoformat(query["date"])
        if day > self.published_until:
            return Response(status=204)
        entries = [
            {
                "deliveryStart": iso(at_s),
                "deliveryEnd": iso(at_s + self.step_s),
                "entryPerArea": {query["deliveryArea"]: price},
            }
            for at_s, price in self.quarters(day, day)
        ]
        return {
            "deliveryDateCET": query["date"],
            "version": 2,
            "updatedAt": f"{query['date']}T11:05:12.3456789Z",
            "deliveryAreas": [query["deliveryArea"]],
            "market": query["market"],
            "currency": query["currency"],
            "exchangeRate": 1,
            "multiAreaEntries": entries,
        }


def iso(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%SZ}"


def at(clock: str, day: date = TODAY) -> datetime:
    """That time of day by the market's clock, in UTC."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=MARKET_ZONE).astimezone(UTC)


def source_of(word: str, tools: Tools, **settings: Any) -> PriceSource:
    cls = adapter_class(TARIFFS[word])
    source: PriceSource = cls(cls.Settings(**settings), tools)
    return source


def feed_of(
    exchange: Exchange,
    folder: Path,
    clock: HandClock,
    word: str = "energy_charts",
    chance: float = 0.0,
    **settings: Any,
) -> PriceFeed:
    """A feed that asks for tomorrow at 13:10 and a share `chance` of 80 min."""
    tools = tools_for(folder, clock=clock, site=VIENNA)
    cls = adapter_class(TARIFFS["energy_charts"])
    given = cls.Settings(**{"base_url": exchange.url, "zone": "AT"} | settings)
    return PriceFeed(cls(given, tools), given, tools, chance=lambda: chance)
