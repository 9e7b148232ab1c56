"""A home of two loads whose status document is told to others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pv_heater.telemetry.told import Told, told_of
from tests.web.rig import WebHome


class ToldHome(WebHome):
    """A second a tick; `document` is that of the newest."""

    def document(self) -> dict[str, Any]:
        return self.newest.document()

    def told(self, folder: Path) -> Told:
        """What all who tell of it share."""
        return told_of(self.home, self.newest, folder, lambda: self.real_s)


def living(**settings: Any) -> ToldHome:
    """After its first two ticks: the sun shines, the heater heats."""
    house = ToldHome(**settings)
    house.tick()
    house.tick()
    return house
