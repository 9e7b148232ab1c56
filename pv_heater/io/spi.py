"""A digital potentiometer, told by three ordinary pins.

The bits go out one level at a time (SPI mode 0,0, highest bit first), not through the kernel's SPI driver: so it works
on any three pins, with every library and on mock pins, with nothing to install and no `dtparam=spi=on`. That driver
must not own the pins: `dtparam=spi=off`, or others. 16 bits take a millisecond or two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pv_heater.core.pin_settings import WiperPins
from pv_heater.io.pin_board import as_hardware_error

WORD_BITS = 16


class WiperLine:
    """The three pins. Nothing is sent until `move_to`; nothing is read back: these chips have no line for it.

    After power-on such a chip stands in the middle, at half power or so, until it is told.
    """

    def __init__(self, clock: Any, data: Any, select: Any, settings: WiperPins) -> None:
        self._clock, self._data, self._select = clock, data, select
        self._command = settings.command
        self._where = f"potentiometer at {', '.join(settings.names)}"
        with as_hardware_error(self._where):
            # Not selected before the other lines move: it would take their levels for bits.
            for pin, level in ((select, 1), (clock, 0), (data, 0)):
                pin.output_with_state(level)

    def move_to(self, step: int) -> None:
        """Put the wiper there, 0 to 1023. Raises HardwareError, ValueError for a step that is no 10-bit number."""
        if not 0 <= step < 1024:
            raise ValueError(f"the {self._where} has no step {step}")
        with as_hardware_error(self._where):
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
        with as_hardware_error(self._where):
            for pin, pull in ((self._select, "up"), (self._clock, "down"), (self._data, "down")):
                pin.input_with_pull(pin.info.pull or pull)


def _bits(word: int) -> Iterator[int]:
    """The bits of a word, the highest first."""
    return (word >> place & 1 for place in reversed(range(WORD_BITS)))
