"""Peers on loopback that say any bytes at all: half answers, answers without end, silence.

with RawServer(lambda connection, number: connection.sendall(b"\\xff" * 1000)) as peer:
    ...peer.port
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from bench.doubles.attacks import ATTACKS as ATTACKS
from bench.doubles.attacks import OK as OK

Talk = Callable[[socket.socket, int], None]
"""Speaks to one connection; it is given its number, from 0. An OSError ends it: the other side has gone."""


class RawServer:
    """Use with `with`. Each connection is spoken to in a thread of its own, and closed when `talk` returns."""

    def __init__(self, talk: Talk, *, keeps: bool = False) -> None:
        """`keeps`: a connection stays open until the server ends."""
        self._talk = talk
        self._keeps = keeps
        self.over = threading.Event()
        """Set at the end."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.connections = 0
        """How many were made so far."""
        self.broken_off = 0
        """Connections that the other side ended while it was spoken to."""

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # closing alone does not wake who waits for a connection
        self._socket.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.connections += 1
                threading.Thread(target=self._speak, args=(connection, self.connections - 1), daemon=True).start()

    def _speak(self, connection: socket.socket, number: int) -> None:
        with connection:
            try:
                self._talk(connection, number)
            except OSError:
                self.broken_off += 1
                return
            if self._keeps:
                self.over.wait()


def saying(*answers: bytes) -> RawServer:
    """Hears each connection, says one answer to each in turn, and closes it; nothing to those after them."""

    def talk(connection: socket.socket, number: int) -> None:
        connection.recv(65_536)
        connection.sendall(answers[number] if number < len(answers) else b"")

    return RawServer(talk)


class Dripper(RawServer):
    """The first `bad` connections are dripped on, those after get `good` and are closed."""

    def __init__(
        self, first: bytes, drop: bytes, *, every_s: float = 0.02, bad: int | None = None, good: bytes = b""
    ) -> None:
        """`bad` None: all of them. An empty `drop` is silence."""
        super().__init__(self._drip)
        self._first, self._drop, self._every_s, self._bad, self._good = first, drop, every_s, bad, good
        self.heard: dict[int, bytes] = {}
        """What each connection said first."""

    def _drip(self, connection: socket.socket, number: int) -> None:
        is_bad = self._bad is None or number < self._bad
        self.heard[number] = b""
        self.heard[number] = connection.recv(65_536)
        connection.sendall(self._first if is_bad else self._good)
        while is_bad and not self.over.wait(self._every_s):
            if self._drop:
                connection.sendall(self._drop)
                continue
            connection.settimeout(self._every_s)
            with contextlib.suppress(TimeoutError):
                if not connection.recv(65_536):
                    raise ConnectionResetError


class FlakyDimmer(RawServer):
    """Obeys every command; while `attack` is set it drips that instead of an answer, on that connection for ever."""

    def __init__(self) -> None:
        super().__init__(self._obey)
        self.once = False
        """True: one connection is enough; the next one is well again."""
        self.percent = 0
        self.attack: tuple[bytes, bytes] | None = None

    def _obey(self, connection: socket.socket, _number: int) -> None:
        while asked := connection.recv(65_536):
            if told := re.search(rb"POWER=(\d+)", asked):
                self.percent = int(told[1])
            if self.attack is not None:
                first, drop = self.attack
                if self.once:
                    self.attack = None
                connection.sendall(first)
                while not self.over.wait(0.02):
                    connection.sendall(drop)
            body = b'{"dimmer": %d, "alerte": "RAS", "temperature": "40.0"}' % self.percent
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
