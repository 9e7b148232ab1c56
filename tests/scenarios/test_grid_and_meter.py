"""A grid that comes and goes, that charges the battery, and a meter that is silent or late: days with the plan."""

from dataclasses import replace
from typing import Any

import pytest

from pv_heater.core.model.values import Reading
from pv_heater.sim.recording import HomeRecording
from tests.scenarios.life import HOUR, PLAN, day_of, live

GX: dict[str, Any] = {"interval_s": 10.0}
VRM: dict[str, Any] = {"interval_s": 60.0, "delay_s": 60.0, "tells_throttling": False, "tick_s": 30.0}


def until(hour: float) -> HomeRecording:
    """Sun for more than the heater from 11:00 on, until that hour."""
    return day_of([(0, 0, 0), (11, 3000, 300)], until_hour=hour)


EACH_PACE = pytest.mark.parametrize(("pace", "seen_s"), [(GX, 10.0), (VRM, 120.0)], ids=["gx", "vrm"])
"""`seen_s`: so long after the event its first reading has come, at the latest."""


def charged_by_the_grid(reading: Reading, hour: float) -> Reading:
    """A cheap tariff: from 1 to 5 and from 10 to 12 the grid puts 2 kW into the battery."""
    if not (1 <= hour < 5 or 10 <= hour < 12):
        return reading
    return replace(reading, grid_w=(reading.grid_w or 0.0) + 2000.0, battery_w=(reading.battery_w or 0.0) + 2000.0)


def islanded(reading: Reading, hour: float) -> Reading:
    """The grid is gone from 12:00 to 12:30."""
    return replace(reading, grid_connected=False, grid_w=0.0) if 12 <= hour < 12.5 else reading


@EACH_PACE
def test_what_the_grid_charges_is_no_surplus(pace: dict[str, Any], seen_s: float) -> None:
    """
    01:00  the grid charges the battery, until 05:00: nothing heats
    09:00  1500 W of sun, 300 W of use: heating may begin
    10:00  the grid charges again, beside the sun: off with the next reading
    12:00  it stops: back within the minimum off time and a minute
    """
    sunny = day_of([(0, 0, 0), (9, 1500, 300)], until_hour=12.2)
    day = live(sunny, strategy=PLAN, start_percent=80.0, tampered=charged_by_the_grid, **pace)
    assert day.heated_s(0, 9) == 0
    assert day.power_w(9.9) > 1000
    assert day.off_after_s(10.0) <= seen_s
    assert day.heated_s(10 + seen_s / HOUR, 12) == 0
    assert day.on_after_s(12.0) <= 300 + seen_s


@pytest.mark.parametrize("sun_w", [0.0, 200.0])
def test_a_battery_full_of_bought_energy_heats_nothing(sun_w: float) -> None:
    """
    00:00  the battery is full: it was charged from the grid
    07:00  no sun, or less than the house uses, though 3 kW were forecast: the battery is for the house
    """
    dull = day_of([(0, 0, 300), (7, sun_w, 300), (18, 0, 300)], until_hour=19)
    day = live(dull, strategy=PLAN, start_percent=100.0, forecast_w=3000.0, interval_s=60.0, tick_s=60.0)
    assert day.ledger.heat_wh["heater"] == 0


@EACH_PACE
def test_a_lost_grid_ends_heating_at_once(pace: dict[str, Any], seen_s: float) -> None:
    """
    12:00  the grid is lost with the sun at its best: off with the reading that says so, minimum on time or not
    12:30  it is back, the battery is full by now and hides the sun: found again step by step, with every reading
           that comes: at once where Victron tells of throttling, within three quarters of an hour at the portal's pace
    """
    sunny = day_of([(0, 0, 0), (11, 3600, 300)], until_hour=12.7 if pace is GX else 13.3)
    load = {"min_on_s": 3 * HOUR}
    day = live(sunny, strategy=PLAN, start_percent=90.0, tampered=islanded, load=load, from_hour=10.75, **pace)
    assert day.power_w(11.9) == 2000
    assert day.off_after_s(12.0) <= seen_s
    assert day.heated_s(12 + seen_s / HOUR, 12.5) == 0
    assert {decision.blocked_by for at_s, decision, _ in day.seen if 12.1 * HOUR < at_s < 12.5 * HOUR} == {"grid_lost"}
    assert day.on_after_s(12.5) <= seen_s
    assert day.power_w(12.6 if pace is GX else 13.25) == 2000


@EACH_PACE
def test_a_silent_meter_ends_heating_within_its_age_limit(pace: dict[str, Any], seen_s: float) -> None:
    """
    12:00  the last reading; for three minutes the power falls, then it is off
    12:15  the meter speaks again: heating again
    """
    sunny = day_of([(0, 0, 300), (9, 3000, 300)], until_hour=12.4)
    day = live(sunny, strategy=PLAN, silent=(12.0, 12.25), **pace)
    assert day.power_w(11.9) > 1900
    assert day.off_after_s(12.0) <= 180
    assert day.heated_s(12 + 180 / HOUR, 12.25) == 0
    assert day.on_after_s(12.25) <= seen_s
    assert day.power_w(12.35) > 1900


def test_a_portal_ten_minutes_late_never_heats() -> None:
    """Every reading is ten minutes old when it comes, the limit is three: nothing may be decided from it."""
    day = live(until(12.7), strategy=PLAN, start_percent=95.0, interval_s=60.0, delay_s=600.0, tick_s=30.0)
    assert day.ledger.heat_wh["heater"] == 0
    assert {decision.blocked_by for at_s, decision, _ in day.seen if at_s > HOUR} == {"no_reading"}


def test_a_portal_that_falls_ten_minutes_behind_is_off_until_it_catches_up() -> None:
    """
    12:00  from here on VRM repeats what it said at 12:00, as it does while a site is out of reach
    12:03  off, at the latest
    12:10  it has caught up: heating again
    """
    last: list[Reading] = []

    def stuck(reading: Reading, hour: float) -> Reading:
        if 12 <= hour < 12 + 10 / 60:
            return last[-1]
        last[:] = [reading]
        return reading

    day = live(until(12.7), strategy=PLAN, start_percent=95.0, tampered=stuck, from_hour=10.75, **VRM)
    assert day.power_w(11.9) > 1900
    assert day.off_after_s(12.0) <= 240
    assert day.heated_s(12 + 240 / HOUR, 12 + 600 / HOUR) == 0
    assert day.on_after_s(12 + 600 / HOUR) <= 180
