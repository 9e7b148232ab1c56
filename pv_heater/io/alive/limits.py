"""What the running program may take of its machine, so that its own mistake does not become everybody's.

Whoever starts it may have set less; more is never taken than that.
"""

from __future__ import annotations

import resource
from contextlib import suppress
from pathlib import Path

MOST_FILES = 4096
"""At once: a crowd at the page leaves room for the program's own. A shell usually gives 1024."""
MOST_MORE_BYTES = 768 << 20
"""Of address space, beyond what it has when it begins. The fullest home uses 260 MB of that, nearly all of it stacks of
threads, which take room in no memory. What leaks ends with an error in this program, all loads off, and not by the
kernel's choice."""


def limit_ourselves() -> None:
    """From now on, and all that it starts."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if most == resource.RLIM_INFINITY else min(MOST_FILES, most)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        _at_most(resource.RLIMIT_AS, pages * resource.getpagesize() + MOST_MORE_BYTES)


def _at_most(kind: int, wanted: int) -> None:
    """For good, for this process and all that it starts; what is lower already stays."""
    _, most = resource.getrlimit(kind)
    value = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    with suppress(ValueError, OSError):
        resource.setrlimit(kind, (value, value))
