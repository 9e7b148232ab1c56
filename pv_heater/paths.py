"""Where the program keeps its own files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pv_heater.config import Config
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
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            "state_dir", [f"{folder} cannot be made: {error.strerror}; name a folder you may write"]
        ) from None
    if not os.access(folder, os.W_OK):
        raise ConfigError("state_dir", [f"{folder} cannot be written; name a folder you may write"])
    return folder
