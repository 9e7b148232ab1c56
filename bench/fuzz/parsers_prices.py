"""Parsers of what services, Home Assistant and files say of prices, with good examples in their shapes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bench.fuzz.parser import Parser, always, decoded, unheard
from bench.fuzz.seeds import NOON
from pv_heater.core.model.prices import MarketAnswer
from pv_heater.tariffs import awattar, energy_charts, file, home_assistant, nordpool
from pv_heater.tariffs.market import LEAST_PER_KWH, MOST_PER_KWH

_NOON_S = int(NOON.timestamp())
_STARTS = [_NOON_S + 900 * number for number in range(-8, 8)]
_LISTS = {
    "license_info": "CC BY 4.0",
    "unix_seconds": _STARTS,
    "price": [91.5, *[-3.25] * 14, None],
    "unit": "EUR / MWh",
    "deprecated": False,
}
_HOURS = {
    "object": "list",
    "data": [
        {"start_timestamp": 1000 * at_s, "end_timestamp": 1000 * (at_s + 900), "marketprice": 80.5, "unit": "Eur/MWh"}
        for at_s in _STARTS
    ],
}
_ENTRIES = {
    "currency": "EUR",
    "multiAreaEntries": [
        {
            "deliveryStart": f"2026-06-21T{hour:02}:00:00Z",
            "deliveryEnd": f"2026-06-21T{hour:02}:15:00Z",
            "entryPerArea": {"SE3": 41.25},
        }
        for hour in range(8, 16)
    ],
}
_STATE = {
    "state": "0.25",
    "attributes": {
        "unit_of_measurement": "EUR/kWh",
        "raw_today": [
            {"start": f"2026-06-21T{hour:02}:00:00+02:00", "end": f"2026-06-21T{hour:02}:30:00+02:00", "value": 0.2}
            for hour in range(8, 16)
        ],
    },
}
_CSV = "".join(f"2026-06-21T{hour:02}:00+02:00,0.{hour:02}\n" for hour in range(24)).encode()


def _checked(answer: MarketAnswer) -> MarketAnswer:
    """The answer itself; raises ValueError where it holds what no market has."""
    end_s = 0
    for price in answer.prices:
        if not (end_s <= price.start_s < price.end_s and LEAST_PER_KWH <= price.per_kwh <= MOST_PER_KWH):
            raise ValueError(f"{price} behind {end_s}")
        end_s = price.end_s
    return answer


def _service(parse: Callable[[Any], MarketAnswer], word: str, *examples: Any) -> Parser:
    return Parser(
        examples=tuple(json.dumps(example).encode() for example in examples),
        new=always(lambda payload: _checked(parse(decoded(payload)))),
        rows=(f"tariffs/{word}",),
    )


def _file(payload: bytes) -> MarketAnswer:
    return _checked(file.answer_of(payload, "EUR/kWh", "file", unheard))


PRICE_PARSERS = {
    "energy_charts.answer": _service(
        lambda body: energy_charts.answer_of(body, "test", unheard), "energy_charts", _LISTS
    ),
    "awattar.answer": _service(lambda body: awattar.answer_of(body, "test", unheard), "awattar", _HOURS),
    "nordpool.answer": _service(
        lambda body: nordpool.answer_of(body, "SE3", "EUR", "test", unheard), "nordpool", _ENTRIES
    ),
    "home_assistant.prices": _service(
        lambda body: home_assistant.answer_of(body, NOON, "test", unheard),
        "home_assistant",
        _STATE,
        {"state": 0.25, "attributes": {}},
    ),
    "file.prices": Parser(examples=(_CSV, json.dumps(_LISTS).encode()), new=always(_file), rows=("tariffs/file",)),
}
