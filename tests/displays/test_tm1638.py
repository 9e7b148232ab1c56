"""A TM1638 board, heard and answered by a chip that knows its data sheet."""

from __future__ import annotations

import itertools

import pytest

from pv_heater.core.model.requests import Force, Mode
from pv_heater.core.model.setting import SettingProblem
from pv_heater.core.settings.pins import KeyBoardPins
from pv_heater.displays.tm1638 import REWRITE_S, Tm1638
from pv_heater.errors import HardwareError, SourceError
from pv_heater.io.gpio.pins import Pins
from pv_heater.io.gpio.wires import KeyBoardWires
from pv_heater.ports import Tools
from tests.builders import House, config, heater
from tests.displays.key_board import KeyBoard
from tests.displays.rig import Living, status, tools
from tests.io.gpio.lgpio_recorder import LgpioRecorder, put_in, take_out

PINS = KeyBoardPins(dio="GPIO19", clk="GPIO13", stb="GPIO26")


def living(board: KeyBoard, *loads: str, **load: object) -> Living:
    rows = [heater(name, max_power_w=400, **load) for name in loads or ("heater",)]
    return Living(Tm1638(PINS, tools(board)), House(config(loads=rows)))


def tap(home: Living, board: KeyBoard, button: int) -> None:
    board.down = {button}
    home.live(0.15)
    board.down = set()
    home.live(0.15)


def test_each_load_has_its_digit_and_its_lamp_and_places_without_a_load_are_dark() -> None:
    board = KeyBoard()
    home = living(board, "first", "second")
    home.live(2)
    assert home.decision.setpoints["second"].on
    assert (board.digits, board.lamps) == ("AA      ", "**......")
    home.live(2, pv_w=0.0)
    assert (board.digits, board.lamps) == ("AA      ", "........")


def test_the_first_eight_of_ten_loads_are_shown() -> None:
    board = KeyBoard()
    home = living(board, *(f"load_{number}" for number in range(10)))
    home.live(1)
    assert board.digits == "A" * 8


def test_the_lamp_blinks_while_the_start_delay_runs() -> None:
    board = KeyBoard()
    home = living(board, start_delay_s=60)
    seen = []
    for _ in range(40):
        home.live(0.15)
        seen.append(board.lamps[0])
    assert 14 <= seen.count("*") <= 26
    assert 10 <= sum(one != other for one, other in itertools.pairwise(seen)) <= 14  # 0.45 s on, 0.45 s off


def test_a_fault_is_a_letter() -> None:
    board = KeyBoard()
    house = House()
    display = Tm1638(PINS, tools(board))
    display.turn(status(house.at(0, inputs={"health": {"heater": "the relay does not open"}})), 0.0)
    assert (board.digits, board.lamps) == ("F       ", "........")


def test_a_press_blinks_and_counts_two_seconds_later_with_the_default_duration() -> None:
    board = KeyBoard()
    home = living(board, "first", "second")
    home.live(3, pv_w=0.0)
    tap(home, board, 1)
    seen = set()
    for _ in range(10):
        home.live(0.15, pv_w=0.0)
        seen.add(board.digits)
    assert home.commands == []
    assert seen == {"A1      ", "A       "}
    home.live(3, pv_w=0.0)
    assert [command for _, command in home.commands] == [Force(load="second", mode=Mode.ON)]
    assert home.commands[0][0] == pytest.approx(3 + 2, abs=0.35)
    assert (board.digits, board.lamps) == ("A1      ", ".*......")


def test_off_is_reached_from_automatic_without_heating_in_between() -> None:
    board = KeyBoard()
    home = living(board)
    home.live(1, pv_w=0.0)
    tap(home, board, 0)
    home.live(1.2, pv_w=0.0)
    tap(home, board, 0)
    home.live(4, pv_w=0.0)
    assert [command for _, command in home.commands] == [Force(load="heater", mode=Mode.OFF)]
    assert not any(decision.setpoints["heater"].on for second, decision in home.house.decisions if second > 0)
    assert board.digits == "0       "


def test_three_presses_lead_back_and_ask_for_nothing() -> None:
    board = KeyBoard()
    home = living(board)
    home.live(1)
    for _ in range(3):
        tap(home, board, 0)
    home.live(4)
    assert home.commands == []


def test_from_off_one_press_leads_to_automatic() -> None:
    board = KeyBoard()
    home = living(board)
    home.house.at(0.5, inputs={"commands": (Force(load="heater", mode=Mode.OFF),)})
    home.live(2)
    assert board.digits == "0       "
    tap(home, board, 0)
    home.live(4)
    assert [command for _, command in home.commands] == [Force(load="heater", mode=Mode.AUTO)]
    assert home.decision.loads["heater"].mode is Mode.AUTO


def test_a_button_held_down_is_one_press() -> None:
    board = KeyBoard()
    home = living(board)
    home.live(1)
    board.down = {0}
    home.live(8)
    assert [command for _, command in home.commands] == [Force(load="heater", mode=Mode.ON)]


