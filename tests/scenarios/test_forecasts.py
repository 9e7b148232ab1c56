"""Forecasts that promise what does not come, and sun that none has promised: whole days with the plan."""

from functools import cache
from math import pi, sin
from typing import Any

import pytest

from pv_heater.sim.home import Ledger
from pv_heater.sim.recording import HomeRecording
from tests.scenarios.life import PLAN, Day, day_of, live

GX: dict[str, Any] = {"interval_s": 60.0, "tick_s": 60.0}
"""Whole days of a sun that changes by the quarter of an hour: it tells of throttling, and need not do so each 10 s."""
VRM: dict[str, Any] = {"interval_s": 60.0, "delay_s": 60.0, "tells_throttling": False, "tick_s": 60.0}
PACES = {"gx": GX, "vrm": VRM}
EACH_PACE = pytest.mark.parametrize(
    "pace", [pytest.param(pace, marks=pytest.mark.xdist_group(f"forecasts by {pace}")) for pace in PACES]
)
"""All of a pace in one worker, which lives the day as promised once."""


def bell_w(hour: float) -> float:
    """A clear day of 5 kWp: up at 05:30, down at 18:30, 4.2 kW at noon."""
    return max(0.0, 4200.0 * sin((hour - 5.5) / 13.0 * pi)) if 5.5 <= hour <= 18.5 else 0.0


CLEAR = day_of([(quarter / 4, bell_w(quarter / 4), 300.0) for quarter in range(96)], 19.0)
AT_FIVE = 20.0
"""Charge in percent that a night from 50 % on leaves at 05:00."""
TRUE_FORECAST = [bell_w(hour + 0.5) for hour in range(24)]


@cache
def clear_day_as_promised(pace: str) -> Day:
    return live(CLEAR, strategy=PLAN, forecast_w=TRUE_FORECAST, start_percent=AT_FIVE, from_hour=5, **PACES[pace])


@cache
def clear_day_that_nobody_promised(pace: str) -> Day:
    return live(CLEAR, strategy=PLAN, forecast_w=0.0, start_percent=AT_FIVE, from_hour=5, **PACES[pace])


def dull_day(dull_w: float) -> HomeRecording:
    return day_of([(0, 0, 300), (8, dull_w, 300), (17, 0, 300)])


@cache
def idle_ledger(dull_w: float) -> Ledger:
    """Nothing is heated on that day: at what pace the meter speaks makes no difference."""
    night_only = {"daylight": {"from": "00:00", "to": "00:01"}}
    return live(dull_day(dull_w), limits=night_only, start_percent=90.0, interval_s=60.0, tick_s=60.0).ledger


@EACH_PACE
@pytest.mark.parametrize(("dull_w", "most_wh", "evening_percent"), [(350.0, 0.0, 47), (900.0, 2600.0, 97)])
def test_sun_that_was_promised_and_does_not_come_costs_little(
    dull_w: float, most_wh: float, evening_percent: float, pace: str
) -> None:
    """
    06:00  4 kW are forecast for every hour until 18:00
    08:00  a dull day of 350 or 900 W begins; the battery has come down to 38 %
           350 W: the 50 W to spare heat nothing, and the battery is not asked for more
           900 W: the 600 W to spare heat as long as the forecast is believed
    11:40  the day so far has proved the forecast wrong at the latest: the battery comes first from now on
    17:00  dusk; the battery has 47 %, or is full all the same; nothing was bought by day, next to nothing more at night
    """
    day = live(dull_day(dull_w), strategy=PLAN, forecast_w=4000.0, start_percent=90.0, **PACES[pace])
    idle = idle_ledger(dull_w)
    heat_wh = day.ledger.heat_wh["heater"]
    assert idle.heat_wh["heater"] == 0
    assert heat_wh <= most_wh
    assert day.heated_s(11.67, 15) == 0
    assert day.discharged_wh(8.1, 17) < 1
    assert day.soc_percent(17) > evening_percent
    assert day.bought_wh(8, 17) < 5
    lost_wh = idle.battery_end_wh - day.ledger.battery_end_wh
    more_bought_wh = day.ledger.grid_import_wh - idle.grid_import_wh
    assert lost_wh + more_bought_wh <= min(heat_wh, 150) + 1e-6, "but for rounding, as the two have other ticks"


@EACH_PACE
def test_sun_that_nobody_promised_is_caught_all_the_same(pace: str) -> None:
    """
    05:00  the forecast says that no sun will shine
    05:30  a clear day begins; by 09:00 the day so far has proved the forecast wrong
    18:30  at least four fifths of what a true forecast gives has been heated
    """
    promised = clear_day_as_promised(pace)
    surprised = clear_day_that_nobody_promised(pace)
    assert promised.ledger.heat_wh["heater"] > 20_000
    assert surprised.ledger.heat_wh["heater"] > 0.8 * promised.ledger.heat_wh["heater"]
    assert surprised.bought_wh(8, 18) == 0


@EACH_PACE
def test_without_any_forecast_the_sky_over_the_modules_will_do(pace: str) -> None:
    """A clear day, no forecast at all: place and modules are known, and that is as good here."""
    promised = clear_day_as_promised(pace)
    unaided = live(CLEAR, strategy=PLAN, start_percent=AT_FIVE, from_hour=5, **PACES[pace])
    assert unaided.ledger.heat_wh["heater"] > 0.97 * promised.ledger.heat_wh["heater"]


@pytest.mark.xdist_group("forecasts by gx")
def test_the_battery_is_full_by_evening_whatever_was_promised() -> None:
    """18:15, the sun is about to set on a clear day: a true forecast, none of it, twice as much."""
    twice = live(CLEAR, strategy=PLAN, forecast_w=8000.0, start_percent=AT_FIVE, from_hour=5, **GX)
    for day in (clear_day_as_promised("gx"), clear_day_that_nobody_promised("gx"), twice):
        assert day.soc_percent(18.25) > 95
