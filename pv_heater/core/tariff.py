"""The owner's clock-time tariff as prices between instants. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from pv_heater.core.settings import TariffPeriod
from pv_heater.core.types import PricePeriod


class Tariff:
    """Tells the prices of a local day; remembers those of the last one asked for."""

    def __init__(self, periods: Sequence[TariffPeriod], zone: tzinfo) -> None:
        self._periods = tuple(periods)
        self._zone = zone
        self._day: date | None = None
        self._prices: tuple[PricePeriod, ...] = ()

    def prices_of(self, day: date | None) -> tuple[PricePeriod, ...]:
        """The periods that touch the local `day`, in order of time; none for an unknown day (None).

        A period from and to the same clock time lasts a whole day.
        """
        if day is not None and day != self._day:
            self._day = day
            begun = [self._begun_on(on, period) for on in (day - timedelta(days=1), day) for period in self._periods]
            touching = [price for price in begun if price.to_at > self._instant(day, time(0))]
            self._prices = tuple(sorted(touching, key=lambda price: price.from_at))
        return self._prices if day is not None else ()

    def _begun_on(self, day: date, period: TariffPeriod) -> PricePeriod:
        ends_on = day if period.start < period.end else day + timedelta(days=1)
        return PricePeriod(
            from_at=self._instant(day, period.start),
            to_at=self._instant(ends_on, period.end),
            import_per_kwh=period.import_per_kwh,
            export_per_kwh=period.export_per_kwh,
        )

    def _instant(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self._zone).astimezone(UTC)
