"""VRM's own MQTT broker passes on what the GX device publishes: read as a GX device is, with more patience.

Topics, rules and doubts are those of `victron.mqtt`. Different are the address, the login with the access token, whose
certificate is believed, and all times: nobody knocks at a portal every second, and the internet lies between it and us.
Nothing is ever written there but what keeps the device talking.
"""

from __future__ import annotations

from dataclasses import field, replace
from datetime import timedelta
from pathlib import Path

from pv_heater.core.house.reading_age import LIVE_LATE_S, LIVE_SOURCE
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import Reading
from pv_heater.io.net.mqtt import Trust
from pv_heater.io.net.mqtt_client import LinkPace
from pv_heater.ports import Tools
from pv_heater.victron.mqtt.conversation import GxPace
from pv_heater.victron.mqtt.meter import GxMqttMeter
from pv_heater.victron.mqtt.session import GxLink
from pv_heater.victron.mqtt.topics import ALONG, WAKING, makes_a_reading

CA_FILE = Path(__file__).with_name("venus-ca.crt")
"""Victron's own certificate authority, public, valid until 2114."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePace:
    """Times of the conversation with the broker, s. Tests compress them."""

    silence_s: float = 25.0
    """Eight heartbeats: then the REST API is asked."""
    talk: GxPace = field(
        default_factory=lambda: GxPace(
            remind_s=30.0,  # the device falls silent after 60 s, its way to VRM after 130 s
            full_s=300.0,
            retry_s=5.0,
            again_s=30.0,
            silence_s=25.0,
            patience_s=2.0,
            quiet_s=0.01,
            longest_burst_s=0.03,
        )
    )
    link: LinkPace = field(
        default_factory=lambda: LinkPace(
            ping_s=30, first_retry_s=5.0, longest_retry_s=300.0, spread=0.5, refused_s=600.0
        )
    )


class LiveLink:
    """The house as VRM's broker tells it. For one thread; `close` may come from any."""

    def __init__(
        self, broker: GxMqttMeter.Settings, tools: Tools, *, verifies: bool = True, pace: LivePace | None = None
    ) -> None:
        """`broker` names the portal ID; `verifies` False believes any certificate."""
        self.broker = broker
        self._pace = pace or LivePace()
        self._link = GxLink(
            broker,
            tools.clock,
            subtrees=(*WAKING, *ALONG),
            wakes=makes_a_reading,
            pace=self._pace.talk,
            link_pace=self._pace.link,
            trust=Trust(ca_files=(str(CA_FILE),), checks_name=True, verifies=verifies),
            where=f"VRM's broker at {broker.address}",
        )
        self._meter = GxMqttMeter(broker, tools, link=self._link)

    @property
    def silence_s(self) -> float:
        """Without news for so long it is silent."""
        return self._pace.silence_s

    @property
    def trouble(self) -> str | None:
        """Why there is no connection; None while one stands or begins."""
        return self._link.trouble

    @property
    def clock_offset_s(self) -> float | None:
        """The GX device's clock minus ours, s; None while it is not known."""
        return self._link.clock_offset_s

    def read(self) -> Reading:
        """The next reading; raises SourceError when none came for a while. Nobody knows how long it was under way, so
        it counts as taken `LIVE_LATE_S` ago."""
        reading = self._meter.read()
        return replace(reading, source=LIVE_SOURCE, taken_at=reading.taken_at - timedelta(seconds=LIVE_LATE_S))

    def close(self) -> None:
        """Disconnect; a `read` that waits raises."""
        self._meter.close()
