"""One connection to an MQTT broker that heals itself. With `mqtt_client` the only home of paho.

What is published goes out once (QoS 0) and is not retained unless asked: a power that a broker remembers would outlive
us, and nothing that switches power may be kept there.
"""

from __future__ import annotations

import hashlib
import logging
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from pv_heater.core.model.lean import dataclass
from pv_heater.core.settings.mqtt import Broker
from pv_heater.errors import Unreachable
from pv_heater.io.alive.starting import Thread
from pv_heater.io.net.mqtt_client import LimitedClient, LinkPace
from pv_heater.io.net.names import Names

log = logging.getLogger(__name__)

_CONNECT_S = 5.0
"""For look-up, connection and TLS together."""
_GOODBYE_S = 1.0
"""For the last word to the broker; it is not worth a program that does not end."""
_MOST_UNCONFIRMED = 100
"""So many messages wait for a broker's word that it has them; what is more is not sent."""

_BAD_LOGIN = (134, 135)
"""Bad user name or password, not authorized (3.1.1: 4 and 5). Of all others only the broker can tell when they end."""

NOT_YET = "is not connected yet"
"""The trouble of a link until its first try to connect has ended."""
_SILENT = "took the connection and does not answer as an MQTT broker does; is the port right?"

OnMessage = Callable[[str, bytes], None]
"""Gets topic and payload, on the connection's own thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Which certificate of a broker is believed, beyond what its settings say.

    The defaults fit a device in the house, whose own authority is the only one and whose certificate names its serial
    number. A broker on the internet is held to its name, or any holder of a certificate of that authority could pose
    as it.
    """

    ca_files: tuple[str, ...] = ()
    """Authorities that count beside the system's."""
    checks_name: bool = False
    """The certificate must be for the host that was asked, whoever signed it."""
    verifies: bool = True
    """False: any certificate will do."""


