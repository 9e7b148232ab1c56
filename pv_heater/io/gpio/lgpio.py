"""Pins through lgpio: every Pi, the Pi 5 included, and lines of other boards.

Import this module only where lgpio is wanted: it imports it, and fails where it is missing.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import lgpio
from gpiozero.exc import PinUnknownPi
from gpiozero.pins import PinInfo
from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin

from pv_heater.core.settings.pins import PinName
from pv_heater.errors import HardwareError

HEADER_LABELS = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")
"""What Raspberry Pi's kernel calls the chip behind the header: Pi 5, Pi 4, all earlier ones. Its number moves: on a
Pi 5 it was 4, then 0 (kernel 6.6.45), then 15 (kernel 6.12.96)."""

_PULLS = {"floating": "SET_PULL_NONE", "up": "SET_PULL_UP", "down": "SET_PULL_DOWN"}


class MendedPin(LGPIOPin):  # type: ignore[misc]  # gpiozero has no type hints
    """gpiozero's lgpio pin without three faults that matter here (gpiozero 2.0.1, its pins/lgpio.py).

    The stock pin becomes an output at level 0 before it takes the wanted level, so an active-low relay closes for an
    instant. It cuts PWM duties to whole percents: a servo has 11 positions (gpiozero issue 1209). And it becomes an
    input without a pull before it takes one.
    """

    def output_with_state(self, state: float) -> None:
        """Become an output at that level in one request to the kernel."""
        lgpio.gpio_claim_output(self.factory._handle, self._number, int(bool(state)))

    def input_with_pull(self, pull: str) -> None:
        """Become an input with that pull in one request to the kernel."""
        lgpio.gpio_claim_input(self.factory._handle, self._number, getattr(lgpio, _PULLS[pull]))

    _pwm: tuple[float, float] | None

    def _set_state(self, value: float) -> None:
        if self._pwm is None:
            super()._set_state(value)
            return
        frequency_hz, _ = self._pwm
        duty_percent = round(value * 100, 3)  # 0.001 % of a 20 ms frame is 0.2 microseconds
        lgpio.tx_pwm(self.factory._handle, self._number, frequency_hz, duty_percent)
        self._pwm = (frequency_hz, duty_percent)


class LgpioBoard:
    """Gives pins of this machine's gpiochips, each chip opened when its first pin is asked for."""

    def __init__(self, devices: Path = Path("/dev")) -> None:
        """`devices` is where the kernel shows its gpiochips."""
        self._pins: dict[PinName, MendedPin] = {}
        self._factories: dict[int | None, Any] = {}
        # On a Pi this is the test whether lgpio works at all, so that `auto` can try the next library. On any other
        # board there is no such pin; its lines are named gpiochip<chip>/<line>.
        with contextlib.suppress(PinUnknownPi):
            self._factories[None] = LGPIOFactory(chip=_header_chip(devices))

    def pin(self, name: PinName, *, pulses_only: bool) -> MendedPin:  # noqa: ARG002 - the mock board needs to know
        """The pin of that name; the same one every time. Raises HardwareError, lgpio.error."""
        if name not in self._pins:
            # Built without gpiozero's board tables: they know Pis only, and share pins between factories.
            info = PinInfo(0, f"GPIO{name.line}", frozenset(), "", 0, 0, frozenset({"gpio"}))
            self._pins[name] = MendedPin(self._factory(name), info)
        return self._pins[name]

    def close(self) -> None:
        """Give the chips back; what a pin does then is up to the kernel, so release the pins first."""
        for factory in self._factories.values():
            # gpiozero would make every pin a floating input here and undo the pull that holds a relay off.
            lgpio.gpiochip_close(factory._handle)
            factory._handle = None
        self._factories.clear()
        self._pins.clear()

    def _factory(self, name: PinName) -> Any:
        if name.chip not in self._factories:
            if name.chip is None:
                raise HardwareError(
                    f"{name}: this is not a Raspberry Pi; name the line as gpiochip<chip>/<line>, "
                    f"such as gpiochip1/12 (gpioinfo lists them)"
                )
            self._factories[name.chip] = LGPIOFactory(chip=name.chip)
        return self._factories[name.chip]


def _header_chip(devices: Path) -> int | None:
    """The number of the gpiochip behind a Raspberry Pi's header, by its label; None leaves it to gpiozero's guess."""
    names = (re.fullmatch(r"gpiochip(\d+)", path.name) for path in devices.glob("gpiochip*"))
    for chip in sorted(int(name[1]) for name in names if name is not None):
        # A chip that this user may not open, or that is about to go, is not the one.
        with contextlib.suppress(lgpio.error):
            handle = lgpio.gpiochip_open(chip)
            try:
                label = lgpio.gpio_get_chip_info(handle)[3]
            finally:
                lgpio.gpiochip_close(handle)
            if label in HEADER_LABELS:
                return chip
    return None
