"""How the C library keeps memory: a few large pieces, used for a moment, must not stay with the process for ever."""

from __future__ import annotations

import contextlib
import ctypes
from functools import cache

_MMAP_THRESHOLD = -3
"""Its name in malloc.h is M_MMAP_THRESHOLD."""
LARGE_BYTES = 1 << 20


@cache
def give_large_pieces_back() -> None:
    """From now on each piece of a mebibyte or more goes back to the system as soon as it is free.

    glibc else moves that limit up with the first such piece, and then keeps one for each thread. Other C libraries
    have no such limit, and nothing happens.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, LARGE_BYTES)
