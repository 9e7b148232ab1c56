"""The serial frames of a Mk2 energy-bucket router: bytes -> checked fields -> values. Pure.

A frame a second: ``EIB>2092.77;REE>-90.43;MPC>37.5;POR>39;FID>4187;SPL>57;VO2>0;$`` and then the CRC-8 of all before
the ``$``, in decimal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pv_heater.core.model.numbers import number_of
from pv_heater.io.system.log import Complain
from pv_heater.meters.plausible import plausible_w
from pv_heater.meters.quantities import HousePart

BAUD = 9600
"""V6 of the router; V7 talks at 2400."""
_FRAME = re.compile(rb"((?:[A-Z0-9]{3}>[^;>$\r\n]{0,24};){1,16})\$([0-9]{1,3})(?=[^0-9])")
"""Whatever ends the number ends the frame, as not every firmware ends the line."""
_LONGEST_BYTES = 1024
"""A frame has about 80; more than this without one is another device or another speed."""


def crc8(data: bytes) -> int:
    """The checksum of the frames: CRC-8 of Dallas/Maxim, polynomial 0x8C reflected, beginning at 0."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return crc


class Mk2Decoder:
    """Finds the frames in a stream of bytes, whatever stands between them."""

    def __init__(self) -> None:
        self._buffer = b""
        self._joined = False
        self.rejected = 0
        """Frames whose checksum was wrong, not counting the one that was under way when we began to listen."""

    def feed(self, data: bytes) -> list[Mapping[str, str]]:
        """The frames that `data` completes, as name -> text."""
        self._buffer += data
        frames: list[Mapping[str, str]] = []
        end = 0
        for match in _FRAME.finditer(self._buffer):
            end = match.end()
            if crc8(match[1]) == int(match[2]):
                frames.append(_fields(match[1].decode("ascii", "replace")))
            elif self._joined:
                self.rejected += 1
            self._joined = True
        self._buffer = self._buffer[end:][-_LONGEST_BYTES:]
        return frames


def _fields(body: str) -> dict[str, str]:
    return dict(part.split(">", 1) for part in body.split(";") if part)


def part_of_mk2(fields: Mapping[str, str], where: str, complain: Complain, routed_load: str | None) -> HousePart | None:
    """What a frame says of the house; None without the grid's power.

    REE counts what flows out of the house, so import is its negative. POR is in W in one firmware and in percent in
    another: it is taken as the power of `routed_load` only where that is named. `where` begins the complaints.
    """
    if "REE" not in fields:
        return None
    grid_w = _watts("REE", fields, where, complain)
    routed_w = _watts("POR", fields, where, complain) if routed_load and "POR" in fields else None
    if routed_w is not None and routed_w < 0:
        complain(f"{where}: POR is {routed_w:g} W, but a heater gives nothing back; it is left out")
        routed_w = None
    return HousePart(
        tells=frozenset({"grid_w"}),
        grid_w=None if grid_w is None else 0.0 - grid_w,
        load_w={routed_load: routed_w} if routed_load and routed_w is not None else {},
    )


def _watts(name: str, fields: Mapping[str, str], where: str, complain: Complain) -> float | None:
    number = number_of(fields[name])
    if number is None:
        complain(f"{where}: {name} is {fields[name]!r}, which is not a number; it is left out")
    return plausible_w(f"{where}: {name}", number, complain)
