"""Two heaters and a pump under one budget: who comes first, and who gets what the first cannot use."""

from functools import cache

import pytest

from pv_heater.core.model.requests import Command, Force, Mode
from pv_heater.sim.recording import HomeRecording
from tests.builders import heater
from tests.scenarios.life import HOUR, PLAN, Day, day_of, live

pytestmark = pytest.mark.xdist_group("three loads")
"""One worker lives the day without commands, once."""
POOL = heater("pool", max_power_w=1500, min_power_w=300, min_on_s=300, min_off_s=300)
PUMP = heater("pump", max_power_w=500, min_power_w=500, min_on_s=600, min_off_s=600)
ROWS = [(0, 0, 0), (8, 1800, 300), (9, 3000, 300), (10.5, 4800, 300), (12.1, 1800, 300), (13, 0, 300)]
RISING = day_of(ROWS, 13.5)
START_PERCENT = 75.0


def test_power_goes_first_to_last_and_is_shed_last_to_first() -> None:
    """
    08:00  1.5 kW beyond the use: the heater alone, or the battery
    09:00  2.7 kW: the heater is at 2 kW, the pool has the rest
    10:30  4.5 kW: all three; 12:06 1.5 kW again: pump and pool are shed, the heater goes on
    13:00  dusk: nothing heats, and nothing was bought by day
    """
    day = day_without_commands()
    names = ("heater", "pool", "pump")
    at = {hour: tuple(round(day.power_w(hour, name)) for name in names) for hour in (8.9, 10, 11.5, 12.5)}
    assert at[8.9][1:] == (0, 0)
    assert at[10][0::2] == (2000, 0)
    assert 300 <= at[10][1] <= 1000
    assert at[11.5] == (2000, 1500, 500)
    assert at[12.5][0] > 1000
    assert at[12.5][1:] == (0, 0)
    assert day.bought_wh(6, 13) == 0
    assert [day.starts(name) for name in names] == [1, 1, 1]
    assert not any(decision.setpoints["pump"].on and not decision.setpoints["heater"].on for _, decision, _ in day.seen)


@cache
def day_without_commands() -> Day:
    return lived(RISING)


def lived(recording: HomeRecording, *commands: tuple[float, Command]) -> Day:
    return live(
        recording,
        strategy=PLAN,
        start_percent=START_PERCENT,
        more_loads=[POOL, PUMP],
        commands=commands,
        from_hour=7.75,
    )


@pytest.mark.parametrize("hour", [9.4, 11.0])
def test_a_load_forced_on_takes_its_watts_from_the_others(hour: float) -> None:
    """The pump is forced on for an hour: the heaters have 500 W less, and the grid delivers nothing for it."""
    command = Force(load="pump", mode=Mode.ON, for_s=HOUR)
    until = day_of([row for row in ROWS if row[0] < hour + 1.1], hour + 1.1)
    day = lived(until, (hour, command))
    assert day.heated_s(hour, hour + 0.99, "pump") > 3500
    assert day.bought_wh(hour, hour + 1) < 1
    both = [
        sum(life.power_w(hour + 0.5, name) for name in ("heater", "pool", "pump"))
        for life in (day, day_without_commands())
    ]
    assert both[0] == pytest.approx(both[1], abs=250)
