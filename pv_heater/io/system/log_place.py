"""Which file the log is: as set, else one that nobody else can have put there."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pv_heater.core.model.lean import dataclass
from pv_heater.io.system.own_files import is_shared, make_own_folder, user_name

FILE_NAME = "pv_heater.log"
LONGEST_LOOK = 300_000
"""Bytes of a log that are read for its last lines; some 3,000 of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlace:
    """The log file. `doubt` says why it is not the one that was set or usual; None where it is."""

    path: Path
    doubt: str | None = None

    def make_folder(self) -> None:
        """Make the private folder where the usual file is not to be trusted. Raises OSError with the reason."""
        if self.doubt is not None:
            make_own_folder(self.path.parent)


def log_place(setting: str | None, environ: Mapping[str, str], suffix: str = "") -> LogPlace:
    """The log file: as set, else (None) in $LOGS_DIRECTORY (systemd), else in the temporary folder.

    In a folder that others can write, a link, a pipe or another user's file is not used; then it is in a folder of our
    own. `suffix` names another file than the controller's. Nothing is made here.
    """
    folder = environ.get("LOGS_DIRECTORY", "").split(":")[0]
    path = Path(setting) if setting is not None else Path(folder or tempfile.gettempdir()) / FILE_NAME
    if suffix:
        path = path.with_stem(f"{path.stem}_{suffix}")
    trap = _trap(path)
    if trap is None:
        return LogPlace(path=path)
    own = Path(tempfile.gettempdir()) / f"pv-heater-{os.geteuid()}" / path.name
    return LogPlace(path=own, doubt=f"{path} {trap}, which another user may have put there; the log is {own}")


def _trap(path: Path) -> str | None:
    """What is wrong with a file in a folder that others can write; None where nothing is."""
    if not is_shared(path.parent):
        return None
    try:
        found = os.lstat(path)
    except OSError:
        return None
    if stat.S_ISLNK(found.st_mode):
        return "is a link"
    if not stat.S_ISREG(found.st_mode):
        return "is not a plain file"
    if found.st_uid != os.geteuid():
        return f"belongs to user {user_name(found.st_uid)}"
    return "is a file with another name elsewhere" if found.st_nlink > 1 else None


def last_lines(path: Path, count: int) -> list[str]:
    """The newest `count` lines of a log, oldest first, from its last `LONGEST_LOOK` bytes. Raises OSError."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - LONGEST_LOOK))
        text = file.read(LONGEST_LOOK).decode("utf-8", errors="replace")
    lines = text.splitlines()
    if size > LONGEST_LOOK:
        lines = lines[1:]
    return lines[-count:] if count > 0 else []
