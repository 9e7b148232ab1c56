"""A load of several relays on mock pins, a clock in the hand, and which contacts were closed when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pv_heater.core.model.values import OFF
from pv_heater.core.settings.home import Site
from pv_heater.core.settings.pins import RelayPin
from pv_heater.io.gpio.pins import Pins
from pv_heater.loads.pins.relay_bank import RelayBank
from pv_heater.ports import Tools
from tests.loads.rig import HandClock, on

PINS = ("GPIO17", "GPIO27", "GPIO22", "GPIO23", "GPIO24", "GPIO25", "GPIO16", "GPIO26")


def relays(count: int) -> tuple[RelayPin, ...]:
    return tuple(RelayPin(pin=pin, active_high=True) for pin in PINS[:count])


class BankRig:
    def __init__(self, kind: Any, settings: Any, folder: Path) -> None:
        self._log = folder / "pins.jsonl"
        self.clock = HandClock()
        self.pins = Pins(factory="mock", pin_log=self._log, monotonic_s=self.clock.stamp)
        self.tools = Tools(clock=self.clock, site=Site(), state_dir=folder, pins=lambda: self.pins)
        self.load: RelayBank = kind(settings, self.tools)

    def apply(self, power_w: float) -> float | None:
        return self.load.apply(on(power_w) if power_w > 0 else OFF, self.clock.now_s)

    def until_quiet(self, power_w: float) -> None:
        for _ in range(10):
            again_s = self.apply(power_w)
            if again_s is None:
                return
            self.clock.now_s = max(self.clock.now_s, again_s)
        raise AssertionError("the load never comes to rest")

    def seen(self) -> list[tuple[float, int, float | None]]:
        """(second, relay from 1, level), in order; a relay's first line is its construction."""
        rows = [json.loads(line) for line in self._log.read_text().splitlines()]
        return [(row["mono_s"], PINS.index(row["pin"]) + 1, row["state"]) for row in rows]

    def words(self) -> list[str]:
        """``+2`` relay 2 closed, ``-2`` it opened; without the construction."""
        words = [f"{'+' if level == 1.0 else '-'}{relay}" for _, relay, level in self.seen()]
        return words[len(self.load._lines) :]

    def closed(self) -> set[int]:
        last = {relay: level for _, relay, level in self.seen()}
        return {relay for relay, level in last.items() if level == 1.0}
