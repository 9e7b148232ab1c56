"""A TM1638, the chip behind boards with lamps, digits and buttons, told and asked by three ordinary pins.

Titan Micro Electronics, TM1638 data sheet V1.3: bits go lowest first and count at the rising clock, select is low
throughout a command; the chip answers on the same wire, which it can only pull low.
"""

from __future__ import annotations

from typing import Any

from pv_heater.core.pin_settings import KeyBoardPins
from pv_heater.io.pin_board import as_hardware_error

_WRITE_ONWARD, _READ_KEYS, _FROM_THE_FIRST, _DARK, _LIT = 0x40, 0x42, 0xC0, 0x80, 0x88
KEY_BYTES = 4
KEY_BITS = 0b0001_0001
"""The bits of each byte that a board with eight buttons can set; they hang on the chip's line K3."""


class KeyBoardWires:
    """The three pins. The chip's slowest times, 1 microsecond, are shorter than any change of a pin from here."""

    def __init__(self, data: Any, clock: Any, select: Any, settings: KeyBoardPins) -> None:
        self._data, self._clock, self._select = data, clock, select
        self._brightness = settings.brightness
        self._where = f"TM1638 at {', '.join(settings.names)}"
        with as_hardware_error(self._where):
            # Not selected before the other lines move: it would take their levels for bits.
            for pin in (select, clock, data):
                pin.output_with_state(1)

    def show(self, memory: bytes) -> None:
        """Write the chip's memory from its first address on and switch it on. Raises HardwareError."""
        with as_hardware_error(self._where):
            self._send(_WRITE_ONWARD)
            self._send(_FROM_THE_FIRST, *memory)
            self._send(_LIT | self._brightness)

    def go_dark(self) -> None:
        """Switch lamps and digits off. Raises HardwareError."""
        with as_hardware_error(self._where):
            self._send(_DARK)

    def read_keys(self) -> bytes:
        """Which buttons are down, as the chip's four bytes; all ones when nobody answers. Raises HardwareError."""
        with as_hardware_error(self._where):
            self._select.state = 0
            self._put(_READ_KEYS)
            self._data.input_with_pull("up")
            answer = bytes(self._take() for _ in range(KEY_BYTES))
            self._select.state = 1
            self._data.output_with_state(1)
        return answer

    def release(self) -> None:
        """The pins become inputs. Raises HardwareError."""
        with as_hardware_error(self._where):
            for pin in (self._select, self._clock, self._data):
                pin.input_with_pull("up")

    def _send(self, *values: int) -> None:
        self._select.state = 0
        for value in values:
            self._put(value)
        self._select.state = 1

    def _put(self, value: int) -> None:
        for place in range(8):
            self._clock.state = 0
            self._data.state = value >> place & 1
            self._clock.state = 1

    def _take(self) -> int:
        value = 0
        for place in range(8):
            self._clock.state = 0  # the chip answers at this edge
            self._clock.state = 1
            value |= int(bool(self._data.state)) << place
        return value
