"""Prices into regrets, by hand."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from pv_heater.core.house.tariff import Tariff
from pv_heater.core.settings.home import TariffPeriod
from pv_heater.strategies.outlooks import USUAL_REGRETS, Regrets, regrets_at, regrets_of

VIENNA = ZoneInfo("Europe/Vienna")
DAY = date(2026, 6, 21)
NIGHT_TARIFF = (
    TariffPeriod(start=time(22), end=time(6), import_per_kwh=0.18, export_per_kwh=0.05),
    TariffPeriod(start=time(6), end=time(22), import_per_kwh=0.30, export_per_kwh=0.08),
)


def at(hour: float) -> datetime:
    return datetime(2026, 6, 21, tzinfo=VIENNA).astimezone(UTC) + timedelta(hours=hour)


LIT = [at(hour) for hour in range(6, 20)]
DARK = [at(hour) for hour in (0, 1, 2, 3, 4, 5, 20, 21, 22, 23)]


def test_the_regrets_at_the_designs_prices() -> None:
    assert regrets_at(2.0, 0.0, 1.0) == Regrets(heated=pytest.approx(0.862, abs=0.001), stored=1.0)
    assert USUAL_REGRETS.heated / USUAL_REGRETS.stored == pytest.approx(0.862, abs=0.001)


def test_what_sells_for_more_than_heat_is_worth_is_no_regret() -> None:
    assert regrets_at(0.30, 0.20, 0.15) == Regrets(heated=pytest.approx(0.12936), stored=0.0)


def test_a_night_tariff_becomes_periods_of_the_local_day() -> None:
    prices = Tariff(NIGHT_TARIFF, VIENNA).prices(DAY)
    assert [(price.from_at, price.to_at, price.import_per_kwh) for price in prices] == [
        (at(-2), at(6), 0.18),
        (at(6), at(22), 0.30),
        (at(22), at(30), 0.18),
        (at(30), at(46), 0.30),
        (at(46), at(54), 0.18),
    ]


def test_a_flat_tariff_is_one_period_a_day() -> None:
    flat = (TariffPeriod(start=time(0), end=time(0), import_per_kwh=0.25),)
    assert [(price.from_at, price.to_at) for price in Tariff(flat, VIENNA).prices(DAY)] == [
        (at(0), at(24)),
        (at(24), at(48)),
    ]


def test_what_the_battery_saves_is_what_the_dark_hours_cost() -> None:
    prices = Tariff(NIGHT_TARIFF, VIENNA).prices(DAY)
    dark, whole_day = (8 * 0.18 + 2 * 0.30) / 10, (8 * 0.18 + 16 * 0.30) / 24
    expected = regrets_at(dark, 0.0, 0.5 * whole_day)
    found = regrets_of(prices, LIT, DARK, sold=False)
    assert (found.heated, found.stored) == pytest.approx((expected.heated, expected.stored))
    assert found.heated < 0.862 * found.stored  # cheap nights: less is lost by heating


def test_where_surplus_is_sold_storing_is_regretted_less() -> None:
    prices = Tariff(NIGHT_TARIFF, VIENNA).prices(DAY)
    kept, sold = (regrets_of(prices, LIT, DARK, sold=sold) for sold in (False, True))
    assert kept.stored - sold.stored == pytest.approx(0.08)


def test_without_prices_the_usual_regrets_hold() -> None:
    assert regrets_of((), LIT, DARK, sold=True) == USUAL_REGRETS
    only_by_day = Tariff(NIGHT_TARIFF[1:], VIENNA).prices(DAY)
    assert regrets_of(only_by_day, LIT[:3], DARK[:3], sold=True) == USUAL_REGRETS


def test_free_power_gives_no_ratio_so_the_usual_regrets_hold() -> None:
    free = Tariff((TariffPeriod(start=time(0), end=time(0)),), VIENNA).prices(DAY)
    assert regrets_of(free, LIT, DARK, sold=False) == USUAL_REGRETS


def test_an_hour_in_which_much_is_spare_counts_more_and_a_price_below_zero_makes_storing_regretted() -> None:
    dear_noon = (
        TariffPeriod(start=time(11), end=time(15), import_per_kwh=0.30, export_per_kwh=-0.10),
        TariffPeriod(start=time(0), end=time(0), import_per_kwh=0.30, export_per_kwh=0.10),
    )
    prices = Tariff(dear_noon, VIENNA).prices(DAY)
    evenly = regrets_of(prices, LIT, DARK, sold=True)
    at_noon = regrets_of(prices, LIT, DARK, sold=True, spare_wh={at(12): 900.0, at(16): 100.0, at(99): 50.0})
    assert evenly.stored == pytest.approx(0.15 - (10 * 0.10 - 4 * 0.10) / 14)
    assert at_noon.stored == pytest.approx(0.15 + 0.08)
    assert at_noon.heated == evenly.heated
    assert regrets_of(prices, LIT, DARK, sold=False, spare_wh={at(12): 900.0}).stored == pytest.approx(0.15)
