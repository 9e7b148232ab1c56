"""The owner's clock-time tariff as prices between instants. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo

from pv_heater.core.settings import TariffPeriod
from pv_heater.core.types import PricePeriod


def prices_of_day(tariff: Sequence[TariffPeriod], day: date, zone: tzinfo) -> tuple[PricePeriod, ...]:
    """The periods that begin on the local `day` or, passing midnight, on the day before; in order of time.

    A period from and to the same clock time lasts a whole day.
    """
    prices = []
    for period in tariff:
        for begins_on in (day - timedelta(days=1), day):
            ends_on = begins_on if period.start < period.end else begins_on + timedelta(days=1)
            from_at = datetime.combine(begins_on, period.start, zone).astimezone(UTC)
            to_at = datetime.combine(ends_on, period.end, zone).astimezone(UTC)
            if to_at > datetime.combine(day, datetime.min.time(), zone).astimezone(UTC):
                prices.append(
                    PricePeriod(
                        from_at=from_at,
                        to_at=to_at,
                        import_per_kwh=period.import_per_kwh,
                        export_per_kwh=period.export_per_kwh,
                    )
                )
    return tuple(sorted(prices, key=lambda price: price.from_at))
