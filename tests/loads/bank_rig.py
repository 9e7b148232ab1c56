"""A load of several relays on mock pins, a clock in the hand, and which contacts were closed when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pv_heater.core.settings.pins import RelayPin
from pv_heater.loads.pins.relay_bank import RelayBank
from tests.loads.rig import PinRig

PINS = ("GPIO17", "GPIO27", "GPIO22", "GPIO23", "GPIO24", "GPIO25", "GPIO16", "GPIO26")


def relays(count: int) -> tuple[RelayPin, ...]:
    return tuple(RelayPin(pin=pin, active_high=True) for pin in PINS[:count])


class BankRig(PinRig):
    load: RelayBank

    def __init__(self, kind: Any, settings: Any, folder: Path) -> None:
        super().__init__(folder)
        self.load = kind(settings, self.tools)

    def relays(self) -> list[tuple[float, int, float | None]]:
        """(second, relay from 1, level), in order; a relay's first line is its construction."""
        return [(item.at_s, PINS.index(item.pin) + 1, item.state) for item in self.seen()]

    def words(self) -> list[str]:
        """``+2`` relay 2 closed, ``-2`` it opened; without the construction."""
        words = [f"{'+' if level == 1.0 else '-'}{relay}" for _, relay, level in self.relays()]
        return words[len(self.load._lines) :]

    def closed(self) -> set[int]:
        last = {relay: level for _, relay, level in self.relays()}
        return {relay for relay, level in last.items() if level == 1.0}
