"""The units that were found, kept on disk: a grid meter that is lost must be missed after a restart too."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from pv_heater.io.state_file import write_atomically

log = logging.getLogger(__name__)

_NAME = "gx_modbus_units.json"


class UnitsFile:
    """One small JSON file in `folder`. Whatever is wrong with it is logged, never raised."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME
        self._failed = False

    @property
    def path(self) -> Path:
        """Where it is, for a message that tells how to forget a device."""
        return self._path

    def load(self, owner: str) -> Any:
        """What was kept for `owner` (a GX device's serial number); None when there is nothing."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            return kept["units"] if kept["gx"] == owner else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            log.warning(
                "The known Modbus units in %s cannot be used (%s); they are looked for again.", self._path, error
            )
            return None

    def save(self, owner: str, units: Any) -> None:
        """Replace what is kept."""
        try:
            write_atomically(self._path, json.dumps({"gx": owner, "units": units}, indent=1) + "\n")
            self._failed = False
        except OSError as error:
            if not self._failed:
                log.warning("The known Modbus units cannot be kept in %s: %s.", self._path, error)
            self._failed = True
