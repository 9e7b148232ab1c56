"""Connections to peers by name, with a limit on the look-up as well: a resolver may take 5 s, or for ever.

The one home of name look-ups for HTTP, MQTT and Modbus. A ``.local`` name often answers at once for IPv4 and makes
the machine wait 5 s for IPv6; so after a moment both are asked, and whatever came is used.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from pv_heater.io.alive.starting import Thread

KEPT_S = 60.0
"""An address is used this long without asking again."""
_IPV4_ALONE_S = 0.3
"""So long the complete answer is waited for before IPv4 alone is asked as well."""
_HAVE_ONE_S = 0.5
"""So long a new answer is waited for where an older address is known."""
_SHARE = 2.0
"""Where there are several addresses, each gets this part of what is left of the time: a dead one leaves some."""

Resolve = Callable[..., list[Any]]
"""As `socket.getaddrinfo`."""
Address = tuple[Any, ...]
"""Family, kind, protocol, canonical name, socket address."""


class LookUpTooSlow(socket.gaierror):
    """The name was still being looked up when the time was over; the look-up goes on."""


def not_found(error: BaseException) -> bool:
    """Whether a look-up answered that there is no such name, or nobody who would know it."""
    return isinstance(error, socket.gaierror) and not isinstance(error, LookUpTooSlow)


class Names:
    """Addresses of the few names that one client asks for. `connect` is for one thread at a time.

    A look-up that hangs keeps its own thread, at most two for a name; its late answer serves the next try.
    """

    def __init__(
        self,
        *,
        resolve: Resolve | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
        kept_s: float = KEPT_S,
    ) -> None:
        """`resolve` and `monotonic_s` are for tests."""
        self._resolve = resolve
        self._monotonic = monotonic_s
        self._kept_s = kept_s
        self._news = threading.Condition()
        self._known: dict[tuple[str, int], tuple[list[Address], float]] = {}
        """The newest addresses and until when they need not be asked for again."""
        self._asking: set[tuple[str, int, int]] = set()
        """Host, port and family of the look-ups under way."""
        self._failed: dict[tuple[str, int, int], OSError] = {}

    def connect(self, host: str, port: int, *, within_s: float) -> socket.socket:
        """A connection, in `within_s` seconds for look-up and all addresses together; its time-out is what is left.

        Raises socket.gaierror where the name is not known (LookUpTooSlow: not yet), TimeoutError, and OSError.
        """
        until_s = self._monotonic() + within_s
        addresses = self.addresses(host, port, within_s=within_s)
        trouble: OSError | None = None
        for index, address in enumerate(addresses):
            left_s = until_s - self._monotonic()
            if left_s <= 0:
                break
            is_last = index == len(addresses) - 1
            try:
                return _connected(address, left_s if is_last else left_s / _SHARE)
            except OSError as error:
                trouble = trouble or error
        # It may have moved: the next try asks for its address again.
        with self._news:
            known = self._known.get((host, port))
            if known is not None:
                self._known[(host, port)] = (known[0], self._monotonic())
        raise trouble or TimeoutError("timed out")

    def addresses(self, host: str, port: int, *, within_s: float) -> list[Address]:
        """Where the name is, by the newest answer that there is. Raises as `connect` does."""
        if (already := self._numeric(host, port)) is not None:
            return already
        key = (host, port)
        with self._news:
            known, fresh_until_s = self._known.get(key, ([], 0.0))
            if known and self._monotonic() < fresh_until_s:
                return known
            limit_s = min(within_s, _HAVE_ONE_S) if known else within_s
            self._ask(host, port, socket.AF_UNSPEC)
            # The answer is in `_known` when it came; an entry that is not fresh is the older one.
            if self._wait(key, socket.AF_UNSPEC, min(limit_s, _IPV4_ALONE_S)):
                return self._answer(key, known)
            self._ask(host, port, socket.AF_INET)
            self._news.wait_for(lambda: self._is_fresh(key) or self._both_failed(key), limit_s - _IPV4_ALONE_S)
            return self._answer(key, known)

    def _numeric(self, host: str, port: int) -> list[Address] | None:
        """What is an address already; nobody is asked for it. None: it is a name."""
        with contextlib.suppress(ValueError):
            if ip_address(host).version == 4:
                return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]
            return self._look_up(host, port, 0, socket.AI_NUMERICHOST)
        return None

    def _wait(self, key: tuple[str, int], family: int, limit_s: float) -> bool:
        return self._news.wait_for(lambda: self._is_fresh(key) or (*key, family) in self._failed, limit_s)

    def _answer(self, key: tuple[str, int], older: list[Address]) -> list[Address]:
        if self._is_fresh(key):
            return self._known[key][0]
        if older:
            return older
        error = self._failed.get((*key, socket.AF_UNSPEC))
        if error is not None:
            raise error
        raise LookUpTooSlow(socket.EAI_AGAIN, "the look-up of its name takes too long; it goes on")

    def _is_fresh(self, key: tuple[str, int]) -> bool:
        known = self._known.get(key)
        return known is not None and self._monotonic() < known[1]

    def _both_failed(self, key: tuple[str, int]) -> bool:
        return all((*key, family) in self._failed for family in (socket.AF_UNSPEC, socket.AF_INET))

    def _ask(self, host: str, port: int, family: int) -> None:
        """Begin a look-up unless it is under way."""
        asked = (host, port, family)
        if asked in self._asking:
            return
        self._asking.add(asked)
        self._failed.pop(asked, None)
        try:
            Thread(target=self._run, args=asked, name=f"look-up {host}").start()
        except RuntimeError as error:
            self._asking.discard(asked)
            self._failed[asked] = OSError(f"its name cannot be looked up: {error}")

    def _run(self, host: str, port: int, family: int) -> None:
        found: list[Address] = []
        failed: OSError | None = None
        try:
            found = self._look_up(host, port, family, 0)
        except OSError as error:
            failed = error
        except Exception as error:  # noqa: BLE001 - a name of 70 letters raises UnicodeError
            failed = socket.gaierror(socket.EAI_NONAME, f"{host!r} is not a name: {error}")
        with self._news:
            self._asking.discard((host, port, family))
            if found:
                self._known[(host, port)] = (found, self._monotonic() + self._kept_s)
            else:
                no_address = socket.gaierror(socket.EAI_NONAME, "this name has no address")
                self._failed[(host, port, family)] = failed or no_address
            self._news.notify_all()

    def _look_up(self, host: str, port: int, family: int, flags: int) -> list[Address]:
        resolve = self._resolve or socket.getaddrinfo
        return list(resolve(host, port, family, socket.SOCK_STREAM, 0, flags))


def _connected(address: Address, within_s: float) -> socket.socket:
    family, kind, protocol, _, where = address
    sock = socket.socket(family, kind, protocol)
    try:
        sock.settimeout(within_s)
        sock.connect(where)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock
