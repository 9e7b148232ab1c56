"""What a guarantee will buy: the energy that the planned sun does not bring by the hour, when it costs least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from math import inf

from pv_heater.core.duties.cheapest_quarters import MARGIN
from pv_heater.core.duties.guarantee import Due
from pv_heater.core.duties.of_load import DutiesAhead
from pv_heater.core.house.ahead.quarters import Stretch
from pv_heater.core.model.day_plan import Purchase
from pv_heater.core.model.prices import PricePeriod, price_at
from pv_heater.core.model.words import kilowatt_hours
from pv_heater.core.settings.load import LoadSettings

Bought = dict[str, dict[int, float]]
"""By load, the power that is bought in each quarter, by its number."""


def purchases(
    quarters: Sequence[Stretch],
    loads_w: Mapping[str, Sequence[float]],
    policies: Mapping[str, LoadSettings],
    ahead: Mapping[str, DutiesAhead],
    prices: Sequence[PricePeriod],
) -> tuple[Bought, tuple[Purchase, ...]]:
    """(what is bought beyond what `loads_w` brings by itself, the purchase for each hour by which it must be there).

    Of quarters that cost the same the later ones are taken: until then the sun may have done it.
    """
    bought: Bought = {}
    made = []
    for name, duties in ahead.items():
        for due in duties.dues if duties.may_buy else ():
            found = _for_due(quarters, loads_w[name], policies[name], due, prices)
            if found:
                bought.setdefault(name, {}).update(found)
                made.append(_purchase(name, quarters, loads_w[name], found, due))
    return bought, tuple(made)


def note_of(purchase: Purchase, zone: tzinfo) -> str:
    """The purchase as a sentence."""
    begin, until = _clock(purchase.from_at, zone), _clock(purchase.until_at, zone)
    energy = kilowatt_hours(purchase.energy_wh)
    return f"{purchase.load} has to buy about {energy} from {begin} on: the sun brings less by {until}"


def _for_due(
    quarters: Sequence[Stretch],
    sun_w: Sequence[float],
    policy: LoadSettings,
    due: Due,
    prices: Sequence[PricePeriod],
) -> dict[int, float]:
    within = [
        number
        for number, quarter in enumerate(quarters)
        if due.from_at <= quarter.start_at and quarter.end_at <= due.until_at
    ]
    if not within or quarters[-1].end_at < due.until_at:
        return {}  # nobody knows the sun until then
    missing_wh = due.missing_wh - sum(sun_w[number] * quarters[number].hours for number in within)
    missing_wh *= MARGIN
    found: dict[int, float] = {}
    for number in sorted(within, key=lambda number: (_price(prices, quarters[number].start_at), -number)):
        if missing_wh < 1.0:
            break
        hours = quarters[number].hours
        gain_wh = min(missing_wh, max(0.0, policy.max_power_w - sun_w[number]) * hours)
        if gain_wh > 0:
            found[number] = sun_w[number] + gain_wh / hours
            missing_wh -= gain_wh
    return found


def _purchase(
    name: str, quarters: Sequence[Stretch], sun_w: Sequence[float], found: Mapping[int, float], due: Due
) -> Purchase:
    energy_wh = sum((power_w - sun_w[number]) * quarters[number].hours for number, power_w in found.items())
    return Purchase(load=name, energy_wh=energy_wh, from_at=quarters[min(found)].start_at, until_at=due.until_at)


def _price(prices: Sequence[PricePeriod], at: datetime) -> float:
    known = price_at(prices, at) if prices else None
    return known.import_per_kwh if known is not None else inf


def _clock(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"
