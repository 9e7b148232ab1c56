"""What a dashboard sets beside a mode: how long it lasts and at which power. Kept while the program runs."""

from __future__ import annotations

import threading
from dataclasses import replace

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.requests import FORCE_DEFAULT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """Of one load."""

    force_min: float = FORCE_DEFAULT_S / 60.0
    """Minutes that the next mode on or off lasts."""
    power_w: float | None = None
    """What the next mode on takes; None: all it has."""


class Dials:
    """From any thread; a load is named as in the settings."""

    def __init__(self) -> None:
        self._of: dict[str, Dial] = {}
        self._changing = threading.Lock()

    def of(self, load: str) -> Dial:
        """What is set for it."""
        return self._of.get(load) or Dial()

    def set_force_min(self, load: str, minutes: float) -> None:
        """From the next mode on or off."""
        with self._changing:
            self._of[load] = replace(self.of(load), force_min=minutes)

    def set_power_w(self, load: str, power_w: float | None) -> None:
        """From the next mode on."""
        with self._changing:
            self._of[load] = replace(self.of(load), power_w=power_w)
