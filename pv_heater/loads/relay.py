"""A load behind a relay: on or off, nothing between."""

from __future__ import annotations

from attrs import frozen

from pv_heater.core.model.setting import setting
from pv_heater.core.model.values import Setpoint
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.pins import RelayPin
from pv_heater.io.gpio.pins import Pins, RelayLine
from pv_heater.loads.pin_load import PinLoad
from pv_heater.ports import Tools


@frozen(kw_only=True)
class RelaySettings(LoadSettings):
    """A load that a relay switches."""

    relay: RelayPin = setting("the relay")

    adjustable = False


class Relay(PinLoad):
    """Satisfies `ports.Load`. The contact is set at every call, so a lost write repairs itself."""

    Settings = RelaySettings

    def __init__(self, settings: RelaySettings, tools: Tools) -> None:
        self._power_w = settings.max_power_w
        pins: Pins = tools.pins()
        self._line: RelayLine = pins.relay(settings.relay)
        super().__init__(settings.name, [self._line])

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

    def power_w(self) -> float:
        """Its whole power while the contact is closed, else 0."""
        return self._power_w if self._line.contact_closed else 0.0
