"""Which file of settings is meant. Light: `main.py off` looks here too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pv_heater import PROJECT_FOLDER

SHIPPED_CONFIG = PROJECT_FOLDER / "Files" / "config.yaml"
"""It plays a recording."""


def choose_config_path(option: str | Path | None, environ: Mapping[str, str]) -> Path:
    """`option` of the command line, else $CONFIG_FILE, else the private file if there is one, else the shipped one."""
    named = option or environ.get("CONFIG_FILE")
    if named:
        return Path(named)
    private = PROJECT_FOLDER / "Files" / "config-private.yaml"
    return private if private.exists() else SHIPPED_CONFIG


def config_words(path: str | Path, environ: Mapping[str, str]) -> str:
    """What has to stand behind a command so that it means this file, with its space; empty where it does by itself."""
    by_itself = not environ.get("CONFIG_FILE") and Path(path).absolute() == choose_config_path(None, {}).absolute()
    return "" if by_itself else f" --config {path}"
