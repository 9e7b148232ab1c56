"""What `check` says of files with secrets in them."""

from __future__ import annotations

import stat
from pathlib import Path

from pv_heater.config import Config
from pv_heater.findings import Finding


def open_secrets(config: Config) -> list[Finding]:
    """Files with a token or a password that every user of this machine can read."""
    return [
        Finding(
            what="settings",
            says=f"{path} holds a token or a password, and every user of this machine can read it: chmod o-r {path}",
            warning=True,
        )
        for path in config.secret_files
        if _everybody_reads(path)
    ]


def _everybody_reads(path: Path) -> bool:
    """Whether the file and all folders on the way to it let others in."""
    try:
        whole = path.absolute()
        ways = all(folder.stat().st_mode & stat.S_IXOTH for folder in whole.parents)
        return ways and bool(whole.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
