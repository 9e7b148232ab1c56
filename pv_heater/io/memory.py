"""How memory is kept, and that it stays here.

The words for the C library are those of mallopt(3), glibc's; where there is another library nothing changes.
"""

from __future__ import annotations

import contextlib
import ctypes
import resource
from functools import cache

_MMAP_THRESHOLD = -3
_ARENA_MAX = -8
LARGE_BYTES = 1 << 20


@cache
def give_large_pieces_back() -> None:
    """From now on each piece of a mebibyte or more goes back to the system as soon as it is free.

    glibc else moves that limit up with the first such piece, and then keeps one for each thread: pieces that were used
    for a moment would stay with the process for ever.
    """
    _tell(_MMAP_THRESHOLD, LARGE_BYTES)


def share_one_heap() -> None:
    """Let all threads that begin from now on share one heap.

    glibc gives each thread one of its own, so that many processors do not wait for each other. Python's hardly ever
    allocate at once, and those of a home kept a megabyte that nobody used.
    """
    _tell(_ARENA_MAX, 1)


def leave_no_core() -> None:
    """A crash writes no image of the memory, in which tokens and passwords stand, to a disk that others may read."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _tell(word: int, value: int) -> None:
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(word, value)
