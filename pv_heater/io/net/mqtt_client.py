"""Paho's client with limits that it lacks: for look-up, connection and TLS together, and for what a broker may send."""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from random import random
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from pv_heater.core.model.lean import dataclass
from pv_heater.errors import describe
from pv_heater.io.net.deadline import Deadline
from pv_heater.io.net.names import LookUpTooSlow, Names
from pv_heater.io.net.tls_words import tls_trouble

log = logging.getLogger(__name__)

MOST_BYTES = 1_000_000
"""A message that a home needs has some hundred bytes; a full page of a router's state some thousand."""
_MOST_OVERHEAD_BYTES = 65_537 + 4
"""Of a message around its payload: the longest topic there can be, with its length, and a number."""
_PACKET_S = 15.0
"""From the first to the last byte of one message: while it is under way nothing else comes."""
_MOST_WAITS = 6
"""After refusals one after the other it is waited 1, 3, 7, 11, 15 and then always 19 s until the next connection."""
_FORGIVEN_S = 300.0
_QUOTED_BYTES = 100
_CONNACK, _PUBLISH, _QOS = 0x20, 0x30, 0x06
"""Of the first byte of a packet (MQTT 3.1.1, 2.2): two kinds, and where a message says how surely it comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPace:
    """How often a link tries and asks, s. The defaults fit a broker in the house; a portal's wants more patience."""

    ping_s: int = 10
    """A dead connection is noticed after one and a half of these."""
    first_retry_s: float = 1
    longest_retry_s: float = 4
    """Each try that fails doubles the wait, up to this: a broker in the house that is back is found within it."""
    spread: float = 0.0
    """Each wait is longer by a random share of at most this, so that not all who lost a broker return at once."""
    refused_s: float = 0.0
    """After name and password were refused at least so long: asking sooner helps nobody."""

    def after_s(self, before_s: float | None) -> float:
        """The wait behind one of `before_s` that was followed by another failure; None: there was none since a
        connection stood."""
        return self.first_retry_s if before_s is None else min(self.longest_retry_s, 2.0 * before_s)

    def drawn_s(self, wait_s: float, chance: float, *, refused: bool) -> float:
        """What becomes of that wait in this home; `chance` is from 0 to 1."""
        drawn_s = wait_s + self.spread * chance * wait_s
        return max(drawn_s, self.refused_s) if refused else drawn_s


