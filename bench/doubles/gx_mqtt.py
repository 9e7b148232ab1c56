"""A GX device at an MQTT broker, as a client on the network sees it: what benches and tests talk to.

Behaves as Venus OS does (FlashMQ 1.26 with its D-Bus plugin 25, watched on loopback): silent until a keepalive comes,
everything once and then changes only, a heartbeat every 3 s, silent again after 60 s, zero bytes for a device that
leaves, nothing for a request it does not like. `old` makes it the firmware before 3.20, which retains its values.

Its relays behave as those of dbus-systemcalc-py 2.256 were seen to: a write is taken for every function but -1, which
refuses it without a word; it is saved for the next start; the temperature function puts the contact back after 0.8 s; a
restart restores a manual relay.
"""

from __future__ import annotations

import json
import math
import re
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

_STATE = re.compile(r"system/0/Relay/(\d)/State")
_SETTINGS = "settings/0/Settings/Relay"
DISABLED, MANUAL, TEMPERATURE = -1, 2, 4
PUT_BACK_S = 0.8
PORTAL_ID = "c0619ab0a001"
SERIAL = "system/0/Serial"
_REPUBLISHES_A_SECOND = 3
INTEREST_S = 130.0
"""So long a device passes on to the portal what it publishes, after the last question from there."""
_READY_S = 10.0
_ABSENT = object()