class MqttLink:
    """Subscribed to `topics` whenever it is connected; reconnects for ever, at the pace it is given.

    `on_connect` is called on the connection's thread after each (re)connect, once the subscriptions were sent: a
    broker forgets us. Neither callback may wait for anything.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        topics: Sequence[str],
        on_message: OnMessage,
        on_retained: OnMessage | None = None,
        on_connect: Callable[[], None] | None = None,
        will: tuple[str, str] | None = None,
        keeps_will: bool = False,
        pace: LinkPace | None = None,
        trust: Trust | None = None,
    ) -> None:
        """`will` is the topic and payload that the broker publishes when it loses us; with `keeps_will` retained.

        It loses us one and a half of the pace's `ping_s` after our last word, or at once when our process ends.

        `on_retained` gets, in place of `on_message`, what the broker had kept from before we subscribed: nobody knows
        how old that is. What is published later with the retain flag comes to `on_message`, as it is new.
        """
        self._broker = broker
        self._topics = tuple(topics)
        self._on_message = on_message
        self._on_retained = on_retained or on_message
        self._on_connect = on_connect
        self._will, self._keeps_will = will, keeps_will
        self._pace = pace or LinkPace()
        self._trust = trust or Trust()
        self._client: LimitedClient | None = None
        self._lock = threading.Lock()
        self._trouble: str | None = NOT_YET
        self._refused = False
        self._started_s: float | None = None
        self._names = Names()
        self._broken: set[str] = set()

    @property
    def trouble(self) -> str | None:
        """Why there is no connection, to stand behind the broker's name; None while there is one."""
        trouble, started_s = self._trouble, self._started_s
        # A peer that takes the connection and says nothing would else be about to answer for ever.
        if trouble == NOT_YET and started_s is not None and time.monotonic() - started_s > _CONNECT_S:
            return _SILENT
        return trouble

    @property
    def refused(self) -> bool:
        """Whether the broker turned us away at the last try: name or password are wrong."""
        return self._refused

    def start(self) -> None:
        """Begin to connect, on a thread of its own; returns at once and may be repeated.

        Raises Unreachable when the certificate to trust cannot be read, or name or password cannot be sent.
        """
        with self._lock:
            if self._client is None:
                self._client = self._new_client()
                self._started_s = time.monotonic()
                self._client.loop_start()

    def close(self, last: tuple[str, str] | None = None) -> None:
        """Disconnect, which also spares the broker the last will. May be repeated.

        `last` is published before, retained. A broker that does not confirm it is left without a word, so that it
        publishes the last will.
        """
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            if last is None or self._confirmed(client, *last):
                client.disconnect()
            else:
                client.drop()
            # The thread waits for a broker that takes no bytes, or for a connection; it is a daemon and ends by itself.
            stopping = Thread(target=client.loop_stop)
            with suppress(RuntimeError):  # no thread for that: it ends with the program
                stopping.start()
                if self._trouble is None:
                    stopping.join(_GOODBYE_S)
            self._trouble = "is not connected: it was closed"

    def publish(
        self, topic: str, payload: str | bytes = b"", *, retained: bool = False, confirmed: bool = False
    ) -> bool:
        """Send once; False when there is no connection, and then nothing is kept for later.

        `retained`: the broker keeps it for those who come later. `confirmed`: it is sent again, also over the next
        connection, until the broker says that it has it (QoS 1).
        """
        client = self._client
        if client is None or self._trouble is not None:
            return False
        return client.publish(topic, payload, qos=int(confirmed), retain=retained).rc == 0

    def forget(self, topic: str) -> None:
        """Let the broker forget what it keeps for `topic`; those who listen there get an empty message."""
        client = self._client
        if client is not None and self._trouble is None:
            client.publish(topic, b"", qos=0, retain=True)

    def subscribe(self, topics: Sequence[str]) -> None:
        """From now on these, beside what was subscribed before, also after a reconnect."""
        self._topics = (*self._topics, *(topic for topic in topics if topic not in self._topics))
        client = self._client
        if client is not None and self._trouble is None:
            client.subscribe([(topic, 0) for topic in topics])

    def _confirmed(self, client: LimitedClient, topic: str, payload: str) -> bool:
        """Whether the broker has this soon, as a retained message; False also where there is no connection."""
        if self._trouble is not None:
            return True
        told = client.publish(topic, payload, qos=1, retain=True)
        with suppress(ValueError, RuntimeError):  # it could not be sent
            told.wait_for_publish(_GOODBYE_S)
            return told.is_published()
        return False

    def _new_client(self) -> LimitedClient:
        # An id of its own each time: two clients of one id push each other out for ever.
        client = LimitedClient(
            f"pv-heater-{uuid4().hex[:12]}",
            self._note_trouble,
            connect_s=_CONNECT_S,
            names=self._names,
            pace=self._pace,
            refused=lambda: self._refused,
        )
        client.max_queued_messages_set(_MOST_UNCONFIRMED)
        broker = self._broker
        if broker.username is not None or broker.password is not None:
            # A GX device looks at the password only, but refuses an empty name.
            try:
                client.username_pw_set(
                    broker.username or "pv-heater", broker.password.reveal() if broker.password is not None else None
                )
            except ValueError:
                raise Unreachable("username or password hold a character that cannot be sent") from None
        if broker.tls:
            client.tls_set_context(self._tls_context())
            client.on_socket_open = self._check_certificate
        if self._will is not None:
            client.will_set(*self._will, qos=int(self._keeps_will), retain=self._keeps_will)
        client.on_connect = self._connected
        client.on_connect_fail = self._failed
        client.on_disconnect = self._disconnected
        client.on_message = self._received
        client.connect_async(broker.host, broker.port_or_default, keepalive=self._pace.ping_s)
        return client

    def _tls_context(self) -> ssl.SSLContext:
        """The authority that is set replaces the system's; those that the program trusts besides stand beside them."""
        own, beside = self._broker.ca_file, [*self._trust.ca_files]
        if self._trust.checks_name:
            own, beside = None, [*beside, *([own] if own else [])]
        path = own
        try:
            context = ssl.create_default_context(cafile=own)
            for path in beside:
                context.load_verify_locations(cafile=path)
        except OSError as error:
            raise Unreachable(f"the certificate in ca_file ({path}) cannot be used: {error}") from None
        if own or beside:
            # Python 3.13 refuses an authority without the marks of a modern one, as Victron's of 2014 is. All else
            # holds.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if self._broker.fingerprint is not None or not self._trust.verifies:
            # The certificate itself is compared instead, before anything is sent.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif self._broker.ca_file is not None and not self._trust.checks_name:
            # A GX device's certificate names its serial number, not the address it is asked at.
            context.check_hostname = False
        return context

    def _check_certificate(self, _client: Client, _userdata: Any, sock: Any) -> None:
        """Raise before the password is sent, when the certificate is not the pinned one."""
        if self._broker.fingerprint is None:
            return
        found = hashlib.sha256(sock.getpeercert(binary_form=True)).hexdigest()
        if found != self._broker.fingerprint.replace(":", "").lower():
            self._trouble = f"shows another certificate than the pinned one: its fingerprint is {found}"
            raise ssl.SSLError(self._trouble)

    def _connected(
        self, client: Client, _userdata: Any, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        self._refused = reason.value in _BAD_LOGIN
        if reason.is_failure:
            self._trouble = f"refuses us: {reason}{'; check username and password' if self._refused else ''}"
            return
        self._trouble = None
        if self._topics:
            client.subscribe([(topic, 0) for topic in self._topics])
        if self._on_connect is not None:
            self._guarded("on connecting", self._on_connect)

    def _note_trouble(self, text: str) -> None:
        """Why there is no connection, told before it ends."""
        if self._trouble is None and text not in self._broken:
            self._broken.add(text)
            log.warning("the broker at %s %s.", self._broker.address, text)
        self._trouble = text

    def _failed(self, _client: Client, _userdata: Any) -> None:
        self._refused = False
        if self._trouble is None or self._trouble == NOT_YET:
            self._trouble = "cannot be reached"

    def _disconnected(self, _client: Client, _userdata: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        # A refusal ends the connection as well; what it said tells more.
        if self._trouble is None:
            self._trouble = f"closed the connection ({reason})"

    def _received(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        take = self._on_retained if message.retain else self._on_message
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return  # no topic of ours
        self._guarded(topic, lambda: take(topic, bytes(message.payload)))

    def _guarded(self, what: str, call: Callable[[], None]) -> None:
        """Whatever a reader does wrong with one message must not end the connection's thread."""
        try:
            call()
        except Exception as error:  # noqa: BLE001 - see above
            kind = type(error).__name__
            if kind not in self._broken:
                self._broken.add(kind)
                log.error("%s: a message at %s was not understood: %s: %s", self._broker.address, what, kind, error)
