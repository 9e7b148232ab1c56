"""The owner's clock-time tariff as prices between instants. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo

from pv_heater.core.model.local_time import instant_of, midnight_at
from pv_heater.core.model.values import PricePeriod
from pv_heater.core.settings.home import TariffPeriod


class Tariff:
    """Tells the prices of a local day and of the next; remembers those of the last one asked for."""

    def __init__(self, periods: Sequence[TariffPeriod], zone: tzinfo) -> None:
        self._periods = tuple(periods)
        self._zone = zone
        self._day: date | None = None
        self._prices: tuple[PricePeriod, ...] = ()
        self._ahead_of: date | None = None
        self._ahead: tuple[PricePeriod, ...] = ()

    def prices_of(self, day: date | None) -> tuple[PricePeriod, ...]:
        """The periods that touch the local `day`, in order of time; none for an unknown day (None).

        A period from and to the same clock time lasts a whole day.
        """
        if day is not None and day != self._day:
            self._day = day
            begun = [*self._all_begun_on(day - timedelta(days=1)), *self._all_begun_on(day)]
            touching = [price for price in begun if price.to_at > midnight_at(day, self._zone)]
            self._prices = tuple(sorted(touching, key=lambda price: price.from_at))
        return self._prices if day is not None else ()

    def prices_ahead(self, day: date | None) -> tuple[PricePeriod, ...]:
        """The periods that touch the local `day` or the next, in order of time; none for an unknown day (None)."""
        if day is None or not self._periods:
            return ()
        if day != self._ahead_of:
            begun = {
                price for days in (-1, 0, 1) for price in self._all_begun_on(day + timedelta(days=days))
                if price.to_at > midnight_at(day, self._zone)
            }  # fmt: skip
            self._ahead_of, self._ahead = day, tuple(sorted(begun, key=lambda price: price.from_at))
        return self._ahead

    def _all_begun_on(self, day: date) -> list[PricePeriod]:
        return [self._begun_on(day, period) for period in self._periods]

    def _begun_on(self, day: date, period: TariffPeriod) -> PricePeriod:
        ends_on = day if period.start < period.end else day + timedelta(days=1)
        return PricePeriod(
            from_at=instant_of(day, period.start, self._zone),
            to_at=instant_of(ends_on, period.end, self._zone),
            import_per_kwh=period.import_per_kwh,
            export_per_kwh=period.export_per_kwh,
        )


def price_at(prices: Sequence[PricePeriod], at: datetime) -> PricePeriod | None:
    """The period that holds `at`; None where nothing is known of it."""
    return next((price for price in prices if price.from_at <= at < price.to_at), None)
