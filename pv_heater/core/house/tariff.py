"""What a kWh costs and earns: a market's prices where they are known, the owner's clock-time tariff elsewhere. Pure."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo

from pv_heater.core.model.local_time import instant_of, midnight_at
from pv_heater.core.model.prices import PricePeriod
from pv_heater.core.settings.home import TariffPeriod

DAY = timedelta(days=1)


class Tariff:
    """Tells the prices of a local day and of the next; remembers those that were last asked for."""

    def __init__(self, periods: Sequence[TariffPeriod], zone: tzinfo) -> None:
        """`periods`: of several that hold at a time, the first counts."""
        self._periods = tuple(periods)
        self._zone = zone
        self._day: date | None = None
        self._market: tuple[PricePeriod, ...] = ()
        self._prices: tuple[PricePeriod, ...] = ()
        self._expected: tuple[PricePeriod, ...] = ()

    def prices(self, day: date | None, market: tuple[PricePeriod, ...] = ()) -> tuple[PricePeriod, ...]:
        """What touches the local `day` or the next, in order of time, none over another; nothing for None.

        The same object until the day or `market` is another. A period from and to the same clock time lasts a whole
        day.
        """
        if day is None or not (self._periods or market):
            return ()
        self._look(day, market)
        return self._prices

    def expected(self, day: date | None, market: tuple[PricePeriod, ...] = ()) -> tuple[PricePeriod, ...]:
        """The same for whoever must buy anyhow and only asks when.

        An hour whose market price is not known is expected to cost what it did the day before: the market's days
        resemble each other more than a fixed tariff does any of them.
        """
        if day is None or not (self._periods or market):
            return ()
        self._look(day, market)
        return self._expected if market else self._prices

    def _look(self, day: date, market: tuple[PricePeriod, ...]) -> None:
        """Lay out what holds on `day` and the next, if that is not what was laid out last."""
        if day == self._day and (market is self._market or market == self._market):
            return
        begin_at = midnight_at(day, self._zone)
        end_at = midnight_at(day + timedelta(days=2), self._zone)
        fixed = [self._begun_on(day + timedelta(days=days), row) for row in self._periods for days in (-1, 0, 1)]
        before = [_a_day_later(price) for price in market]
        laid = (
            _laid_out([price for price in prices if begin_at < price.to_at and price.from_at < price.to_at])
            for prices in ((*market, *fixed), (*market, *before, *fixed))
        )
        self._day, self._market = day, market
        self._prices, expected = laid
        self._expected = tuple(price for price in expected if price.from_at < end_at)

    def _begun_on(self, day: date, period: TariffPeriod) -> PricePeriod:
        ends_on = day if period.start < period.end else day + timedelta(days=1)
        return PricePeriod(
            from_at=instant_of(day, period.start, self._zone),
            to_at=instant_of(ends_on, period.end, self._zone),
            import_per_kwh=period.import_per_kwh,
            export_per_kwh=period.export_per_kwh,
        )


def _laid_out(periods: Iterable[PricePeriod]) -> tuple[PricePeriod, ...]:
    """Those periods in order of time, each only where none before it in the list holds."""
    laid: list[PricePeriod] = []
    for period in periods:
        for from_at, to_at in list(_free(laid, period.from_at, period.to_at)):
            whole = from_at == period.from_at and to_at == period.to_at
            insort(laid, period if whole else replace(period, from_at=from_at, to_at=to_at), key=_from_at)
    return tuple(laid)


def _a_day_later(price: PricePeriod) -> PricePeriod:
    return replace(price, from_at=price.from_at + DAY, to_at=price.to_at + DAY)


def _free(laid: Sequence[PricePeriod], from_at: datetime, to_at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The stretches between two instants that nothing in `laid` holds."""
    number = max(0, bisect_right(laid, from_at, key=_from_at) - 1)
    while number < len(laid) and laid[number].from_at < to_at:
        other = laid[number]
        if other.from_at > from_at:
            yield from_at, other.from_at
        from_at, number = max(from_at, other.to_at), number + 1
    if from_at < to_at:
        yield from_at, to_at


def _from_at(period: PricePeriod) -> datetime:
    return period.from_at
