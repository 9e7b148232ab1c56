"""What a step puts before all loads alike. Each load's own part refers to it; see `LoadStep`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pv_heater.core.actuators.load_meters import MeasuredLoads
from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.house.guards import Block
from pv_heater.core.house.surplus import Budget, View
from pv_heater.core.model.lean import passing
from pv_heater.core.model.prices import PricePeriod
from pv_heater.core.model.values import Inputs


@passing(frozen=True, slots=True, kw_only=True)
class Blocks:
    """What stands against heating in one step."""

    site: Sequence[Block]
    """The guards that block the whole site, most serious first."""
    hot: Mapping[str, Block]
    """By load, its own safety guard; without those that may heat."""
    held_back: Mapping[str, Block]
    """By load, what its owner's plan for it says against running by itself now; without those that may."""


@passing(frozen=True, slots=True, kw_only=True)
class StepContext:
    """One step, once guards, duties, rules and the strategy have been asked."""

    house: HouseFacts
    blocks: Blocks
    inputs: Inputs
    """Those of the house, with what all rules together want as the loads' wishes."""
    view: View | None
    """What the strategy saw; None without a reading that may be used."""
    budget: Budget
    prices: Sequence[PricePeriod] = ()
    """Of today and tomorrow, as far as they are known; empty while the time of day is not."""
    expected_prices: Sequence[PricePeriod] = ()
    """For what must be bought anyhow; see `Tariff.expected`."""
    price: PricePeriod | None = None
    """The one of now."""
    measured: MeasuredLoads
    midnight_s: float | None
    """The tick at which the counts of the day begin anew."""
    daylight_ends_s: float | None
    """When automatic heating is no longer allowed; None: it is not now, or goes on beyond tomorrow."""
