"""Devices on serial ports for tests: what they would send, and a port (a pty) that they send it to."""

from __future__ import annotations

import os
import tty
from pathlib import Path

from pv_heater.meters.mk2_router import crc8


def mk2_frame(end: bytes = b"\r\n", **fields: object) -> bytes:
    """A frame of a Mk2 router that exports 90 W; any field may be given."""
    values = {"EIB": 2092.77, "REE": 90.43, "MPC": 37.5, "POR": 39, "FID": 4187, "SPL": 57, "VO2": 0} | fields
    body = "".join(f"{name}>{value};" for name, value in values.items()).encode()
    return body + b"$" + str(crc8(body)).encode() + end


def block(*lines: tuple[str, object]) -> bytes:
    """A VE.Direct block of these lines, its checksum right."""
    body = b"".join(f"\r\n{label}\t{value}".encode("latin-1") for label, value in lines) + b"\r\nChecksum\t"
    return body + bytes([-sum(body) % 256])


def mppt(**fields: object) -> bytes:
    """A solar charger that makes 1450 W, at its limit of voltage or current."""
    values = {
        "PID": "0xA060", "FW": 161, "SER#": "HQ2132AAAAA", "V": 52100, "I": 27500, "VPV": 98200, "PPV": 1450,
        "CS": 4, "MPPT": 1, "OR": "0x00000000", "ERR": 0, "LOAD": "ON", "H19": 12345, "H20": 432, "HSDS": 60,
    }  # fmt: skip
    return block(*(values | {label.replace("SER", "SER#"): value for label, value in fields.items()}).items())


def monitor(**fields: object) -> bytes:
    """A battery monitor: 400 W into the battery, 87.4 % full."""
    values = {
        "PID": "0xA389", "V": 52300, "I": 7648, "P": 400, "CE": -12000, "SOC": 874, "TTG": -1, "Alarm": "OFF",
        "Relay": "OFF", "AR": 0, "BMV": "SmartShunt", "FW": "0413", "MON": 0,
    }  # fmt: skip
    return block(*(values | fields).items())


def history() -> bytes:
    """The second block of a battery monitor."""
    return block(("H1", -50000), ("H2", -12000), ("H7", 44000), ("H17", 1234))


def inverter(**fields: object) -> bytes:
    """A Phoenix inverter that gives 230 V and 1.3 A."""
    values = {"PID": "0xA279", "FW": "0116", "MODE": 2, "CS": 9, "AC_OUT_V": 23000, "AC_OUT_I": 13, "V": 51900, "AR": 0}
    return block(*(values | fields).items())


class Port:
    """A serial port with a device on the other side; `path` is what the program opens."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._device = -1
        self._line = -1
        self.plug_in()

    def plug_in(self) -> None:
        """The device is there; behind `path`, as behind a name in /dev/serial/by-id."""
        self._device, self._line = os.openpty()
        tty.setraw(self._line)
        os.set_blocking(self._device, False)
        self.path.symlink_to(os.ttyname(self._line))

    def unplug(self) -> None:
        """The device and its name are gone, as when a USB cable is pulled."""
        self.path.unlink(missing_ok=True)
        for descriptor in (self._device, self._line):
            if descriptor >= 0:
                os.close(descriptor)
        self._device = self._line = -1

    def sends(self, data: bytes) -> int:
        """Send; how many bytes there was room for."""
        try:
            return os.write(self._device, data)
        except BlockingIOError:
            return 0
