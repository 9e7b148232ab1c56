from __future__ import annotations

from dataclasses import replace

import pytest

from pv_heater.errors import BadReply
from pv_heater.victron.modbus.plausibility import Witness, believed, missing_at_start
from pv_heater.victron.modbus.registers import System

USUAL = System(
    pv_dc_w=2300.0,
    pv_ac_w=400.0,
    consumption_w=998.0,
    grid_phase_w=(100.0, 0.0, 0.0),
    active_input=1,
    battery_v=52.5,
    battery_w=1750.0,
    battery_soc_percent=82.0,
    battery_state=1,
)
NOBODY = Witness()


def test_a_house_that_adds_up_is_believed() -> None:
    values = believed(USUAL, NOBODY, pytest.fail)
    assert (values.pv_w, values.consumption_w, values.grid_w, values.battery_w) == (2700, 998, 100, 1750)


@pytest.mark.parametrize(
    ("system", "witness", "left_out"),
    [
        pytest.param(
            replace(USUAL, grid_phase_w=(0.0,) * 3, battery_w=-200.0, pv_dc_w=0.0, pv_ac_w=200.0, consumption_w=1900.0),
            NOBODY,
            "grid",
            id="no grid, and the house is not covered by sun and battery",
        ),
        pytest.param(
            replace(USUAL, grid_phase_w=(0.0,) * 3, battery_w=1650.0),
            Witness(grid_meter_w=-900.0),
            "grid",
            id="no grid, and the meter sees an export",
        ),
        pytest.param(replace(USUAL, pv_dc_w=0.0, pv_ac_w=0.0), NOBODY, "pv", id="a battery charged by nothing"),
        pytest.param(
            replace(USUAL, pv_dc_w=0.0, battery_w=-400.0),
            Witness(tracker_w=700.0),
            "pv",
            id="a tracker says it has sun",
        ),
        pytest.param(
            replace(USUAL, pv_dc_w=64.0, battery_w=-400.0), Witness(tracker_w=65_600.0), "pv", id="DC PV wrapped"
        ),
        pytest.param(replace(USUAL, battery_w=0.0), NOBODY, "battery", id="sun that goes nowhere"),
        pytest.param(replace(USUAL, consumption_w=0.0), NOBODY, "consumption", id="a house that draws nothing"),
    ],
)
def test_one_value_that_cannot_be_is_left_out_and_said_once(system: System, witness: Witness, left_out: str) -> None:
    said: list[str] = []
    values = believed(system, witness, said.append)
    found = {name for name in ("pv", "consumption", "grid", "battery") if getattr(values, f"{name}_w") is None}
    assert found == {left_out}
    assert [f"{left_out} power" in text for text in said] == [True]


@pytest.mark.parametrize(
    ("system", "witness"),
    [
        pytest.param(replace(USUAL, pv_dc_w=0.0, pv_ac_w=0.0), Witness(tracker_w=0.0), id="the trackers see none"),
        pytest.param(replace(USUAL, grid_phase_w=(0.0,) * 3, battery_w=-3000.0, consumption_w=6500.0),
                     Witness(grid_meter_w=3.0), id="the grid meter reads 0 as well"),
        pytest.param(replace(USUAL, grid_phase_w=(0.0,) * 3, battery_w=1600.0), NOBODY, id="sun covers the house"),
        pytest.param(replace(USUAL, dc_load_w=900.0, battery_w=900.0), NOBODY, id="a load on the battery's side"),
        pytest.param(replace(USUAL, battery_w=-3000.0), NOBODY, id="no zeros: a load that was switched a second ago"),
        pytest.param(replace(USUAL, active_input=240, battery_w=1600.0), NOBODY, id="no grid connected"),
    ],
)  # fmt: skip
def test_what_may_be_is_believed(system: System, witness: Witness) -> None:
    values = believed(system, witness, pytest.fail)
    assert (values.pv_w, values.consumption_w) == ((system.pv_dc_w or 0) + (system.pv_ac_w or 0), system.consumption_w)
    assert values.grid_w == (None if system.active_input == 240 else system.grid_w)


