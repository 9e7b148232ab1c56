"""An HTTP service on loopback that answers as it is told, or takes a connection over and says any bytes at all.

with WebPeer(lambda path, body: {"power": 700}) as peer:
    peer.spoil = dripping(*ATTACKS["dripped headers"])
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from types import TracebackType
from typing import Any, Self

Answer = Callable[[str, bytes], Any]
"""Path and body of a request -> bytes of a whole answer, or what becomes JSON."""
Spoil = Callable[[socket.socket, threading.Event], None]
"""Gets the connection once a request was heard, and an event that ends it."""

_LONGEST_REQUEST = 65_536


class WebPeer:
    """Begins with `start`, ends with `stop` as by a power cut, and may begin again on the same port."""

    def __init__(self, answer: Answer, *, port: int = 0, certificate: tuple[Path, Path] | None = None) -> None:
        self.answer = answer
        self.spoil: Spoil | None = None
        """While it is set, no request is answered in any other way."""
        self.mute = False
        """True: connections are taken, and nobody listens to what they say."""
        self.refuses = False
        """True: connections are ended at once."""
        self.clock: Callable[[], float] = time.time
        """What its answers are dated by, Unix seconds."""
        self.connections = 0
        self.port = port
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(*certificate)
        self._over = threading.Event()
        self._open: set[socket.socket] = set()
        self._server: socket.socket | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http{'' if self._tls is None else 's'}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen."""
        self._over = threading.Event()
        self._server = socket.create_server(("127.0.0.1", self.port))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._serve, args=(self._server, self._over), daemon=True).start()

    def stop(self) -> None:
        """All connections end. May be repeated."""
        self._over.set()
        if self._server is not None:
            with contextlib.suppress(OSError):
                self._server.shutdown(socket.SHUT_RDWR)
            self._server.close()
            self._server = None
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _serve(self, server: socket.socket, over: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                self.connections += 1
                threading.Thread(target=self._speak, args=(connection, over), daemon=True).start()

    def _speak(self, connection: socket.socket, over: threading.Event) -> None:
        self._open.add(connection)
        with contextlib.suppress(OSError, ValueError), connection:
            if self.mute:
                over.wait()
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            while not self.refuses and (asked := _heard(connection)) is not None:
                if self.spoil is not None:
                    self.spoil(connection, over)
                    return
                connection.sendall(_whole(self.answer(*asked), self.clock()))
        self._open.discard(connection)


def _heard(connection: socket.socket) -> tuple[str, bytes] | None:
    """Path and body of the next request; None at the end."""
    text = b""
    while b"\r\n\r\n" not in text:
        more = connection.recv(_LONGEST_REQUEST)
        if not more or len(text) > _LONGEST_REQUEST:
            return None
        text += more
    head, _, body = text.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    length = next((int(line[15:]) for line in lines if line.lower().startswith("content-length:")), 0)
    while len(body) < length:
        body += connection.recv(_LONGEST_REQUEST)
    return lines[0].split(" ")[1], body


def _whole(said: Any, at_s: float) -> bytes:
    if isinstance(said, bytes):
        return said
    body = json.dumps(said)
    date, length = formatdate(at_s, usegmt=True), len(body.encode())
    head = f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: application/json\r\nContent-Length: {length}"
    return f"{head}\r\n\r\n{body}".encode()


def dripping(first: bytes, drop: bytes, every_s: float = 0.02) -> Spoil:
    """Says `first`, then `drop` for ever; an empty one is silence."""

    def drip(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(first)
        while not over.wait(every_s):
            if drop:
                connection.sendall(drop)

    return drip


def flooding(first: bytes, chunk: bytes, most_bytes: int = 2_000_000_000) -> Spoil:
    """Says `first`, then `chunk` as fast as it is taken."""

    def flood(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(first)
        sent = 0
        while not over.is_set() and sent < most_bytes:
            connection.sendall(chunk)
            sent += len(chunk)

    return flood


def once(said: bytes) -> Spoil:
    """Says that and ends the connection."""

    def say(connection: socket.socket, over: threading.Event) -> None:
        del over
        connection.sendall(said)

    return say
