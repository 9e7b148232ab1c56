"""One device on an I2C bus, through the kernel's own driver: a file, an address, and bytes that are written.

Linux documentation, i2c/dev-interface.
"""

from __future__ import annotations

import errno
import fcntl
import os

from pv_heater.errors import Unreachable

_SET_ADDRESS = 0x0703
"""I2C_SLAVE of linux/i2c-dev.h."""
_TRY_AGAIN_S = 30.0
_NOBODY = {errno.EREMOTEIO, errno.EIO, errno.ENXIO, errno.ETIMEDOUT}
"""What the bus drivers of a Pi and of other boards say when nobody acknowledges the address."""


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
