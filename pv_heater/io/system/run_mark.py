"""A file that is there while the program runs: found at a start, it says that the last run did not come to its end."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from pv_heater.io.system.state_file import write_atomically

FILE_NAME = "running.json"


class RunMark:
    """To be used by who holds the lock on the state folder. A folder that cannot be written has no mark."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / FILE_NAME

    def begin(self, traces: Iterable[Path]) -> datetime | None:
        """Set the mark. When the last run was heard of last, if it never took its own away; else None.

        `traces` are files that a run writes now and then, to be looked at before this one writes them.
        """
        last_at = max(filter(None, map(_written_at, (self._path, *traces))), default=None)
        broke_off = last_at if self._path.exists() else None
        with contextlib.suppress(OSError):
            started_at = datetime.now(UTC).isoformat(timespec="seconds")
            write_atomically(self._path, json.dumps({"pid": os.getpid(), "started_at": started_at}) + "\n")
        return broke_off

    def end(self) -> None:
        """Every load was switched off: the run came to its end."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def _written_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
