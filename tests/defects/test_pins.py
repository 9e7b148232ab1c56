"""Defects of the earlier systems in what they did with relays, regulators and solid-state relays on pins."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.requests import Force, Mode
from pv_heater.core.model.values import OFF, Phase
from pv_heater.core.settings.home import Site
from pv_heater.core.settings.pins import RelayPin
from pv_heater.errors import HardwareError
from pv_heater.io.gpio.burst import DEAD_MAN_S, BurstLine
from pv_heater.io.gpio.pins import Pins
from pv_heater.loads.pins.relay_loads import RelayBoard
from pv_heater.ports import Tools
from tests.builders import NOON, House, config
from tests.loads.bank_rig import BankRig, relays
from tests.loads.rig import HandClock, on

BOARD = {
    "name": "rods", "type": "relay_board", "step_w": 300, "start_delay_s": 0, "min_on_s": 0, "min_off_s": 0,
    "level_dwell_s": 0, "relays": [{"pin": f"GPIO{line}", "active_high": True} for line in (17, 27, 22, 23)],
}  # fmt: skip
STAGES = {
    "name": "boiler", "type": "stages", "start_delay_s": 0, "min_on_s": 0, "min_off_s": 0,
    "relays": [{"pin": "GPIO17", "active_high": True}, {"pin": "GPIO27", "active_high": True}],
    "levels": [{"power_w": 1000, "closed": [1]}, {"power_w": 2000, "closed": [2]}, {"power_w": 3000, "closed": [1, 2]}],
}  # fmt: skip


def board(folder: Path) -> BankRig:
    return BankRig(RelayBoard, RelayBoard.Settings(name="rods", relays=relays(4), step_w=300), folder)


def power_w(house: House, second: float, spare_w: float, name: str) -> float:
    """What the load is set to when so much is spare beside it."""
    before_w = sum(point.power_w for point in house.decisions[-1][1].setpoints.values()) if house.decisions else 0.0
    decision = house.at(second, pv_w=500.0 + spare_w, consumption_w=500.0 + before_w)
    return decision.setpoints[name].power_w


def test_a_pin_that_could_not_be_told_was_written_down_as_off(tmp_path: Path) -> None:
    """The relay automation read a failure as 0, and 0 as on: it recorded an "off" though nothing had moved."""
    rig = board(tmp_path)
    rig.until_quiet(1200)
    rig.load._lines[1]._pin._function = "input"  # a pin that refuses a level
    with pytest.raises(HardwareError, match="relay at GPIO27"):
        rig.load.apply(OFF, rig.clock.now_s)
    assert rig.load.power_w() >= 300, "what was not confirmed to be open counts as closed"
    assert rig.closed() == {2}


def test_a_relay_stayed_as_it_was_when_the_program_died_of_an_error(tmp_path: Path) -> None:
    pins = Pins(factory="mock", pin_log=None, monotonic_s=lambda: 0.0)
    tools = Tools(clock=HandClock(), site=Site(), state_dir=tmp_path, pins=lambda: pins)
    load = RelayBoard(RelayBoard.Settings(name="rods", relays=relays(4), step_w=300), tools)
    load.apply(on(900), 0.0)
    pins.close()  # what every way out of the program calls
    assert load.power_w() == 0


def test_only_one_relay_changed_in_a_minute_the_lowest_first() -> None:
    """Eight relays took eight minutes to follow the sun, and the first wore out while the last rested."""
    house = House(config(loads=[BOARD]))
    assert power_w(house, 0, 1200.0, "rods") == 1200
    assert power_w(house, 10, 350.0, "rods") == 300
    assert power_w(house, 20, 950.0, "rods") == 900


def test_power_zero_left_the_relay_closed() -> None:
    house = House(config(loads=[STAGES]))
    assert power_w(house, 0, 3000.0, "boiler") == 3000
    assert power_w(house, 10, 0.0, "boiler") == 0
    assert house.decisions[-1][1].loads["boiler"].phase is Phase.OFF


def test_a_second_load_chattered_between_its_two_thresholds() -> None:
    """It had two thresholds and no time: here a level is kept on a dead band less, and climbed to once a minute."""
    house = House(config(loads=[STAGES]))
    changes, before_w = 0, power_w(house, 0, 2000.0, "boiler")
    for second in range(1, 600):
        after_w = power_w(house, second, 1950.0 if second % 2 else 2050.0, "boiler")
        changes, before_w = changes + (after_w != before_w), after_w
    assert changes == 0
    for second in range(600, 1200):
        after_w = power_w(house, second, 1500.0 if second % 2 else 2500.0, "boiler")
        changes, before_w = changes + (after_w != before_w), after_w
    assert changes <= 2 * 600 / 60 + 1


def test_a_client_that_lost_its_master_kept_its_last_power_for_ever(tmp_path: Path) -> None:
    clock = HandClock()
    pins = Pins(factory="mock", pin_log=None, monotonic_s=clock.stamp)
    line = pins.relay(RelayPin(pin="GPIO17", active_high=True))
    burst = BurstLine(line, unit_s=0.02)
    burst.want(1.0, clock.now_s)
    lost_s = clock.now_s
    while (due_s := burst.turn(clock.now_s)) is not None:
        clock.now_s = due_s
    assert clock.now_s - lost_s <= DEAD_MAN_S + 0.04
    assert not line.contact_closed


def test_small_steps_were_rounded_to_nothing_and_the_heater_stood_still() -> None:
    """A heater of several elements asks for powers it can run at: nothing is held back for watts it cannot take."""
    rows: list[dict[str, Any]] = [STAGES, {**BOARD, "step_w": 100, "relays": BOARD["relays"][2:]}]  # type: ignore[index]
    house = House(config(loads=rows))
    assert power_w(house, 0, 2250.0, "boiler") == 2000
    assert house.decisions[-1][1].setpoints["rods"].power_w == 200


def test_a_forced_mode_had_no_end() -> None:
    house = House(config(loads=[STAGES]))
    force = Force(load="boiler", mode=Mode.ON, power_w=1900)
    decision = house.at(0, pv_w=0.0, inputs={"commands": (force,)})
    assert decision.setpoints["boiler"].power_w == 2000
    until_at = decision.loads["boiler"].until_at
    assert until_at is not None
    assert until_at - NOON <= timedelta(days=7)
