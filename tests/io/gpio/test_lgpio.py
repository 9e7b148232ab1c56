"""What the kernel is asked for through lgpio; gpiozero's own code runs, only the C library is recorded."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pv_heater.core.settings.pins import PinName, RelayPin, ServoPin
from pv_heater.errors import HardwareError
from pv_heater.io.gpio.pins import Pins
from tests.io.gpio.lgpio_recorder import LgpioRecorder, put_in, take_out


@pytest.fixture
def lgpio() -> Iterator[LgpioRecorder]:
    recorder = LgpioRecorder()
    put_in(recorder, on_a_pi=True)
    yield recorder
    take_out()


@pytest.fixture
def other_board() -> Iterator[LgpioRecorder]:
    recorder = LgpioRecorder()
    put_in(recorder, on_a_pi=False)
    yield recorder
    take_out()


def open_pins(factory: str = "lgpio") -> Pins:
    return Pins(factory=factory, pin_log=None, monotonic_s=lambda: 0.0)


def test_an_active_low_relay_never_sees_a_low_level_at_start_or_stop(lgpio: LgpioRecorder) -> None:
    pins = open_pins()
    relay = pins.relay(RelayPin(pin="GPIO17", active_high=False))
    relay.open_contact()
    relay.release()
    relay.open_contact()
    pins.close()
    assert set(lgpio.levels(17)) == {1}
    assert lgpio.calls[-2:] == [("input", 17, lgpio.SET_PULL_UP), ("close", 100)]


def test_the_level_of_an_active_high_relay_follows_the_contact(lgpio: LgpioRecorder) -> None:
    relay = open_pins().relay(RelayPin(pin="BOARD11", active_high=True))
    assert relay.close_contact()
    relay.open_contact()
    relay.release()
    assert lgpio.levels(17) == [0, 1, 0]
    assert lgpio.calls[-1] == ("input", 17, lgpio.SET_PULL_DOWN)


def test_a_relay_on_a_5_v_board_is_switched_off_by_letting_go(lgpio: LgpioRecorder) -> None:
    relay = open_pins().relay(RelayPin(pin="GPIO17", active_high=False, off="release"))
    relay.close_contact()
    relay.open_contact()
    assert lgpio.levels(17) == [0]
    assert lgpio.calls[-1] == ("input", 17, lgpio.SET_PULL_NONE)


def test_181_angles_give_181_positions(lgpio: LgpioRecorder) -> None:
    servo = open_pins().servo(ServoPin(pin="GPIO21"))
    for angle_deg in range(181):
        servo.turn_to(angle_deg)
    duties = lgpio.duties(21)
    assert len(set(duties)) == 181
    assert duties == sorted(duties)
    assert (duties[0], duties[90], duties[180]) == (2.5, 7.5, 12.5)


def test_a_servo_gets_no_pulse_before_it_is_told_to_turn_and_none_when_it_rests(lgpio: LgpioRecorder) -> None:
    pins = open_pins()
    servo = pins.servo(ServoPin(pin="BOARD40"))
    assert not [call for call in lgpio.calls if call[0] == "pwm"]
    assert lgpio.levels(21) == [0]
    servo.turn_to(90)
    servo.rest()
    assert lgpio.calls[-1] == ("pwm", 21, 0, 0)
    pins.close()


def test_a_line_another_program_holds_is_refused_with_its_name(lgpio: LgpioRecorder) -> None:
    lgpio.busy.add(17)
    with pytest.raises(HardwareError, match="relay at GPIO17: GPIO busy; another program uses it"):
        open_pins().relay(RelayPin(pin="GPIO17", active_high=True))


def test_a_line_of_another_board_needs_no_pi(other_board: LgpioRecorder) -> None:
    pins = open_pins("auto")
    relay = pins.relay(RelayPin(pin="gpiochip1/12", active_high=False))
    relay.close_contact()
    pins.close()
    assert other_board.opened == [1]
    assert other_board.levels(12) == [1, 0]


def test_a_pi_number_on_another_board_is_answered_with_how_to_name_its_lines(other_board: LgpioRecorder) -> None:
    with pytest.raises(HardwareError, match="not a Raspberry Pi; name the line as gpiochip"):
        open_pins().relay(RelayPin(pin="GPIO17", active_high=True))


def test_the_same_pin_may_be_opened_again_after_close(lgpio: LgpioRecorder) -> None:
    for _ in range(2):
        pins = open_pins()
        pins.relay(RelayPin(pin="GPIO17", active_high=True))
        pins.close()
    assert lgpio.opened == [0, 0]


SOC = "gpio-brcmstb@107d508500"


@pytest.mark.parametrize(
    ("chips", "header"),
    [
        ({11: SOC, 12: SOC, 13: SOC, 14: SOC, 15: "pinctrl-rp1"}, 15),  # Pi 5, kernel 6.12.96
        ({0: "pinctrl-rp1", 10: SOC, 11: SOC, 12: SOC, 13: SOC}, 0),  # Pi 5, kernel 6.6.45
        ({0: SOC, 1: SOC, 2: SOC, 3: SOC, 4: "pinctrl-rp1"}, 4),  # Pi 5, first kernels
        ({0: "pinctrl-bcm2711", 1: "raspberrypi-exp-gpio"}, 0),  # Pi 4
        ({0: "pinctrl-bcm2835"}, 0),  # model B+
    ],
)
def test_the_header_is_found_by_the_name_of_its_chip(
    lgpio: LgpioRecorder, tmp_path: Path, chips: dict[int, str], header: int
) -> None:
    from pv_heater.io.gpio.lgpio import LgpioBoard

    lgpio.labels = chips
    for chip in chips:
        (tmp_path / f"gpiochip{chip}").touch()
    (tmp_path / "gpiochip-of-somebody").touch()
    board = LgpioBoard(tmp_path)
    by_header, by_line = PinName.parse("BOARD11"), PinName.parse(f"gpiochip{header}/17")
    for name in (by_header, by_line):
        assert board.pin(name, pulses_only=False).factory.chip == header
    board.close()
    handles = [call[1] for call in lgpio.calls if call[0] == "close"]
    assert sorted(handles) == sorted(100 + chip for chip in lgpio.opened)  # what was only looked at is given back


def test_a_chip_that_may_not_be_opened_is_passed_over(lgpio: LgpioRecorder, tmp_path: Path) -> None:
    from pv_heater.io.gpio.lgpio import LgpioBoard

    lgpio.labels = {15: "pinctrl-rp1"}
    for chip in (11, 15):
        (tmp_path / f"gpiochip{chip}").touch()
    assert LgpioBoard(tmp_path).pin(PinName.parse("GPIO17"), pulses_only=False).factory.chip == 15


def test_without_any_library_the_error_says_what_each_lacked_and_what_to_do() -> None:
    take_out()
    with pytest.raises(HardwareError, match=r"lgpio: .*; rpigpio: .* Pi 5 needs lgpio .* gpio.factory: mock"):
        open_pins("auto")


def test_an_unknown_factory_is_refused_by_name() -> None:
    with pytest.raises(HardwareError, match="auto, lgpio, rpigpio or mock, not 'pigpio'"):
        open_pins("pigpio")
