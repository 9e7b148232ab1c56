"""The page's icons as PNG, drawn here so that nothing else has to be installed: `python -m bench.page_icons`.

A half ring of sun over a drop of warm water, as in `icon.svg`; each pixel is the mean of nine points.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from math import hypot
from pathlib import Path

PAGE = Path(__file__).parents[1] / "pv_heater" / "web" / "page"
Colour = tuple[int, int, int, int]
NIGHT, SUN, WARM, NOTHING = (20, 25, 30, 255), (255, 194, 74, 255), (255, 154, 98, 255), (0, 0, 0, 0)
POINTS = (1 / 6, 1 / 2, 5 / 6)
SIDE = 64.0
"""The picture's own units, as in icon.svg."""


def colour_at(x: float, y: float) -> Colour:
    """What stands at a point of the icon."""
    from_centre = hypot(x - 32, y - 32)
    if y <= 32 and 15 <= from_centre <= 24:
        return SUN
    if hypot(x - 32, y - 45) <= 11 or _in_tip(x, y):
        return WARM
    return NIGHT if _in_plate(x, y) else NOTHING


def whole_plate(x: float, y: float) -> Colour:
    """The maskable icon: the plate fills it, and what is on it keeps to the middle, where no mask cuts."""
    inner = colour_at(32 + (x - 32) * 1.3, 32 + (y - 32) * 1.3)
    return NIGHT if inner == NOTHING else inner


def _in_tip(x: float, y: float) -> bool:
    return 25 <= y <= 45 and abs(x - 32) <= 11 * ((y - 25) / 20) ** 0.8


def _in_plate(x: float, y: float) -> bool:
    return hypot(max(0.0, 14 - x, x - 50), max(0.0, 14 - y, y - 50)) <= 14


def png(side: int, colour: Callable[[float, float], Colour]) -> bytes:
    """A PNG of `side` pixels each way."""
    rows = bytearray()
    for row in range(side):
        rows.append(0)
        for column in range(side):
            seen = [colour((column + dx) * SIDE / side, (row + dy) * SIDE / side) for dx in POINTS for dy in POINTS]
            alpha = sum(one[3] for one in seen)
            rows += bytes(sum(one[part] * one[3] for one in seen) // max(1, alpha) for part in range(3))
            rows.append(alpha // len(seen))
    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def main() -> None:
    """Write them all."""
    for side in (192, 512):
        (PAGE / f"icon-{side}.png").write_bytes(png(side, colour_at))
    (PAGE / "icon-maskable-512.png").write_bytes(png(512, whole_plate))


if __name__ == "__main__":
    main()
