"""Pins through RPi.GPIO: every Pi up to the 4, ARMv6 included.

Import this module only where RPi.GPIO is wanted: importing it anywhere but on a Pi fails.
"""

from __future__ import annotations

from typing import Any

from gpiozero.pins.rpigpio import RPiGPIOFactory

from pv_heater.core.settings.pins import PinName
from pv_heater.errors import HardwareError


class RpigpioBoard:
    """Gives this Pi's pins. Raises HardwareError on a Pi 5, whose pins RPi.GPIO cannot reach."""

    def __init__(self) -> None:
        self._factory = RPiGPIOFactory()
        # RPi.GPIO opens happily on a Pi 5 and fails at the first pin, so it has to be asked for here.
        if self._factory.board_info.soc == "BCM2712":
            raise HardwareError(f"a Raspberry Pi {self._factory.board_info.model} cannot be driven by RPi.GPIO")

    def pin(self, name: PinName, *, pulses_only: bool) -> Any:  # noqa: ARG002 - the mock board needs to know
        """The pin of that name. Raises HardwareError for a line of another board, and gpiozero's own errors."""
        if name.chip is not None:
            raise HardwareError(f"{name}: lines of other boards need lgpio; set gpio.factory: lgpio")
        return self._factory.pin(str(name))

    def close(self) -> None:
        """Nothing: RPi.GPIO's cleanup would undo the pulls that hold released relays off."""
