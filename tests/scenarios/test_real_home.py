"""A home measured as homes are, a look a second: what a start costs, and what the grid bears of it."""

from typing import Any

import pytest

from pv_heater.sim.real_home import RealHomeSettings
from pv_heater.sim.victron_chain import EARLY, LATE
from tests.scenarios.life import BALANCE, PLAN
from tests.scenarios.real_home import live_real

ALLOWANCE_W = 100.0
"""`limits.max_battery_discharge_w`."""
STIFF = RealHomeSettings(regulation_s=0.0)
ESS = RealHomeSettings()
each_strategy = pytest.mark.parametrize("strategy", [BALANCE, PLAN], ids=["balance", "plan"])


@each_strategy
@pytest.mark.parametrize("real", [STIFF, ESS], ids=["stiff", "ess"])
@pytest.mark.parametrize("phase_s", [EARLY, LATE, None], ids=["early", "late", "mixed"])
def test_a_start_on_steady_sun_takes_what_is_spare_and_no_more(
    strategy: Any, real: RealHomeSettings, phase_s: Any
) -> None:
    """
    00:00  1800 W of sun, 760 W of use, the battery nearly full: 1040 W are spare
    00:03  it heats; two samples later it is at what is spare, and the first minute costs the battery what it may give
    """
    day = live_real([(0, 1800, 760)], 90, strategy=strategy, real=real, phase_s=phase_s)
    on_s = day.first_on_s()
    assert abs(day.from_battery_w(on_s, on_s + 60)) <= ALLOWANCE_W + 100
    assert abs(day.setpoint_w(on_s + 3) - 1040) <= 100.5
    assert day.closings() == 1


@each_strategy
def test_what_the_grid_bears_of_our_own_step_ends_nothing(strategy: Any) -> None:
    """Half an hour of steady sun with an owner's rests is one start; the grid gives the first second of it, 0.3 Wh."""
    rests = {"min_on_s": 300, "min_off_s": 300, "start_delay_s": 60}
    day = live_real([(0, 1800, 760)], 900, strategy=strategy, real=ESS, phase_s=LATE, load=rests)
    assert day.closings() == 1
    assert day.ledger.heat_total_wh > 0.9 * 1040 * 840 / 3600
    assert day.bought_wh(0, 900) < 1


def test_import_that_is_not_our_own_step_still_ends_heating() -> None:
    """The sun goes at 01:00, the battery is empty: off within seconds, whatever the heater did before."""
    day = live_real([(0, 1800, 760), (60, 100, 760)], 120, strategy=BALANCE, real=ESS, start_percent=28.0)
    lacking = live_real(
        [(0, 1800, 760), (60, 100, 760)],
        120,
        strategy=BALANCE,
        real=ESS,
        start_percent=20.0,
        limits={"min_battery_percent": 0},
    )
    assert day.first_off_s(60) <= 75
    assert lacking.on_s(70, 120) == 0
