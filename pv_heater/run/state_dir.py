"""Where the program keeps its own files."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from pv_heater.config.load import Config
from pv_heater.errors import ConfigError


def state_dir(config: Config, environ: Mapping[str, str] = os.environ) -> Path:
    """The folder for what must survive a restart: as set, else $STATE_DIRECTORY (systemd), else beside the config."""
    if config.state_dir is not None:
        return Path(config.state_dir).expanduser()
    given = environ.get("STATE_DIRECTORY", "").split(":")[0]
    if given:
        return Path(given)
    return (config.path.parent if config.path is not None else Path()) / "state"


def make_state_dir(config: Config) -> Path:
    """The same, created if need be. Raises ConfigError when it cannot be written."""
    folder = state_dir(config)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            "state_dir", [f"{folder} cannot be made: {error.strerror}; name a folder you may write"]
        ) from None
    if not os.access(folder, os.W_OK):
        raise ConfigError("state_dir", [f"{folder} cannot be written; name a folder you may write"])
    return folder


def open_to_all(config: Config) -> list[str]:
    """What every user of this machine can write and with it switch heaters, a sentence each: settings, rules, state."""
    folders = [state_dir(config)]
    files: list[Path] = []
    if config.path is not None:
        rules = config.path.parent / "rules"
        folders.append(rules)
        files = [config.path, *rules.glob("*.py")]
    found = [path for path in (*files, *folders) if _is_open(path)]
    return [f"every user of this machine can write {path}: chmod o-w {path}" for path in found]


def _is_open(path: Path) -> bool:
    """In a sticky folder, such as /tmp, nobody can replace what is another user's."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return bool(mode & stat.S_IWOTH) and not mode & stat.S_ISVTX
