"""How a relay, a servo, a digital potentiometer and a board with buttons hang on their pins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import fields, frozen

from pv_heater.core.pin_names import PinName
from pv_heater.core.setting import SettingProblem, setting


@frozen(kw_only=True)
class RelayPin:
    """The pin of a relay. Polarity has no default: guessed wrong, the heater is on when it should be off."""

    pin: str = setting(
        "header position or chip number: BOARD11 or GPIO17; gpiochip1/12 on boards that are no Pi", check=PinName.parse
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

    def __attrs_post_init__(self) -> None:
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


@frozen(kw_only=True)
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

    def __attrs_post_init__(self) -> None:
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


@frozen(kw_only=True)
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

    def __attrs_post_init__(self) -> None:
        if self.zero_step == self.full_step:
            raise SettingProblem(f"must differ from zero_step ({self.zero_step})", "full_step")

    @property
    def names(self) -> tuple[str, ...]:
        """Its three pins."""
        return (self.clock_pin, self.data_pin, self.select_pin)


@frozen(kw_only=True)
class KeyBoardPins:
    """The pins of a TM1638 board with eight lamps, digits and buttons; any three will do."""

    dio: str = setting("the pin at its DIO; feed the board with 3.3 V, or shift the level", check=PinName.parse)
    clk: str = setting("the pin at its CLK", check=PinName.parse)
    stb: str = setting("the pin at its STB", check=PinName.parse)
    brightness: int = setting("how bright lamps and digits are, 7 the most", default=2, minimum=0, maximum=7)

    def __attrs_post_init__(self) -> None:
        if len({PinName.parse(name) for name in self.names}) < len(self.names):
            raise SettingProblem("must be three different pins: dio, clk and stb", "dio")

    @property
    def names(self) -> tuple[str, ...]:
        """Its three pins."""
        return (self.dio, self.clk, self.stb)


PinGroup = RelayPin | ServoPin | WiperPins
"""The settings in a load's settings that hold pins."""


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
