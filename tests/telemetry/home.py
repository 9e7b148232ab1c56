"""A home of two loads whose status document is told to others."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pv_heater.status.home import Home
from pv_heater.status.newest import NewestDocument
from pv_heater.telemetry.told import Told, told_of
from tests.web.rig import WebHome


def counts_of(home: Home) -> Mapping[str, Any] | None:
    """As if all that was counted were on the disk."""
    status = home.status()
    return None if status is None or status.decision.today is None else status.decision.today.as_json()


def told_by(home: Home, document: NewestDocument, folder: Path) -> Told:
    """What all who tell of it share, in real time."""
    return told_of(home, document, folder, lambda: counts_of(home), time.monotonic)


class ToldHome(WebHome):
    """A second a tick; `document` is that of the newest."""

    def document(self) -> dict[str, Any]:
        return self.newest.document()

    def told(self, folder: Path) -> Told:
        """What all who tell of it share."""
        return told_of(self.home, self.newest, folder, lambda: counts_of(self.home), lambda: self.real_s)


def living(**settings: Any) -> ToldHome:
    """After its first two ticks: the sun shines, the heater heats."""
    house = ToldHome(**settings)
    house.tick()
    house.tick()
    return house