def test_a_button_that_is_stuck_at_the_start_presses_nothing() -> None:
    board = KeyBoard()
    board.down = {0}
    home = living(board)
    home.live(6)
    assert home.commands == []
    board.down = set()
    home.live(1)
    tap(home, board, 0)
    home.live(3)
    assert len(home.commands) == 1


def test_a_button_without_a_load_does_nothing() -> None:
    board = KeyBoard()
    home = living(board)
    home.live(1)
    tap(home, board, 7)
    home.live(4)
    assert home.commands == []


@pytest.mark.parametrize("button", range(8))
def test_every_button_belongs_to_the_load_at_its_place(button: int) -> None:
    board = KeyBoard()
    home = living(board, *(f"load_{number}" for number in range(8)))
    home.live(1)
    tap(home, board, button)
    home.live(3)
    assert [command.load for _, command in home.commands] == [f"load_{button}"]


def test_a_spike_on_the_wire_is_no_press() -> None:
    board = KeyBoard()
    home = living(board)
    home.live(1)
    for _ in range(5):
        board.spike = 0x0000_0001
        home.live(1)
    assert home.commands == []


def test_a_board_that_is_not_there_is_said_to_be_missing_and_presses_nothing() -> None:
    """An open wire, pulled up, reads as all buttons at once and more."""
    board = KeyBoard()
    board.plugged_in = False
    display = Tm1638(PINS, tools(board))
    decision = House().at(0)
    for second in range(5):
        with pytest.raises(SourceError, match="no TM1638 board answers at GPIO19, GPIO13, GPIO26") as caught:
            display.turn(status(decision), float(second))
    assert caught.value.retry_after_s == 30


def test_a_board_that_is_plugged_in_again_shows_everything_and_counts_no_old_press() -> None:
    board = KeyBoard()
    home = living(board)
    home.live(1)
    board.down = {0}
    home.live(0.15)
    board.plugged_in = False
    with pytest.raises(SourceError):
        home.live(0.15)
    board.power_on()
    board.plugged_in = True
    home.live(5)
    assert home.commands == []
    assert board.digits == "A       "


def test_a_board_whose_supply_was_cut_for_a_moment_shows_again_within_ten_seconds() -> None:
    board = KeyBoard()
    home = living(board)
    home.live(1)
    board.power_on()
    home.live(REWRITE_S)
    assert board.digits == "A       "


def test_a_picture_that_stays_is_sent_once_in_ten_seconds() -> None:
    board = KeyBoard()
    home = living(board)
    home.live(1)
    before = board.writes
    home.live(30)
    assert 2 <= board.writes - before <= 4


def test_dashes_stand_for_a_controller_that_says_nothing_and_its_buttons_do_nothing() -> None:
    board = KeyBoard()
    home = living(board)
    home.live(1)
    tap(home, board, 0)
    for tenth in range(30):
        board.down = {0} if tenth % 4 == 0 else set()
        assert home.display.turn(None, 5 + tenth / 10) == ()
    assert (board.digits, board.lamps) == ("--------", "........")
    board.down = set()
    home.live(4)
    assert home.commands == []


def test_it_is_dark_at_the_end_and_before_the_first_turn() -> None:
    board = KeyBoard()
    display = Tm1638(PINS, tools(board))
    display.close()
    assert (board.writes, board.lit) == (0, False)
    display.turn(status(House().at(0)), 0.0)
    assert board.lit
    assert board.brightness == 2
    display.close()
    assert not board.lit


def test_three_pins_must_be_three() -> None:
    with pytest.raises(SettingProblem, match="three different pins"):
        KeyBoardPins(dio="GPIO19", clk="BOARD35", stb="GPIO26")


def test_mock_pins_are_read_as_a_board_that_is_not_there() -> None:
    pins = Pins(factory="mock", pin_log=None, monotonic_s=lambda: 0.0)
    wires: KeyBoardWires = pins.key_board(PINS)
    assert wires.read_keys() == b"\xff" * 4
    with pytest.raises(HardwareError, match="already in use"):
        pins.key_board(PINS)
    pins.close()


def test_on_lgpio_the_answering_wire_is_pulled_up_while_the_chip_has_it() -> None:
    recorder = LgpioRecorder()
    recorder.gpio_read = lambda handle, line: 1  # type: ignore[attr-defined]
    put_in(recorder, on_a_pi=True)
    try:
        pins = Pins(factory="lgpio", pin_log=None, monotonic_s=lambda: 0.0)
        wires = pins.key_board(PINS)
        recorder.calls.clear()
        wires.read_keys()
        data = [call for call in recorder.calls if call[1] == 19 and call[0] in ("input", "output")]
        assert data == [("input", 19, recorder.SET_PULL_UP), ("output", 19, 1)]
        assert recorder.levels(26) == [0, 1]
        pins.close()
    finally:
        take_out()


def test_pins_that_cannot_be_opened_are_a_hardware_error() -> None:
    def broken() -> None:
        raise HardwareError("No GPIO on this machine")

    plain = tools()
    display = Tm1638(PINS, Tools(clock=plain.clock, site=plain.site, state_dir=plain.state_dir, pins=broken))
    with pytest.raises(HardwareError, match="No GPIO"):
        display.turn(None, 0.0)
    display.close()
