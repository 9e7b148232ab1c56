"""Each defect of the earlier systems in modes, priorities and switching, as a test that fails where it is repeated."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from pv_heater.core.model.requests import Force, Mode
from pv_heater.core.model.values import Decision, Phase
from tests.builders import NOON, House, config, heater


def relay(name: str, pin: int, **changes: Any) -> dict[str, Any]:
    row = heater(name, "relay", max_power_w=1000, relay={"pin": f"GPIO{pin}", "active_high": True}, **changes)
    return {key: value for key, value in row.items() if key != "min_power_w"}


def powers(decision: Decision) -> list[float]:
    return [point.power_w for point in decision.setpoints.values()]


def test_a_force_without_a_duration_ends() -> None:
    """The balancer's never did, nor did the relay automation's forced-on mode."""
    house = House()
    house.at(0, inputs={"commands": (Force(load="heater", mode=Mode.ON),)})
    assert house.at(7200, pv_w=0.0).loads["heater"].mode is Mode.AUTO


def test_a_forced_mode_lasts_as_long_as_is_documented() -> None:
    """The dimmers' boost lasted 120 s and 3600 s where two hours were written."""
    house = House()
    house.at(0, inputs={"commands": (Force(load="heater", mode=Mode.ON),)})
    decision = house.at(7199, pv_w=0.0)
    assert (decision.loads["heater"].mode, decision.setpoints["heater"].on) == (Mode.ON, True)


def test_forced_modes_survive_a_reboot() -> None:
    """The relay automation kept its modes in a folder that is emptied at boot."""
    house = House()
    house.at(0, inputs={"commands": (Force(load="heater", mode=Mode.OFF, for_s=3600),)})
    again = House(state=json.loads(json.dumps(house.controller.state())))
    state = again.at(60).loads["heater"]
    assert (state.mode, state.until_at) == (Mode.OFF, NOON + timedelta(hours=1))


@pytest.mark.parametrize("kind", ["dry_run", "relay"])
def test_a_higher_load_takes_from_a_lower_one_of_any_kind(kind: str) -> None:
    """In the balancer this was dead code: what a lower load had, it kept."""
    low = heater("low", max_power_w=1000) if kind == "dry_run" else relay("low", 17)
    house = House(config(loads=[heater("high", max_power_w=1000, target_c=60, hysteresis_c=5), low]))
    house.at(0, pv_w=1500.0, load_c={"high": 61.0})
    assert powers(house.at(10, pv_w=1500.0, load_c={"high": 61.0})) == [0, 1000]
    for second in (20, 30):
        decision = house.at(second, pv_w=1500.0, consumption_w=1500.0, load_c={"high": 50.0})
    assert powers(decision) == [1000, 0]


def test_more_than_one_regulated_load_may_stand_anywhere_in_the_list() -> None:
    """The balancer ended at start for a second variable load, and wanted a water heater first."""
    house = House(config(loads=[relay("pump", 17), heater("first"), heater("second")]))
    assert powers(house.at(0, pv_w=4500.0)) == [1000, 2000, 1000]


def test_any_load_that_was_found_full_is_released_again() -> None:
    """The balancer released its water heater once a day, and other loads never."""
    house = House(config(loads=[heater("boiler"), heater("pool", max_power_w=1000)]))
    full_s = None
    for second in range(0, 3000, 10):
        on_w = {name: point.power_w for name, point in house.decisions[-1][1].setpoints.items()} if second else {}
        load_w = {"boiler": on_w.get("boiler", 0.0), "pool": 0.0}
        decision = house.at(second, pv_w=6000.0, consumption_w=500.0 + load_w["boiler"], load_w=load_w)
        if full_s is None and decision.loads["pool"].phase is Phase.FULL:
            full_s = second
        if full_s is not None and decision.setpoints["pool"].on:
            break
    assert full_s is not None
    assert second - full_s == pytest.approx(1800, abs=20)


def test_energy_is_counted_as_measured_where_it_is_measured() -> None:
    """The balancer counted what it commanded, full or not."""
    house = House()
    for second in range(0, 1810, 10):
        house.at(second, pv_w=3000.0, consumption_w=1100.0, inputs={"load_w": {"heater": 600.0}})
    assert house.controller.state()["loads"]["heater"]["energy_wh"] == pytest.approx(300, abs=15)


def test_a_board_changes_more_than_one_relay_a_minute_and_not_always_the_first() -> None:
    """The relay automation changed one relay a minute at most, the lowest first: eight took eight minutes to shed."""
    rows = [relay(f"relay_{number}", 16 + number) for number in range(1, 9)]
    house = House(config(loads=rows))
    assert powers(house.at(0, pv_w=9000.0, battery_w=2000.0, grid_w=-6500.0)) == [1000] * 8
    assert powers(house.at(10, pv_w=500.0, consumption_w=8500.0)) == [0] * 8


def test_one_load_has_no_part_in_the_delays_of_another() -> None:
    """The relay automation kept one file of a state's duration for all relays."""
    house = House(config(loads=[relay("first", 17, start_delay_s=60), relay("second", 27, start_delay_s=60)]))
    house.at(0, pv_w=1600.0)
    house.at(30, pv_w=2600.0)
    house.at(60, pv_w=2600.0)
    decision = house.at(89, pv_w=2600.0, consumption_w=1500.0)
    assert powers(decision) == [1000, 0]
    assert powers(house.at(90, pv_w=2600.0, consumption_w=1500.0)) == [1000, 1000]


def test_a_lost_meter_takes_automatic_loads_off_and_leaves_no_forced_one_on_without_an_end() -> None:
    """With both meters silent the balancer left all as it was; its forced loads knew no end."""
    house = House(config(loads=[heater("heater"), heater("forced")]))
    house.at(0, pv_w=6000.0, inputs={"commands": (Force(load="forced", mode=Mode.ON),)})
    decision = house.at(200, silent=True)
    assert (decision.setpoints["heater"].on, decision.setpoints["forced"].on) == (False, True)
    assert not house.at(7200, silent=True).setpoints["forced"].on
