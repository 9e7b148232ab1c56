"""Prices of electricity as a market publishes them, and as the owner pays them: one a period."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime

from pv_heater.core.model.checks import are_finite, in_utc, require_finite
from pv_heater.core.model.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePeriod:
    """Energy prices between two instants, in the owner's currency a kWh."""

    from_at: datetime
    to_at: datetime
    import_per_kwh: float
    export_per_kwh: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "from_at", in_utc("from_at", self.from_at))
        object.__setattr__(self, "to_at", in_utc("to_at", self.to_at))
        if not are_finite(self.import_per_kwh, self.export_per_kwh):
            require_finite("import_per_kwh", self.import_per_kwh)
            require_finite("export_per_kwh", self.export_per_kwh)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketPrice:
    """One price, in the market's currency a kWh, between two unix seconds."""

    start_s: int
    end_s: int
    per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketAnswer:
    """What a source says when it is asked: in order of time, none over another. Empty: nothing is published yet."""

    prices: tuple[MarketPrice, ...]
    licence: str | None = None
    """Under which terms, in its own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPrices:
    """What a source has said so far. The same object until there is something new."""

    periods: tuple[PricePeriod, ...]
    """In order of time, none over another; a time between two of them has no known price."""
    source: str
    """Who says so, for people: ``Energy-Charts AT``."""
    licence: str | None = None
    """Under which terms, in the source's own words; None where it tells none."""

    def until_at(self, now: datetime) -> datetime | None:
        """When the prices that hold from `now` on without a gap end; None where none holds now."""
        number = number_at(self.periods, now)
        if number is None:
            return None
        end_at = self.periods[number].to_at
        for period in self.periods[number + 1 :]:
            if period.from_at != end_at:
                break
            end_at = period.to_at
        return end_at


def number_at(prices: Sequence[PricePeriod], at: datetime) -> int | None:
    """The number of the period that holds `at`, of periods in order of time, none over another; None: no one does."""
    number = bisect_right(prices, at, key=_from_at) - 1
    return number if number >= 0 and at < prices[number].to_at else None


def price_at(prices: Sequence[PricePeriod], at: datetime) -> PricePeriod | None:
    """The period itself."""
    number = number_at(prices, at)
    return None if number is None else prices[number]


def _from_at(period: PricePeriod) -> datetime:
    return period.from_at
