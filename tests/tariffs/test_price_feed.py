"""When a source is asked, what is kept, and what comes of a source that fails: never more than so many questions."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.prices import KnownPrices, price_at
from pv_heater.core.settings.tariff import Charge, ExportPrice
from pv_heater.errors import SourceError
from pv_heater.tariffs.market import MARKET_ZONE
from pv_heater.tariffs.market_prices import PATIENCE_S, MarketPrices
from pv_heater.tariffs.price_feed import MOST_A_DAY, PriceFeed
from tests.source_tools import HandClock
from tests.tariffs.exchange import LICENCE, TODAY, Exchange, at, feed_of
from tests.waiting import until

TOMORROW = TODAY + timedelta(days=1)


def live(feed: PriceFeed, clock: HandClock, ends_at: datetime, every_s: float = 600.0) -> list[KnownPrices | None]:
    """Look every 10 min until that instant; what was known each time, None where nothing was."""
    seen: list[KnownPrices | None] = []
    while clock.now() < ends_at:
        try:
            seen.append(feed.fetch(clock.now()))
        except SourceError:
            seen.append(None)
        clock.advance(every_s)
    return seen


def times(exchange: Exchange) -> list[str]:
    """The days that were asked for, in order."""
    return [request.args["end"] for request in exchange.asked]


def test_a_usual_day_costs_two_questions(exchange: Exchange, tmp_path: Path) -> None:
    clock = HandClock(at("08:00"))
    feed = feed_of(exchange, tmp_path, clock)
    known = live(feed, clock, at("23:50"))[-1]
    assert times(exchange) == ["2026-11-30", "2026-12-01"]
    assert known is not None
    assert known.until_at(clock.now()) == at("00:00", TOMORROW + timedelta(days=1))
    assert (known.source, known.licence) == ("Energy-Charts AT", LICENCE)


@pytest.mark.parametrize(("chance", "clock_time"), [(0.0, "13:10"), (0.5, "13:50"), (1.0, "14:30")])
def test_each_home_asks_at_its_own_moment(exchange: Exchange, tmp_path: Path, chance: float, clock_time: str) -> None:
    clock = HandClock(at("12:00"))
    feed = feed_of(exchange, tmp_path, clock, chance=chance)
    live(feed, clock, at(clock_time))
    assert times(exchange) == ["2026-11-30"]
    feed.fetch(at(clock_time))
    assert times(exchange) == ["2026-11-30", "2026-12-01"]


def test_a_restart_asks_nothing_that_is_known(exchange: Exchange, tmp_path: Path) -> None:
    clock = HandClock(at("15:00"))
    first = live(feed_of(exchange, tmp_path, clock), clock, at("15:20"))[-1]
    again = feed_of(exchange, tmp_path, clock).fetch(clock.now())
    assert first is not None
    assert (len(exchange.asked), again.periods) == (2, first.periods)


def test_what_nothing_new_is_known_of_is_the_same_object(exchange: Exchange, tmp_path: Path) -> None:
    clock = HandClock(at("15:00"))
    feed = feed_of(exchange, tmp_path, clock)
    known = live(feed, clock, at("18:00"))
    assert known[1] is known[-1]


def test_a_tomorrow_that_is_not_published_is_asked_for_again_and_told_once(
    exchange: Exchange, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    exchange.published_until = TODAY
    clock = HandClock(at("08:00"))
    feed = feed_of(exchange, tmp_path, clock)
    with caplog.at_level(logging.WARNING):
        seen = live(feed, clock, at("23:50"))
    assert all(known is not None for known in seen)
    assert 5 <= len(exchange.asked) <= MOST_A_DAY
    assert [record.message for record in caplog.records] == [
        "Prices: Energy-Charts AT has not all prices of 2026-12-01 yet. It is asked again, at most 12 times a day."
    ]
    exchange.published_until = TOMORROW
    live(feed, clock, at("03:00", TOMORROW))
    assert feed.fetch(clock.now()).until_at(clock.now()) == at("00:00", TOMORROW + timedelta(days=1))


def html(exchange: Exchange) -> None:
    exchange.raw = "<html>busy</html>"


def nothing(exchange: Exchange) -> None:
    exchange.raw = ""


def not_found(exchange: Exchange) -> None:
    exchange.status = 404


def too_often(exchange: Exchange) -> None:
    exchange.status = 429


def yesterday(exchange: Exchange) -> None:
    def shifted(body: dict[str, Any]) -> dict[str, Any]:
        return body | {"unix_seconds": [at_s - 2 * 86_400 for at_s in body["unix_seconds"]]}

    exchange.spoil = shifted


def all_null(exchange: Exchange) -> None:
    exchange.price = lambda _: None


def absurd(exchange: Exchange) -> None:
    exchange.price = lambda _: 1e9


@pytest.mark.parametrize("broken", [html, nothing, not_found, too_often, yesterday, all_null, absurd])
def test_whatever_fails_no_day_sees_more_than_so_many_questions(
    exchange: Exchange, tmp_path: Path, broken: Callable[[Exchange], None]
) -> None:
    """And with a program that starts anew every few hours."""
    broken(exchange)
    clock = HandClock(at("00:00"))
    asked = []
    for day in (TODAY, TOMORROW):
        for hour in range(4, 24, 5):
            feed = feed_of(exchange, tmp_path, clock)
            assert set(live(feed, clock, at(f"{hour:02}:45", day), every_s=1200.0)) == {None}
        asked.append(len(exchange.asked))
    assert 4 <= asked[0] <= MOST_A_DAY
    assert asked[1] - asked[0] <= MOST_A_DAY


def test_hours_of_silence_cost_nothing_of_what_is_known(exchange: Exchange, tmp_path: Path) -> None:
    clock = HandClock(at("14:00"))
    feed = feed_of(exchange, tmp_path, clock)
    live(feed, clock, at("14:20"))
    exchange.status = 503
    seen = live(feed, clock, at("23:00", TOMORROW))
    assert all(known is not None for known in seen)
    clock.advance(3600.0)
    assert live(feed, clock, clock.now() + timedelta(minutes=20)) == [None, None]


def test_a_source_that_asks_for_a_week_of_peace_is_asked_again_within_hours(exchange: Exchange, tmp_path: Path) -> None:
    exchange.status, exchange.headers = 429, {"Retry-After": "600000"}
    clock = HandClock(at("06:00"))
    feed = feed_of(exchange, tmp_path, clock)
    live(feed, clock, at("09:50"))
    assert len(exchange.asked) == 1
    live(feed, clock, at("11:00"))
    assert len(exchange.asked) == 2


def test_a_clock_that_was_not_set_yet_asks_for_nothing(exchange: Exchange, tmp_path: Path) -> None:
    clock = HandClock(datetime(1970, 1, 1, 0, 5, tzinfo=UTC))
    feed = feed_of(exchange, tmp_path, clock)
    with pytest.raises(SourceError, match="shows 1970"):
        feed.fetch(clock.now())
    assert not exchange.asked


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1, "prices": [[1, 2]]}', '{"version": 9}'])
def test_a_damaged_file_costs_its_memory_only(exchange: Exchange, tmp_path: Path, text: str) -> None:
    clock = HandClock(at("15:00"))
    feed_of(exchange, tmp_path, clock).fetch(clock.now())
    (path,) = tmp_path.glob("prices_*.json")
    path.write_text(text, encoding="utf-8")
    assert feed_of(exchange, tmp_path, clock).fetch(clock.now()).periods


@pytest.mark.parametrize(("day", "quarters"), [(date(2027, 3, 28), 92), (date(2026, 10, 25), 100), (TODAY, 96)])
def test_charges_go_by_the_clock_on_the_wall_and_tax_by_all(
    exchange: Exchange, tmp_path: Path, day: date, quarters: int
) -> None:
    """On the days on which the clocks change the hour from two to three is there never, or twice."""
    exchange.published_until, exchange.price = day, lambda _: 100.0
    night = Charge(per_kwh=0.04, start=time(2), end=time(3))
    clock = HandClock(at("09:00", day))
    feed = feed_of(
        exchange, tmp_path, clock, charges=(Charge(per_kwh=0.05), night), tax_percent=20.0,
        export=ExportPrice(market_percent=50.0, fee_per_kwh=0.01),
    )  # fmt: skip
    periods = feed.fetch(clock.now()).periods
    assert len(periods) == quarters
    dear = [period for period in periods if period.import_per_kwh > 0.2]
    assert len(dear) == {92: 0, 96: 4, 100: 8}[quarters]
    assert {round(period.import_per_kwh, 6) for period in periods} <= {0.18, 0.228}
    assert {round(period.export_per_kwh, 6) for period in periods} == {0.04}
    assert {period.from_at.astimezone(MARKET_ZONE).hour for period in dear} <= {2}


def test_a_price_in_another_currency_is_changed_before_charges(exchange: Exchange, tmp_path: Path) -> None:
    exchange.price = lambda _: 50.0
    clock = HandClock(at("09:00"))
    feed = feed_of(exchange, tmp_path, clock, exchange_rate=11.0, charges=(Charge(per_kwh=0.5),))
    assert feed.fetch(clock.now()).periods[0].import_per_kwh == pytest.approx(0.55 + 0.5)


def test_the_loss_of_the_price_of_now_is_said_once_and_so_is_its_return(
    exchange: Exchange, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    exchange.status = 503
    clock = HandClock(at("09:00"))
    beside = MarketPrices(feed_of(exchange, tmp_path, clock), clock, timezone="Europe/Vienna", has_fixed=True)
    with caplog.at_level(logging.INFO, logger="pv_heater.tariffs.market_prices"):
        for _ in range(3):
            beside.poll_once()
            assert beside.latest() == ()
            clock.advance(PATIENCE_S)
        exchange.status = None
        clock.advance(3600.0)
        for _ in range(3):
            beside.poll_once()
            found = beside.latest()
            clock.advance(PATIENCE_S)
    assert price_at(found, clock.now()) is not None
    said = [record.message for record in caplog.records if record.message.startswith(("No market", "The price"))]
    assert said[0].startswith("No market price is known for now (Energy-Charts AT has a fault of its own (503)")
    assert said[0].endswith("the fixed tariff counts (tariff.otherwise).")
    assert said[1:] == ["The price is known again, by Energy-Charts AT until 2026-12-01 00:00."]


def test_a_service_that_hangs_holds_up_nobody(exchange: Exchange, tmp_path: Path) -> None:
    """What was known stays known, at once, and the program could end at any moment."""
    clock = HandClock(at("12:00"))
    feed = feed_of(exchange, tmp_path, clock)
    beside = MarketPrices(feed, clock, timezone="Europe/Vienna", has_fixed=True)
    beside.poll_once()
    assert len(beside.latest()) == 96
    exchange.hanging = True
    clock.advance(3 * 3600.0)
    beside.start()
    try:
        until(lambda: len(exchange.asked) == 2, "it is asked for tomorrow")
        for _ in range(100):
            assert price_at(beside.latest(), clock.now()) is not None
        assert len(exchange.asked) == 2, "one question at a time"
        exchange.hanging = False
        until(lambda: len(beside.latest()) == 192, "the answer that came after all counts")
        exchange.hanging = True
    finally:
        beside.stop()
        beside.close()
