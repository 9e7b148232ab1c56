"""A market's prices -> what the owner pays and earns, in quarters of an hour. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from pv_heater.core.model.prices import MarketPrice, PricePeriod
from pv_heater.core.settings.tariff import MarketTariff

QUARTER_S = 900
"""Charges change at full quarters, so no price needs to be cut finer."""


def owners_prices(prices: Iterable[MarketPrice], tariff: MarketTariff, zone: tzinfo) -> tuple[PricePeriod, ...]:
    """A period for each quarter of an hour, or less where the market's own prices are shorter."""
    periods = []
    for price in prices:
        start_s = price.start_s
        while start_s < price.end_s:
            end_s = min(price.end_s, (start_s // QUARTER_S + 1) * QUARTER_S)
            from_at = datetime.fromtimestamp(start_s, UTC)
            periods.append(
                PricePeriod(
                    from_at=from_at,
                    to_at=datetime.fromtimestamp(end_s, UTC),
                    import_per_kwh=tariff.import_of_market(price.per_kwh, from_at.astimezone(zone).time()),
                    export_per_kwh=tariff.export_of_market(price.per_kwh),
                )
            )
            start_s = end_s
    return tuple(periods)
