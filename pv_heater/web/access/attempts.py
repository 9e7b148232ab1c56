"""Who guesses passwords has to wait, and what is refused stands in the log once an hour, however often it comes."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

from pv_heater.core.model.lean import dataclass

log = logging.getLogger(__name__)

FREE_TRIES = 5
LONGEST_WAIT_S = 60.0
MOST_A_MINUTE = 20
"""Wrong passwords in all, from addresses that nobody has logged in from."""
FORGOTTEN_AFTER_S = 3600.0
MOST_ADDRESSES = 2000
"""More than `MOST_A_MINUTE` gives in `FORGOTTEN_AFTER_S`, so that nobody is forgotten early."""
NOTICE_EVERY_S = 3600.0
MOST_NOTICES = 30
"""Lines in an hour, whoever asks from however many addresses."""


def network_of(address: str | None) -> str:
    """Whom an address belongs to: itself for IPv4, its /64 for IPv6, which one customer has whole."""
    try:
        found = ip_address((address or "").partition("%")[0])
    except ValueError:
        return "an unknown address"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(found) if found.is_loopback else str(ip_network((found, 64), strict=False))
    return str(found)


@dataclass(slots=True)
class _Tries:
    count: int = 0
    last_s: float = 0.0

    @property
    def free_at_s(self) -> float:
        """When the next one is taken; monotonic."""
        if self.count < FREE_TRIES:
            return self.last_s
        doublings = min(self.count - FREE_TRIES, 10)
        return self.last_s + min(LONGEST_WAIT_S, 2.0**doublings)


class Attempts:
    """Counts wrong passwords by network. From any thread; `monotonic_s` is the clock."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._now_s = monotonic_s
        self._lock = threading.Lock()
        self._tries: OrderedDict[str, _Tries] = OrderedDict()
        self._minute: deque[tuple[float, str]] = deque()
        self._known: OrderedDict[str, None] = OrderedDict()

    def begin(self, network: str) -> float:
        """0 when this try is taken; it counts as wrong until `right` or `forgiven`. Else the seconds to wait."""
        with self._lock:
            now_s = self._now_s()
            self._forget(now_s)
            tries = self._tries.get(network, _Tries(last_s=now_s))
            wait_s = max(tries.free_at_s - now_s, 0.0)
            if network not in self._known and len(self._minute) >= MOST_A_MINUTE:
                wait_s = max(wait_s, self._minute[0][0] + 60.0 - now_s)
            if wait_s > 0.0:
                return wait_s
            tries.count, tries.last_s = tries.count + 1, now_s
            self._tries[network] = tries
            self._tries.move_to_end(network)
            if network not in self._known:
                self._minute.append((now_s, network))
            return 0.0

    def right(self, network: str) -> None:
        """That was the password: its wrong tries are forgotten, and others' cannot lock this address out."""
        with self._lock:
            self._take_back(network)
            self._tries.pop(network, None)
            self._known[network] = None
            self._known.move_to_end(network)
            if len(self._known) > MOST_ADDRESSES:
                self._known.popitem(last=False)

    def forgiven(self, network: str) -> None:
        """The try was not looked at after all."""
        with self._lock:
            self._take_back(network)
            tries = self._tries.get(network)
            if tries is not None:
                tries.count = max(0, tries.count - 1)

    def _take_back(self, network: str) -> None:
        newest = next((entry for entry in reversed(self._minute) if entry[1] == network), None)
        if newest is not None:
            self._minute.remove(newest)

    def _forget(self, now_s: float) -> None:
        while self._minute and now_s - self._minute[0][0] >= 60.0:
            self._minute.popleft()
        while self._tries:
            oldest = next(iter(self._tries.values()))
            if now_s - oldest.last_s < FORGOTTEN_AFTER_S and len(self._tries) < MOST_ADDRESSES:
                break
            self._tries.popitem(last=False)


class Notices:
    """Lines about what was refused: one for each kind and network in an hour, and `MOST_NOTICES` in all."""

    def __init__(self, monotonic_s: Callable[[], float], write: Callable[[str], None] = log.warning) -> None:
        self._now_s = monotonic_s
        self._write = write
        self._lock = threading.Lock()
        self._said: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._full = False

    def tell(self, kind: str, network: str, text: str) -> None:
        """Log `text`, which says what was refused and why, unless this kind was logged for this network already."""
        with self._lock:
            now_s = self._now_s()
            while self._said and now_s - next(iter(self._said.values())) >= NOTICE_EVERY_S:
                self._said.popitem(last=False)
                self._full = False
            if (kind, network) in self._said or self._full:
                return
            self._said[(kind, network)] = now_s
            self._full = len(self._said) >= MOST_NOTICES
            full = self._full
        self._write(f"page: {text}; more of this from {network} is not logged for an hour")
        if full:
            self._write(
                f"page: {MOST_NOTICES} kinds and addresses were refused within an hour; further ones are not logged "
                "until the oldest is an hour old"
            )
