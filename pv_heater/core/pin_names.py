"""What a pin is called: a header position, the chip's own number, or a line of another board's gpiochip.

Pure text: nothing here touches a pin.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

from pv_heater.core.setting import SettingProblem

if TYPE_CHECKING:  # the settings check their pins by this module
    from pv_heater.core.pin_settings import RelayPin

HEADER_GPIO = {
    3: 2, 5: 3, 7: 4, 8: 14, 10: 15, 11: 17, 12: 18, 13: 27, 15: 22, 16: 23, 18: 24, 19: 10, 21: 9, 22: 25,
    23: 11, 24: 8, 26: 7, 27: 0, 28: 1, 29: 5, 31: 6, 32: 12, 33: 13, 35: 19, 36: 16, 37: 26, 38: 20, 40: 21,
}  # fmt: skip
"""Header position to chip number, the same on every Pi with 40 pins (Raspberry Pi documentation, GPIO pinout)."""

HEADER_SUPPLY = {
    1: "3.3 V", 17: "3.3 V", 2: "5 V", 4: "5 V",
    6: "ground", 9: "ground", 14: "ground", 20: "ground", 25: "ground", 30: "ground", 34: "ground", 39: "ground",
}  # fmt: skip
"""The header positions that are no GPIO."""

WIRINGPI_GPIO = {
    0: 17, 1: 18, 2: 27, 3: 22, 4: 23, 5: 24, 6: 25, 7: 4, 8: 2, 9: 3, 10: 8, 11: 7, 12: 10, 13: 9, 14: 11, 15: 14,
    16: 15, 21: 5, 22: 6, 23: 13, 24: 19, 25: 26, 26: 12, 27: 16, 28: 20, 29: 21, 30: 0, 31: 1,
}  # fmt: skip
"""wiringPi's number to the chip's, on a header with 40 pins (`gpio readall`); PvMonit counted like that."""

_WIRINGPI = re.compile(r"(?:w|wpi|wiringpi)[ _-]?(\d+)", re.IGNORECASE)
_NAME = re.compile(r"(?:(?P<kind>BOARD|GPIO|BCM)(?P<number>\d+)|gpiochip(?P<chip>\d+)/(?P<line>\d+))", re.IGNORECASE)
_EXAMPLES = "BOARD11 (header position), GPIO17 (chip number) or gpiochip1/12 (a line of another board)"


@frozen(kw_only=True)
class PinName:
    """One pin. `chip` is None for a Raspberry Pi's own GPIO, else the number of the gpiochip device."""

    line: int
    chip: int | None = None

    @classmethod
    def parse(cls, text: str) -> PinName:
        """Read ``BOARD11``, ``GPIO17``, ``BCM17`` or ``gpiochip1/12``; raise SettingProblem for anything else."""
        match = _NAME.fullmatch(text.strip())
        if match is None:
            raise SettingProblem(_hint(text.strip()))
        if match["chip"] is not None:
            return cls(chip=int(match["chip"]), line=int(match["line"]))
        number = int(match["number"])
        if match["kind"].upper() == "BOARD":
            if number not in HEADER_GPIO:
                raise SettingProblem(f"must be a GPIO, but {text} is {_position(number)}")
            return cls(line=HEADER_GPIO[number])
        if number not in HEADER_GPIO.values():
            raise SettingProblem(f"must be GPIO0 to GPIO27, the pins on the header, not {text}")
        return cls(line=number)

    def __str__(self) -> str:
        return f"GPIO{self.line}" if self.chip is None else f"gpiochip{self.chip}/{self.line}"


def _position(number: int) -> str:
    if number in HEADER_GPIO:
        return f"GPIO{HEADER_GPIO[number]}"
    return HEADER_SUPPLY.get(number, "not on the header, which has positions 1 to 40")


def _hint(text: str) -> str:
    if wiring := _WIRINGPI.fullmatch(text):
        known = WIRINGPI_GPIO.get(int(wiring[1]))
        return f"must be {_EXAMPLES}, not {text!r}" + (f"; write GPIO{known}" if known is not None else "")
    if not text.isdecimal() or len(text) > 3:
        return f"must be {_EXAMPLES}, not {text!r}"
    number = int(text)
    meanings = [f"BOARD{number} is {_position(number)}"]
    if (at := _header_position(number)) is not None:
        meanings.append(f"GPIO{number} is header position {at}")
    if (gpio := WIRINGPI_GPIO.get(number)) is not None:
        meanings.append(f"wiringPi {number} is GPIO{gpio}, header position {_header_position(gpio)}")
    return f"must say which numbering, not just {number}: {'; '.join(meanings)}"


def _header_position(gpio: int) -> int | None:
    return next((position for position, number in HEADER_GPIO.items() if number == gpio), None)


def boot_pull_problem(pin: RelayPin) -> str | None:
    """Why this relay could be switched on while the Pi boots; None when it is not, or when nothing is known.

    From power-on until the program starts a pin is an input with its default pull: up on GPIO 0 to 8, down on 9 to 27
    (BCM2835 ARM Peripherals, section 6.2). Raises SettingProblem for a name that cannot be read.
    """
    name = PinName.parse(pin.pin)
    if name.chip is not None or pin.pull == "external":
        return None
    pulled_high = name.line <= 8
    if pulled_high != pin.active_high:
        return None
    level, other = ("high", "9 to 27") if pulled_high else ("low", "0 to 8")
    return (
        f"{pin.pin}: while the Pi boots {name} is pulled {level}, which closes this relay; use one of GPIO {other}, "
        f"or add a resistor that holds it off and set pull: external"
    )
