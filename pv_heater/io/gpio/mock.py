"""Pins of thin air: gpiozero's own mock pins, each change of which can be a JSON line in a file.

A line is ``{"mono_s": 12.345, "pin": "GPIO17", "state": 1.0}``: 0 or 1 a level, 0 to 1 a PWM duty, null no pulses or
input. It is in the file before the call that changed the pin returns. Import this module only where mock pins are
wanted: it imports gpiozero.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any

from gpiozero.pins import PinInfo
from gpiozero.pins.mock import MockFactory, MockPWMPin

from pv_heater.core.settings.pins import PinName
from pv_heater.io.system.own_files import private


class LoggedPin(MockPWMPin):  # type: ignore[misc]  # gpiozero has no type hints
    """A mock pin whose changes, as a wire on it would see them, are told to `changing`.

    It mends two habits of the stock pin: becoming an output shows the old level for an instant, and closing forces the
    level to 0, so that an active-low relay seems to close.
    """

    def __init__(self, factory: Any, info: Any, *, pulses_only: bool, changing: Changing) -> None:
        self._pulses_only = pulses_only
        self._changing = changing
        super().__init__(factory, info)

    @property
    def seen(self) -> float | None:
        """0 or 1 a level, 0 to 1 a PWM duty, None no pulses or input."""
        if self._function == "input" or (self._pulses_only and self._frequency is None):
            return None
        return float(self._state)

    def output_with_state(self, state: float) -> None:
        """Become an output at that level in one step."""
        self._changing(self, partial(self._become_output, state))

    def _become_output(self, state: float) -> None:
        self._function = "output"
        self._change_state(float(state))

    def _set_function(self, value: str) -> None:
        self._changing(self, partial(super()._set_function, value))

    def _set_state(self, value: float) -> None:
        self._changing(self, partial(super()._set_state, value))

    def _set_frequency(self, value: float | None) -> None:
        if value is not None:
            super()._set_frequency(value)  # the duty comes next; until then there are no pulses
        elif self._frequency is not None:
            self._changing(self, partial(super()._set_frequency, None))


Changing = Callable[[LoggedPin, Callable[[], None]], None]
"""Makes a change of a pin, and tells it."""


class MockBoard:
    """Gives mock pins. `log` None keeps no file; each board has pins of its own."""

    def __init__(self, log: Path | None, monotonic_s: Callable[[], float]) -> None:
        self._factory = MockFactory(pin_class=MockPWMPin)
        self._pins: dict[PinName, LoggedPin] = {}
        self._monotonic_s = monotonic_s
        self._lock = threading.RLock()
        self._log: IO[str] | None = None
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            self._log = open(log, "a", encoding="utf-8", opener=private)  # noqa: SIM115 - closed by close()

    def pin(self, name: PinName, *, pulses_only: bool) -> LoggedPin:
        """The pin of that name; the same one every time."""
        if name not in self._pins:
            info = PinInfo(0, f"GPIO{name.line}", frozenset(), "", 0, 0, frozenset({"gpio"}))
            self._pins[name] = LoggedPin(
                self._factory, info, pulses_only=pulses_only, changing=partial(self._changing, str(name))
            )
        return self._pins[name]

    def close(self) -> None:
        """Close the log of changes, if there is one. May be repeated."""
        if self._log is not None:
            self._log.close()
            self._log = None

    def _changing(self, name: str, pin: LoggedPin, change: Callable[[], None]) -> None:
        """Change and line are one: the lines stand in the order in which the pins changed, whatever the threads."""
        with self._lock:
            mono_s = round(self._monotonic_s(), 3)
            before = pin.seen
            change()
            if self._log is not None and pin.seen != before:
                self._log.write(json.dumps({"mono_s": mono_s, "pin": name, "state": pin.seen}) + "\n")
                self._log.flush()
            del pin.states[:-1]  # gpiozero's own history of a mock pin would grow for as long as the program runs
