"""A load behind a relay: on or off, nothing between."""

from __future__ import annotations

import logging

from attrs import frozen

from pv_heater.core.model.setting import setting
from pv_heater.core.model.values import Setpoint
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.pins import RelayPin
from pv_heater.errors import HardwareError
from pv_heater.io.gpio.pins import Pins, RelayLine
from pv_heater.ports import Tools

log = logging.getLogger(__name__)


@frozen(kw_only=True)
class RelaySettings(LoadSettings):
    """A load that a relay switches."""

    relay: RelayPin = setting("the relay")

    adjustable = False


class Relay:
    """Satisfies `ports.Load`. The contact is told its state at every call, so a lost write mends itself."""

    Settings = RelaySettings

    def __init__(self, settings: RelaySettings, tools: Tools) -> None:
        self.name = settings.name
        self._power_w = settings.max_power_w
        pins: Pins = tools.pins()
        self._line: RelayLine = pins.relay(settings.relay)

    def apply(self, setpoint: Setpoint, tick_s: float) -> float | None:  # noqa: ARG002 - a relay is never on its way
        """Close or open the contact. Never asks for an early tick. Raises HardwareError."""
        if setpoint.on:
            self._line.close_contact()
        else:
            self._line.open_contact()
        return None

    def safe(self, tick_s: float) -> float | None:  # noqa: ARG002 - a relay is never on its way
        """Open the contact. Raises HardwareError."""
        self._line.open_contact()
        return None

    def trip(self) -> None:
        """Open the contact from another thread and hold it open until `reset`."""
        try:
            self._line.trip()
        except HardwareError as error:
            log.error("%s: the relay could not be opened: %s. Switch it off by hand.", self.name, error)

    def reset(self) -> None:
        """Allow closing again."""
        self._line.reset()

    def still_on(self) -> str | None:
        """Whether the contact is closed, or could not be opened."""
        return "its contact is closed" if self._line.contact_closed else None

    def trouble(self) -> None:
        """A pin is always within reach."""

    def power_w(self) -> float:
        """Its whole power while the contact is closed, else 0."""
        return self._power_w if self._line.contact_closed else 0.0

    def close(self) -> None:
        """Open the contact and let the pin go. Raises HardwareError."""
        self._line.release()
