"""Small files in the state folder that must survive a restart: read once, replaced whole."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pv_heater.io.system.state_file import UnreadableState, read_object, write_atomically

log = logging.getLogger(__name__)


def read_kept(path: Path, consequence: str) -> dict[str, Any]:
    """What was saved there; empty where nothing was. What cannot be read is set aside, and `consequence` is said."""
    try:
        return read_object(path) or {}
    except UnreadableState as error:
        aside = path.with_suffix(".damaged")
        try:
            os.replace(path, aside)
            kept = f" It is kept as {aside.name}."
        except OSError as trouble:
            kept = f" It could not be moved away: {trouble.strerror}."
        log.error("%s cannot be used: %s. %s.%s", path, error, consequence, kept)
        return {}


def keep(path: Path, values: Mapping[str, Any]) -> str | None:
    """Save it; why that could not be, None where it could. Waits for the disk."""
    try:
        write_atomically(path, json.dumps(values, allow_nan=False))
    except OSError as error:
        return error.strerror or str(error)
    return None
