"""A load on mock pins, a clock in the hand, and what the wires saw; the one of a servo regulator."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pv_heater.core.model.values import OFF, Setpoint
from pv_heater.core.settings.home import Site
from pv_heater.core.settings.pins import RelayPin, ServoPin
from pv_heater.io.gpio.pins import Pins
from pv_heater.loads.pins.servo_regulator import ServoRegulator
from pv_heater.ports import Load, Tools

RELAY, SERVO = "GPIO17", "GPIO21"
SETTLE_S = 0.6


def on(power_w: float) -> Setpoint:
    return Setpoint(on=True, power_w=power_w)


class HandClock:
    """Stands still until moved. `at_change` is called in the middle of each change of a pin."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.at_change: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return datetime(2026, 6, 21, 12, tzinfo=UTC) + timedelta(seconds=self.now_s - 100.0)

    def monotonic_s(self) -> float:
        return self.now_s

    def wait_until(self, monotonic_s: float) -> None:
        self.now_s = max(self.now_s, monotonic_s)

    def wake(self) -> None:
        pass

    def stamp(self) -> float:
        self.at_change()
        return self.now_s


@dataclass(frozen=True)
class Seen:
    at_s: float
    pin: str
    state: float | None


class PinRig:
    """Mock pins, a clock in the hand, and what the wires saw. A rig of one kind makes `load`."""

    load: Load

    def __init__(self, folder: Path) -> None:
        self.log = folder / "pins.jsonl"
        self.log.unlink(missing_ok=True)
        self.clock = HandClock()
        self.pins = Pins(factory="mock", pin_log=self.log, monotonic_s=self.clock.stamp)
        self.tools = Tools(clock=self.clock, site=Site(), state_dir=folder, pins=lambda: self.pins)

    def seen(self, since: int = 0) -> list[Seen]:
        """What the wires saw, without the first `since` lines."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()[since:]]
        return [Seen(line["mono_s"], line["pin"], line["state"]) for line in lines]

    def apply(self, power_w: float) -> float | None:
        """One tick; 0 is off."""
        return self.load.apply(on(power_w) if power_w > 0 else OFF, self.clock.now_s)

    def safe(self) -> float | None:
        return self.load.safe(self.clock.now_s)

    def until_quiet(self, power_w: float) -> None:
        """Ask for that power, and again whenever the load asks for it, as the loop does."""
        self._until_quiet(lambda: self.apply(power_w))

    def until_safe(self) -> None:
        """The same with a safety stop."""
        self._until_quiet(self.safe)

    def _until_quiet(self, step: Callable[[], float | None]) -> None:
        for _ in range(20):
            again_s = step()
            if again_s is None:
                return
            self.clock.now_s = max(self.clock.now_s, again_s)
        raise AssertionError("the load never comes to rest")


class Rig(PinRig):
    """A servo regulator. `closed` is the level that closes the contact, `duties` turn angles into PWM duties."""

    load: ServoRegulator

    def __init__(self, *, active_high: bool = True, zero_deg: float = 0, full_deg: float = 180, **servo: Any) -> None:
        self._folder = tempfile.TemporaryDirectory()
        super().__init__(Path(self._folder.name))
        self.closed = 1.0 if active_high else 0.0
        self.zero_duty = (0.0005 + 0.002 * zero_deg / 180) / 0.02
        self.settings = ServoRegulator.Settings(
            name="water_heater",
            max_power_w=2000,
            relay=RelayPin(pin=RELAY, active_high=active_high),
            servo=ServoPin(pin=SERVO, zero_deg=zero_deg, full_deg=full_deg, settle_s=SETTLE_S, **servo),
        )
        self.load = ServoRegulator(self.settings, self.tools)

    def words(self, since: int = 0) -> list[str]:
        """What happened, in words: close, open, zero, turn, rest, let go."""
        return [self._word(item) for item in self.seen(since)]

    def _word(self, item: Seen) -> str:
        if item.pin == RELAY:
            return "let go" if item.state is None else ("close" if item.state == self.closed else "open")
        if item.state is None:
            return "rest"
        return "zero" if abs(item.state - self.zero_duty) < 1e-9 else "turn"
