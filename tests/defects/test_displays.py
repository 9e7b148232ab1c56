"""Defects of an earlier system's board with buttons, each looked for here by the name of its cause."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pv_heater.core.model.requests import Force, Mode
from pv_heater.core.settings.pins import KeyBoardPins
from pv_heater.displays.tm1638 import Buttons, Tm1638
from pv_heater.errors import SourceError
from tests.builders import NOON, House, config, heater
from tests.displays.key_board import KeyBoard
from tests.displays.rig import Living, status, tools

PINS = KeyBoardPins(dio="GPIO19", clk="GPIO13", stb="GPIO26")


def press(home: Living, board: KeyBoard, button: int) -> None:
    board.down = {button}
    home.live(0.15)
    board.down = set()
    home.live(3)


def test_on_by_a_button_ends_by_itself() -> None:
    board = KeyBoard()
    home = Living(Tm1638(PINS, tools(board)), House())
    home.live(1)
    press(home, board, 0)
    state = home.decision.loads["heater"]
    assert state.mode is Mode.ON
    assert state.until_at is not None
    assert timedelta(hours=1, minutes=59) < state.until_at - NOON < timedelta(hours=2, minutes=1)


def test_a_button_passes_no_safety_guard() -> None:
    board = KeyBoard()
    home = Living(Tm1638(PINS, tools(board)), House())
    home.live(1)
    board.down = {0}
    home.live(0.15, grid_connected=False)
    board.down = set()
    home.live(4, grid_connected=False)
    assert home.decision.loads["heater"].mode is Mode.ON
    assert not home.decision.setpoints["heater"].on
    assert board.lamps == "........"


def test_a_button_and_another_hand_in_the_same_second_lose_nothing() -> None:
    house = House(config(loads=[heater("first", max_power_w=400), heater("second", max_power_w=400)]))
    house.at(0)
    commands = (Force(load="first", mode=Mode.ON), Force(load="second", mode=Mode.OFF))
    decision = house.at(1, inputs={"commands": commands})
    assert [state.mode for state in decision.loads.values()] == [Mode.ON, Mode.OFF]


def test_wires_that_cannot_be_read_are_no_press_and_no_state() -> None:
    board = KeyBoard()
    home = Living(Tm1638(PINS, tools(board)), House())
    home.live(1)
    board.plugged_in = False
    for second in range(60):
        with pytest.raises(SourceError):
            home.display.turn(status(home.decision), 1.0 + second)
    board.plugged_in = True
    board.power_on()
    home.live(5)
    assert home.commands == []


def test_two_presses_within_a_second_are_two() -> None:
    buttons = Buttons()
    modes = {"heater": Mode.AUTO}
    for number, down in enumerate((set(), {"heater"}, set(), {"heater"}, set())):
        buttons.look(frozenset(down), modes, number * 0.15)
    assert buttons.choices == {"heater": Mode.OFF}


def test_a_button_knows_three_modes_only() -> None:
    buttons = Buttons()
    buttons.look(frozenset(), {"heater": Mode.AUTO}, 0.0)
    seen = []
    for number in range(12):
        buttons.look(frozenset({"heater"}), {"heater": Mode.AUTO}, number * 0.3)
        buttons.look(frozenset(), {"heater": Mode.AUTO}, number * 0.3 + 0.15)
        seen.append(buttons.choices["heater"])
    assert seen == [Mode.ON, Mode.OFF, Mode.AUTO] * 4
