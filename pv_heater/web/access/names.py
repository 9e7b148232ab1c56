"""Which names the page answers to, and whether a request comes from the page itself or from a foreign one.

A foreign web page in the owner's browser can send requests here, and with a name of its own that suddenly means this
machine (DNS rebinding) it could also read the answers. It can choose neither `Host`, `Origin` nor `Sec-Fetch-Site`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from pv_heater.core.model.lean import dataclass

_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PROXY_HEADERS = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "via", "x-real-ip")
SAFE_METHODS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class HostPort:
    """A name or address in lower case, without brackets, and the port, None where none is said."""

    name: str
    port: int | None


def host_port(text: str | None) -> HostPort | None:
    """Read ``home.local:8080`` or ``[::1]:8080``; None for anything else."""
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/@\s]+)(?::([0-9]{1,5}))?", text or "")
    if match is None:
        return None
    name = match[1].lower().removesuffix(".")
    if name.startswith("["):
        name = name[1:-1]
        if not is_address(name):
            return None
    elif not _NAME.fullmatch(name):
        return None
    return HostPort(name, None if match[2] is None else int(match[2]))


def is_address(name: str) -> bool:
    """Whether it is an IP address as it is written in full, not a name."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(address: str | None) -> bool:
    """Whether it is this machine's address to itself."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return found.is_loopback or (mapped is not None and mapped.is_loopback)


class Names:
    """The names that this home goes by."""

    def __init__(self, machine: str, hosts: Iterable[str] = (), public_url: str | None = None) -> None:
        """`machine` is its own name, `hosts` further ones, `public_url` how the page is reached from outside."""
        own = machine.lower()
        self._names = {"localhost", own, own.partition(".")[0], *(host.lower().removesuffix(".") for host in hosts)}
        self._public = None if public_url is None else origin_of(public_url)
        if self._public is not None:
            self._names.add(self._public[1].name)
        self._names.discard("")

    def know(self, host: str | None) -> bool:
        """Whether a `Host` header names this home: an address, localhost, something.local, its own names."""
        found = host_port(host)
        if found is None:
            return False
        return is_address(found.name) or found.name.endswith((".local", ".localhost")) or found.name in self._names

    def is_own(self, headers: Mapping[str, str]) -> bool:
        """Whether what changes something comes from the page itself, by what the browser says of it."""
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        origin, host = origin_of(headers.get("origin", "")), host_port(headers.get("host"))
        if origin is None or host is None:
            return False
        scheme, place = origin
        return origin == self._public or HostPort(host.name, host.port or _DEFAULT_PORTS[scheme]) == place


def is_foreign_part(headers: Mapping[str, str]) -> bool:
    """Whether a foreign page has this inside itself (script, picture, fetch); a link that was followed is not."""
    foreign = headers.get("sec-fetch-site", "none") in ("cross-site", "same-site")
    return foreign and headers.get("sec-fetch-mode") != "navigate"


def through_somebody(headers: Mapping[str, str]) -> bool:
    """Whether a proxy stands in between: then the caller's address is the proxy's."""
    return any(name in headers for name in _PROXY_HEADERS)


def origin_of(url: str) -> tuple[str, HostPort] | None:
    """Scheme, name and port of an URL; None for what is none, such as the ``null`` of a sandboxed page."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    place = host_port(parts.netloc)
    if parts.scheme not in _DEFAULT_PORTS or place is None:
        return None
    return parts.scheme, HostPort(place.name, place.port or _DEFAULT_PORTS[parts.scheme])
