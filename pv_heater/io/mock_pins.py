"""Pins of thin air: gpiozero's own mock pins, each change of which can be a JSON line in a file.

A line is ``{"mono_s": 12.345, "pin": "GPIO17", "state": 1.0}``: 0 or 1 a level, 0 to 1 a PWM duty, null no pulses or
input. It is in the file before the call that changed the pin returns. Import this module only where mock pins are
wanted: it imports gpiozero.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from gpiozero.pins import PinInfo
from gpiozero.pins.mock import MockFactory, MockPWMPin

from pv_heater.io.pin_names import PinName

Note = Callable[[str, float | None], None]


class LoggedPin(MockPWMPin):  # type: ignore[misc]  # gpiozero has no type hints
    """A mock pin that notes what a wire on it would see.

    It mends two habits of the stock pin: becoming an output shows the old level for an instant, and closing forces the
    level to 0, so that an active-low relay seems to close.
    """

    def __init__(self, factory: Any, info: Any, *, name: str, note: Note, pulses_only: bool) -> None:
        self._name = name
        self._note = note
        self._pulses_only = pulses_only
        self._noted: float | None = None
        super().__init__(factory, info)

    def output_with_state(self, state: float) -> None:
        """Become an output at that level in one step."""
        self._function = "output"
        self._change_state(float(state))
        self._note_change()

    def _set_function(self, value: str) -> None:
        super()._set_function(value)
        self._note_change()

    def _set_state(self, value: float) -> None:
        super()._set_state(value)
        self._note_change()

    def _set_frequency(self, value: float | None) -> None:
        if value == self._frequency:
            return
        super()._set_frequency(value)
        if value is None:
            self._note_change()

    def _seen(self) -> float | None:
        if self._function == "input" or (self._pulses_only and self._frequency is None):
            return None
        return float(self._state)

    def _note_change(self) -> None:
        seen = self._seen()
        if seen != self._noted:
            self._noted = seen
            self._note(self._name, seen)


class MockBoard:
    """Gives mock pins. `log` None keeps no file; each board has pins of its own."""

    def __init__(self, log: Path | None, monotonic_s: Callable[[], float]) -> None:
        self._factory = MockFactory(pin_class=MockPWMPin)
        self._pins: dict[PinName, LoggedPin] = {}
        self._monotonic_s = monotonic_s
        self._log: IO[str] | None = None
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            self._log = open(log, "a", encoding="utf-8", buffering=1)  # noqa: SIM115 - closed by close()

    def pin(self, name: PinName, *, pulses_only: bool) -> LoggedPin:
        """The pin of that name; the same one every time."""
        if name not in self._pins:
            info = PinInfo(0, f"GPIO{name.line}", frozenset(), "", 0, 0, frozenset({"gpio"}))
            self._pins[name] = LoggedPin(self._factory, info, name=str(name), note=self._write, pulses_only=pulses_only)
        return self._pins[name]

    def close(self) -> None:
        """Close the file."""
        if self._log is not None:
            self._log.close()
            self._log = None

    def _write(self, pin: str, state: float | None) -> None:
        if self._log is not None:
            self._log.write(json.dumps({"mono_s": round(self._monotonic_s(), 3), "pin": pin, "state": state}) + "\n")
            self._log.flush()
