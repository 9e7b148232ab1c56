"""Below which charge nothing heats by itself: above the battery's reserve, by what heaters may still take.

A cloud or a kettle takes the sun, and until that is seen and obeyed the heaters run on, from the battery. Below its
reserve an ESS buys what the house draws, so what runs on must come from above it. It follows from the home:

- Each load runs at full power until a reading shows the change. At the slowest that is a source that falls silent at
  this moment: power is held for a third of the age at which a reading counts no more, and falls evenly to nothing for
  the rest of it, which is as much as two thirds of that age at full power. A load that is only on or off runs for its
  minimum on time as well, or for as long as a dip lasts.
- The battery gives no more than the inverter can, and not more than its capacity in an hour.
- And a dip that is seen is bridged, which costs `DIP_WH`.

A heater of 2 kW on a battery of 4.8 kWh: 31 Wh or 0.7 % with a meter in the house, whose readings count for 30 s; 87 Wh
or 1.9 % by the portal, 180 s. Once it has blocked, it releases 1 % above: a meter in whole percent flickers by one.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from pv_heater.core.model.lean import dataclass
from pv_heater.core.settings.home import Battery, Limits, Site
from pv_heater.core.settings.load import LoadSettings

HELD_SHARE = 2.0 / 3.0
"""Held for a third, falling for two: of the age at which a reading counts no more, as time at full power."""
DIP_WH, DIP_S = 20.0, 300.0
"""What a dip may cost the battery, and how long it lasts at most; see `strategies.ride_through`, which keeps to it."""
MOST_C = 1.0
"""A home battery is empty after no less than an hour."""
RELEASE_PERCENT = 1.0
"""A low battery releases this much above its limit."""
UNKNOWN_BATTERY_PERCENT = 30.0
"""Least charge for heating where nothing is known of the battery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastCharge:
    """Of one home at the pace of its meter."""

    percent: float
    """Below it automatic heating is blocked."""
    release_percent: float
    """From it on it is not any more."""


def least_charge(site: Site, limits: Limits, loads: Iterable[LoadSettings], max_reading_age_s: float) -> LeastCharge:
    """As the owner set it, else as the module's text has it."""
    battery = site.battery
    if limits.min_battery_percent is not None:
        percent = limits.min_battery_percent
    elif battery is None:
        percent = UNKNOWN_BATTERY_PERCENT
    else:
        margin_wh = _runs_on_wh(site, battery, loads, max_reading_age_s) + DIP_WH
        above_percent = ceil(1000.0 * margin_wh / battery.capacity_wh) / 10.0  # meters show tenths at best
        percent = min(100.0, battery.reserve_percent + above_percent)
    return LeastCharge(percent=percent, release_percent=min(100.0, percent + RELEASE_PERCENT))


def _runs_on_wh(site: Site, battery: Battery, loads: Iterable[LoadSettings], max_reading_age_s: float) -> float:
    """What the battery gives to heaters that do not know yet that the sun has gone."""
    held_s = HELD_SHARE * max_reading_age_s
    powers_w, drawn_wh = 0.0, 0.0
    for load in loads:
        runs_s = held_s if load.adjustable else max(held_s, min(load.min_on_s, DIP_S))
        powers_w += load.max_power_w
        drawn_wh += load.max_power_w * runs_s / 3600.0
    most_w = MOST_C * battery.capacity_wh
    if site.inverter is not None:
        most_w = min(most_w, site.inverter.max_w)
    return drawn_wh * min(1.0, most_w / powers_w) if powers_w > 0 else 0.0
