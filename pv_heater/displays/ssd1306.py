"""An SSD1306 display of 128 by 64 points: our address, the flows, the loads.

The letters of 5 by 8 points are drawn by hand; their lowest row is for tails.
"""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.requests import Force
from pv_heater.core.model.setting import setting
from pv_heater.core.model.status import Status
from pv_heater.displays.status_lines import HEIGHT, status_lines
from pv_heater.errors import SourceError
from pv_heater.io.gpio.wires import I2cDevice
from pv_heater.io.net.mdns import own_address
from pv_heater.ports import Tools

GLYPH_COLUMNS = 5
_BAND_LINES = 9
_DRAWN = """\
A     B     C     D     E     F     G     H     I     J     K     L     M     N     O     P
.###. ####. .###. ####. ##### ##### .###. #...# .###. ..### #...# #.... #...# #...# .###. ####.
#...# #...# #...# #...# #.... #.... #...# #...# ..#.. ...#. #..#. #.... ##.## ##..# #...# #...#
#...# #...# #.... #...# #.... #.... #.... #...# ..#.. ...#. #.#.. #.... #.#.# ##..# #...# #...#
##### ####. #.... #...# ####. ####. #.### ##### ..#.. ...#. ##... #.... #.#.# #.#.# #...# ####.
#...# #...# #.... #...# #.... #.... #...# #...# ..#.. ...#. #.#.. #.... #...# #..## #...# #....
#...# #...# #...# #...# #.... #.... #...# #...# ..#.. #..#. #..#. #.... #...# #..## #...# #....
#...# ####. .###. ####. ##### #.... .#### #...# .###. .##.. #...# ##### #...# #...# .###. #....
..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....
Q     R     S     T     U     V     W     X     Y     Z     a     b     c     d     e     f
.###. ####. .#### ##### #...# #...# #...# #...# #...# ##### ..... #.... ..... ....# ..... ..##.
#...# #...# #.... ..#.. #...# #...# #...# #...# #...# ....# ..... #.... ..... ....# ..... .#...
#...# #...# #.... ..#.. #...# #...# #...# .#.#. .#.#. ...#. .###. ####. .#### .#### .###. ####.
#...# ####. .###. ..#.. #...# #...# #.#.# ..#.. ..#.. ..#.. ....# #...# #.... #...# #...# .#...
#.#.# #.#.. ....# ..#.. #...# .#.#. #.#.# .#.#. ..#.. .#... .#### #...# #.... #...# ##### .#...
#..#. #..#. ....# ..#.. #...# .#.#. ##.## #...# ..#.. #.... #...# #...# #.... #...# #.... .#...
.##.# #...# ####. ..#.. .###. ..#.. #...# #...# ..#.. ##### .#### ####. .#### .#### .###. .#...
..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....
g     h     i     j     k     l     m     n     o     p     q     r     s     t     u     v
..... #.... ..#.. ...#. #.... .##.. ..... ..... ..... ..... ..... ..... ..... .#... ..... .....
..... #.... ..... ..... #.... ..#.. ..... ..... ..... ..... ..... ..... ..... .#... ..... .....
.#### ####. .##.. ..##. #..#. ..#.. ##.#. ####. .###. ####. .#### #.##. .#### ####. #...# #...#
#...# #...# ..#.. ...#. #.#.. ..#.. #.#.# #...# #...# #...# #...# ##..# #.... .#... #...# #...#
#...# #...# ..#.. ...#. ##... ..#.. #.#.# #...# #...# #...# #...# #.... .###. .#... #...# .#.#.
.#### #...# ..#.. ...#. #.#.. ..#.. #.#.# #...# #...# ####. .#### #.... ....# .#... #...# .#.#.
....# #...# .###. #..#. #..#. .###. #.#.# #...# .###. #.... ....# #.... ####. ..##. .#### ..#..
.###. ..... ..... .##.. ..... ..... ..... ..... ..... #.... ....# ..... ..... ..... ..... .....
w     x     y     z     0     1     2     3     4     5     6     7     8     9     .     ,
..... ..... ..... ..... .###. ..#.. .###. .###. ...#. ##### ..##. ##### .###. .###. ..... .....
..... ..... ..... ..... #...# .##.. #...# #...# ..##. #.... .#... ....# #...# #...# ..... .....
#...# #...# #...# ##### #..## ..#.. ....# ....# .#.#. ####. #.... ...#. #...# #...# ..... .....
#.#.# .#.#. #...# ...#. #.#.# ..#.. ..##. ..##. #..#. ....# ####. ..#.. .###. .#### ..... .....
#.#.# ..#.. #...# ..#.. ##..# ..#.. .#... ....# ##### ....# #...# ..#.. #...# ....# ..... .....
#.#.# .#.#. .#### .#... #...# ..#.. #.... #...# ...#. #...# #...# .#... #...# ...#. .##.. .##..
.#.#. #...# ....# ##### .###. .###. ##### .###. ...#. .###. .###. .#... .###. .##.. .##.. .##..
..... ..... .###. ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .#...
:     -     +     _     /     %     (     )     '     !     ?     =     #     &
..... ..... ..... ..... ....# ##..# ...#. .#... ..#.. ..#.. .###. ..... .#.#. .##..
.##.. ..... ..#.. ..... ...#. ##..# ..#.. ..#.. ..#.. ..#.. #...# ..... .#.#. #..#.
.##.. ..... ..#.. ..... ...#. ...#. .#... ...#. .#... ..#.. ....# ##### ##### #.#..
..... ##### ##### ..... ..#.. ..#.. .#... ...#. ..... ..#.. ...#. ..... .#.#. .#...
.##.. ..... ..#.. ..... .#... .#... .#... ...#. ..... ..#.. ..#.. ##### ##### #.#.#
.##.. ..... ..#.. ..... .#... #..## ..#.. ..#.. ..... ..... ..... ..... .#.#. #..#.
..... ..... ..... ##### #.... #..## ...#. .#... ..... ..#.. ..#.. ..... .#.#. .##.#
..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....
"""
"""Bands of a line of characters and eight lines of points, each character five points wide and one apart."""
REWRITE_S = 30.0
"""Set up and drawn anew this often: a display that was unplugged has forgotten everything and cannot say so."""
_COLUMNS = 128
_COMMANDS, _POINTS = b"\x00", b"\x40"
"""The first byte of a message says what the rest is."""
_DARK = _COMMANDS + b"\xae"
_SET_UP = _COMMANDS + bytes(
    (
        *(0xAE, 0xD5, 0x80, 0xA8, 0x3F, 0xD3, 0x00, 0x40),  # dark; clock; 64 rows, the first at the top
        *(0x8D, 0x14, 0x20, 0x00),  # charge pump on; addresses go up by themselves, row of eight by row of eight
        *(0xA1, 0xC8, 0xDA, 0x12),  # as the glass hangs on the chip, plug at the top
        *(0x81, 0x5F, 0xD9, 0xF1, 0xDB, 0x40),  # a third of full brightness: these displays burn in
        *(0xA4, 0xA6, 0x21, 0, _COLUMNS - 1, 0x22, 0, HEIGHT - 1),  # what is in memory, not inverted; all of it
    )
)
"""Solomon Systech, SSD1306 data sheet rev. 1.1, sections 9 and 10, and its application note for the charge pump."""
_FROM_THE_FIRST = _COMMANDS + bytes((0x21, 0, _COLUMNS - 1, 0x22, 0, HEIGHT - 1))
_LIT = _COMMANDS + b"\xaf"


