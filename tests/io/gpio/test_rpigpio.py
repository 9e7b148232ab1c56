"""What RPi.GPIO is asked for; gpiozero's own code runs, only the library that needs a Pi is recorded."""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from pv_heater.core.settings.pins import RelayPin, ServoPin
from pv_heater.errors import HardwareError
from pv_heater.io.gpio.pins import Pins

MODULES = ("RPi", "RPi.GPIO", "gpiozero.pins.rpigpio", "pv_heater.io.gpio.rpigpio")
NAMES = [
    "IN",
    "OUT",
    "I2C",
    "SPI",
    "HARD_PWM",
    "SERIAL",
    "UNKNOWN",
    "PUD_UP",
    "PUD_DOWN",
    "PUD_OFF",
    "BOTH",
    "RISING",
    "FALLING",
    "BCM",
]
PI_3B, PI_5 = 0xA02082, 0xC04170


class Recorder(ModuleType):
    """RPi.GPIO sets the initial level before it makes the pin an output, so one call is one change."""

    def __init__(self) -> None:
        super().__init__("RPi.GPIO")
        self.calls: list[tuple[Any, ...]] = []
        self._functions: dict[int, int] = {}
        for number, name in enumerate(NAMES):
            setattr(self, name, number)
        recorder = self

        class Pwm:
            def __init__(self, line: int, frequency_hz: float) -> None:
                self._line = line

            def start(self, duty_percent: float) -> None:
                recorder.calls.append(("pwm", self._line, duty_percent))

            ChangeDutyCycle = start

            def stop(self) -> None:
                recorder.calls.append(("pwm", self._line, None))

        self.PWM = Pwm

    def setmode(self, mode: int) -> None:
        pass

    def setwarnings(self, wanted: bool) -> None:
        pass

    def setup(self, line: int, function: int, pull: int | None = None, initial: float | None = None) -> None:
        self._functions[line] = function
        self.calls.append(("setup", line, function, pull, initial))

    def gpio_function(self, line: int) -> int:
        return self._functions[line]

    def output(self, line: int, level: float) -> None:
        self.calls.append(("output", line, level))


@pytest.fixture
def rpi() -> Iterator[Recorder]:
    recorder, package = Recorder(), ModuleType("RPi")
    package.GPIO = recorder  # type: ignore[attr-defined]
    take_out()
    sys.modules["RPi"], sys.modules["RPi.GPIO"] = package, recorder
    put_on(PI_3B)
    yield recorder
    take_out()


def put_on(revision: int) -> None:
    from gpiozero.pins.local import LocalPiFactory
    from gpiozero.pins.rpigpio import RPiGPIOFactory

    LocalPiFactory.pins.clear()
    RPiGPIOFactory._get_revision = lambda _self: revision


def take_out() -> None:
    for name in MODULES:
        sys.modules.pop(name, None)


def open_pins() -> Pins:
    return Pins(factory="rpigpio", pin_log=None, monotonic_s=lambda: 0.0)


def test_an_active_low_relay_is_never_low_and_is_pulled_high_at_the_end(rpi: Recorder) -> None:
    pins = open_pins()
    pins.relay(RelayPin(pin="GPIO17", active_high=False)).open_contact()
    pins.close()
    driven = [call[4] for call in rpi.calls if call[0] == "setup" and call[4] is not None]
    driven += [call[2] for call in rpi.calls if call[0] == "output"]
    assert set(driven) == {1}
    assert rpi.calls[-1] == ("setup", 17, rpi.IN, rpi.PUD_UP, None)


def test_a_servo_gets_its_exact_pulse_and_none_at_rest(rpi: Recorder) -> None:
    servo = open_pins().servo(ServoPin(pin="GPIO21"))
    assert not [call for call in rpi.calls if call[0] == "pwm"]
    servo.turn_to(91)
    servo.rest()
    duties = [call[2] for call in rpi.calls if call[0] == "pwm"]
    assert duties == [0, pytest.approx(7.5556, abs=1e-4), None]


def test_a_pi_5_is_refused_before_any_pin_is_touched(rpi: Recorder) -> None:
    put_on(PI_5)
    with pytest.raises(HardwareError, match=r"Raspberry Pi 5B cannot be driven by RPi.GPIO.* needs lgpio"):
        open_pins()
    assert rpi.calls == []


def test_a_line_of_another_board_is_refused(rpi: Recorder) -> None:
    with pytest.raises(HardwareError, match="need lgpio"):
        open_pins().relay(RelayPin(pin="gpiochip1/12", active_high=True))
