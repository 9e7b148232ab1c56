"""A full battery hides the sun, or a lack of it: whole days with the plan and without feed-in."""

from typing import Any

import pytest

from tests.scenarios.life import PLAN, day_of, live

GX: dict[str, Any] = {"interval_s": 10.0}
GX_SILENT_ON_THROTTLING: dict[str, Any] = {"interval_s": 10.0, "tells_throttling": False}
VRM: dict[str, Any] = {"interval_s": 60.0, "delay_s": 60.0, "tells_throttling": False}
EACH_PACE = pytest.mark.parametrize("pace", [GX, GX_SILENT_ON_THROTTLING, VRM], ids=["gx", "gx, no flag", "vrm"])
RELAY = {"min_power_w": 2000.0}
BRIGHT_AT_TEN = day_of([(0, 0, 0), (10, 3000, 300), (18, 0, 300)], until_hour=18.5)
FROM_TEN: dict[str, Any] = {"daylight": {"from": "10:00", "to": "18:00"}}
"""Heating is not allowed before: the battery is still full when the sun comes."""
NEVER_MORE = day_of([(0, 300, 300), (18, 0, 300)])
"""All day the sun gives just what the house uses: the battery stays full, and nothing is hidden behind it."""
LATE = day_of([(0, 0, 300), (6, 300, 300), (10, 3500, 300), (18, 0, 300)], until_hour=18.5)
NEVER: dict[str, Any] = {"daylight": {"from": "23:58", "to": "23:59"}}
"""Only when the battery is far from full and the sun is gone."""


@pytest.mark.parametrize(
    ("load", "pace", "within_s"),
    [({}, GX, 300), ({}, GX_SILENT_ON_THROTTLING, 300), ({}, VRM, 2700), (RELAY, GX, 300), (RELAY, VRM, 300)],
    ids=["regulator, gx", "regulator, gx, no flag", "regulator, vrm", "relay, gx", "relay, vrm"],
)
def test_a_full_battery_at_ten_does_not_hide_the_sun(
    load: dict[str, Any], pace: dict[str, Any], within_s: float
) -> None:
    """
    00:00  the battery is full, and nothing is used or produced
    10:00  3 kW of sun; the chargers throttle, and PV shows no more than the house uses
    10:05  found: the heater has all it can take. A regulator at the portal's pace climbs 100 W with each new reading,
           one in two minutes, and is there at 10:45 at the latest
    18:00  nothing was bought, and the battery has given no more than a few Wh
    """
    day = live(BRIGHT_AT_TEN, strategy=PLAN, start_percent=100.0, limits=FROM_TEN, load=load, forecast_w=3000.0, **pace)
    assert day.soc_percent(10.0) == 100
    assert day.power_w(10 + within_s / 3600) == 2000
    assert day.ledger.heat_wh["heater"] > 0.99 * 2000 * (8 - within_s / 3600)
    assert day.discharged_wh(10, 18) < 50
    assert day.ledger.grid_import_wh == 0


@EACH_PACE
def test_a_trial_that_finds_nothing_is_noticed_by_the_batterys_current(pace: dict[str, Any]) -> None:
    """
    00:00  the battery is full and stays so: the sun gives what the house uses, no more
    06:00  4 kW are forecast: a relay of 2 kW is tried where nobody can say that nothing is hidden
    +3 min the battery gives what it draws, the grid shows nothing: it ends with the minimum on time
    18:00  one trial of 167 Wh was all: a second would not fit into the day's 300 Wh; nothing was bought
    """
    day = live(NEVER_MORE, strategy=PLAN, start_percent=100.0, forecast_w=4000.0, load=RELAY, **pace)
    assert day.discharged_wh(0, 18) <= 200
    assert day.starts() <= 1
    assert day.heated_s(0, 24) <= 300
    assert day.bought_wh(0, 18) == 0


def test_where_victron_says_that_nothing_is_throttled_nothing_is_tried() -> None:
    """The same day with word of every tracker: there is nothing to be found, and the relay stays open."""
    day = live(NEVER_MORE, strategy=PLAN, start_percent=100.0, forecast_w=4000.0, load=RELAY)
    assert day.starts() == 0


@EACH_PACE
def test_a_budget_of_nothing_forbids_every_trial(pace: dict[str, Any]) -> None:
    """probe_wh_per_day: 0 and a relay: the battery is never asked to pay for a guess."""
    frugal = {**PLAN, "probe_wh_per_day": 0}
    day = live(NEVER_MORE, strategy=frugal, start_percent=100.0, forecast_w=4000.0, load=RELAY, **pace)
    assert day.starts() == 0
    assert day.discharged_wh(0, 18) == 0


@pytest.mark.parametrize(
    ("load", "pace", "trial_wh"),
    [({}, GX, 9), ({}, VRM, 9), (RELAY, VRM, 167)],
    ids=["regulator, gx", "regulator, vrm", "relay, vrm"],
)
def test_the_search_that_finds_nothing_costs_its_budget_and_one_trial_at_most(
    load: dict[str, Any], pace: dict[str, Any], trial_wh: float
) -> None:
    """
    00:00  the battery is full; 4 kW are forecast, and until 18:00 there are 300 W, all of which the house uses
    18:00  by then the battery gave 300 Wh and one trial at most: of a regulator its least power for five minutes
    24:00  it has that much less than had nothing been heated, and the grid delivered no more
    """
    day = live(NEVER_MORE, strategy=PLAN, start_percent=100.0, forecast_w=4000.0, load=load, **pace)
    idle = live(NEVER_MORE, strategy=PLAN, start_percent=100.0, forecast_w=4000.0, limits=NEVER, **pace)
    most_wh = 300 + trial_wh
    assert idle.ledger.heat_wh["heater"] == 0
    assert 0 < day.discharged_wh(0, 18) <= most_wh
    assert idle.ledger.battery_end_wh - day.ledger.battery_end_wh <= most_wh
    assert day.ledger.grid_import_wh == idle.ledger.grid_import_wh


@pytest.mark.parametrize("start_percent", [60.0, 100.0])
@pytest.mark.parametrize("load", [{}, RELAY], ids=["regulator", "relay"])
def test_from_dawn_until_ten_the_battery_gives_nothing_for_heat(load: dict[str, Any], start_percent: float) -> None:
    """
    06:00  the night left 21 or 61 %; 300 W of sun come, just what the house uses, and 3.5 kW are forecast
    10:00  they come; until now nothing was heated and the battery gave nothing, though it will surely be filled
    18:00  the heater has had nearly all the sun of the day that it could take
    """
    day = live(LATE, strategy=PLAN, start_percent=start_percent, forecast_w=3500.0, load=load, **VRM)
    assert day.heated_s(0, 10) == 0
    assert day.discharged_wh(6.02, 10) == 0
    assert day.ledger.heat_wh["heater"] > 0.96 * 8 * 2000
