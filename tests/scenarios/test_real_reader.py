"""A home seen through the program's own reader of a GX device: devices are lost, hang, and come back elsewhere."""

from dataclasses import replace
from typing import Any

import pytest

from pv_heater.sim.chain_faults import BrokerSilent, Fault, Hung, Lost, Moved, SystemRestart
from pv_heater.sim.real_home import During, RealHomeSettings
from pv_heater.sim.victron_chain import LATE
from tests.scenarios.life import PLAN
from tests.scenarios.real_home import RealDay, live_real

STIFF = RealHomeSettings(regulation_s=0.0, second_charger_share=0.5)
SUNNY = [(0.0, 1300.0, 760.0)]


def seen(segments: list[tuple[float, float, float]], until_s: float, *faults: Fault, **changes: Any) -> RealDay:
    wanted: dict[str, Any] = {"strategy": PLAN, "real": STIFF, "phase_s": LATE} | changes
    return live_real(segments, until_s, faults=faults, through_reader=True, **wanted)


@pytest.mark.parametrize("device", ["vebus", "grid", "charger_1", "battery"])
def test_a_device_that_comes_back_at_another_address_is_found_again(device: str) -> None:
    """
    00:00  1300 W of sun, 760 W of use: 540 W are spare
    01:00  the device is away for ten seconds; nothing is heated that is not spare
    01:10  it is back at another address, and everything goes on
    """
    day = seen(SUNNY, 150, Moved(device=device, from_s=60, to_s=70))
    assert day.setpoint_w(59) == pytest.approx(540, abs=30)
    assert max(second.setpoint_w for second in day.between(60, 150)) <= 640
    assert day.setpoint_w(149) == pytest.approx(540, abs=110)


def test_without_its_inverter_the_house_is_counted_from_what_others_measure() -> None:
    """
    01:00  the inverter's driver is lost: the house shrinks to what hangs beside it, 71 W of 760 in a real home
    01:06  the house is PV plus grid minus battery: the heater stays at what is spare
    """
    day = seen(SUNNY, 150, Lost(device="vebus", from_s=60))
    assert all(second.setpoint_w <= 640 for second in day.between(60, 150))
    assert day.setpoint_w(140) == pytest.approx(540, abs=110)


def test_a_calculation_that_starts_anew_is_not_believed_before_it_knows_its_inverter() -> None:
    day = seen(SUNNY, 120, SystemRestart(from_s=60, to_s=62))
    assert all(second.setpoint_w <= 640 for second in day.between(60, 120))


def test_without_its_grid_meter_nothing_is_heated() -> None:
    """Off within the age limit of 30 s, and back within seconds of the meter's return."""
    day = seen(SUNNY, 150, Lost(device="grid", from_s=60, to_s=120))
    assert day.first_off_s(60) <= 93
    assert day.on_s(95, 120) == 0
    assert day.setpoint_w(140) == pytest.approx(540, abs=110)


@pytest.mark.parametrize(
    ("fault", "segments", "spare_w"),
    [
        (Hung(device="vebus", from_s=60), [(0, 3000, 750), (63, 3000, 2250)], 750),
        (Hung(device="charger_2", from_s=60), [(0, 3000, 760), (80, 1500, 760)], 740),
    ],
    ids=["inverter", "charger"],
)  # fmt: skip
def test_a_driver_that_hangs_is_found_out(fault: Fault, segments: Any, spare_w: float) -> None:
    """Within three minutes the heater is at what is spare, whatever the driver goes on to say."""
    day = seen(segments, 300, fault)
    assert day.setpoint_w(59) == 2000
    assert day.mean_setpoint_w(260, 300) <= spare_w + 250


def test_while_a_generator_runs_nothing_is_heated() -> None:
    day = seen([(0, 1800, 760)], 150, real=replace(STIFF, generator=[During(from_s=60, to_s=120, power_w=3000)]))
    assert day.setpoint_w(59) > 900
    assert day.on_s(63, 120) == 0


def test_nothing_is_heated_while_the_broker_is_silent_for_long() -> None:
    day = seen([(0, 3010, 760)], 150, BrokerSilent(from_s=60, to_s=130))
    assert day.first_off_s(60) <= 93
    assert day.on_s(95, 130) == 0
