import pytest

from pv_heater.core.actuators.idle import Idle
from pv_heater.core.loads.energy import counted, new_day
from pv_heater.core.loads.load_step import Memory
from pv_heater.core.model.values import Phase

ON = Memory(phase=Phase.HEATING, power_w=1000.0, energy_wh=50.0, closings=3)


@pytest.mark.parametrize(
    ("measured_w", "energy_wh"), [(None, 150.0), (800.0, 130.0), (0.0, 50.0), (3001.0, 150.0), (-1.0, 150.0)]
)
def test_energy_is_what_its_meter_says_unless_that_cannot_be(measured_w: float | None, energy_wh: float) -> None:
    after = counted(ON, 360.0, measured_w=measured_w, max_power_w=2000.0)
    assert after.energy_wh == pytest.approx(energy_wh)


def test_a_load_that_is_off_or_draws_nothing_gathers_no_energy() -> None:
    off = Memory(energy_wh=50.0)
    assert counted(off, 360.0, measured_w=900.0, max_power_w=2000.0) is off
    idle = Memory(phase=Phase.HEATING, power_w=1000.0, idle=Idle(because="thermostat open", until_s=9.0))
    assert counted(idle, 360.0, measured_w=None, max_power_w=2000.0).energy_wh == 0


def test_a_new_day_begins_with_no_energy_and_no_closings() -> None:
    fresh = new_day(ON)
    assert (fresh.energy_wh, fresh.closings, fresh.power_w) == (0.0, 0, 1000.0)
