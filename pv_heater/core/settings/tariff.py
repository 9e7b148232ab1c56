"""How the owner's prices follow from those of a market, and what counts while nobody knows them.

A bought kWh costs (market price + charges) x (1 + tax); a sold one earns what `ExportPrice` says.
"""

from __future__ import annotations

from datetime import time

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.core.settings.home import TariffPeriod

QUARTER_MIN = 15


def _check_quarter(at: time) -> None:
    if at.minute % QUARTER_MIN or at.second:
        raise SettingProblem(f"must be a full quarter of an hour, such as 17:15, not {at:%H:%M:%S}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What grid, supplier and state add to each bought kWh; several that hold at a time add up."""

    per_kwh: float = setting("added to the market price, before tax", minimum=-10, maximum=10)
    start: time = setting("from when; the same as `to` is all day", key="from", default=time(0), check=_check_quarter)
    end: time = setting("until when", key="to", default=time(0), check=_check_quarter)

    def holds_at(self, clock: time) -> bool:
        """Whether it is to be paid at that time of day; it may pass midnight."""
        if self.start == self.end:
            return True
        if self.start < self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPrice:
    """What a sold kWh earns: always the same, or a share of the market price less a fee. Without either nothing."""

    per_kwh: float | None = setting("always the same", default=None, minimum=-10, maximum=10)
    market_percent: float = setting("share of the market price", default=0.0, unit="%", minimum=0, maximum=200)
    fee_per_kwh: float = setting("taken off that share", default=0.0, minimum=-10, maximum=10)

    def __post_init__(self) -> None:
        if self.per_kwh is not None and (self.market_percent or self.fee_per_kwh):
            raise SettingProblem("is always the same; market_percent and fee_per_kwh go by the market", "per_kwh")

    def of_market(self, per_kwh: float) -> float:
        """What it earns at that market price."""
        if self.per_kwh is not None:
            return self.per_kwh
        return per_kwh * self.market_percent / 100.0 - self.fee_per_kwh or 0.0  # none of it is not -0


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketTariff:
    """What every source of market prices has, wherever they come from."""

    charges: tuple[Charge, ...] = setting("what is added to the market price, all day or by hours", default=())
    tax_percent: float = setting(
        "tax on market price and charges together", default=0.0, unit="%", minimum=0, maximum=100
    )
    exchange_rate: float = setting(
        "your currency for one of the market's, where the two differ", default=1.0, minimum=0.0001, maximum=10_000
    )
    export: ExportPrice = setting("what a sold kWh earns", factory=ExportPrice)
    otherwise: tuple[TariffPeriod, ...] = setting(
        "the fixed tariff that counts for every hour whose market price is not known", default=()
    )

    def import_of_market(self, per_kwh: float, clock: time) -> float:
        """What a bought kWh costs at that market price, in the owner's currency, and local time of day."""
        charges = sum(charge.per_kwh for charge in self.charges if charge.holds_at(clock))
        return (per_kwh * self.exchange_rate + charges) * (1.0 + self.tax_percent / 100.0)

    def export_of_market(self, per_kwh: float) -> float:
        """What a sold kWh earns at that market price, in the owner's currency."""
        return self.export.of_market(per_kwh * self.exchange_rate)
