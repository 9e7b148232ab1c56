"""A small file that is written often and must survive a power cut at any byte, without wearing the card.

A file that is replaced costs its data, its name, its folder and their journal each time, ten pages for one. Here the
file is made once, with room for two objects, and they are written in turns, in place: one page each time. What a cut
leaves of the one that was being written is told by its checksum, and the other is still there.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pv_heater.io.system.own_files import open_plain, read_plain
from pv_heater.io.system.state_file import give_to_owner, put_folder_aside

PAGE_BYTES = 4096
SLOT_BYTES = 8 * PAGE_BYTES
"""The counts of twenty loads take one page; what does not fit is refused."""
MOST_BYTES = 1_000_000
"""No slot unpacks to more."""
_HEAD = struct.Struct(">8sQII")
"""Who wrote it, its number, how many bytes follow, and the checksum of number and bytes."""
_MARK = b"pvslots1"


class TwoSlots:
    """One JSON object, the newest that was written whole. For one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Nothing is made before the first `write`."""
        self._path = path
        self._number, self.found = max(map(_opened, _slots(path)), key=lambda slot: slot[0], default=(0, None))
        """`found` is what was there at the start; None where nothing that can be read was."""

    def write(self, values: Mapping[str, Any]) -> None:
        """It is on the disk when this returns. Raises OSError, ValueError for what does not fit."""
        packed = zlib.compress(json.dumps(values, allow_nan=False).encode(), 6)
        number = self._number + 1
        slot = _HEAD.pack(_MARK, number, len(packed), _checksum(number, packed)) + packed
        if len(slot) > SLOT_BYTES:
            raise ValueError(f"it has {len(slot)} bytes, and a slot {SLOT_BYTES}")
        slot += bytes(-len(slot) % PAGE_BYTES)
        descriptor = self._opened()
        try:
            self._fill(descriptor)
            if os.pwrite(descriptor, slot, number % 2 * SLOT_BYTES) != len(slot):
                raise OSError("only a part of it was written")
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        self._number = number

    def _opened(self) -> int:
        try:
            return open_plain(self._path, os.O_WRONLY)
        except IsADirectoryError:
            put_folder_aside(self._path)
            return open_plain(self._path, os.O_WRONLY)

    def _fill(self, descriptor: int) -> None:
        """A new file to its full size: a later write needs no room then, also on a full disk."""
        size = os.fstat(descriptor).st_size
        if size < 2 * SLOT_BYTES:
            give_to_owner(descriptor, self._path.parent)
            os.pwrite(descriptor, bytes(2 * SLOT_BYTES - size), size)
            os.fsync(descriptor)
            # Else Linux keeps what was written at once as one large page, and dirties all of it each time.
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _slots(path: Path) -> list[bytes]:
    """The two, as they are; none where there is no plain file of ours that can be read."""
    descriptor = read_plain(path)
    if descriptor is None:
        return []
    try:
        return [os.pread(descriptor, SLOT_BYTES, at) for at in (0, SLOT_BYTES)]
    except OSError:
        return []
    finally:
        os.close(descriptor)


def _opened(slot: bytes) -> tuple[int, Mapping[str, Any] | None]:
    """Its number and what is in it; number 0 for one that was never written, or not whole."""
    with suppress(struct.error, zlib.error, ValueError, RecursionError):
        mark, number, length, checksum = _HEAD.unpack_from(slot)
        packed = slot[_HEAD.size : _HEAD.size + length]
        if mark == _MARK and len(packed) == length and checksum == _checksum(number, packed):
            values = json.loads(zlib.decompressobj().decompress(packed, MOST_BYTES))
            if isinstance(values, dict):
                return number, values
    return 0, None


def _checksum(number: int, packed: bytes) -> int:
    return zlib.crc32(packed, zlib.crc32(number.to_bytes(8, "big")))
