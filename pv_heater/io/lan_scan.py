"""Which machines of the own network listen at a few ports. Only done when the owner asks for it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from ipaddress import IPv4Address, IPv4Network

_AT_ONCE = 24
"""Few enough for a small router's tables."""
_CONNECT_S = 0.4
"""A machine on the own network answers within milliseconds, on bad radio within tenths of a second."""


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


def _open_at(address: str, ports: Sequence[int], connect_s: float, deadline_s: float) -> list[int]:
    return [port for port in ports if time.monotonic() < deadline_s and _accepts(address, port, connect_s)]


def _accepts(address: str, port: int, connect_s: float) -> bool:
    try:
        with socket.create_connection((address, port), timeout=connect_s):
            return True
    except OSError:
        return False
