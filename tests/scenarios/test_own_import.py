"""What limits AC power, a kettle that the grid bears for a moment, a battery that takes nothing whatever it shows."""

from dataclasses import replace
from typing import Any

import pytest

from pv_heater.sim.chain_faults import ShownCharge
from pv_heater.sim.home import HomeSettings
from pv_heater.sim.real_home import RealHomeSettings
from pv_heater.sim.victron_chain import LATE
from tests.scenarios.life import BALANCE, PLAN
from tests.scenarios.real_home import LOAD, live_real, uses

STIFF = RealHomeSettings(regulation_s=0.0)
ESS = RealHomeSettings()
RESTS: dict[str, Any] = {"min_on_s": 300, "min_off_s": 300, "start_delay_s": 60}
each_strategy = pytest.mark.parametrize("strategy", [BALANCE, PLAN], ids=["balance", "plan"])


@each_strategy
@pytest.mark.parametrize("real", [STIFF, ESS], ids=["stiff", "ess"])
def test_an_inverter_smaller_than_the_panels_is_found_and_lived_with(strategy: Any, real: RealHomeSettings) -> None:
    """
    00:00  3000 W of sun, 500 W of use, an inverter of 1500 W: 1000 W reach the heater, the rest of 2000 W is bought
    00:60  it starts; seconds later it is at 1000 W, and stays there
    """
    small = HomeSettings(inverter_max_w=1500)
    day = live_real([(0, 3000, 500)], 300, strategy=strategy, real=real, home=small, load=RESTS, phase_s=LATE)
    on_s = day.first_on_s()
    assert abs(day.setpoint_w(on_s + 12) - 1000) <= 50
    assert abs(day.mean_setpoint_w(on_s + 12, 300) - 1000) <= 50
    assert day.closings() == 1
    assert day.bought_wh(0, 300) < 5
    state = day.at(280).decision.loads[LOAD]
    assert state.rule == "ceiling"
    assert state.because.startswith("limited to 1.0 kW: with more the grid delivered 1.0 kW")


def test_a_relay_that_cannot_do_with_less_is_off_within_seconds_and_not_tried_every_time() -> None:
    small, load = HomeSettings(inverter_max_w=1500), RESTS | {"min_power_w": 2000, "min_off_s": 60}
    day = live_real([(0, 3000, 500)], 500, strategy=BALANCE, real=ESS, home=small, load=load, phase_s=LATE)
    assert day.first_off_s(day.first_on_s()) - day.first_on_s() <= 10


@each_strategy
def test_a_kettle_that_the_grid_bears_for_a_second_ends_nothing(strategy: Any) -> None:
    day = live_real(uses((60, 180, 2000), sun_w=3600, house_w=500), 200, strategy=strategy, real=ESS, phase_s=LATE)
    assert day.closings() == 1
    assert day.bought_wh(0, 200) < 2


@each_strategy
@pytest.mark.parametrize("shown", [104.0, None, 60.0], ids=["above 100", "unknown", "frozen"])
def test_a_full_battery_is_what_takes_nothing_more(strategy: Any, shown: float | None) -> None:
    faults = [ShownCharge(from_s=0, percent=shown)]
    sky = [(0.0, 3000.0, 500.0)]
    day = live_real(sky, 180, strategy=strategy, real=STIFF, start_percent=99.9, faults=faults, phase_s=LATE)
    assert day.setpoint_w(170) > 1800


@each_strategy
def test_a_battery_that_stops_at_96_percent_hides_no_sun(strategy: Any) -> None:
    real = replace(STIFF, full_percent=96.0)
    day = live_real([(0, 3000, 500)], 120, strategy=strategy, real=real, start_percent=95.9, phase_s=LATE)
    assert day.setpoint_w(110) > 1800


def test_nor_where_nobody_says_that_trackers_throttle() -> None:
    """The sun is just what the house draws, minute after minute: somebody holds it back."""
    real = replace(STIFF, full_percent=96.0)
    day = live_real(
        [(0, 3000, 500)],
        600,
        strategy=BALANCE,
        real=real,
        start_percent=96.0,
        phase_s=LATE,
        changed=lambda reading, _: replace(reading, pv_throttled=None),
    )
    assert day.setpoint_w(590) > 1800
