"""The house as a GX device on the network reports it, every second and as it happens, over MQTT."""

from __future__ import annotations

import logging
from typing import Protocol

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import Reading
from pv_heater.errors import BadReply
from pv_heater.io.system.log import Complaints
from pv_heater.ports import Tools
from pv_heater.victron.lost_inverter import SETTLE_S
from pv_heater.victron.mqtt.conversation import GxPace
from pv_heater.victron.mqtt.lost_devices import (
    HUNG_S,
    Doubt,
    HungDrivers,
    LostDevices,
    drivers_of,
    house_of,
    is_battery,
    is_grid_meter,
    is_inverter,
)
from pv_heater.victron.mqtt.reading import reading_from_values
from pv_heater.victron.mqtt.session import GxBroker, GxLink
from pv_heater.victron.mqtt.steering import OtherBrains
from pv_heater.victron.mqtt.store import GxPicture
from pv_heater.victron.mqtt.topics import ALONG, BATTERIES, GRID_METERS, INVERTERS, WAKING, GxValues, makes_a_reading

log = logging.getLogger(__name__)


class Pictures(Protocol):
    """Where pictures of the device come from: the link to its broker, or a simulated home."""

    @property
    def clock_offset_s(self) -> float | None:
        """The device's clock minus ours, s; None while it is not known."""
        ...

    def next_picture(self) -> GxPicture:
        """What is known of the device, as soon as it is worth a look; raises SourceError."""
        ...

    def ask_again(self) -> None:
        """Something may not have been sent: have all of it sent once more."""
        ...

    def close(self) -> None:
        """Disconnect."""
        ...


class GxMqttMeter:
    """Waits for the device to speak; satisfies `ports.Meter`. For use by one thread.

    The system's values of one second come as one burst, and make one reading: see `GxLink.next_picture`. Silence of a
    value means that it did not change; the heartbeat renews the reading then.
    """

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(GxBroker):
        """Where the GX device is, and as whom it is asked."""

    interval_s = 0.0
    """It speaks by itself."""

    def __init__(
        self,
        settings: Settings,
        tools: Tools,
        *,
        pace: GxPace | None = None,
        frozen_s: float = HUNG_S,
        settle_s: float = SETTLE_S,
        link: Pictures | None = None,
    ) -> None:
        """Tests compress the times: `pace`, `frozen_s`, after which a driver that does not move counts as hung, and
        `settle_s`, which Victron's calculation has to find its inverter. `link` stands in for that to a broker."""
        self._clock = tools.clock
        self._link: Pictures = link or GxLink(
            settings, tools.clock, subtrees=(*WAKING, *ALONG), wakes=makes_a_reading, pace=pace
        )
        self._site = tools.site
        self._lost = LostDevices(off_grid=tools.site.off_grid, settle_s=settle_s)
        self._drivers = HungDrivers(frozen_s)
        self._frozen_s = frozen_s
        self._complain = Complaints(log)
        self._brains = OtherBrains()
        self._hung: frozenset[str] = frozenset()
        self._doubts: frozenset[Doubt] = frozenset()

    @property
    def clock_offset_s(self) -> float | None:
        """The device's clock minus ours, s; None before its first heartbeat and while its clock was never set."""
        return self._link.clock_offset_s

    def read(self) -> Reading:
        """The house as it is now: returns as soon as something changed. Raises SourceError."""
        picture = self._link.next_picture()
        try:
            return self._reading(picture)
        except BadReply:
            # Perhaps it was only not sent: then it will be.
            self._link.ask_again()
            raise

    def close(self) -> None:
        """Disconnect."""
        self._link.close()

    def _reading(self, picture: GxPicture) -> Reading:
        values, tick_s = GxValues(picture.values, self._complain), self._clock.monotonic_s()
        _check_system(picture)
        self._note_hung(self._drivers.hung(drivers_of(values), house_of(values), tick_s))
        self._note_doubts(self._lost.check(values, picture.gone, tick_s))
        reading = reading_from_values(
            values, taken_at=self._clock.now(), hung=self._hung, doubts=self._doubts, complain=self._complain
        )
        self._check_balance(reading, values)
        return self._brains.noted(reading, values, tick_s, clock_offset_s=self._link.clock_offset_s)

    def _check_balance(self, reading: Reading, values: GxValues) -> None:
        """Raise BadReply where a driver hangs or is lost, and what is left cannot show where the power goes."""
        if not self._hung and Doubt.INVERTER not in self._doubts:
            return
        by_inverter = any(map(is_inverter, self._hung)) and not values.has_grid_meter and not self._site.off_grid
        unmeasured = by_inverter or (any(map(is_grid_meter, self._hung)) and reading.grid_connected is not False)
        by_battery = any(map(is_battery, self._hung))
        if reading.battery_w is None or by_battery or unmeasured:
            who = f"the driver of {' and '.join(sorted(self._hung))} hangs" if self._hung else "the inverter is lost"
            what = "grid power" if unmeasured else "the battery's power"
            raise BadReply(f"on the GX device {who}, and no other device measures {what}; restart the GX device")

    def _note_hung(self, hung: frozenset[str]) -> None:
        for name in sorted(hung - self._hung):
            log.warning(
                "GX: %s has reported the same voltages and currents for %.0f s while the rest of the house moves: its "
                "driver hangs. %s; restart the GX device.",
                name,
                self._frozen_s,
                _HUNG[next((kind for kind in _HUNG if name.startswith(f"{kind}/")), "")],
            )
        for name in sorted(self._hung - hung):
            log.info("GX: %s moves again.", name)
        self._hung = hung

    def _note_doubts(self, doubts: frozenset[Doubt]) -> None:
        for doubt in sorted(doubts - self._doubts):
            log.warning("GX: %s", _DOUBT_BEGINS[doubt])
        for doubt in sorted(self._doubts - doubts):
            log.info("GX: %s", _DOUBT_ENDS[doubt])
        self._doubts = doubts


_HUNG = {
    **dict.fromkeys(INVERTERS, "Consumption is left out, PV, grid and battery count"),
    **dict.fromkeys(GRID_METERS, "Without grid power nothing can be counted"),
    **dict.fromkeys(BATTERIES, "Neither its charge nor its power is known"),
    "": "PV power is left out, grid and battery count",
}
"""What follows, by service; the empty name is a charger."""
_DOUBT_BEGINS = {
    Doubt.INVERTER: "the inverter's driver is lost: its consumption is only what hangs beside the inverter. The house "
    "is counted from PV, grid and battery; look after the cable to the inverter.",
    Doubt.CONSUMPTION: "consumption is no longer reported on all phases; PV, grid and battery count.",
    Doubt.GRID: "grid power is no longer reported on all phases; it is left out.",
}
_DOUBT_ENDS = {
    Doubt.INVERTER: "the inverter is back, and consumption counts again.",
    Doubt.CONSUMPTION: "consumption is reported on all phases again.",
    Doubt.GRID: "grid power is reported on all phases again.",
}


def _check_system(picture: GxPicture) -> None:
    """Raise BadReply when the device lives but the service that adds up the house does not."""
    house = ("system/0/Ac/", "system/0/Dc/")
    if any(topic.startswith(house) for topic in picture.values):
        return
    left = " any more" if any(topic.startswith(house) for topic in picture.gone) else ""
    raise BadReply(f"the GX device is awake, but its system service reports nothing of the house{left}")
