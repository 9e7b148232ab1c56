"""Relay 1 or 2 of a Victron GX device, over its MQTT: with a last will at the device, which opens it when we are gone.

A GX device that restarts closes a manual relay again if it was closed before; so each closing is followed by a
write that makes it start open. That write is read back like all others; on a real device it has not been tried.
"""

from __future__ import annotations

from contextlib import closing

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.setting import setting
from pv_heater.core.settings.load import LoadSettings
from pv_heater.loads.network.networked import NetworkedLoad
from pv_heater.ports import Tools
from pv_heater.victron.mqtt.exchange import GxExchange
from pv_heater.victron.mqtt.session import GxBroker
from pv_heater.victron.relay import ContactState, GxRelayDevice, objection_to, state_text

_SETTINGS = "settings/0/Settings/Relay"


@dataclass(frozen=True, slots=True, kw_only=True)
class GxRelaySettings(LoadSettings):
    """A load behind a relay of a GX device."""

    gx: GxBroker = setting("the GX device, its MQTT", factory=GxBroker)
    relay_number: int = setting("which of its relays", default=1, minimum=1, maximum=2)

    adjustable = False


class GxRelay(NetworkedLoad):
    """Satisfies `ports.Load`."""

    Settings = GxRelaySettings

    def __init__(self, settings: GxRelaySettings, tools: Tools) -> None:
        contact = MqttContact(settings.gx, settings.relay_number)
        device = GxRelayDevice(contact, tools.clock)
        super().__init__(settings, device, tools.clock, may_be_on=device.may_be_on)

    @staticmethod
    def state_of(settings: GxRelaySettings) -> str:
        """What the device says of the relay now; moves nothing. Blocks; raises SourceError."""
        with closing(MqttContact(settings.gx, settings.relay_number, looks_only=True)) as contact:
            state = contact.look()
        return state_text(contact.name, state)


class MqttContact:
    """Satisfies `victron.relay.Contact`."""

    def __init__(self, gx: GxBroker, relay_number: int, *, looks_only: bool = False) -> None:
        """`looks_only`: nothing is ever written, not even as a last will."""
        self._looks_only = looks_only
        index = relay_number - 1
        own = _SETTINGS if index == 0 else f"{_SETTINGS}/{index}"
        self.name = f"relay {relay_number} of the GX device at {gx.address}"
        self._state = f"system/0/Relay/{index}/State"
        self._function, self._polarity = f"{own}/Function", f"{own}/Polarity"
        self._at_start = f"{_SETTINGS}/{index}/InitialState"
        subtrees = [self._state, self._function, self._polarity, self._at_start]
        self._exchange = GxExchange(gx, subtrees=subtrees, will=None if looks_only else (self._state, 0))

    def look(self) -> ContactState:
        """Contact, function and polarity in one exchange; makes it start open while it is closed."""
        said = self._exchange.ask(self._function, self._polarity, self._at_start, self._state)
        state = number_of(_plain(said[self._state]))
        closed = None if state is None else state != 0
        if self._function not in said:
            return ContactState(closed=closed, unanswered="what it is used for; its software may be too old")
        # Polarity may be missing for good: a relay that has none cannot be normally closed.
        objection = objection_to(said[self._function], said.get(self._polarity))
        if state and objection is None and said.get(self._at_start) == 1 and not self._looks_only:
            self._exchange.write(self._at_start, 0)
        return ContactState(closed=closed, objection=objection)

    def move(self, closed: bool) -> None:
        """Write the state."""
        self._exchange.write(self._state, int(closed))

    def close(self) -> None:
        """Disconnect."""
        self._exchange.close()


def _plain(value: object) -> object:
    """A GX device publishes whatever was written, also true for 1."""
    return int(value) if isinstance(value, bool) else value
