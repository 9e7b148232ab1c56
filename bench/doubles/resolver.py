"""A name server on loopback that knows every name as 127.0.0.1, answers late, or never. Port 53 takes root."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from itertools import count
from types import TracebackType
from typing import Self

_NUMBERS = count(1)
_A, _IN, _TTL_S = 1, 1, 5


class Resolver:
    """At an address of its own, so that several can stand side by side."""

    def __init__(self, number: int) -> None:
        self.address = f"127.53.{number % 250 + 1}.{next(_NUMBERS) % 250 + 1}"
        self.delay_s = 0.0
        self.silent = False
        self.knows_nobody = False
        """True: there is no such name."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def __enter__(self) -> Self:
        self._socket.bind((self.address, 53))
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                asked, peer = self._socket.recvfrom(1500)
                threading.Thread(target=self._answer, args=(asked, peer), daemon=True).start()

    def _answer(self, asked: bytes, peer: tuple[str, int]) -> None:
        time.sleep(self.delay_s)
        end = asked.index(b"\0", 12) + 5
        (kind,) = struct.unpack(">H", asked[end - 4 : end - 2])
        has = kind == _A and not self.knows_nobody
        head = struct.pack(
            ">HHHHHH", *struct.unpack(">H", asked[:2]), 0x8183 if self.knows_nobody else 0x8180, 1, has, 0, 0
        )
        answer = struct.pack(">HHHIH4B", 0xC00C, _A, _IN, _TTL_S, 4, 127, 0, 0, 1) if has else b""
        with suppress(OSError):
            if not self.silent:
                self._socket.sendto(head + asked[12:end] + answer, peer)
