"""How much charge above its reserve the battery must have before heaters may run."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pv_heater.core.house.least_charge import DIP_S, DIP_WH, LeastCharge, least_charge
from pv_heater.core.settings.home import Battery, Inverter, Limits, Site
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.pins import RelayPin
from pv_heater.loads.pins.relay_loads import RelaySettings
from pv_heater.strategies import ride_through

SITE = Site(battery=Battery(capacity_wh=4800))
HEATER = LoadSettings(name="heater", max_power_w=2000)
RELAY = RelaySettings(name="relay", max_power_w=2000, relay=RelayPin(pin="GPIO17", active_high=True))
IN_HOUSE_S, PORTAL_S = 30.0, 180.0
"""The ages at which readings of a meter in the house, and of the portal, count no more."""


def least(
    loads: Sequence[LoadSettings] = (HEATER,), site: Site = SITE, limits: Limits | None = None, age_s: float = PORTAL_S
) -> LeastCharge:
    return least_charge(site, limits or Limits(), loads, age_s)


@pytest.mark.parametrize(
    ("loads", "age_s", "above_wh"),
    [
        ((HEATER,), IN_HOUSE_S, 2000 * 20 / 3600 + 20),
        ((HEATER,), PORTAL_S, 2000 * 120 / 3600 + 20),
        ((HEATER, replace(HEATER, name="pool", max_power_w=1000)), PORTAL_S, 3000 * 120 / 3600 + 20),
        ((RELAY,), IN_HOUSE_S, 2000 * 300 / 3600 + 20),
        ((replace(RELAY, min_on_s=60.0),), IN_HOUSE_S, 2000 * 60 / 3600 + 20),
        ((replace(RELAY, min_on_s=3600.0),), IN_HOUSE_S, 2000 * 300 / 3600 + 20),
        ((replace(RELAY, min_on_s=0.0),), PORTAL_S, 2000 * 120 / 3600 + 20),
        ((replace(HEATER, max_power_w=48_000.0),), PORTAL_S, 4800 * 120 / 3600 + 20),
        ((), PORTAL_S, 20),
    ],
    ids=["gx", "vrm", "two", "relay", "short minimum", "long minimum", "relay by vrm", "more than it gives", "none"],
)
def test_it_is_what_the_battery_gives_until_the_loads_are_down(
    loads: Sequence[LoadSettings], age_s: float, above_wh: float
) -> None:
    above_percent = least(loads, age_s=age_s).percent - 20.0
    assert 0 <= above_percent - 100.0 * above_wh / 4800.0 < 0.1


def test_an_inverter_gives_no_more_than_it_can() -> None:
    """A relay of 2 kW in its minimum time, with an inverter of 800 W, of a battery of 1 kWh."""
    small = Site(battery=Battery(capacity_wh=1000, reserve_percent=10), inverter=Inverter(max_w=800))
    above_wh = 800 * 300 / 3600 + 20
    assert least((RELAY,), small).percent == pytest.approx(10.0 + 100.0 * above_wh / 1000, abs=0.1)


def test_it_releases_a_percent_above() -> None:
    known = least()
    assert known.release_percent == pytest.approx(known.percent + 1.0)
    tiny = Site(battery=Battery(capacity_wh=100, reserve_percent=95))
    assert least(site=tiny) == LeastCharge(percent=100.0, release_percent=100.0)


def test_what_the_owner_sets_counts_and_an_unknown_battery_keeps_thirty_percent() -> None:
    assert least(limits=Limits(min_battery_percent=40.0)) == LeastCharge(percent=40.0, release_percent=41.0)
    assert least(site=replace(SITE, battery=None)) == LeastCharge(percent=30.0, release_percent=31.0)


def test_a_dip_costs_what_is_reckoned_with() -> None:
    assert (DIP_WH, DIP_S) == (ride_through.MOST_WH, ride_through.MOST_S)
