"""The time until an hour in quarters: what the sun will leave for a load in each, and what the rest would cost.

Only for what must be heated anyway, so it may be rough: a forecast less a doubt, a usual house, and a battery that
comes first. What was too hopeful is bought later, at the latest hour.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from math import inf

from pv_heater.core.house.ahead.quarters import QUARTER_S
from pv_heater.core.model.lean import passing
from pv_heater.core.model.prices import PricePeriod, price_at
from pv_heater.core.model.values import Forecast
from pv_heater.core.settings.home import Battery
from pv_heater.core.settings.load import LoadSettings

CLOUD_DOUBT = 0.3
"""So much of what a forecast expects of an overcast day is not counted on: twice the usual error of a day, 15 %."""
OVERCAST_LOSS, OVERCAST_POWER = 0.75, 3.4
"""What clouds take of a clear sky: 0.75 n^3.4 of it (F. Kasten, G. Czeplak, Solar Energy 24, 1980)."""
UNKNOWN_CLOUDS_PERCENT = 100.0
"""Clouds that nobody tells count as overcast: a cold shower is worse than a bought kilowatt-hour."""
MARGIN = 1.07
"""So much more is planned than is missing: the tank loses some before it is used."""


@passing(frozen=True, slots=True, kw_only=True)
class Quarter:
    """A quarter of an hour, or what is left of it, in UTC."""

    start_at: datetime
    end_at: datetime
    sun_wh: float
    """What the load will get of the surplus by itself."""
    gain_wh: float
    """What it would get beyond that at full power."""
    cost: float
    """Of a Wh of `gain_wh`, in thousandths of the owner's currency; infinite where the price is not known."""


@passing(frozen=True, slots=True, kw_only=True)
class Ahead:
    """What is known of the time ahead."""

    forecast: Forecast | None
    prices: Sequence[PricePeriod]
    house_w: float
    """What the house uses without controlled loads, on average."""
    battery: Battery | None
    soc_percent: float | None
    zone: tzinfo


def quarters_until(now: datetime, until_at: datetime, policy: LoadSettings, ahead: Ahead) -> list[Quarter]:
    """Every quarter from `now` to `until_at`, the first and the last possibly cut short; none when that has passed."""
    share, quarters = _trusted_share(ahead.forecast, now, until_at), []
    missing_wh, day = _battery_wh(ahead, ahead.soc_percent), now.astimezone(ahead.zone).date()
    start_at = now
    while start_at < until_at:
        end_at = min(until_at, next_quarter(start_at))
        hours = (end_at - start_at).total_seconds() / 3600.0
        today = start_at.astimezone(ahead.zone).date()
        if today != day:
            # By the next morning the house has emptied it again.
            day, missing_wh = today, _battery_wh(ahead, None)
        pv_w = ahead.forecast.power_w_at(start_at) if ahead.forecast is not None else None
        spare_w = max(0.0, share * (pv_w or 0.0) - ahead.house_w)
        stored_w = min(spare_w, missing_wh / hours, ahead.battery.charge_limit_w) if ahead.battery else 0.0
        missing_wh -= stored_w * hours
        quarters.append(_quarter(start_at, end_at, spare_w - stored_w, policy, ahead.prices))
        start_at = end_at
    return quarters


def runs_now(quarters: Sequence[Quarter], missing_wh: float) -> bool:
    """Whether the first quarter belongs to those that give the load what the sun will not, at the least cost.

    Of quarters that cost the same the later ones are taken: until then the sun may have done it.
    """
    to_buy_wh = MARGIN * missing_wh - sum(quarter.sun_wh for quarter in quarters)
    for quarter in sorted(quarters, key=lambda quarter: (quarter.cost, -quarter.start_at.timestamp())):
        if to_buy_wh <= 0:
            return False
        if quarter is quarters[0]:
            return True
        to_buy_wh -= quarter.gain_wh
    return False


def best_start(quarters: Sequence[Quarter], heat_wh: float, last_at: datetime) -> datetime | None:
    """When to begin so that `heat_wh` in one go cost least, at `last_at` at the latest; the latest of equals."""
    costs = [
        (_cost_from(quarters, index, heat_wh), -quarter.start_at.timestamp(), quarter.start_at)
        for index, quarter in enumerate(quarters)
        if quarter.start_at <= last_at
    ]
    return min(costs)[2] if costs else None


def next_quarter(at: datetime) -> datetime:
    """The end of the quarter that holds `at`."""
    return datetime.fromtimestamp((at.timestamp() // QUARTER_S + 1) * QUARTER_S, tz=at.tzinfo)


def _cost_from(quarters: Sequence[Quarter], index: int, heat_wh: float) -> float:
    cost = 0.0
    for quarter in quarters[index:]:
        heat_wh -= quarter.sun_wh
        bought_wh = min(max(0.0, heat_wh), quarter.gain_wh)
        cost += quarter.cost * bought_wh if bought_wh > 0 else 0.0
        heat_wh -= bought_wh
    return cost


def _quarter(
    start_at: datetime, end_at: datetime, spare_w: float, policy: LoadSettings, prices: Sequence[PricePeriod]
) -> Quarter:
    hours = (end_at - start_at).total_seconds() / 3600.0
    most_w = policy.max_power_w
    sun_w = min(most_w, spare_w) if spare_w >= policy.least_power_w else 0.0
    gain_w = most_w - sun_w
    bought_w = most_w - min(most_w, spare_w)
    price = _import_price(prices, start_at)
    return Quarter(
        start_at=start_at,
        end_at=end_at,
        sun_wh=sun_w * hours,
        gain_wh=gain_w * hours,
        cost=price * bought_w / gain_w if gain_w > 0 and bought_w > 0 else 0.0,
    )


def _import_price(prices: Sequence[PricePeriod], at: datetime) -> float:
    """Of an imported kWh; all the same without a tariff. An hour that a tariff leaves out is dearer than all others."""
    known = price_at(prices, at)
    if known is None:
        return inf if prices else 1.0
    return known.import_per_kwh


def _battery_wh(ahead: Ahead, soc_percent: float | None) -> float:
    """What the battery takes before there is sun for heating; `soc_percent` None: as empty as it gets."""
    battery = ahead.battery
    if battery is None:
        return 0.0
    percent = battery.reserve_percent if soc_percent is None else soc_percent
    return battery.capacity_wh * max(0.0, 100.0 - percent) / 100.0


def _trusted_share(forecast: Forecast | None, now: datetime, until_at: datetime) -> float:
    """How much of what is expected may be counted on."""
    if forecast is None:
        return 0.0
    step = timedelta(seconds=forecast.step_s)
    sunny = [at for at, pv_w in forecast.steps if pv_w > 0 and at + step > now and at < until_at]
    if not sunny:
        return 0.0
    clouds_percent = forecast.cloud_percent_between(max(now, sunny[0]), min(until_at, sunny[-1] + step))
    if clouds_percent is None:
        clouds_percent = UNKNOWN_CLOUDS_PERCENT
    if forecast.is_clear_sky:
        return 1.0 - OVERCAST_LOSS * math.pow(clouds_percent / 100.0, OVERCAST_POWER)
    return 1.0 - CLOUD_DOUBT * clouds_percent / 100.0
