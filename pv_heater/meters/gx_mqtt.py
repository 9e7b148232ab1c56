"""The house as a GX device on the network tells it, every second and as it happens, over MQTT."""

from __future__ import annotations

import logging

from attrs import frozen

from pv_heater.core.types import Reading
from pv_heater.errors import BadReply
from pv_heater.io.complaints import Complaints
from pv_heater.io.gx_link import GxBroker, GxLink
from pv_heater.io.gx_store import GxPicture
from pv_heater.io.gx_talk import GxPace
from pv_heater.meters.gx_company import company
from pv_heater.meters.gx_frozen import FROZEN_S, FrozenChargers
from pv_heater.meters.gx_lost import LostDevices
from pv_heater.meters.gx_topics import ALONG, WAKING, GxValues, makes_a_reading
from pv_heater.meters.gx_values import reading_from_values
from pv_heater.ports import Tools

log = logging.getLogger(__name__)


class GxMqttMeter:
    """Waits for the device to speak; satisfies `ports.Meter`. For use by one thread.

    The system's values of one second come as one burst, and make one reading: see `GxLink.next_picture`. Silence of a
    value means that it did not change; the heartbeat renews the reading then.
    """

    @frozen(kw_only=True)
    class Settings(GxBroker):
        """Where the GX device is, and as whom it is asked."""

    interval_s = 0.0
    """It speaks by itself."""

    def __init__(
        self, settings: Settings, tools: Tools, *, pace: GxPace | None = None, frozen_s: float = FROZEN_S
    ) -> None:
        """`pace` and `frozen_s`, after which a charger that does not move counts as hung, are compressed by tests."""
        self._clock = tools.clock
        self._link = GxLink(settings, tools.clock, subtrees=(*WAKING, *ALONG), wakes=makes_a_reading, pace=pace)
        self._lost = LostDevices()
        self._chargers = FrozenChargers(frozen_s)
        self._complain = Complaints(log)
        self._noted: tuple[str, ...] = ()
        self._hung: frozenset[str] = frozenset()

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
            # Perhaps it was only not told: then it will be.
            self._link.ask_again()
            raise

    def close(self) -> None:
        """Disconnect."""
        self._link.close()

    def _reading(self, picture: GxPicture) -> Reading:
        values = GxValues(picture.values, self._complain)
        _check_system(picture)
        self._note_hung(self._chargers.hung(values, self._clock.monotonic_s()))
        self._note_company(company(values))
        reading = reading_from_values(values, taken_at=self._clock.now(), hung=self._hung, complain=self._complain)
        self._lost.check(values, picture.gone)
        return reading

    def _note_hung(self, hung: frozenset[str]) -> None:
        for name in sorted(hung - self._hung):
            log.warning(
                "GX: %s has told the same voltages and currents for a minute while the rest of the house moves: its "
                "driver hangs. PV power is left out, grid and battery count; restart the GX device.",
                name,
            )
        for name in sorted(self._hung - hung):
            log.info("GX: %s moves again.", name)
        self._hung = hung

    def _note_company(self, notes: tuple[str, ...]) -> None:
        for note in notes:
            if note not in self._noted:
                log.info("GX: %s", note)
        self._noted = notes


def _check_system(picture: GxPicture) -> None:
    """Raise BadReply when the device lives but the service that adds up the house does not."""
    house = ("system/0/Ac/", "system/0/Dc/")
    if any(topic.startswith(house) for topic in picture.values):
        return
    left = " any more" if any(topic.startswith(house) for topic in picture.gone) else ""
    raise BadReply(f"the GX device is awake, but its system service tells nothing of the house{left}")
