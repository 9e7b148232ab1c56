"""What opens the relays when the loop no longer does: a thread of our own, and systemd behind it."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence

from pv_heater.errors import describe
from pv_heater.io.alive.threads import Lasting
from pv_heater.ports import Load

log = logging.getLogger(__name__)

LONGEST_SILENCE_S = 10.0
"""Seconds without a completed tick after which every contact is opened: ten missed ticks."""


class Watchdog:
    """Opens every contact after `longest_silence_s` without `pet`, and latches until `reset`."""

    def __init__(
        self,
        loads: Sequence[Load],
        monotonic_s: Callable[[], float],
        longest_silence_s: float = LONGEST_SILENCE_S,
        *,
        after_look: Sequence[Callable[[], None]] = (),
    ) -> None:
        """`after_look` are called on its thread behind each look that came to its end."""
        self._after_look = tuple(after_look)
        self._loads = tuple(loads)
        self._monotonic_s = monotonic_s
        self._longest_silence_s = longest_silence_s
        self._fed_s = monotonic_s()
        self._reason: str | None = None
        self._asked: str | None = None
        """The reason that the loop has been given."""
        self._ended = threading.Event()
        self._thread = Lasting(self._run, "watchdog")
        self._watches = False

    def start(self) -> None:
        """Begin to watch."""
        self._fed_s, self._watches = self._monotonic_s(), True
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer: the loop has ended and left its loads safe."""
        self._watches = False
        self._ended.set()

    def pet(self, tick_s: float) -> None:
        """A tick was completed; the time is taken here because a simulated tick means nothing to this thread."""
        del tick_s
        self._fed_s = self._monotonic_s()
        if self._watches and not self._thread.is_alive():  # it begins all others anew; who else would begin it?
            self._thread.start()

    def tripped(self) -> str | None:
        """Why the contacts were opened; None while all is well."""
        self._asked = self._reason
        return self._asked

    def reset(self) -> None:
        """The owner has cleared the faults. One that the loop has not been given yet stays."""
        if self._reason is self._asked:
            self._reason = None

    def look(self) -> None:
        """One look; called four times in each allowed silence."""
        silent_s = self._monotonic_s() - self._fed_s
        if silent_s <= self._longest_silence_s:
            return
        # At every look again: a write that got lost repairs itself. Contacts first, words later: logging could hang on
        # the same thing as the loop.
        problems = [problem for load in self._loads if (problem := _trip(load)) is not None]
        if self._reason is None:
            self._reason = f"watchdog: the loop completed no tick for {silent_s:.0f} s"
            log.critical("%s; all contacts are open", self._reason)
        for problem in problems:
            log.critical("watchdog: %s. Switch it off by hand.", problem)

    def _run(self) -> None:
        while not self._ended.wait(self._longest_silence_s / 4):
            self.look()
            for then in self._after_look:
                then()


def _trip(load: Load) -> str | None:
    """Open its contact; what went wrong, or None. A bug in one load must not keep the next one on."""
    try:
        load.trip()
    except Exception as error:  # noqa: BLE001 - see above
        return f"{load.name}: {describe(error)}"
    return None


class SystemdNotifier:
    """Tells systemd that the service is up, alive, or stopping (sd_notify's datagram protocol).

    Does nothing outside a ``Type=notify`` unit. Never blocks: a full socket loses a message, not a tick.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket: socket.socket | None = None
        self._ready = False
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    def pet(self, tick_s: float) -> None:
        """Alive; the first time also ready."""
        del tick_s
        self._send("WATCHDOG=1" if self._ready else f"READY=1\nMAINPID={os.getpid()}\nWATCHDOG=1")
        self._ready = True

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1")

    def tripped(self) -> str | None:
        """Systemd opens no contacts itself."""
        return None

    def reset(self) -> None:
        """Nothing is latched here."""

    def _send(self, message: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(message.encode(), self._address)
        except OSError as error:
            log.debug("systemd does not listen: %s", error)
