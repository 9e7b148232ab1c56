"""One serial port that may be unplugged and plugged in again. The only home of pyserial."""

from __future__ import annotations

import os
import select
from collections.abc import Iterable

import serial

from pv_heater.errors import Unreachable

_MOST_BYTES = 4096
"""What one read takes: Linux hands on no more at once, though more may be waiting behind it."""


class SerialPort:
    """Reads a device at `baud` 8N1 without waiting; closed until `open`. For use by one thread."""

    def __init__(self, device: str, baud: int) -> None:
        self.device = device
        self._baud = baud
        self._port: serial.Serial | None = None

    @property
    def is_open(self) -> bool:
        """Whether it can be read."""
        return self._port is not None

    def open(self) -> None:
        """Open the device for ourselves alone; raises Unreachable with what to do about it."""
        try:
            # Two programs that read one port get half of the bytes each.
            self._port = serial.Serial(self.device, self._baud, timeout=0, exclusive=True)
        except (OSError, ValueError) as error:
            raise Unreachable(_cannot_open(self.device, error)) from None

    def read(self) -> bytes:
        """What came since the last read, perhaps nothing.

        Closes itself and raises Unreachable when the device is gone.
        """
        if self._port is None:
            raise Unreachable(f"The serial device {self.device} is not open.")
        try:
            return self._port.read(_MOST_BYTES)
        except (OSError, TypeError) as error:  # pyserial ends in a TypeError when the port vanishes within the call
            self.close()
            raise Unreachable(f"The serial device {self.device} is gone ({error}); is it still plugged in?") from None

    def close(self) -> None:
        """Give the device back. May be repeated."""
        port, self._port = self._port, None
        if port is not None:
            port.close()

    def fileno(self) -> int:
        """For `wait_readable`; only while it is open."""
        if self._port is None:
            raise ValueError(f"{self.device} is closed")
        return self._port.fileno()


def wait_readable(ports: Iterable[SerialPort], timeout_s: float) -> None:
    """Return as soon as an open one of `ports` has something to read or is gone, else after `timeout_s`."""
    select.select([port for port in ports if port.is_open], [], [], timeout_s)


def _cannot_open(device: str, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if isinstance(error, FileNotFoundError) or number == 2:
        return f"There is no serial device {device}: is it plugged in? `ls -l /dev/serial/by-id` shows what there is."
    if isinstance(error, PermissionError) or number == 13:
        user = os.environ.get("USER", "the user that runs this program")
        return (
            f"The serial device {device} may not be opened: `sudo usermod -a -G dialout {user}` allows it, "
            "from the next login on."
        )
    if "lock" in str(error) or number == 16:
        return f"The serial device {device} is in use by another program, and only one can read it."
    return f"The serial device {device} cannot be opened ({error})."
