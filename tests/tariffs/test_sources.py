"""Each service's answer becomes the same prices: days of 92 and 100 quarters, nulls, other steps, other units."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.prices import MarketPrice
from pv_heater.core.model.setting import Secret
from pv_heater.errors import SourceError
from pv_heater.tariffs import TARIFFS, home_assistant, market, price_feed
from pv_heater.tariffs.market import MARKET_ZONE, day_bounds_s, known_s
from tests.source_tools import HandClock, tools_for
from tests.tariffs.exchange import LICENCE, TODAY, VIENNA, Exchange, at, iso, source_of, usual

SERVICES = ("energy_charts", "awattar", "nordpool")
SPRING, AUTUMN = date(2027, 3, 28), date(2026, 10, 25)


def prices(exchange: Exchange, word: str, folder: Path, day: date = TODAY) -> tuple[MarketPrice, ...]:
    source = source_of(word, tools_for(folder, site=VIENNA), base_url=exchange.url, zone="AT")
    return source.fetch(day).prices


@pytest.mark.parametrize("word", SERVICES)
@pytest.mark.parametrize(("day", "quarters"), [(TODAY, 96), (SPRING, 92), (AUTUMN, 100)])
def test_a_day_is_a_day_whatever_the_clocks_do(
    exchange: Exchange, tmp_path: Path, word: str, day: date, quarters: int
) -> None:
    exchange.published_until = day
    found = prices(exchange, word, tmp_path, day)
    assert (found[0].start_s, found[-1].end_s) == day_bounds_s(day)
    assert len(found) == quarters
    for price in found:
        assert price.per_kwh == pytest.approx(usual(datetime.fromtimestamp(price.start_s, MARKET_ZONE)) / 1000)


@pytest.mark.parametrize("word", SERVICES)
def test_hours_are_taken_as_hours_and_what_is_null_is_not_known(exchange: Exchange, tmp_path: Path, word: str) -> None:
    exchange.step_s = 3600
    exchange.price = lambda local: None if local.hour == 5 else -12.5
    found = prices(exchange, word, tmp_path)
    assert {price.end_s - price.start_s for price in found} == {3600}
    assert {price.per_kwh for price in found} == {-0.0125}
    assert len(found) == 23
    assert not known_s(found, int(at("05:00").timestamp()), int(at("06:00").timestamp()))


def test_what_is_asked_for_is_a_day_and_the_zone(exchange: Exchange, tmp_path: Path) -> None:
    for word in SERVICES:
        prices(exchange, word, tmp_path)
    begin_s, end_s = day_bounds_s(TODAY)
    assert exchange.paths == [
        "/price?bzn=AT&start=2026-11-30&end=2026-11-30",
        f"/v1/marketdata?start={begin_s}000&end={end_s}000",
        "/DayAheadPrices?market=DayAhead&date=2026-11-30&deliveryArea=AT&currency=EUR",
    ]


def test_the_terms_of_the_source_come_with_its_answer(exchange: Exchange, tmp_path: Path) -> None:
    source = source_of("energy_charts", tools_for(tmp_path), base_url=exchange.url, zone="AT")
    assert source.fetch(TODAY).licence == LICENCE


def drop(body: Any, *numbers: int) -> Any:
    keep = [number for number in range(len(body["price"])) if number not in numbers]
    return body | {key: [body[key][number] for number in keep] for key in ("unix_seconds", "price")}


def edited(number: int, price: Any) -> Callable[[Any], Any]:
    return lambda body: body | {"price": [price if n == number else old for n, old in enumerate(body["price"])]}


def repeated(price: float) -> Callable[[Any], Any]:
    return lambda body: body | {
        "unix_seconds": [*body["unix_seconds"], body["unix_seconds"][40]], "price": [*body["price"], price]
    }  # fmt: skip


def backwards(body: Any) -> Any:
    return body | {key: body[key][::-1] for key in ("unix_seconds", "price")}


def hours_then_quarters(body: Any) -> Any:
    return drop(body, *[number for number in range(48) if number % 4])


@pytest.mark.parametrize(
    ("spoil", "unknown_quarters"),
    [
        (backwards, 0),
        (lambda body: drop(body, 10, 11), 2),
        (lambda body: drop(body, 10), 1),
        (hours_then_quarters, 0),
        (edited(7, 1e9), 1),
        (edited(7, float("nan")), 1),
        (edited(7, "cheap"), 1),
        (edited(7, True), 1),
        (repeated(90.0), 0),
        (repeated(91.0), 1),
        (lambda body: body | {"unix_seconds": [at_s + 7 for at_s in body["unix_seconds"]]}, 96),
    ],
    ids=[
        "out of order",
        "gap",
        "small gap",
        "mixed",
        "absurd",
        "NaN",
        "word",
        "truth",
        "twice",
        "contradiction",
        "odd",
    ],
)
def test_what_cannot_be_true_is_not_known_and_the_rest_is(
    exchange: Exchange, tmp_path: Path, spoil: Callable[[Any], Any], unknown_quarters: int
) -> None:
    exchange.price = lambda local: 90.0 if (local.hour, local.minute) == (10, 0) else usual(local)
    exchange.spoil = spoil
    found = prices(exchange, "energy_charts", tmp_path)
    begin_s, end_s = day_bounds_s(TODAY)
    assert end_s - begin_s - known_s(found, begin_s, end_s) == 900 * unknown_quarters
    for price in found:
        begins = datetime.fromtimestamp(price.start_s, MARKET_ZONE)
        assert price.per_kwh == pytest.approx(exchange.price(begins) / 1000)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body | {"unit": "GBP/therm"},
        lambda body: body | {"unit": "No Unit", "price": [price / 1000 for price in body["price"]]},
        lambda body: body | {"price": body["price"][1:]},
        lambda body: body | {"price": None},
        lambda _: [],
        lambda _: "prices",
        lambda body: body | {"unix_seconds": [*range(6000)], "price": [*range(6000)]},
    ],
    ids=["unit", "per kWh", "lengths", "null", "list", "text", "endless"],
)
def test_an_answer_that_cannot_be_understood_is_none(
    exchange: Exchange, tmp_path: Path, spoil: Callable[[Any], Any]
) -> None:
    exchange.spoil = spoil
    with pytest.raises(SourceError):
        prices(exchange, "energy_charts", tmp_path)


@pytest.mark.parametrize("word", SERVICES)
@pytest.mark.parametrize(
    ("status", "raw"), [(404, '{"error": "no data"}'), (429, ""), (503, "down"), (200, "<html>busy</html>"), (200, "")]
)
def test_html_nothing_and_errors_are_no_prices(
    exchange: Exchange, tmp_path: Path, word: str, status: int, raw: str
) -> None:
    exchange.status, exchange.raw = status, raw
    with pytest.raises(SourceError):
        prices(exchange, word, tmp_path)


def test_overlapping_hours_of_another_price_are_not_known(exchange: Exchange, tmp_path: Path) -> None:
    exchange.step_s = 3600

    def spoil(body: Any) -> Any:
        body["data"][3]["end_timestamp"] += 1_800_000
        return body

    exchange.spoil = spoil
    assert len(prices(exchange, "awattar", tmp_path)) == 22


def test_cents_and_prices_of_a_kwh_are_told_by_their_unit(exchange: Exchange, tmp_path: Path) -> None:
    for unit, price in (("ct/kWh", 9.31), ("EUR/kWh", 0.0931), ("Eur/MWh", 93.1)):
        exchange.unit, exchange.price = unit, lambda _, price=price: price
        assert prices(exchange, "awattar", tmp_path)[0].per_kwh == pytest.approx(0.0931)


def entity(**attributes: Any) -> dict[str, Any]:
    return {"entity_id": "sensor.price", "state": "0.25", "attributes": attributes}


HOURS = [(at("00:00") + timedelta(hours=hour), 0.20 + hour / 100) for hour in range(24)]


@pytest.mark.parametrize(
    "attributes",
    [
        {
            "raw_today": [
                {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat(), "value": price}
                for start, price in HOURS
            ],
            "raw_tomorrow": [],
            "unit": "kWh",
        },
        {"prices_today": [{"time": str(start), "price": price} for start, price in HOURS], "prices_tomorrow": None},
        {"prices": [{"start": start.isoformat(), "price": 100 * price} for start, price in HOURS], "unit": "ct/kWh"},
        {
            "data": [
                {
                    "start_time": iso(start.timestamp()),
                    "end_time": iso(start.timestamp() + 3600),
                    "price_per_kwh": price,
                }
                for start, price in HOURS
            ],
            "unit_of_measurement": "EUR/kWh",
        },
        {"today": [{"startsAt": start.isoformat(), "total": price} for start, price in HOURS]},
    ],
    ids=["nordpool", "entsoe", "cents", "epex", "tibber"],
)
def test_a_sensor_of_home_assistant_tells_its_lists(
    exchange: Exchange, tmp_path: Path, attributes: dict[str, Any]
) -> None:
    exchange.answers["sensor.price"] = entity(**attributes)
    found = of_home_assistant(exchange, tmp_path)
    assert [(price.start_s, round(price.per_kwh, 4)) for price in found] == [
        (int(start.timestamp()), round(price, 4)) for start, price in HOURS
    ]


def of_home_assistant(exchange: Exchange, folder: Path) -> tuple[MarketPrice, ...]:
    tools = tools_for(folder, clock=HandClock(at("10:20")))
    given = {"base_url": exchange.url, "token": Secret("abc"), "entity": "sensor.price"}
    return source_of("home_assistant", tools, **given).fetch(TODAY).prices


def test_without_a_list_its_state_is_the_price_of_the_quarter(exchange: Exchange, tmp_path: Path) -> None:
    exchange.answers["sensor.price"] = entity(unit_of_measurement="EUR/kWh")
    begin_s = int(at("10:15").timestamp())
    assert of_home_assistant(exchange, tmp_path) == (MarketPrice(start_s=begin_s, end_s=begin_s + 900, per_kwh=0.25),)
    assert exchange.asked[0].headers["Authorization"] == "Bearer abc"
    exchange.answers["sensor.price"] = entity() | {"state": "unavailable"}
    with pytest.raises(SourceError, match="unavailable"):
        of_home_assistant(exchange, tmp_path)


def test_a_file_holds_csv_or_what_energy_charts_answers(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"

    def read(text: str, **settings: Any) -> list[tuple[int, float]]:
        path.write_text(text, encoding="utf-8")
        source = source_of("file", tools_for(tmp_path), path=path, **settings)
        return [(price.end_s - price.start_s, price.per_kwh) for price in source.fetch(TODAY).prices]

    lines = "start,price\n2026-12-01T00:00+01:00,0.1\n2026-12-01T01:00+01:00,0.2\n"
    assert read(lines) == [(3600, 0.1), (3600, 0.2)]
    assert read("2026-12-01T00:00Z,2026-12-01T06:00Z,12", unit="cent_kwh") == [(21_600, 0.12)]
    begin_s = day_bounds_s(TODAY)[0]
    assert read(f'{{"unix_seconds": [{begin_s}, {begin_s + 900}], "price": [90, null]}}', unit="mwh") == [(900, 0.09)]
    assert read("# nothing yet\n") == []
    for wrong in ("2026-12-01 00:00,0.1", "1,2,3,4", "{"):
        with pytest.raises(SourceError):
            read(wrong)
    path.unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        source_of("file", tools_for(tmp_path), path=path).fetch(TODAY)


def test_the_page_names_every_source_and_the_numbers_that_hold() -> None:
    page = (Path(__file__).parents[2] / "docs" / "tariffs.md").read_text(encoding="utf-8")
    prose = " ".join(page.split())
    assert [word for word in TARIFFS if f"\n| `{word}` |" not in page] == []
    last = (datetime.combine(TODAY, price_feed.PUBLISHED) + price_feed.SPREAD).time()
    assert f"between {price_feed.PUBLISHED:%H:%M} and {last:%H:%M} by that clock" in prose
    assert f"never more than {price_feed.MOST_A_DAY} between two midnights" in prose
    waits_min = [price_feed.NOT_YET_S / 60 * factor for factor in (1, 2, 4)]
    assert f"after {', '.join(f'{wait:g}' for wait in waits_min)} and {price_feed.LONGEST_RETRY_S / 60:g} min" in prose
    assert f"below {market.LEAST_PER_KWH:g} or above {market.MOST_PER_KWH:g} a kWh" in prose
    assert f"shows a year before {price_feed.FIRST_YEAR}" in prose
    assert all(f"`{name}`" in page for name in home_assistant.LISTS[:7])
