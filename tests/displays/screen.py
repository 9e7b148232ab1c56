"""A display with an SSD1306 at the other end of the I2C bus: it takes messages as the chip would."""

from __future__ import annotations

from pv_heater.displays.ssd1306 import glyphs
from pv_heater.errors import Unreachable

WITH_VALUES = {0x81: 1, 0xD5: 1, 0xA8: 1, 0xD3: 1, 0x8D: 1, 0x20: 1, 0xDA: 1, 0xD9: 1, 0xDB: 1, 0x21: 2, 0x22: 2}
"""Commands that are followed by so many values."""
ALONE = {0xAE, 0xAF, 0xA0, 0xA1, 0xC0, 0xC8, 0xA4, 0xA5, 0xA6, 0xA7, 0x2E, *range(0x40, 0x80)}


class Screen:
    """128 by 64 points in eight rows of bytes. Unplugged, it does not acknowledge its address."""

    def __init__(self) -> None:
        self.plugged_in = True
        self.closed = False
        self.messages = 0
        self.power_on()

    def power_on(self) -> None:
        """Anything may stand in its memory, and nothing of it is to be seen."""
        self._memory = [bytearray(b"\xa5" * 128) for _ in range(8)]
        self._set: dict[int, tuple[int, ...]] = {0x20: (2,), 0x8D: (0x10,)}
        self._row, self._column = 0, 0
        self.lit = False

    def write(self, data: bytes) -> None:
        """One message."""
        if not self.plugged_in:
            raise Unreachable("nobody answers at 0x3c")
        self.messages += 1
        assert data[0] in (0x00, 0x40), f"neither commands nor points: {data[0]:02x}"
        if data[0] == 0x40:
            self._draw(data[1:])
            return
        values = list(data[1:])
        while values:
            self._command(values)

    def close(self) -> None:
        self.closed = True

    def _command(self, values: list[int]) -> None:
        command = values.pop(0)
        count = WITH_VALUES.get(command, 0)
        assert count or command in ALONE, f"the chip does not know the command {command:02x}"
        assert len(values) >= count, f"the command {command:02x} wants {count} values"
        self._set[command] = tuple(values.pop(0) for _ in range(count))
        if command in (0xAE, 0xAF):
            self.lit = command == 0xAF
            assert not self.lit or self._set[0x8D] == (0x14,), "without its charge pump the glass stays dark"
        self._column = self._set[command][0] if command == 0x21 else self._column
        self._row = self._set[command][0] if command == 0x22 else self._row

    def _draw(self, points: bytes) -> None:
        assert self._set[0x20] == (0,), "only this order is understood here: row of eight by row of eight"
        (left, right), (top, bottom) = self._set[0x21], self._set[0x22]
        for value in points:
            self._memory[self._row][self._column] = value
            self._column += 1
            if self._column > right:
                self._column = left
                self._row = top if self._row == bottom else self._row + 1

    def points(self) -> list[str]:
        """What is to be seen, 64 lines of 128 points."""
        if not self.lit:
            return []
        return [
            "".join("#" if column >> place & 1 else "." for column in row) for row in self._memory for place in range(8)
        ]

    def text(self) -> list[str]:
        """What can be read, line by line."""
        letters = {columns: letter for letter, columns in glyphs().items()}
        return (
            [
                "".join(letters[bytes(row[left : left + 5])] for left in range(0, 126, 6)).rstrip()
                for row in self._memory
            ]
            if self.lit
            else []
        )