class LimitedClient(Client):
    """`report` gets why there is no connection, to stand behind the broker's name, before paho tells anybody.

    `refused` says whether the broker turned us away at the last try; `chance` gives numbers from 0 to 1.
    """

    def __init__(
        self,
        client_id: str,
        report: Callable[[str], None],
        *,
        connect_s: float,
        names: Names,
        pace: LinkPace | None = None,
        refused: Callable[[], bool] = lambda: False,
        chance: Callable[[], float] = random,
    ) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, client_id=client_id)
        self.connect_timeout = connect_s
        self._pace, self._refused, self._chance = pace or LinkPace(), refused, chance
        self._report, self._names, self._connect_s = report, names, connect_s
        self._packet_began_s = 0.0
        self._refusals, self._refused_s = 0, -_FORGIVEN_S

    def drop(self) -> None:
        """End the connection without a word, as when the program dies: the broker publishes the last will."""
        self._thread_terminate = True
        sock: Any = self._sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _thread_main(self) -> None:
        """Paho's own ends for ever with any error in it, and nobody would connect again."""
        try:
            while not self._went_through():
                time.sleep(self._pace.first_retry_s)
        finally:
            self._thread = None

    def _went_through(self) -> bool:
        """False when an error has ended what should have lasted."""
        try:
            self.loop_forever(retry_first_connection=True)
        except BaseException as error:
            if self._thread_terminate:
                raise
            log.error(
                "the thread of the broker at %s broke: %s. It is begun anew.", self._host, describe(error).rstrip(": ")
            )
            return False
        return True

    def _create_socket(self) -> Any:
        where = f"{self._host}:{self._port}"
        sock: socket.socket | None = None
        with Deadline(self._connect_s) as deadline:
            try:
                sock = self._names.connect(self._host, self._port, within_s=self._connect_s)
                deadline.watch(sock)
                return self._ssl_wrap_socket(sock) if self._ssl else sock
            except (OSError, ValueError) as error:  # ssl.CertificateError is a ValueError as well
                if sock is not None:
                    sock.close()
                self._report(_why(error, where, self._connect_s, too_slow=deadline.expired))
                raise OSError(str(error)) from error

    def _sock_recv(self, bufsize: int) -> bytes:
        now_s = time.monotonic()
        if self._in_packet["command"] == 0:
            self._packet_began_s = now_s
        elif now_s - self._packet_began_s > _PACKET_S:
            self._report(f"took more than {_PACKET_S:g} s for one message; the connection was closed")
            raise ConnectionError
        if bufsize > MOST_BYTES + _MOST_OVERHEAD_BYTES:
            self._refuse(bufsize)
        return super()._sock_recv(bufsize)

    def _packet_handle(self) -> MQTTErrorCode:
        """Paho's thread ends with any error here, and nobody would ever connect again: the connection ends instead."""
        why = self._against_the_rules()
        if not why:
            try:
                return super()._packet_handle()
            except Exception as error:  # noqa: BLE001 - paho raises whatever it comes across in a broken packet
                why = f"sent a packet that cannot be read ({type(error).__name__})"
        self._report(f"{why}; the connection was closed")
        return MQTTErrorCode.MQTT_ERR_PROTOCOL

    def _against_the_rules(self) -> str:
        """What no broker does and what would pile up here: answers to it, or messages that wait for a second word."""
        kind = self._in_packet["command"]
        if kind & 0xF0 == _CONNACK and self.is_connected():
            return "took the same connection twice"
        if kind & 0xF0 == _PUBLISH and kind & _QOS:
            return "sent a message that asks for an answer, which nobody ordered"
        return ""

    def _refuse(self, size_bytes: int) -> None:
        """End the connection before the message is taken; it is not asked for again at once."""
        try:
            begins = super()._sock_recv(_QUOTED_BYTES)
        except OSError:
            begins = b""
        topic = begins[2 : 2 + int.from_bytes(begins[:2], "big")].decode("utf-8", errors="replace")
        self._report(
            f"sent a message of {size_bytes / 1e6:.0f} MB at {topic!r}, and more than {MOST_BYTES / 1e6:g} MB is not "
            "taken; the connection was closed"
        )
        now_s = time.monotonic()
        self._refusals = self._refusals + 1 if now_s - self._refused_s < _FORGIVEN_S else 1
        self._refused_s = now_s
        raise ConnectionError

    @property
    def waits(self) -> int:
        """How many of the growing waits come before the next connection."""
        recent = self._refusals if time.monotonic() - self._refused_s < _FORGIVEN_S else 0
        return max(1, min(recent, _MOST_WAITS))

    def next_wait_s(self) -> float:
        """How long it is waited from now on until the next try. A connection that stands begins the row anew."""
        wait_s = 0.0
        for _ in range(self.waits):
            with self._reconnect_delay_mutex:
                # Paho forgets it when the broker has let us in. Its type says whole seconds.
                delay_s = self._pace.after_s(self._reconnect_delay)
                self._reconnect_delay = delay_s  # type: ignore[assignment]
            wait_s += delay_s
        return self._pace.drawn_s(wait_s, self._chance(), refused=self._refused())

    def _reconnect_wait(self) -> None:
        ends_s = time.monotonic() + self.next_wait_s()
        while not self._thread_terminate and (left_s := ends_s - time.monotonic()) > 0:
            time.sleep(min(1.0, left_s))


def _why(error: OSError | ValueError, where: str, connect_s: float, *, too_slow: bool) -> str:
    if too_slow:
        return f"cannot be reached: no complete connection within {connect_s:g} s"
    if isinstance(error, ssl.SSLError):
        advice = "; set its fingerprint, or ca_file" if isinstance(error, ssl.SSLCertVerificationError) else ""
        return f"cannot be reached: it {tls_trouble(error, where)}{advice}"
    if isinstance(error, LookUpTooSlow):
        return "cannot be reached: the look-up of its name takes too long"
    if isinstance(error, socket.gaierror):
        return "cannot be reached: its name is not known in this network"
    if isinstance(error, TimeoutError):
        return f"cannot be reached: no answer within {connect_s:g} s"
    return f"cannot be reached: {getattr(error, 'strerror', None) or error}"
