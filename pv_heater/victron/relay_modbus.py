"""Relay 1 or 2 of a Victron GX device over Modbus TCP, where MQTT cannot be used: nothing opens it when the Pi is gone.

Modbus has no last will and does not tell what the relay is used for, so the owner has to say that it is Manual.
"""

from __future__ import annotations

from contextlib import closing

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.core.settings.load import LoadSettings
from pv_heater.io.net.modbus import ModbusClient
from pv_heater.loads.network.networked import NetworkedLoad
from pv_heater.ports import Tools
from pv_heater.victron.relay import ContactState, GxRelayDevice, state_text

_SYSTEM_UNIT, _FIRST_RELAY = 100, 806
"""Victron's Modbus TCP register list: 806 and 807, 0 open, 1 closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GxRelayModbusSettings(LoadSettings):
    """A load behind a relay of a GX device."""

    host: str = setting("name or address of the GX device", default="venus.local")
    port: int = setting("its Modbus TCP port", default=502, minimum=1, maximum=65_535)
    relay_number: int = setting("which of its relays", default=1, minimum=1, maximum=2)
    relay_is_manual: bool = setting(
        "true: you looked, and its function is Manual and its polarity normally open; Modbus cannot tell", default=False
    )

    adjustable = False

    def __post_init__(self) -> None:
        LoadSettings.__post_init__(self)
        if not self.relay_is_manual:
            raise SettingProblem(
                "must be true: look at the device's menu (Settings, Relay) that the function is Manual and the "
                "polarity normally open, for a relay in other use could start a generator",
                "relay_is_manual",
            )


class GxRelayModbus(NetworkedLoad):
    """Satisfies `ports.Load`."""

    Settings = GxRelayModbusSettings

    def __init__(self, settings: GxRelayModbusSettings, tools: Tools) -> None:
        contact = ModbusContact(settings.host, settings.port, settings.relay_number)
        device = GxRelayDevice(contact, tools.clock)
        super().__init__(settings, device, tools.clock, may_be_on=device.may_be_on)

    @staticmethod
    def state_of(settings: GxRelayModbusSettings) -> str:
        """What the device says of the relay now; moves nothing. Blocks; raises SourceError."""
        with closing(ModbusContact(settings.host, settings.port, settings.relay_number)) as contact:
            return f"{state_text(contact.name, contact.look())}; Modbus cannot tell what it is used for"


class ModbusContact:
    """Satisfies `victron.relay.Contact`."""

    def __init__(self, host: str, port: int, relay_number: int) -> None:
        self.name = f"relay {relay_number} of the GX device at {host}:{port}"
        self._register = _FIRST_RELAY + relay_number - 1
        self._client = ModbusClient(host, port, who=f"The GX device at {host}:{port}")

    def look(self) -> ContactState:
        """The contact; a disabled relay reads open as well, whatever its contact does."""
        (state,) = self._client.read(_SYSTEM_UNIT, self._register, 1)
        return ContactState(closed=state != 0, open_may_be_disabled=True)

    def move(self, closed: bool) -> None:
        """Write the register; the answer means that it was passed on, no more."""
        self._client.write(_SYSTEM_UNIT, self._register, int(closed))

    def close(self) -> None:
        """Disconnect."""
        self._client.close()
