"""A full battery hides the sun, or a lack of it: the hours that show it, with the plan and without feed-in."""

from typing import Any

import pytest

from tests.scenarios.life import PLAN, Day, day_of, live

GX: dict[str, Any] = {"interval_s": 10.0}
GX_SILENT_ON_THROTTLING: dict[str, Any] = {"interval_s": 10.0, "tells_throttling": False}
VRM: dict[str, Any] = {"interval_s": 60.0, "delay_s": 60.0, "tells_throttling": False, "tick_s": 30.0}
NOBODY_TELLS = pytest.mark.parametrize(
    ("pace", "until_hour"), [(GX_SILENT_ON_THROTTLING, 9.0), (VRM, 18.0)], ids=["gx, no flag", "vrm"]
)
"""Until nine all has been tried that will be; at the portal's pace the afternoon is lived as well."""
RELAY = {"min_power_w": 2000.0}
BRIGHT_AT_TEN = day_of([(0, 0, 0), (10, 3000, 300), (13, 0, 300)], until_hour=13.25)
FROM_TEN: dict[str, Any] = {"daylight": {"from": "10:00", "to": "18:00"}}
"""Heating is not allowed before: the battery is still full when the sun comes."""
LATE = day_of([(0, 0, 300), (6, 300, 300), (10, 3500, 300), (18, 0, 300)], until_hour=18.25)


def never_more(until_hour: float, pace: dict[str, Any], load: dict[str, Any], **strategy: Any) -> Day:
    """The sun gives just what the house uses: the battery stays full, and nothing is hidden behind it."""
    return live(
        day_of([(0, 300, 300)], until_hour=until_hour),
        strategy=PLAN | strategy, start_percent=100.0, forecast_w=4000.0, load=load, from_hour=4.0, **pace,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("load", "pace", "within_s"),
    [({}, GX, 300), ({}, GX_SILENT_ON_THROTTLING, 300), ({}, VRM, 2700), (RELAY, GX, 300), (RELAY, VRM, 300)],
    ids=["regulator, gx", "regulator, gx, no flag", "regulator, vrm", "relay, gx", "relay, vrm"],
)
def test_a_full_battery_at_ten_does_not_hide_the_sun(
    load: dict[str, Any], pace: dict[str, Any], within_s: float
) -> None:
    """
    09:45  the battery is full, and nothing is used or produced
    10:00  3 kW of sun; the chargers throttle, and PV shows no more than the house uses
    10:05  found: the heater has all it can take. A regulator at the portal's pace climbs 100 W with each new reading,
           one in two minutes, and is there at 10:45 at the latest
    13:00  nothing was bought, and the battery has given no more than a few Wh
    """
    day = live(
        BRIGHT_AT_TEN, strategy=PLAN, start_percent=100.0, limits=FROM_TEN, load=load, forecast_w=3000.0,
        from_hour=9.75, **pace,
    )  # fmt: skip
    assert day.soc_percent(10.0) == 100
    assert day.power_w(10 + within_s / 3600) == 2000
    assert day.ledger.heat_wh["heater"] > 0.99 * 2000 * (3 - within_s / 3600)
    assert day.discharged_wh(10, 13) < 50
    assert day.ledger.grid_import_wh == 0


@NOBODY_TELLS
def test_a_trial_that_finds_nothing_is_noticed_by_the_batterys_current(pace: dict[str, Any], until_hour: float) -> None:
    """
    04:00  the battery is full and stays so: the sun gives what the house uses, no more
    06:00  4 kW are forecast: a relay of 2 kW is tried where nobody can say that nothing is hidden
    +3 min the battery gives what it draws, the grid shows nothing: it ends with the minimum on time
    18:00  one trial of 167 Wh was all: a second would not fit into the day's 300 Wh; nothing was bought
    """
    day = never_more(until_hour, pace, RELAY)
    assert day.discharged_wh(4, 18) <= 200
    assert day.ledger.battery_start_wh - day.ledger.battery_end_wh <= 200
    assert day.starts() == 1
    assert day.heated_s(0, 24) <= 300
    assert day.ledger.grid_import_wh == 0


def test_where_victron_says_that_nothing_is_throttled_nothing_is_tried() -> None:
    """The same morning with word of every tracker: there is nothing to be found, and the relay stays open."""
    day = never_more(9.0, GX, RELAY)
    assert day.starts() == 0
    assert day.discharged_wh(4, 9) == 0


@NOBODY_TELLS
def test_a_budget_of_nothing_forbids_every_trial(pace: dict[str, Any], until_hour: float) -> None:
    """probe_wh_per_day: 0 and a relay: the battery is never asked to pay for a guess."""
    day = never_more(until_hour, pace, RELAY, probe_wh_per_day=0)
    assert day.starts() == 0
    assert day.discharged_wh(4, 18) == 0


@pytest.mark.parametrize(("pace", "until_hour"), [(GX, 9.0), (VRM, 18.0)], ids=["gx", "vrm"])
def test_the_search_that_finds_nothing_costs_its_budget_and_one_trial_at_most(
    pace: dict[str, Any], until_hour: float
) -> None:
    """
    04:00  the battery is full; 4 kW are forecast, and until 18:00 there are 300 W, all of which the house uses
    18:00  by then the battery gave 300 Wh and one trial at most: of a regulator its least power for five minutes;
           the grid delivered nothing
    """
    day = never_more(until_hour, pace, {})
    most_wh = 300 + 9
    assert 0 < day.discharged_wh(4, 18) <= most_wh
    assert day.ledger.battery_start_wh - day.ledger.battery_end_wh <= most_wh
    assert day.ledger.grid_import_wh == 0


def test_the_search_of_a_regulator_ends_with_its_budget() -> None:
    """probe_wh_per_day: 100 is half of what it takes to see that nothing comes; 60 W for five minutes come on top."""
    day = never_more(9.0, VRM, {}, probe_wh_per_day=100)
    assert 95 < day.discharged_wh(4, 9) <= 100 + 9


@pytest.mark.parametrize("start_percent", [22.0, 62.0])
@pytest.mark.parametrize("load", [{}, RELAY], ids=["regulator", "relay"])
def test_from_dawn_until_ten_the_battery_gives_nothing_for_heat(load: dict[str, Any], start_percent: float) -> None:
    """
    05:45  the night left 22 or 62 %
    06:00  300 W of sun come, just what the house uses, and 3.5 kW are forecast
    10:00  they come; until now nothing was heated and the battery gave nothing, though it will surely be filled
    18:00  the heater has had nearly all the sun of the day that it could take
    """
    day = live(LATE, strategy=PLAN, start_percent=start_percent, forecast_w=3500.0, load=load, from_hour=5.75, **VRM)
    assert day.heated_s(0, 10) == 0
    assert day.discharged_wh(6.02, 10) == 0
    assert day.ledger.heat_wh["heater"] > 0.96 * 8 * 2000


def test_behind_a_battery_that_takes_all_it_can_the_portal_finds_the_rest() -> None:
    """
    08:00  4500 W of sun, the battery at 25 %: it takes its 2400 W, the house 300 W, and nobody sees the other 1800 W
    08:30  the heater has them, reading by reading, and the battery goes on as before
    """
    sky = day_of([(0, 0, 300), (8, 4500, 300)], until_hour=8.75)
    day = live(sky, start_percent=25.0, from_hour=7.75, **VRM)
    assert day.power_w(8.6) > 1600
    assert day.soc_percent(8.6) - day.soc_percent(8.1) > 100 * 0.5 * 2200 * 0.96 / 4800
