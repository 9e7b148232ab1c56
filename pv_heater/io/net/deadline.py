"""One time limit for a whole exchange, kept from outside: whatever the peer drips, its socket is shut down.

A time-out of a socket begins anew with each byte, and a library that reads a head or a handshake looks at no clock of
ours. Shutting the socket down ends any of them at once.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from types import TracebackType
from typing import Any, Self

from pv_heater.io.alive.starting import Timer


class Deadline:
    """Use with `with`: the time runs inside. Sockets that are watched are shut down when it is over."""

    def __init__(self, whole_s: float) -> None:
        self.whole_s = whole_s
        self.expired = False
        """Whether the time was over before the exchange was."""
        self._until_s = time.monotonic() + whole_s
        self._lock = threading.Lock()
        self._watched: list[socket.socket] = []
        self._ended = False
        self._timer = Timer(whole_s, self._expire)
        self._timer.name = "deadline"

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._ended = True
            for sock in self._watched:
                sock.close()

    @property
    def left_s(self) -> float:
        """Seconds until the time is over, never below 0."""
        return max(0.0, self._until_s - time.monotonic())

    def watch(self, sock: Any) -> None:
        """Shut this connection down when the time is over, also when TLS is laid over it meanwhile."""
        # A second handle on the same connection: TLS takes the first one over, and a library may close it early.
        twin = socket.socket(fileno=os.dup(sock.fileno()))
        with self._lock:
            if not self._ended:
                self._watched.append(twin)
                if self.expired:
                    _shut(twin)
                return
        twin.close()

    def _expire(self) -> None:
        with self._lock:
            if self._ended:
                return
            self.expired = True
            for sock in self._watched:
                _shut(sock)


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
