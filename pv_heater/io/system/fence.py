"""A fence against mistakes in somebody else's code in this process: it starts no other program."""

from __future__ import annotations

import _posixsubprocess
import os
import subprocess
import threading
from collections.abc import Callable
from typing import Any, NoReturn

STARTERS = (
    (subprocess, "_fork_exec"),
    (_posixsubprocess, "fork_exec"),
    (os, "posix_spawn"),
    (os, "posix_spawnp"),
    (os, "system"),
)
"""What every way to start a program comes down to."""


def no_programs(*, but_thread: str) -> None:
    """From now on forks and other programs raise PermissionError, other programs except in threads of this name."""
    os.fork = os.forkpty = _no_forks
    for place, name in STARTERS:
        if hasattr(place, name):
            setattr(place, name, _fenced(getattr(place, name), but_thread))


def _no_forks() -> NoReturn:
    raise PermissionError("a rule must not fork")


def _fenced(start: Callable[..., Any], but_thread: str) -> Callable[..., Any]:
    def fenced(*args: Any, **options: Any) -> Any:
        if threading.current_thread().name != but_thread:
            raise PermissionError("a rule must not start other programs")
        return start(*args, **options)

    return fenced
