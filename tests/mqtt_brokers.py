"""Real MQTT brokers on loopback: amqtt in this process, mosquitto (as benches use it) where it is installed.

    with AmqttBroker() as broker, Peer(broker.port) as peer:
        peer.publish("a/b", "1")
        broker.stop()
        broker.start()   # on the same port, with nothing remembered

Both have the same methods; `BROKERS` lists those that this machine has, for parametrised tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from amqtt.broker import Broker
from amqtt.contexts import Action
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from bench.doubles.brokers import Mosquitto, free_port, mosquitto_path
from bench.doubles.portal import PortalSide
from tests.waiting import WITHIN_S, until

MOSQUITTO = mosquitto_path()
WAIT_S = WITHIN_S
SHUTDOWN_S = 5.0
"""A broker that waits for a client that is gone is cut short after this."""
wait_for = until


@dataclass
class PortalAccount:
    """How amqtt hands its plugins what they are to know."""

    username: str = ""
    password: str = ""
    portal_id: str = ""
    allows_all: bool = False


class PortalLogin(BaseAuthPlugin):
    """Without a name it is the device itself, by the other door."""

    Config = PortalAccount

    async def authenticate(self, *, session: Session) -> bool | None:
        account: Any = self.config
        return not session.username or (session.username, session.password) == (account.username, account.password)


class PortalRights(BaseTopicPlugin):
    """`N/<id>/#` is read, `R/<id>/#` is written; the rest is refused without a word."""

    Config = PortalAccount

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool | None:
        account: Any = self.config
        if session is None or not session.username or account.allows_all:
            return True
        kind = "R" if action == Action.PUBLISH else "N"
        return (topic or "").startswith(f"{kind}/{account.portal_id}/")


class AmqttBroker:
    """amqtt on an event loop of its own, in a thread."""

    def __init__(
        self,
        port: int | None = None,
        *,
        certificate: tuple[Path, Path] | None = None,
        portal: PortalSide | None = None,
    ) -> None:
        """`certificate` is (certificate, key), for TLS; `portal` is a second door, for those who read a home."""
        self.port = port or free_port()
        self._certificate = certificate
        self._portal = portal
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._broker: Broker | None = None

    def start(self) -> None:
        logging.getLogger("amqtt").setLevel(logging.CRITICAL)
        logging.getLogger("transitions").setLevel(logging.CRITICAL)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="amqtt")
        self._thread.start()
        self._call(self._begin())

    def stop(self) -> None:
        if self._loop is None or self._thread is None:
            return
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_S)
        self._loop.close()
        self._loop = self._thread = self._broker = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def _begin(self) -> None:
        listener: dict[str, Any] = {"type": "tcp", "bind": f"127.0.0.1:{self.port}", "max_connections": 50}
        if self._certificate is not None:
            listener |= {"ssl": True, "certfile": str(self._certificate[0]), "keyfile": str(self._certificate[1])}
        listeners = {"default": listener}
        plugins: dict[str, Any] = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
        if (side := self._portal) is not None:
            chain, key = map(str, side.certificate)
            door = {"type": "tcp", "bind": f"127.0.0.1:{side.port}", "ssl": True, "certfile": chain, "keyfile": key}
            listeners["portal"] = {**door, "max_connections": 50}
            rights = {
                "username": side.username, "password": side.password,
                "portal_id": side.portal_id, "allows_all": side.allows_all,
            }  # fmt: skip
            plugins = {"tests.mqtt_brokers.PortalLogin": rights, "tests.mqtt_brokers.PortalRights": rights}
        self._broker = Broker({"listeners": listeners, "plugins": plugins})
        await self._broker.start()

    async def _end(self) -> None:
        """On a busy machine its own shutdown may wait for a client that is gone; then it is cut short.

        Either way nobody listens at its port any more, and every connection is closed.
        """
        if self._broker is None:
            return
        for server in self._broker._servers.values():  # its own shutdown does so last, and may not get so far
            server.instance.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._broker.shutdown(), SHUTDOWN_S)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for transport in list(asyncio.get_running_loop()._transports.values()):  # type: ignore[attr-defined]
            transport.abort()
        await asyncio.sleep(0)

    def _call(self, coroutine: Any) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(WAIT_S)


BROKERS: list[type[AmqttBroker] | type[Mosquitto]] = [AmqttBroker, *([Mosquitto] if MOSQUITTO else [])]


class Peer:
    """Another client at the broker: publishes what a test wants, and keeps what it subscribed to."""

    def __init__(self, port: int, *topics: str, login: tuple[str, str] | None = None) -> None:
        self.received: list[tuple[str, bytes]] = []
        self._ready = threading.Event()
        self._topics = topics
        self._client = Client(CallbackAPIVersion.VERSION2)
        if login is not None:
            self._client.username_pw_set(*login)
        self._client.on_message = lambda _client, _data, message: self.on_message(message.topic, message.payload)
        self._client.on_connect = self._connected
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.reconnect_delay_set(1, 1)
        self._port = port

    def on_message(self, topic: str, payload: bytes) -> None:
        """Replace it, or read `received`."""
        self.received.append((topic, payload))

    def publish(self, topic: str, payload: str | bytes = b"", *, retain: bool = False) -> None:
        """Returns once it is on the wire."""
        self._client.publish(topic, payload, qos=0, retain=retain).wait_for_publish(WAIT_S)

    def payloads(self, topic: str) -> list[bytes]:
        return [payload for name, payload in self.received if name == topic]

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port, keepalive=30)
        self._client.loop_start()
        assert self._ready.wait(WAIT_S), "the peer could not subscribe"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client: Client, *_: Any) -> None:
        if self._topics:
            client.subscribe([(topic, 0) for topic in self._topics])
        else:
            self._ready.set()
