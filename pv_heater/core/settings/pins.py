"""How a relay, a servo, a digital potentiometer and a board with buttons hang on their pins, and what a pin is called.

A pin is a header position, the chip's own number, or a line of another board's gpiochip. Pure text: nothing here
touches a pin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting

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


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayPin:
    """The pin of a relay. Polarity has no default: guessed wrong, the heater is on when it should be off."""

    pin: str = setting(
        "header position or chip number: BOARD11 or GPIO17; gpiochip1/12 on boards that are not a Pi",
        check=PinName.parse,
    )
    active_high: bool = setting("true: a high level closes the contact; false: a low level does")
    off: str = setting(
        "how to switch off: by the level `low` or `high`, or `release` (input, for 5 V boards); "
        "auto is the level opposite to on",
        default="auto",
        choices=("auto", "low", "high", "release"),
    )
    pull: str = setting(
        "`external` when a resistor holds the relay off while the pin floats",
        default="none",
        choices=("none", "external"),
    )

    def __post_init__(self) -> None:
        on_level = "high" if self.active_high else "low"
        if self.off == on_level:
            raise SettingProblem(
                f"must not be {self.off}: with active_high: {str(self.active_high).lower()} "
                f"that level closes the contact",
                "off",
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Its one pin."""
        return (self.pin,)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServoPin:
    """The pin of a positional servo on the regulator's knob."""

    pin: str = setting("header position or chip number: BOARD40 or GPIO21", check=PinName.parse)
    curve: str | None = setting(
        "CSV file `percent;watts` measured at the regulator; empty assumes phase cut", default=None
    )
    min_pulse_s: float = setting("pulse at 0 degrees", default=0.0005, unit="s", minimum=0.0002, maximum=0.003)
    max_pulse_s: float = setting("pulse at full travel", default=0.0025, unit="s", minimum=0.0002, maximum=0.003)
    travel_deg: float = setting(
        "how far the servo turns between the two pulses", default=180.0, unit="deg", minimum=10, maximum=360
    )
    zero_deg: float = setting(
        "angle at which the regulator gives nothing", default=0.0, unit="deg", minimum=0, maximum=360
    )
    full_deg: float = setting(
        "angle at which the regulator gives everything; below zero_deg means reversed",
        default=180.0,
        unit="deg",
        minimum=0,
        maximum=360,
    )
    settle_s: float = setting(
        "time the servo needs for its whole travel", default=0.6, unit="s", minimum=0.05, maximum=5
    )

    def __post_init__(self) -> None:
        if self.min_pulse_s >= self.max_pulse_s:
            raise SettingProblem(
                f"must be above min_pulse_s ({self.min_pulse_s:g} s), not {self.max_pulse_s:g}", "max_pulse_s"
            )
        for key in ("zero_deg", "full_deg"):
            if getattr(self, key) > self.travel_deg:
                raise SettingProblem(
                    f"must be within travel_deg ({self.travel_deg:g} deg), not {getattr(self, key):g}", key
                )
        if self.zero_deg == self.full_deg:
            raise SettingProblem(f"must differ from zero_deg ({self.zero_deg:g} deg)", "full_deg")

    @property
    def names(self) -> tuple[str, ...]:
        """Its one pin."""
        return (self.pin,)


@dataclass(frozen=True, slots=True, kw_only=True)
class WiperPins:
    """The pins of a digital potentiometer with an SPI input; any three will do.

    The numbers fit Microchip's families: 129 steps (MCP4131, MCP4141), 257 (MCP4151, MCP4161; data sheet DS22060B,
    section 7) or 256 with command 17 (MCP41010; data sheet DS11195C, section 5).
    """

    clock_pin: str = setting("the pin at its SCK", check=PinName.parse)
    data_pin: str = setting("the pin at its SDI", check=PinName.parse)
    select_pin: str = setting("the pin at its CS", check=PinName.parse)
    command: int = setting(
        "first byte of a write: 0 for MCP4131, MCP4151 and their families, 17 for MCP41010",
        default=0,
        minimum=0,
        maximum=255,
    )
    zero_step: int = setting("wiper position at which the regulator gives nothing", default=0, minimum=0, maximum=256)
    full_step: int = setting(
        "position at which it gives everything: 128 for MCP4131, 256 for MCP4151, 255 for MCP41010; "
        "below zero_step means reversed",
        default=128,
        minimum=0,
        maximum=256,
    )
    settle_s: float = setting(
        "time the regulator needs to follow the wiper", default=0.2, unit="s", minimum=0.05, maximum=5
    )

    def __post_init__(self) -> None:
        if self.zero_step == self.full_step:
            raise SettingProblem(f"must differ from zero_step ({self.zero_step})", "full_step")

    @property
    def names(self) -> tuple[str, ...]:
        """Its three pins."""
        return (self.clock_pin, self.data_pin, self.select_pin)


PinGroup = RelayPin | ServoPin | WiperPins
"""The settings in a load's settings that hold pins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyBoardPins:
    """The pins of a TM1638 board with eight lamps, digits and buttons; any three will do."""

    dio: str = setting("the pin at its DIO; feed the board with 3.3 V, or shift the level", check=PinName.parse)
    clk: str = setting("the pin at its CLK", check=PinName.parse)
    stb: str = setting("the pin at its STB", check=PinName.parse)
    brightness: int = setting("how bright lamps and digits are, 7 the most", default=2, minimum=0, maximum=7)

    def __post_init__(self) -> None:
        if len({PinName.parse(name) for name in self.names}) < len(self.names):
            raise SettingProblem("must be three different pins: dio, clk and stb", "dio")

    @property
    def names(self) -> tuple[str, ...]:
        """Its three pins."""
        return (self.dio, self.clk, self.stb)


def pin_groups(settings: Any) -> Iterator[tuple[str, PinGroup]]:
    """The groups of pins in a load's settings, each with its key, such as ``relay`` or ``relays[1]``."""
    for field in fields(type(settings)):
        value = getattr(settings, field.name)
        for number, item in enumerate(value if isinstance(value, tuple) else (value,)):
            if isinstance(item, PinGroup):
                yield f"{field.name}[{number}]" if isinstance(value, tuple) else field.name, item


def pin_texts(row: Any, *path: str | int) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What a load not yet read names as its pins, each with the way to it, such as ``("relays", 1, "pin")``."""
    for key, item in row.items() if isinstance(row, Mapping) else enumerate(row) if isinstance(row, list) else ():
        if isinstance(item, str) and str(key).split("_")[-1] == "pin":
            yield (*path, key), item
        else:
            yield from pin_texts(item, *path, key)


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
