"""Finds GX devices in the local network: who announces itself, with a scan who listens, and what each then answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import IPv4Network

from pv_heater.core.model.lean import dataclass
from pv_heater.errors import Unreachable
from pv_heater.io.net.mdns import Announced, announced_gx, open_ports, own_network
from pv_heater.victron.discovery import PasswordNeeded, certificate_fingerprint, portal_id_by_modbus, portal_id_by_mqtt

LISTEN_S = 3.0
"""Devices answer a question in the local network within a second; some are asleep at the first."""
_PATIENCE_S = 4.0
_SCAN_S = 60.0
_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where a GX device listens, when its services are on."""

    mqtt: int = 1883
    mqtt_tls: int = 8883
    modbus: int = 502


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to read a GX device."""

    type: str
    """The word of the meter that goes this way: ``gx_mqtt`` or ``gx_modbus``."""
    port: int
    fingerprint: str | None = None
    """Of the certificate, where the way is encrypted."""
    password_needed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gx:
    """A GX device. Without `ways` it was announced, but nothing of it answers."""

    address: str
    name: str = ""
    portal_id: str | None = None
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a search found, and what else the owner should know about it."""

    found: tuple[Gx, ...]
    notes: tuple[str, ...] = ()


def search(
    *,
    scan: bool,
    progress: Callable[[int, int], None],
    listen_s: float = LISTEN_S,
    interfaces: Sequence[str] | None = None,
    network: IPv4Network | None = None,
    ports: Ports = Ports(),
    patience_s: float = _PATIENCE_S,
) -> Search:
    """Listen, `scan` the own network (or `network`) where asked to, and question whatever may be a GX device."""
    notes: list[str] = []
    try:
        heard = announced_gx(listen_s, interfaces)
    except Unreachable as error:
        heard = []
        notes.append(str(error))
    known = {device.address for device in heard}
    listening = (
        [address for address in _scanned(network, ports, progress, notes) if address not in known] if scan else []
    )
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="detect") as pool:
        announced = list(pool.map(lambda device: question(device, ports, patience_s), heard))
        others = list(pool.map(lambda at: question(Announced(address=at, name=""), ports, patience_s), listening))
    for other in others:
        if other.portal_id is None and other.ways:
            notes.append(f"{other.address} has an MQTT broker that asks for a password; it may be a GX device.")
    # A broker or a Modbus server that nobody announced is a GX device only if it says so.
    return Search(found=(*announced, *(gx for gx in others if gx.portal_id)), notes=tuple(notes))


def _scanned(
    network: IPv4Network | None, ports: Ports, progress: Callable[[int, int], None], notes: list[str]
) -> list[str]:
    network = network or own_network()
    if network is None:
        notes.append("There was no scan: this machine has no private network address.")
        return []
    wanted = (ports.mqtt, ports.mqtt_tls, ports.modbus)
    return list(open_ports(map(str, network.hosts()), wanted, within_s=_SCAN_S, progress=progress))


def question(device: Announced, ports: Ports, patience_s: float) -> Gx:
    """What the device at that address says over MQTT, encrypted MQTT and Modbus TCP."""
    gx = Gx(address=device.address, name=device.name)
    gx = _with(gx, *_by_mqtt(device.address, device.mqtt_port or ports.mqtt, None, patience_s))
    fingerprint = certificate_fingerprint(device.address, ports.mqtt_tls, within_s=patience_s / 2)
    if fingerprint is not None:
        gx = _with(gx, *_by_mqtt(device.address, ports.mqtt_tls, fingerprint, patience_s))
    modbus_id = portal_id_by_modbus(device.address, ports.modbus, within_s=patience_s)
    return _with(gx, Way(type="gx_modbus", port=ports.modbus) if modbus_id else None, modbus_id)


def _by_mqtt(address: str, port: int, fingerprint: str | None, patience_s: float) -> tuple[Way | None, str | None]:
    way = Way(type="gx_mqtt", port=port, fingerprint=fingerprint)
    try:
        portal_id = portal_id_by_mqtt(address, port, fingerprint=fingerprint, within_s=patience_s)
    except PasswordNeeded:
        return replace(way, password_needed=True), None
    return (way if portal_id else None), portal_id


def _with(gx: Gx, way: Way | None, portal_id: str | None) -> Gx:
    return gx if way is None else replace(gx, ways=(*gx.ways, way), portal_id=gx.portal_id or portal_id)
