"""Who is there in the local network: which GX devices announce themselves, and which machines listen at a few ports.

What is announced comes by mDNS and DNS-SD; this is the only home of zeroconf. Newer Venus OS announces
``_victron-mqtt._tcp`` with the port of its MQTT, older ``_http._tcp`` with ``Victron=true`` among its properties; all
of them answer to ``venus.local``, a second one in the same network to ``venus-2.local`` (Venus OS: its avahi service
files and bug tracker). Ports are tried (`open_ports`) only when the owner asks for it.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from ipaddress import IPv4Address, IPv4Network, ip_address

from zeroconf import (  # type: ignore[attr-defined]  # AddressResolverIPv4 is not in its list of exports
    AddressResolverIPv4,
    InterfaceChoice,
    IPVersion,
    ServiceBrowser,
    ServiceInfo,
    Zeroconf,
)

from pv_heater.core.model.lean import dataclass
from pv_heater.errors import Unreachable

_MQTT, _WEB = "_victron-mqtt._tcp.local.", "_http._tcp.local."
_NAMES = ("venus.local.", "venus-2.local.")
_MOST_SERVICES = 64
"""Printers and cameras announce web pages too; a network that has more of them is not a home's."""
_ANSWER_MS = 500
"""What was announced is mostly known already; this is for what has to be asked once more."""
_AT_ONCE = 24
"""Few enough for a small router's tables."""
_CONNECT_S = 0.4
"""A machine on the own network answers within milliseconds, on bad radio within tenths of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A device that says it is a GX device."""

    address: str
    name: str
    """In the local network, such as ``venus.local``."""
    mqtt_port: int | None = None
    """None: it does not announce its MQTT."""


def announced_gx(listen_s: float, interfaces: Sequence[str] | None = None) -> list[Announced]:
    """The GX devices that answer within `listen_s`, each address once.

    `interfaces` are addresses of our own network cards, None all of them. Raises Unreachable without a network.
    """
    try:
        zeroconf = Zeroconf(
            interfaces=InterfaceChoice.All if interfaces is None else list(interfaces), ip_version=IPVersion.V4Only
        )
    except OSError as error:
        raise Unreachable(f"Nobody can be asked in the local network ({error}); is this machine connected?") from None
    try:
        services = _Services()
        browser = ServiceBrowser(zeroconf, [_MQTT, _WEB], services)  # type: ignore[arg-type]
        with ThreadPoolExecutor(max_workers=len(_NAMES)) as pool:
            hosts = [pool.submit(_host, zeroconf, name, listen_s) for name in _NAMES]
            threading.Event().wait(listen_s)
        browser.cancel()
        heard = [_service(zeroconf, kind, name) for kind, name in services.all()]
        heard += [host.result() for host in hosts]
    finally:
        zeroconf.close()
    by_address: dict[str, Announced] = {}
    for device in heard:
        if device is not None:
            by_address.setdefault(device.address, device)
    return list(by_address.values())


def own_address() -> IPv4Address | None:
    """This machine's address on its network; None when it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Sends nothing: it only makes the system choose the address it would send from.
            probe.connect(("10.255.255.255", 1))
        except OSError:
            return None
        return IPv4Address(probe.getsockname()[0])


def own_network() -> IPv4Network | None:
    """The 256 addresses around our own; None when we have no private address, for other networks are not ours."""
    own = own_address()
    if own is None or not own.is_private or own.is_loopback:
        return None
    return IPv4Network(f"{own}/24", strict=False)


def open_ports(
    addresses: Iterable[str],
    ports: Sequence[int],
    *,
    within_s: float,
    progress: Callable[[int, int], None],
    connect_s: float = _CONNECT_S,
) -> dict[str, list[int]]:
    """The addresses that accept a connection at one of `ports` at least, with those ports.

    Ends after `within_s` with what was found by then; `progress` gets how many of how many addresses are done.
    """
    deadline_s = time.monotonic() + within_s
    todo = list(addresses)
    found: dict[str, list[int]] = {}
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="scan") as pool:
        asked = {pool.submit(_open_at, address, ports, connect_s, deadline_s): address for address in todo}
        for done, answer in enumerate(as_completed(asked), 1):
            if answer.result():
                found[asked[answer]] = answer.result()
            progress(done, len(todo))
    return {address: found[address] for address in todo if address in found}


class _Services:
    """Collects the services that are announced; called on zeroconf's thread."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], None] = {}
        self._lock = threading.Lock()

    def add_service(self, _zeroconf: Zeroconf, kind: str, name: str) -> None:
        with self._lock:
            if len(self._found) < _MOST_SERVICES:
                self._found[kind, name] = None

    def update_service(self, zeroconf: Zeroconf, kind: str, name: str) -> None:
        self.add_service(zeroconf, kind, name)

    def remove_service(self, _zeroconf: Zeroconf, _kind: str, _name: str) -> None:
        """A service that says goodbye while we listen is found dead soon enough."""

    def all(self) -> list[tuple[str, str]]:
        with self._lock:
            # Those that tell the port of their MQTT first.
            return sorted(self._found, key=lambda service: service[0] != _MQTT)


def _service(zeroconf: Zeroconf, kind: str, name: str) -> Announced | None:
    info: ServiceInfo | None = zeroconf.get_service_info(kind, name, timeout=_ANSWER_MS)
    if info is None or (kind == _WEB and info.decoded_properties.get("Victron") != "true"):
        return None
    port = info.port if kind == _MQTT and info.port else None
    return _announced(info.parsed_addresses(IPVersion.V4Only), info.server or "", port)


def _host(zeroconf: Zeroconf, name: str, listen_s: float) -> Announced | None:
    resolver = AddressResolverIPv4(name)
    resolver.request(zeroconf, listen_s * 1000)
    return _announced(resolver.parsed_addresses(IPVersion.V4Only), name, None)


def _announced(addresses: Sequence[str], name: str, mqtt_port: int | None) -> Announced | None:
    """None without an address at home: anybody in the network may announce anything, and that address is asked next.

    A name is anybody's text as well: only one that can be a host's is kept.
    """
    at_home = [address for address in addresses if ip_address(address).is_private]
    if not at_home:
        return None
    plain = name.removesuffix(".")
    known = plain if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}", plain) else ""
    return Announced(address=at_home[0], name=known, mqtt_port=mqtt_port)


def _open_at(address: str, ports: Sequence[int], connect_s: float, deadline_s: float) -> list[int]:
    return [port for port in ports if time.monotonic() < deadline_s and _accepts(address, port, connect_s)]


def _accepts(address: str, port: int, connect_s: float) -> bool:
    try:
        with socket.create_connection((address, port), timeout=connect_s):
            return True
    except OSError:
        return False
