"""Another user of the same machine: a child process that has given up root's rights."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="it takes another user, and only root can become one")


def open_ways(path: Path) -> None:
    """Let others pass through the folders above `path` that are ours; pytest keeps them to itself."""
    for folder in path.parents:
        if folder != Path("/") and folder.stat().st_uid == os.geteuid():
            folder.chmod(folder.stat().st_mode | 0o011)


@contextmanager
def stranger(act: Callable[[], object]) -> Iterator[str]:
    """The user nobody does `act`, and lives on until the end. Gives what came of it: its result, or its error."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            kept = act()
            os.write(writing, str(kept)[:4000].encode() or b"nothing")
        except BaseException as error:  # noqa: BLE001 - the child must not run the rest of the test suite
            os.write(writing, f"{type(error).__name__}: {error}"[:4000].encode())
        while True:
            signal.pause()
    try:
        os.close(writing)
        yield os.read(reading, 4096).decode()
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def result_as_nobody(act: Callable[[], object]) -> str:
    """What came of it."""
    with stranger(act) as result:
        return result