class Ssd1306:
    """Shows eight lines of 21 letters. Has no buttons."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        """Where it hangs."""

        i2c_address: str = setting(
            "its address: 0x3c, or 0x3d where that is soldered", default="0x3c", choices=("0x3c", "0x3d")
        )
        port: int = setting("the I2C bus; 1 is on GPIO2 and GPIO3", default=1, minimum=0, maximum=99)

        @property
        def names(self) -> tuple[str, ...]:
            """The pins of its bus; other buses' pins are not known."""
            return ("GPIO2", "GPIO3") if self.port == 1 else ()

    def __init__(
        self, settings: Settings, tools: Tools, open_device: Callable[[int, int], I2cDevice] = I2cDevice
    ) -> None:
        """Nothing is sent before the first turn."""
        self._device = open_device(settings.port, int(settings.i2c_address, 16))
        self._zone = ZoneInfo(tools.site.timezone)
        self._glyphs = glyphs()
        self._shown: tuple[str, ...] | None = None
        self._set_up_s: float | None = None

    @property
    def interval_s(self) -> float:
        """Seconds from one picture to the next."""
        return 1.0

    def turn(self, status: Status | None, at_s: float) -> tuple[Force, ...]:
        """Show the newest tick; see `ports.Display`."""
        own = own_address()
        lines = status_lines(status, None if own is None else str(own), self._zone, at_s)
        try:
            self._show(lines, at_s)
        except SourceError:
            self._shown = self._set_up_s = None
            raise
        return ()

    def _show(self, lines: tuple[str, ...], at_s: float) -> None:
        anew = self._set_up_s is None or at_s - self._set_up_s >= REWRITE_S
        if anew:
            self._device.write(_SET_UP)
        if anew or lines != self._shown:
            self._device.write(_FROM_THE_FIRST)
            self._device.write(_POINTS + b"".join(self._row(line) for line in lines))
        if anew:
            self._device.write(_LIT)
            self._set_up_s = at_s
        self._shown = lines

    def _row(self, line: str) -> bytes:
        """A line of text as 128 columns of eight points, in the order of the display's memory."""
        unknown = self._glyphs["?"]
        return b"".join(self._glyphs.get(letter, unknown) + b"\0" for letter in line).ljust(_COLUMNS, b"\0")

    def close(self) -> None:
        """Go dark, and let go of the bus."""
        try:
            if self._set_up_s is not None:
                self._device.write(_DARK)
        finally:
            self._device.close()


def glyphs() -> dict[str, bytes]:
    """Each character that is drawn as five columns, the left one first; bit 0 is the uppermost point."""
    lines = _DRAWN.splitlines()
    known = {" ": bytes(GLYPH_COLUMNS)}
    for top in range(0, len(lines), _BAND_LINES):
        rows = lines[top + 1 : top + _BAND_LINES]
        for left, character in enumerate(lines[top]):
            if character != " ":
                columns = ([row[left + column] == "#" for row in rows] for column in range(GLYPH_COLUMNS))
                known[character] = bytes(sum(point << place for place, point in enumerate(rows)) for rows in columns)
    return known
