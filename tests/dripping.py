"""Peers on loopback that never finish: each says its beginning, then one bit after the other, without end."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from types import TracebackType
from typing import Self

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = b"Content-Encoding: gzip\r\nContent-Length: 60000\r\n\r\n"

ATTACKS = {
    "accept and silence": (b"", b""),
    "dripped status line": (b"HTTP/1.1 200 O", b"O"),
    "dripped headers": (OK, b"X-More: 1\r\n"),
    "one header without end": (OK + b"X-Long: ", b"x"),
    "headers after the length": (OK + b"Content-Length: 0\r\n", b"X-More: 1\r\n"),
    "endless 100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "dripped chunk size": (CHUNKED, b"0"),
    "endless chunk extension": (CHUNKED + b"2;", b"x"),
    "endless trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-More: 1\r\n"),
    "dripped body": (OK + b"Content-Length: 60000\r\n\r\n{", b" "),
    "body without a length": (OK + b"\r\n{}", b" "),
    "silence in the body": (OK + b"Content-Length: 3\r\n\r\n{}", b""),
    "dripped gzip": (OK + GZIP + b"\x1f\x8b\x08\0\0\0\0\0\0\3\1\xff\xff\0\0", b"\0"),
    "dripped login question": (b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="x", nonce="y"\r\n', b"X: 1\r\n"),
}
"""What is said at once, and what is dripped then. HTTP."""


class Dripper:
    """Use with `with`. The first `bad` connections are dripped on, those after get `good` and are closed."""

    def __init__(
        self, first: bytes, drop: bytes, *, every_s: float = 0.02, bad: int | None = None, good: bytes = b""
    ) -> None:
        """`bad` None: all of them. `first` and `drop` are said without waiting for a question."""
        self._first, self._drop, self._every_s, self._bad, self._good = first, drop, every_s, bad, good
        self._end = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.heard: list[bytes] = []
        """What each connection said first."""
        self.ended = 0
        """Connections that the other side ended."""

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.heard.append(b"")
            threading.Thread(target=self._talk, args=(connection, len(self.heard) - 1), daemon=True).start()

    def _talk(self, connection: socket.socket, number: int) -> None:
        is_bad = self._bad is None or number < self._bad
        with connection:
            try:
                self.heard[number] = connection.recv(65_536)
                connection.sendall(self._first if is_bad else self._good)
                while is_bad and not self._end.wait(self._every_s):
                    if self._drop:
                        connection.sendall(self._drop)
                    else:
                        connection.settimeout(self._every_s)
                        try:
                            if not connection.recv(65_536):
                                raise ConnectionResetError
                        except TimeoutError:
                            continue
            except OSError:
                self.ended += 1


class FlakyDimmer:
    """Obeys every command; while `attack` is set it drips that instead of an answer, on that connection for ever."""

    def __init__(self) -> None:
        self.once = False
        """True: one connection is enough; the next one is well again."""
        self.percent = 0
        self.attack: tuple[bytes, bytes] | None = None
        self.connections = 0
        self._end = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def end(self) -> None:
        self._end.set()
        self._socket.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.connections += 1
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while asked := connection.recv(65_536):
                if told := re.search(rb"POWER=(\d+)", asked):
                    self.percent = int(told[1])
                if self.attack is not None:
                    first, drop = self.attack
                    if self.once:
                        self.attack = None
                    connection.sendall(first)
                    while not self._end.wait(0.02):
                        connection.sendall(drop)
                body = b'{"dimmer": %d, "alerte": "RAS", "temperature": "40.0"}' % self.percent
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