@pytest.mark.parametrize(
    "system",
    [
        pytest.param(replace(USUAL, pv_dc_w=0.0, pv_ac_w=0.0, grid_phase_w=(0.0,) * 3), id="sun and grid are 0"),
        pytest.param(replace(USUAL, pv_dc_w=None, grid_phase_w=None), id="neither sun nor grid could be read"),
        pytest.param(replace(USUAL, consumption_w=0.0, battery_w=0.0), id="neither consumption nor battery"),
        pytest.param(replace(USUAL, consumption_w=None), id="no consumption to check the others by"),
        pytest.param(replace(USUAL, battery_w=30_000.0), id="28 kW from nowhere"),
        pytest.param(
            replace(USUAL, grid_phase_w=(40_000.5 - 65_536, 0.0, 0.0), consumption_w=41_000.0),
            id="40 kW of import that read as an export",
        ),
        pytest.param(
            replace(USUAL, grid_phase_w=(30_000.0, 30_000.0, 8_200.0), consumption_w=4865.0),
            id="70 kW that read 4865 W",
        ),
    ],
)
def test_without_enough_to_compute_a_surplus_there_is_no_reading(system: System) -> None:
    with pytest.raises(BadReply, match="power cannot be right"):
        believed(system, NOBODY, pytest.fail)


def test_where_the_consumption_is_known_grid_and_battery_may_be_missing() -> None:
    said: list[str] = []
    values = believed(replace(USUAL, grid_phase_w=(0.0,) * 3, battery_w=0.0), NOBODY, said.append)
    assert (values.pv_w, values.consumption_w, values.grid_w, values.battery_w) == (2700, 998, None, None)
    assert sorted(said) == [
        "GX: battery power reads 0 W, but 1702 W are not accounted for; it is left out",
        "GX: grid power reads 0 W, but 1702 W are not accounted for; it is left out",
    ]


@pytest.mark.parametrize(
    ("battery_v", "before_percent", "expected"),
    [
        pytest.param(48.0, None, None, id="48 V is no empty battery"),
        pytest.param(52.5, None, None, id="52 V even less"),
        pytest.param(46.8, None, 0.0, id="empty by its voltage"),
        pytest.param(11.4, 60.0, 0.0, id="empty, 12 V"),
        pytest.param(50.0, 3.0, 0.0, id="it was nearly empty before"),
        pytest.param(0.0, None, None, id="no battery"),
    ],
)
def test_a_state_of_charge_of_0(battery_v: float, before_percent: float | None, expected: float | None) -> None:
    said: list[str] = []
    system = replace(USUAL, battery_v=battery_v, battery_soc_percent=0.0)
    values = believed(system, Witness(soc_before_percent=before_percent), said.append)
    assert values.battery_soc_percent == expected
    assert len(said) == (expected is None and battery_v > 0)


def test_without_a_battery_monitor_the_chargers_power_is_not_the_batterys() -> None:
    values = believed(replace(USUAL, battery_v=0.0, battery_soc_percent=0.0, battery_w=2295.0), NOBODY, pytest.fail)
    assert (values.battery_w, values.battery_v, values.battery_soc_percent) == (None, None, None)


@pytest.mark.parametrize("battery_v", [52.5, 0.0])
def test_a_lost_battery_monitor_ends_the_readings(battery_v: float) -> None:
    lost = replace(USUAL, battery_v=battery_v, battery_soc_percent=0.0, battery_w=2295.0)
    with pytest.raises(BadReply, match="was 82 % and is 0 % now"):
        believed(lost, Witness(soc_before_percent=82.0), pytest.fail)


@pytest.mark.parametrize(
    ("system", "witness", "missing"),
    [
        pytest.param(USUAL, NOBODY, None, id="all there"),
        pytest.param(System(), NOBODY, "battery", id="nothing at all"),
        pytest.param(replace(USUAL, battery_soc_percent=0.0), NOBODY, "battery", id="no charge yet"),
        pytest.param(replace(USUAL, grid_phase_w=(0.0,) * 3), NOBODY, "grid", id="no grid yet"),
        pytest.param(replace(USUAL, consumption_w=0.0), NOBODY, "consumption", id="no consumption yet"),
        pytest.param(replace(USUAL, grid_phase_w=(0.0,) * 3, active_input=240), NOBODY, None, id="no grid connected"),
        pytest.param(replace(USUAL, grid_phase_w=(0.0,) * 3), Witness(off_grid=True), None, id="an off-grid home"),
        pytest.param(replace(USUAL, battery_v=0.0), Witness(has_battery=False), None, id="a home without a battery"),
    ],
)  # fmt: skip
def test_zeros_at_the_start(system: System, witness: Witness, missing: str | None) -> None:
    assert missing_at_start(system, witness) == missing
