"""Prices out of Home Assistant: whatever price sensor runs there, by its REST interface and a token.

``/api/states/<entity>`` answers ``state`` and ``attributes``. Price sensors keep their lists in attributes of a few
names (`LISTS`), each entry with its beginning, mostly its end, and the price; without a list the state is the price
of the present quarter of an hour.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.prices import MarketAnswer
from pv_heater.core.model.setting import Secret, setting
from pv_heater.core.settings.tariff import MarketTariff
from pv_heater.errors import BadReply
from pv_heater.io.net.http import HttpClient
from pv_heater.io.system.log import Complain, Complaints
from pv_heater.ports import Tools
from pv_heater.tariffs.market import Span, instant_s, priced, spans_of_starts

log = logging.getLogger(__name__)

LISTS = (
    "raw_today",
    "raw_tomorrow",
    "prices_today",
    "prices_tomorrow",
    "prices",
    "data",
    "forecast",
    "today",
    "tomorrow",
)
"""Attributes that hold prices, of the sensors in use: the first two together, else the next two, else one list."""
STARTS = ("start", "start_time", "startsAt", "time", "from", "hour", "datetime")
ENDS = ("end", "end_time", "to", "till")
PRICES = ("value", "price", "total", "price_per_kwh", "per_kwh")
QUARTER_S = 900


class HomeAssistant:
    """Satisfies `ports.PriceSource`."""

    interval_s = 60.0

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(MarketTariff):
        """Which sensor, and what has to be added to its price, if it is not all in it."""

        base_url: str = setting("address of Home Assistant", default="http://homeassistant.local:8123")
        token: Secret = setting("long-lived access token, from your profile there")
        entity: str = setting("the price sensor, such as sensor.nordpool_kwh_se3_eur_3_10_025")

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self.name = f"Home Assistant {settings.entity}"
        self.cache_key = f"{settings.base_url} {settings.entity}"
        self._entity, self._clock = settings.entity, tools.clock
        self._headers = {"Authorization": f"Bearer {settings.token.reveal()}"}
        self._http = HttpClient(settings.base_url, who="Home Assistant", secrets=(settings.token,))
        self._complain = Complaints(log)

    def fetch(self, day: date) -> MarketAnswer:  # noqa: ARG002
        """All that the sensor tells, whatever the day; raises SourceError."""
        body = self._http.get_json(f"/api/states/{self._entity}", headers=self._headers).body
        return answer_of(body, self._clock.now(), self.name, self._complain)

    def close(self) -> None:
        """End its connections."""
        self._http.close()


def answer_of(body: Any, now: datetime, who: str, complain: Complain) -> MarketAnswer:
    """What can be believed of a sensor's state at `now`; raises BadReply. Pure."""
    attributes = body.get("attributes") if isinstance(body, Mapping) else None
    if not isinstance(attributes, Mapping):
        raise BadReply(f"{who} answered without attributes, so it is no state of a sensor")
    unit = attributes.get("unit_of_measurement") or attributes.get("unit")
    spans = _of_lists(attributes) or _of_state(body.get("state"), now, who)
    return priced(spans, _unit(unit, attributes), who, complain, usual=1.0)


def _of_state(state: object, now: datetime, who: str) -> list[Span]:
    """The price of the quarter of an hour that is now."""
    price = number_of(state)
    if price is None:
        raise BadReply(f"{who} has no list of prices, and its state is {str(state)[:40]!r}")
    start_s = now.timestamp() // QUARTER_S * QUARTER_S
    return [Span(start_s, start_s + QUARTER_S, price)]


def _unit(unit: object, attributes: Mapping[str, Any]) -> object:
    """The unit with its energy, which some sensors tell apart from the currency."""
    text = str(unit or "")
    if "/" in text or " per " in text or not text:
        return unit
    money = "ct" if attributes.get("price_in_cents") is True else "currency"
    return f"{money}/{text}" if text.lower() in ("kwh", "mwh") else f"{text}/kWh"


def _of_lists(attributes: Mapping[str, Any]) -> list[Span]:
    """The spans of the first lists with entries that can be read."""
    for names in (LISTS[0:2], LISTS[2:4], *[(name,) for name in LISTS[4:7]], LISTS[7:9]):
        rows = [row for name in names if isinstance(found := attributes.get(name), list) for row in found]
        spans = _spans(row for row in rows if isinstance(row, Mapping))
        if spans:
            return spans
    return []


def _spans(rows: Iterable[Mapping[str, Any]]) -> list[Span]:
    ended, open_ended = [], []
    for row in rows:
        start_s, end_s = _first_instant_s(row, STARTS), _first_instant_s(row, ENDS)
        price = next((row[name] for name in PRICES if name in row), None)
        if start_s is not None and end_s is not None:
            ended.append(Span(start_s, end_s, number_of(price)))
        elif start_s is not None:
            open_ended.append((start_s, price))
    starts, prices = [at_s for at_s, _ in open_ended], [price for _, price in open_ended]
    return [*ended, *spans_of_starts(starts, prices)]


def _first_instant_s(row: Mapping[str, Any], names: Sequence[str]) -> float | None:
    return next((at_s for name in names if (at_s := instant_s(row.get(name))) is not None), None)
