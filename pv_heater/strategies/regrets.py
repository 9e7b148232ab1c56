"""What a Wh in the wrong place costs, by the owner's prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pv_heater.core.types import PricePeriod

CHARGE_EFFICIENCY = 0.96
DISCHARGE_EFFICIENCY = 0.97
"""Usual for lithium iron phosphate with its inverter; DESIGN section 7."""
HEAT_WORTH = 0.5
"""Worth of a Wh of heat, as a share of a bought Wh; it mostly replaces a cheaper fuel (DESIGN section 7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrets:
    """Costs of a Wh, in any unit: only their ratio counts."""

    heated: float
    """Heated, and missing in the battery at night."""
    stored: float
    """Stored, and thrown away or sold later because the battery was full."""


def regrets_at(import_price: float, export_price: float, heat_price: float) -> Regrets:
    """The regrets at given prices a kWh; `export_price` is 0 where nothing is sold.

    With the prices of DESIGN section 7 (2, 0 and 1) they are 0.862 and 1.
    """
    stored_price = CHARGE_EFFICIENCY * DISCHARGE_EFFICIENCY * import_price
    return Regrets(heated=max(0.0, stored_price - heat_price), stored=max(0.0, heat_price - export_price))


USUAL_REGRETS = regrets_at(1.0, 0.0, HEAT_WORTH)


def regrets_of(
    prices: Sequence[PricePeriod], lit_at: Sequence[datetime], dark_at: Sequence[datetime], *, sold: bool
) -> Regrets:
    """The regrets by a tariff: the battery saves what is bought in the dark, surplus is sold by daylight.

    `lit_at` and `dark_at` are instants of the day; those without a price do not count. Without any price of the dark
    hours, or where power costs nothing, the usual regrets hold.
    """
    bought = _mean([_period_at(prices, at) for at in dark_at])
    whole_day = _mean([_period_at(prices, at) for at in (*lit_at, *dark_at)])
    if bought is None or whole_day is None or whole_day.import_per_kwh <= 0:
        return USUAL_REGRETS
    by_day = _mean([_period_at(prices, at) for at in lit_at])
    export_price = by_day.export_per_kwh if sold and by_day is not None else 0.0
    return regrets_at(bought.import_per_kwh, export_price, HEAT_WORTH * whole_day.import_per_kwh)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mean:
    import_per_kwh: float
    export_per_kwh: float


def _mean(periods: Sequence[PricePeriod | None]) -> _Mean | None:
    known = [period for period in periods if period is not None]
    if not known:
        return None
    return _Mean(
        import_per_kwh=sum(period.import_per_kwh for period in known) / len(known),
        export_per_kwh=sum(period.export_per_kwh for period in known) / len(known),
    )


def _period_at(prices: Sequence[PricePeriod], at: datetime) -> PricePeriod | None:
    return next((price for price in prices if price.from_at <= at < price.to_at), None)
