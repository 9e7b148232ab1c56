"""A market's prices over the owner's hours."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from pv_heater.core.house.tariff import Tariff
from pv_heater.core.model.prices import KnownPrices, PricePeriod, price_at
from pv_heater.core.settings.home import TariffPeriod

VIENNA = ZoneInfo("Europe/Vienna")
DAY = date(2026, 11, 30)
MIDNIGHT = datetime(2026, 11, 30, tzinfo=VIENNA).astimezone(UTC)
FLAT = TariffPeriod(start=time(0), end=time(0), import_per_kwh=0.30)


def at(hour: float) -> datetime:
    return MIDNIGHT + timedelta(hours=hour)


def period(hour: float, price: float, hours: float = 1.0) -> PricePeriod:
    return PricePeriod(from_at=at(hour), to_at=at(hour + hours), import_per_kwh=price, export_per_kwh=0.0)


def price(prices: tuple[PricePeriod, ...], hour: float) -> float | None:
    found = price_at(prices, at(hour))
    return None if found is None else found.import_per_kwh


def test_the_market_counts_where_it_is_known_and_the_owners_hours_elsewhere() -> None:
    prices = Tariff([FLAT], VIENNA).prices(DAY, (period(3, 0.1), period(4, 0.2), period(9, 0.5, 0.25)))
    assert [price(prices, hour) for hour in (2.9, 3, 4.5, 5, 9.1, 9.25, 30)] == [0.3, 0.1, 0.2, 0.3, 0.5, 0.3, 0.3]
    assert all(before.to_at <= after.from_at for before, after in pairwise(prices))


def test_without_hours_of_the_owners_a_gap_is_not_known() -> None:
    prices = Tariff([], VIENNA).prices(DAY, (period(3, 0.1), period(5, 0.2)))
    assert [price(prices, hour) for hour in (2, 3, 4, 5, 6)] == [None, 0.1, None, 0.2, None]
    assert KnownPrices(periods=prices, source="test").until_at(at(3.5)) == at(4)
    assert KnownPrices(periods=prices, source="test").until_at(at(4.5)) is None


def test_of_hours_that_overlap_the_first_in_the_list_counts() -> None:
    night = TariffPeriod(start=time(22), end=time(6), import_per_kwh=0.18)
    prices = Tariff([night, FLAT], VIENNA).prices(DAY)
    assert [price(prices, hour) for hour in (5, 7, 23, 29, 31)] == [0.18, 0.3, 0.18, 0.18, 0.3]


def test_what_overlaps_or_ends_before_it_begins_in_what_is_told_breaks_nothing() -> None:
    told = (period(3, 0.1, 5), period(4, 0.2), period(6, 0.9, -1), period(-40, 0.7), period(2, 0.4, 3))
    prices = Tariff([], VIENNA).prices(DAY, told)
    assert [price(prices, hour) for hour in (2, 3, 4.5, 7.9, 8)] == [0.4, 0.1, 0.1, 0.1, None]


def test_an_hour_that_is_not_known_is_expected_as_it_was_the_day_before() -> None:
    tariff, known = Tariff([FLAT], VIENNA), tuple(period(hour, 0.1 + hour / 100) for hour in range(24))
    expected = tariff.expected(DAY, known)
    assert [price(expected, hour) for hour in (5, 29, 47)] == pytest.approx([0.15, 0.15, 0.33])
    assert [price(tariff.prices(DAY, known), hour) for hour in (5, 29)] == pytest.approx([0.15, 0.30])
    assert tariff.expected(DAY, known) is expected


def test_no_price_is_no_number() -> None:
    with pytest.raises(ValueError, match="import_per_kwh"):
        period(3, float("nan"))