class GxPeer:
    """Plays the values it is given, keyed by topic below ``N/<id>/``: ``system/0/Ac/Grid/L1/Power``.

    `speed` compresses its own times: with 10 the heartbeat comes every 0.3 s. Its methods may be called from any
    thread; what they change is published at once, and only while a client keeps the device awake.
    """

    def __init__(
        self,
        port: int,
        values: Mapping[str, object] | None = None,
        *,
        portal_id: str = PORTAL_ID,
        speed: float = 1.0,
        old: bool = False,
        clock_ahead_s: float = 0.0,
        bridged: bool = False,
    ) -> None:
        """`bridged`: the broker is the portal's, to which the device passes on nothing unless somebody there asked for
        something in the last 130 s, whoever keeps it awake at home."""
        self.portal_id = portal_id
        self.requests: list[tuple[str, str]] = []
        """Topic below ``R/<id>/`` and payload of the last thousand requests, oldest first."""
        self.writes: list[tuple[str, object]] = []
        """The same of the last thousand writes that were taken."""
        self.refused: set[str] = set()
        """Topics whose writes it does not take, which it tells nobody."""
        self.full_publishes = 0
        self.published = 0
        """Messages so far."""
        self.heartbeats = True
        """False: the heartbeat stops, as nothing else does."""
        self.clock_ahead_s = clock_ahead_s
        self._port = port
        self._speed = speed
        self._old = old
        self._values: dict[str, object] = {SERIAL: portal_id, **(values or {})}
        self._lock = threading.RLock()
        self._awake_until_s: float | None = None
        self._next_beat_s = 0.0
        self._second, self._republished = -1, 0
        self._hung = False
        self._asked_s: float | None = None if bridged else math.inf
        """When somebody at the portal last asked for anything."""
        self._put_back: tuple[float, dict[str, object]] | None = None
        """When an owner of a relay will undo a write, and to what."""
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = self._connected
        self._client.on_socket_open = _without_delay
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._asked
        self._client.reconnect_delay_set(1, 1)
        self._timer = threading.Thread(target=self._run, name="gx peer", daemon=True)

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port, keepalive=30)
        self._client.loop_start()
        if not self._ready.wait(_READY_S):
            raise TimeoutError(f"the broker at port {self._port} did not let the GX peer subscribe")
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._timer.join()
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def is_awake(self) -> bool:
        """Whether a client keeps it talking."""
        return self._awake_until_s is not None

    def value(self, topic: str) -> object:
        """What it says there now; raises KeyError for what it does not have."""
        with self._lock:
            return self._values[topic]

    def set(self, values: Mapping[str, object]) -> None:
        """One burst of changes; a value that stays the same is not published."""
        with self._lock:
            changed = [
                topic for topic, value in values.items() if topic not in self._values or self._values[topic] != value
            ]
            self._values.update(values)
            if self.is_awake:
                self._publish_values(changed)

    def remove(self, *services: str) -> None:
        """The devices leave: zero bytes on all their topics, asleep or not. ``solarcharger/280``."""
        with self._lock:
            leaving = [topic for topic in self._values if topic.startswith(tuple(f"{name}/" for name in services))]
            for topic in leaving:
                del self._values[topic]
                self._publish(topic, b"")

    def say(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """This very payload, whatever it is; unlike a value it is not kept."""
        self._client.publish(f"N/{self.portal_id}/{topic}", payload, qos=0, retain=retain)

    def hang(self, hung: bool = True) -> None:
        """While hung it neither speaks nor answers."""
        self._hung = hung

    def keep_awake(self) -> None:
        """As by a client at home, which the portal knows nothing of."""
        with self._lock:
            self._keepalive("suppress-republish")

    def restart(self) -> None:
        """As after a power cut: all devices leave and come back, asleep; manual relays are as saved."""
        with self._lock:
            self._values |= after_restart(self._values)
            self._awake_until_s = None

    def fall_asleep(self) -> None:
        """As after a minute without a keepalive."""
        with self._lock:
            self._awake_until_s = None
            if self._old:
                for topic in self._values:
                    if topic != SERIAL:
                        self._publish(topic, b"")

    def _connected(self, client: Client, *_: Any) -> None:
        client.subscribe([(f"R/{self.portal_id}/#", 0), (f"W/{self.portal_id}/#", 0)])
        if SERIAL in self._values:
            self._publish_values([SERIAL], retain=True)
        if self._old:
            self._publish("keepalive", b'{"value": 1}')

    def _asked(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        if self._hung:
            return
        kind, _, below = message.topic.split("/", 2)
        self._asked_s = time.monotonic() if self._asked_s != math.inf else self._asked_s
        if kind not in ("R", "W"):  # amqtt was seen to hand out what it retained to whoever subscribes to anything
            return
        payload = bytes(message.payload).decode(errors="replace")
        with self._lock:
            if kind == "W":
                self._write(below, payload)
                return
            self.requests = [*self.requests[-999:], (below, payload)]
            if self._old:
                self._asked_old(below, payload)
            elif below in ("keepalive", SERIAL):
                self._keepalive(payload)
            else:
                self._publish_values(topic for topic in self._values if topic == below or topic.startswith(f"{below}/"))

    def _keepalive(self, payload: str) -> None:
        was_awake = self.is_awake
        self._awake_until_s = time.monotonic() + 60.0 / self._speed
        if not was_awake:
            self._next_beat_s = 0.0
        if "suppress-republish" in payload:
            return
        second = int(time.monotonic() * self._speed)
        self._second, self._republished = second, self._republished + 1 if second == self._second else 1
        if self._republished > _REPUBLISHES_A_SECOND:
            return
        self.full_publishes += 1
        self._publish_values(self._values)
        self._publish("full_publish_completed", json.dumps(self._now() | _echo_of(payload)).encode())

    def _asked_old(self, below: str, payload: str) -> None:
        was_awake = self.is_awake
        self._awake_until_s = time.monotonic() + 60.0 / self._speed
        # A payload it does not know asks for no topic that it has.
        if below != "keepalive":
            self._publish_values([below] if below in self._values else [])
        if not was_awake and not payload:
            self.full_publishes += 1
            self._publish_values(self._values)

    def _write(self, below: str, payload: str) -> None:
        """Known topics only; what is refused is refused without a word."""
        try:
            value = json.loads(payload)["value"]
        except (ValueError, KeyError, TypeError):
            return
        if below not in self._values:
            return
        function = function_of(self._values, below)
        if function == DISABLED or below in self.refused:
            return
        if function == TEMPERATURE and self._values[below] != value:
            self._put_back = (time.monotonic() + PUT_BACK_S / self._speed, {below: self._values[below]})
        self.writes = [*self.writes[-999:], (below, value)]
        self.set({below: value} | saved_by_write(below, value))

    def _run(self) -> None:
        while not self._stopping.wait(0.02 / self._speed if self._speed < 4 else 0.005):
            now_s = time.monotonic()
            with self._lock:
                if self._put_back is not None and now_s >= self._put_back[0]:
                    self.set(self._put_back[1])
                    self._put_back = None
                if self._awake_until_s is None or self._hung:
                    continue
                if now_s >= self._awake_until_s:
                    self.fall_asleep()
                elif self.heartbeats and not self._old and now_s >= self._next_beat_s:
                    self._next_beat_s = now_s + 3.0 / self._speed
                    self._publish("heartbeat", json.dumps(self._now()).encode())

    def _now(self) -> dict[str, object]:
        return {"value": int(time.time() + self.clock_ahead_s)}

    def _publish_values(self, topics: Iterable[str], *, retain: bool = False) -> None:
        separators = (", ", ": ") if self._old else (",", ":")
        for topic in topics:
            value = self._values[topic]
            body = {"max": 1, "min": 0, "value": value} if topic.startswith("settings/") else {"value": value}
            self._publish(topic, json.dumps(body, separators=separators).encode(), retain=retain)

    def _publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        if self._hung or self._asked_s is None or time.monotonic() - self._asked_s > INTEREST_S / self._speed:
            return
        self.published += 1
        self._client.publish(
            f"N/{self.portal_id}/{topic}", payload, qos=0, retain=retain or self._old or topic == SERIAL
        )


def relay_values(index: int, *, state: int = 0, function: int = MANUAL, polarity: int = 0) -> dict[str, object]:
    """The topics of one relay; `index` 0 is relay 1."""
    own = _SETTINGS if index == 0 else f"{_SETTINGS}/{index}"
    return {
        f"system/0/Relay/{index}/State": None if function == DISABLED else state,
        f"{own}/Function": function,
        f"{own}/Polarity": polarity,
        f"{_SETTINGS}/{index}/InitialState": state,
    }


def function_of(values: Mapping[str, object], topic: str) -> object:
    """What the relay behind a state topic is used for; None for any other topic."""
    found = _STATE.fullmatch(topic)
    if found is None:
        return None
    return values.get(f"{_SETTINGS}/Function" if found[1] == "0" else f"{_SETTINGS}/{found[1]}/Function")


def saved_by_write(topic: str, value: object) -> dict[str, object]:
    """What else a write to this topic changes."""
    found = _STATE.fullmatch(topic)
    return {} if found is None else {f"{_SETTINGS}/{found[1]}/InitialState": int(bool(value))}


def after_restart(values: Mapping[str, object]) -> dict[str, object]:
    """The relays' states once the device is up again: manual ones as saved, the others as they were."""
    states = {topic: _STATE.fullmatch(topic) for topic in values}
    return {
        topic: values[f"{_SETTINGS}/{found[1]}/InitialState"]
        for topic, found in states.items()
        if found is not None and function_of(values, topic) == MANUAL
    }


def _echo_of(payload: str) -> dict[str, object]:
    """The echo that a keepalive asks for; garbage asks for none."""
    try:
        options = json.loads(payload)["keepalive-options"]
        echoes = [option["full-publish-completed-echo"] for option in options if isinstance(option, dict)]
    except (ValueError, KeyError, TypeError):
        return {}
    return {"full-publish-completed-echo": echoes[0]} if echoes and isinstance(echoes[0], str) else {}


def _without_delay(_client: Client, _data: Any, wire: Any) -> None:
    """On a real device nothing lies between plugin and broker that could hold back half of a burst."""
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
