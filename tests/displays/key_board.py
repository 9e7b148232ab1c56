"""A board with a TM1638 at the other end of three wires: it listens to the levels, and answers, as the chip would."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from pv_heater.core.settings.pins import KeyBoardPins
from pv_heater.io.gpio.wires import KeyBoardWires

DIGITS = {0x00: " ", 0x77: "A", 0x06: "1", 0x3F: "0", 0x71: "F", 0x40: "-"}
"""Segments a to g from bit 0 on, as letters."""


class Wire:
    """One wire with the Pi's pin at one end, used as gpiozero's pins are, and the chip at the other."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.info = SimpleNamespace(pull="")
        self.pulled: str | None = "floating"
        self.pulled_low_by_the_chip = False
        self._level = 1
        self._changed = changed

    @property
    def is_input(self) -> bool:
        return self.pulled is not None

    @property
    def state(self) -> int:
        if self.pulled is None:
            return self._level
        return 0 if self.pulled_low_by_the_chip or self.pulled == "down" else 1

    @state.setter
    def state(self, level: float) -> None:
        assert self.pulled is None, "an input was written to"
        self._level = int(level)
        self._changed()

    def output_with_state(self, level: float) -> None:
        self.pulled = None
        self.state = level

    def input_with_pull(self, pull: str) -> None:
        self.pulled = pull
        self._changed()


class KeyBoard:
    """Eight digits, lamps and buttons. `down` holds the buttons pressed, 0 to 7; unplugged it hears and says nothing.

    What the data sheet forbids is an error: half a byte, an unknown command, two ends that drive one wire.
    """

    def __init__(self) -> None:
        self.down: set[int] = set()
        self.plugged_in = True
        self.spike = 0
        """Bits that a disturbance adds to the next answer only."""
        self.writes = 0
        self.data, self.clock, self.select = (Wire(self._listen) for _ in range(3))
        self._before = (1, 1)
        self.power_on()

    def power_on(self) -> None:
        self._memory = bytearray(b"\x5a" * 16)
        """Anything may stand there."""
        self.lit = False
        self.brightness = 0
        self._bits: list[int] = []
        self._bytes = 0
        self._address: int | None = None
        self._answer: list[int] | None = None

    @property
    def digits(self) -> str:
        """What can be read on it; empty while dark."""
        return "".join(DIGITS[cell] for cell in self._memory[::2]) if self.lit else ""

    @property
    def lamps(self) -> str:
        """A star for each lamp that is on."""
        return "".join("*" if cell & 1 else "." for cell in self._memory[1::2]) if self.lit else ""

    def wires(self, **settings: Any) -> KeyBoardWires:
        pins = KeyBoardPins(dio="GPIO19", clk="GPIO13", stb="GPIO26", **settings)
        return KeyBoardWires(self.data, self.clock, self.select, pins)

    def _listen(self) -> None:
        clock_before, select_before = self._before
        clock, select = self.clock.state, self.select.state
        self._before = (clock, select)
        if not self.plugged_in:
            self.data.pulled_low_by_the_chip = False
        elif select != select_before:
            assert len(self._bits) % 8 == 0, "half a byte"
            self._bits, self._bytes, self._answer = [], 0, None
            self.data.pulled_low_by_the_chip = False
        elif select == 0 and clock_before == 0 and clock == 1 and self._answer is None:
            self._bits.append(self.data.state)
            if len(self._bits) == 8:
                self._take(sum(bit << place for place, bit in enumerate(self._bits)))
                self._bits = []
        elif select == 0 and clock_before == 1 and clock == 0 and self._answer is not None:
            assert self.data.is_input, "both ends drive the wire"
            self.data.pulled_low_by_the_chip = self._answer.pop(0) == 0

    def _take(self, value: int) -> None:
        first, self._bytes = self._bytes == 0, self._bytes + 1
        if not first:
            assert self._address is not None, "data without an address"
            self._memory[self._address] = value
            self._address = (self._address + 1) % 16
        elif value == 0x42:
            self._answer = self._scan()
        elif value & 0xC0 == 0x80:
            self.lit, self.brightness = bool(value & 8), value & 7
        elif value & 0xF0 == 0xC0:
            self._address = value & 15
            self.writes += 1
        else:
            assert value == 0x40, f"the chip does not know the command {value:02x}"

    def _scan(self) -> list[int]:
        word = self.spike
        self.spike = 0
        for button in self.down:
            word |= 1 << (8 * (button % 4) + (4 if button >= 4 else 0))
        return [word >> place & 1 for place in range(32)]
