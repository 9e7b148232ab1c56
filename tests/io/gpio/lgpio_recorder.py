"""Stands in for the lgpio module and notes what the kernel would be asked for; gpiozero's real code runs on it."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

NAMES = (
    *("SET_ACTIVE_LOW", "SET_OPEN_DRAIN", "SET_OPEN_SOURCE", "SET_PULL_UP", "SET_PULL_DOWN", "SET_PULL_NONE"),
    *("BOTH_EDGES", "RISING_EDGE", "FALLING_EDGE"),
)
MODULES = ("lgpio", "gpiozero.pins.lgpio", "pv_heater.io.gpio.lgpio")
PI_3B = 0xA02082
IS_OUTPUT = 2


class LgpioRecorder(ModuleType):
    """`calls` holds (function, line, ...) in order; `busy` lines belong to somebody else."""

    class error(Exception):  # noqa: N801 - lgpio's own name
        pass

    def __init__(self) -> None:
        super().__init__("lgpio")
        self.calls: list[tuple[Any, ...]] = []
        self.opened: list[int] = []
        self.labels: dict[int, str] = {}
        """The chips that there are, and what the kernel calls them; empty: any number can be opened."""
        self.busy: set[int] = set()
        self._modes: dict[tuple[int, int], int] = {}
        for number, name in enumerate(NAMES):
            setattr(self, name, 4 << number)

    def gpiochip_open(self, chip: int) -> int:
        if self.labels and chip not in self.labels:
            raise self.error("can not open gpiochip")
        self.opened.append(chip)
        return 100 + chip

    def gpio_get_chip_info(self, handle: int) -> list[Any]:
        chip = handle - 100
        return [0, 54, f"gpiochip{chip}", self.labels[chip]]

    def gpiochip_close(self, handle: int) -> None:
        self.calls.append(("close", handle))

    def gpio_claim_input(self, handle: int, line: int, flags: int = 0) -> None:
        self._claim(handle, line, 0)
        self.calls.append(("input", line, flags))

    def gpio_claim_output(self, handle: int, line: int, level: int = 0, flags: int = 0) -> None:
        self._claim(handle, line, IS_OUTPUT)
        self.calls.append(("output", line, level))

    def gpio_get_mode(self, handle: int, line: int) -> int:
        return self._modes[handle, line]

    def gpio_free(self, handle: int, line: int) -> None:
        self.calls.append(("free", line))

    def gpio_write(self, handle: int, line: int, level: int) -> None:
        assert self._modes[handle, line] == IS_OUTPUT
        self.calls.append(("write", line, int(level)))

    def tx_pwm(self, handle: int, line: int, frequency_hz: float, duty_percent: float) -> None:
        assert self._modes[handle, line] == IS_OUTPUT
        self.calls.append(("pwm", line, frequency_hz, duty_percent))

    def levels(self, line: int) -> list[int]:
        """The levels that line was driven to, in order."""
        return [call[2] for call in self.calls if call[0] in ("output", "write") and call[1] == line]

    def duties(self, line: int) -> list[float]:
        """The duties of the pulses sent on that line, in percent."""
        return [call[3] for call in self.calls if call[0] == "pwm" and call[1] == line and call[3] > 0]

    def _claim(self, handle: int, line: int, mode: int) -> None:
        if line in self.busy:
            raise self.error("'GPIO busy'")
        self._modes[handle, line] = mode


def put_in(recorder: LgpioRecorder, *, on_a_pi: bool) -> None:
    """From now on `import lgpio` gives the recorder."""
    take_out()
    sys.modules["lgpio"] = recorder
    from gpiozero.pins.lgpio import LGPIOFactory

    if on_a_pi:
        LGPIOFactory._get_revision = lambda _self: PI_3B


def take_out() -> None:
    """As if lgpio had never been imported."""
    for name in MODULES:
        sys.modules.pop(name, None)
