"""Chips on a few wires: a digital potentiometer, the TM1638 of a board with buttons, and any device on an I2C bus.

The first two are spoken to by three ordinary pins, one level at a time, not through the kernel's SPI driver: so they
work on any three pins, with every library and on mock pins, with nothing to install and no `dtparam=spi=on`. That
driver must not own the pins: `dtparam=spi=off`, or others. A potentiometer's 16 bits (SPI mode 0,0, highest bit first)
take a millisecond or two. A TM1638 (Titan Micro Electronics, data sheet V1.3) takes the lowest bit first, at the rising
clock, with select low throughout a command; it answers on the same wire, which it can only pull low.

I2C goes through the kernel's own driver (Linux documentation, i2c/dev-interface): a file, an address, and bytes that
are written.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from typing import Any

from pv_heater.core.settings.pins import KeyBoardPins, WiperPins
from pv_heater.errors import Unreachable
from pv_heater.io.gpio.board import AsHardwareError

WORD_BITS = 16
_WRITE_ONWARD, _READ_KEYS, _FROM_THE_FIRST, _DARK, _LIT = 0x40, 0x42, 0xC0, 0x80, 0x88
KEY_BYTES = 4
KEY_BITS = 0b0001_0001
"""The bits of each byte that a board with eight buttons can set; they hang on the chip's line K3."""
_SET_ADDRESS = 0x0703
"""I2C_SLAVE of linux/i2c-dev.h."""
_TRY_AGAIN_S = 30.0
_NOBODY = {errno.EREMOTEIO, errno.EIO, errno.ENXIO, errno.ETIMEDOUT}
"""What the bus drivers of a Pi and of other boards say when nobody acknowledges the address."""


class WiperLine:
    """The three pins. Nothing is sent until `move_to`; nothing is read back: these chips have no line for it.

    After power-on such a chip stands in the middle, at half power or so, until it is told.
    """

    def __init__(self, clock: Any, data: Any, select: Any, settings: WiperPins) -> None:
        self._clock, self._data, self._select = clock, data, select
        self._command = settings.command
        self._where = f"potentiometer at {', '.join(settings.names)}"
        self._errors = AsHardwareError(self._where)
        with self._errors:
            # Not selected before the other lines move: it would take their levels for bits.
            for pin, level in ((select, 1), (clock, 0), (data, 0)):
                pin.output_with_state(level)

    def move_to(self, step: int) -> None:
        """Put the wiper there, 0 to 1023. Raises HardwareError, ValueError for a step that is not a 10-bit number."""
        if not 0 <= step < 1024:
            raise ValueError(f"the {self._where} has no step {step}")
        with self._errors:
            self._select.state = 1  # whatever was cut short before counts for nothing
            self._clock.state = 0
            self._select.state = 0
            for bit in _bits(self._command << 8 | step):
                self._data.state = bit
                self._clock.state = 1
                self._clock.state = 0
            self._select.state = 1

    def release(self) -> None:
        """The pins become inputs; the wiper stays where it is. Raises HardwareError."""
        with self._errors:
            for pin, pull in ((self._select, "up"), (self._clock, "down"), (self._data, "down")):
                pin.input_with_pull(pin.info.pull or pull)


class KeyBoardWires:
    """The three pins. The chip's slowest times, 1 microsecond, are shorter than any change of a pin from here."""

    def __init__(self, data: Any, clock: Any, select: Any, settings: KeyBoardPins) -> None:
        self._data, self._clock, self._select = data, clock, select
        self._brightness = settings.brightness
        self._where = f"TM1638 at {', '.join(settings.names)}"
        self._errors = AsHardwareError(self._where)
        with self._errors:
            # Not selected before the other lines move: it would take their levels for bits.
            for pin in (select, clock, data):
                pin.output_with_state(1)

    def show(self, memory: bytes) -> None:
        """Write the chip's memory from its first address on and switch it on. Raises HardwareError."""
        with self._errors:
            self._send(_WRITE_ONWARD)
            self._send(_FROM_THE_FIRST, *memory)
            self._send(_LIT | self._brightness)

    def go_dark(self) -> None:
        """Switch lamps and digits off. Raises HardwareError."""
        with self._errors:
            self._send(_DARK)

    def read_keys(self) -> bytes:
        """Which buttons are down, as the chip's four bytes; all ones when nobody answers. Raises HardwareError."""
        with self._errors:
            self._select.state = 0
            self._put(_READ_KEYS)
            self._data.input_with_pull("up")
            answer = bytes(self._take() for _ in range(KEY_BYTES))
            self._select.state = 1
            self._data.output_with_state(1)
        return answer

    def release(self) -> None:
        """The pins become inputs. Raises HardwareError."""
        with self._errors:
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


class I2cDevice:
    """Opened by the first write, and anew after a failed one. For use by one thread."""

    def __init__(self, port: int, address: int) -> None:
        """Nothing is opened yet. `port` 1 is the one on a Pi's header; `address` has seven bits."""
        self._path = f"/dev/i2c-{port}"
        self._address = address
        self._file: int | None = None

    def write(self, data: bytes) -> None:
        """Send these bytes as one message; waits for a second at most (the drivers' own limit). Raises Unreachable."""
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
                fcntl.ioctl(self._file, _SET_ADDRESS, self._address)
            os.write(self._file, data)
        except OSError as error:
            self.close()
            raise Unreachable(self._reason(error), retry_after_s=_TRY_AGAIN_S) from None

    def close(self) -> None:
        """Close the file. May be repeated."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _reason(self, error: OSError) -> str:
        if error.errno == errno.ENOENT:
            return f"there is no {self._path}; switch I2C on (raspi-config, Interface Options) and restart the Pi"
        if error.errno in (errno.EACCES, errno.EPERM):
            return f"{self._path} may not be used; add the user to the group i2c"
        if error.errno in _NOBODY:
            return f"nobody answers at 0x{self._address:02x} on {self._path}; look at its supply and its two wires"
        return f"0x{self._address:02x} on {self._path}: {error.strerror}"


def _bits(word: int) -> Iterator[int]:
    """The bits of a word, the highest first."""
    return (word >> place & 1 for place in reversed(range(WORD_BITS)))
