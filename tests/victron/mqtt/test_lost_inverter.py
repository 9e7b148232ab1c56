"""What Victron's calculation makes of a lost inverter: the figures of a run with the real programs."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pv_heater.core.model.power_balance import house_w
from pv_heater.core.model.values import Reading
from pv_heater.errors import BadReply
from pv_heater.victron.mqtt.lost_devices import Doubt, LostDevices
from tests.gx_device import PLANT, ess_house
from tests.victron.mqtt.values import checked, kind, reading

LOST = {
    "Ac/Consumption/L1/Power": 71.0, "Ac/PvOnGrid/L1/Power": None, "Dc/Pv/Power": 1300.0, "Ac/Grid/L1/Power": 50.0,
    "Dc/Battery/Power": 590.0, "SystemType": None, "Ac/ActiveIn/Source": None, "Ac/ActiveIn/ServiceType": None,
    "Ac/In/0/Source": None, "Ac/In/0/ServiceType": None, "Ac/In/0/Connected": None,
}  # fmt: skip


"""760 W of house, of which 71 W hang beside the inverter. 1300 + 50 - 590 = 760."""


def seen_after(home: Mapping[str, object], lost: LostDevices, tick_s: float) -> Reading:
    return reading(home, doubts=checked(home, lost, tick_s=tick_s))


def test_what_hangs_beside_a_lost_inverter_is_not_the_house() -> None:
    lost = LostDevices()
    assert seen_after(PLANT, lost, 0.0).consumption_w == 1747
    without = {**PLANT, **ess_house(**LOST)}
    for tick_s in (10.0, 14.9):
        with pytest.raises(BadReply, match="reports nothing of its inverter"):
            checked(without, lost, tick_s=tick_s)
    for tick_s in (15.0, 3600.0):
        seen = seen_after(without, lost, tick_s)
        assert (seen.consumption_w, seen.ac_source, seen.grid_connected) == (None, None, None)
        assert house_w(seen) == 760.0
    assert seen_after(PLANT, lost, 3601.0).consumption_w == 1747


@pytest.mark.parametrize(
    "missing", [{"SystemType": None}, {"Ac/ActiveIn/Source": None}], ids=["no type of system", "no source of the input"]
)
def test_one_of_its_two_signs_is_enough_once_it_was_there(missing: dict[str, object]) -> None:
    lost = LostDevices()
    checked(PLANT, lost)
    half = ess_house(**{**missing, "Ac/Consumption/L1/Power": 71.0})
    with pytest.raises(BadReply, match="reports nothing of its inverter"):
        checked({**PLANT, **half}, lost, tick_s=1.0)
    assert checked({**PLANT, **half}, lost, tick_s=6.0) == {Doubt.INVERTER}


def test_a_program_that_starts_while_the_inverter_is_lost_does_not_believe_it_either() -> None:
    lost, without = LostDevices(), {**PLANT, **ess_house(**LOST)}
    with pytest.raises(BadReply, match="it is starting"):
        checked(without, lost)
    assert house_w(seen_after(without, lost, 5.0)) == 760.0


def test_a_house_without_inverter_and_battery_needs_none() -> None:
    """AC PV and a grid meter: consumption is what the two make up."""
    values = {"Ac/Consumption/L1/Power": 900.0, "Ac/Grid/L1/Power": -400.0, "Ac/PvOnGrid/L1/Power": 1300.0}
    house = {f"system/0/{name}": value for name, value in values.items()}
    assert seen_after(house, LostDevices(), 0.0).consumption_w == 900


def test_an_inverter_that_measured_the_grid_takes_it_along() -> None:
    """House = PV - battery would take for sun what the grid puts into the battery."""
    lost = LostDevices()
    checked(ess_house(**kind("vebus"), SystemType="Hub-4"), lost)
    without = ess_house(**{**LOST, "Ac/Grid/L1/Power": None})
    for tick_s in (10.0, 100.0):
        with pytest.raises(BadReply, match="inverter"):
            checked(without, lost, tick_s=tick_s)
    with pytest.raises(BadReply, match="and with it consumption and grid power"):
        checked(without, lost, tick_s=200.0)
    island = LostDevices(off_grid=True)
    checked(ess_house(), island)
    with pytest.raises(BadReply):
        checked(without, island, tick_s=10.0)
    assert checked(without, island, tick_s=100.0) >= {Doubt.INVERTER}


def test_battery_power_that_the_inverter_measured_leaves_with_it() -> None:
    by_inverter = {**ess_house(**LOST), "system/0/ActiveBatteryService": "com.victronenergy.vebus/276"}
    assert reading(by_inverter, doubts={Doubt.INVERTER}).battery_w is None


def test_a_lost_battery_monitor_ends_readings_though_the_inverter_is_there() -> None:
    lost = LostDevices()
    checked(PLANT, lost)
    with pytest.raises(BadReply, match="lost its battery monitor: the state of charge is unknown"):
        checked({**PLANT, **ess_house(**{"Dc/Battery/Soc": None})}, lost)
    never = LostDevices()
    assert checked(ess_house(**{"Dc/Battery/Soc": None}), never) == frozenset()


THREE = {f"Ac/{part}/L{phase}/Power": 300.0 for part in ("Consumption", "Grid") for phase in (1, 2, 3)}


@pytest.mark.parametrize(
    ("part", "doubt", "field"),
    [("Consumption", Doubt.CONSUMPTION, "consumption_w"), ("Grid", Doubt.GRID, "grid_w")],
)
def test_a_sum_that_lacks_a_phase_is_no_sum(part: str, doubt: Doubt, field: str) -> None:
    lost, whole = LostDevices(), {**PLANT, **ess_house(**THREE)}
    assert getattr(seen_after(whole, lost, 0.0), field) == 900.0
    lacks = {**whole, f"system/0/Ac/{part}/L2/Power": None}
    assert checked(lacks, lost) == {doubt}
    assert getattr(seen_after(lacks, lost, 1.0), field) is None
    assert getattr(seen_after(whole, lost, 2.0), field) == 900.0
