"""A simulated home that tells a real broker on loopback, and somebody else who listens there."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pv_heater.core.settings.mqtt import Mqtt
from pv_heater.status.newest import NewestDocument
from pv_heater.telemetry.mqtt.companion import Companion
from pv_heater.telemetry.mqtt.telemetry import MqttTelemetry
from pv_heater.telemetry.told import Told
from tests.mqtt_brokers import Peer, wait_for
from tests.telemetry.home import told_by
from tests.web.rig import WebHome


@contextmanager
def telling(
    house: WebHome, folder: Path, port: int, *companions: Companion, told: Told | None = None, **settings: Any
) -> Iterator[MqttTelemetry]:
    """It runs while the block runs, and says goodbye at its end."""
    telemetry = MqttTelemetry(
        Mqtt(host="127.0.0.1", port=port, **settings),
        told or told_by(house.home, NewestDocument(house.home, time.monotonic), folder),
        companions=companions,
    )
    telemetry.start()
    try:
        yield telemetry
    finally:
        telemetry.close()


class Listener(Peer):
    """Somebody at the broker who gives commands and reads JSON."""

    def last(self, topic: str) -> Any:
        """The newest message there, as JSON; None where none came."""
        found = self.payloads(topic)
        return json.loads(found[-1]) if found and found[-1] else None

    def text(self, topic: str) -> str | None:
        found = self.payloads(topic)
        return found[-1].decode() if found else None

    def asked(self, topic: str, payload: str | bytes, base: str = "pv_heater") -> dict[str, Any]:
        """Publish a command and wait for what is answered."""
        before = len(self.payloads(f"{base}/answer"))
        self.publish(f"{base}/{topic}", payload)
        wait_for(lambda: len(self.payloads(f"{base}/answer")) > before, f"an answer to {topic}")
        answer: dict[str, Any] = json.loads(self.payloads(f"{base}/answer")[before])
        return answer
