"""The whole portal on loopback: its REST API, its broker with TLS, token login and rights, and a home behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.doubles.brokers import free_port
from bench.doubles.portal import PortalSide
from tests.gx_device import PLANT, PORTAL_ID, SPEED, GxPeer
from tests.mqtt_brokers import MOSQUITTO, AmqttBroker, Mosquitto
from tests.vrm_server import VrmServer


@dataclass(kw_only=True)
class Portal:
    """Steer by its parts."""

    rest: VrmServer
    broker: AmqttBroker | Mosquitto
    gx: GxPeer
    side: PortalSide


READ_ONLY = {"settings/0/Settings/Network/VrmPortal": 1}
"""The portal's mode on the device: it tells and answers, and takes no writes from there."""


@contextmanager
def portal(
    rest: VrmServer,
    certificate: tuple[Path, Path],
    folder: Path,
    *,
    speed: float = SPEED,
    allows_all: bool = False,
) -> Iterator[Portal]:
    """All of it running; `rest` names this broker. The device lets the portal read only."""
    side = PortalSide(
        port=free_port(),
        certificate=certificate,
        username=rest.email,
        password=f"Token {rest.token}",
        portal_id=PORTAL_ID,
        allows_all=allows_all,
    )
    rest.site |= {"identifier": PORTAL_ID, "mqtt_host": "localhost", "realtimeUpdates": True}
    broker = Mosquitto(lines=side.mosquitto_lines(folder)) if MOSQUITTO else AmqttBroker(portal=side)
    with broker, GxPeer(broker.port, {**PLANT, **READ_ONLY}, portal_id=PORTAL_ID, speed=speed, bridged=True) as gx:
        yield Portal(rest=rest, broker=broker, gx=gx, side=side)
