"""The VE.Direct text protocol: bytes -> checked blocks. Pure.

About once a second a device sends lines, each ``\\r\\n``, a label, a tab and a value, the last of them ``Checksum``
with one byte that makes the sum of all bytes of the block 0 modulo 256. Messages of the hex protocol (``:`` ...
``\\n``) may come in between and do not count in the sum. (Victron's VE.Direct protocol text and its frame handler.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping

BAUD = 19_200
_HEX_MESSAGE = re.compile(rb":[0-9A-Fa-f]+\n")
_END = b"\r\nChecksum\t"
_LONGEST_BYTES = 2048
"""A block has at most 22 lines of 44 bytes; more than this without an end is another device or another speed."""
_LONGEST_LABEL, _LONGEST_VALUE = 8, 32


class VeDirectDecoder:
    """Finds the blocks in a stream of bytes. A damaged block costs itself and nothing else."""

    def __init__(self) -> None:
        self._buffer = b""
        self._joined = False
        self.rejected = 0
        """Blocks whose checksum was wrong, not counting the one that was under way when we began to listen."""

    def feed(self, data: bytes) -> list[Mapping[str, str]]:
        """The blocks that `data` completes, as label -> text."""
        self._buffer = _HEX_MESSAGE.sub(b"", self._buffer + data)
        blocks: list[Mapping[str, str]] = []
        # The checksum itself may be any byte, a line end too: it is counted off, not looked for.
        while 0 <= (found := self._buffer.find(_END)) < len(self._buffer) - len(_END):
            end = found + len(_END) + 1
            block, self._buffer = self._buffer[:end], self._buffer[end:]
            if sum(block) % 256 == 0:
                blocks.append(_fields(block[:found]))
            elif self._joined:
                self.rejected += 1
            self._joined = True
        self._buffer = self._buffer[-_LONGEST_BYTES:]
        return blocks


def _fields(block: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in block.decode("ascii", "replace").split("\r\n"):
        label, tab, value = line.partition("\t")
        if tab and 0 < len(label) <= _LONGEST_LABEL and len(value) <= _LONGEST_VALUE:
            fields[label] = value
    return fields
