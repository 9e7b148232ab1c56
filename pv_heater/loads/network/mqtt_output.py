"""What every output behind an MQTT broker does: send, and find out whether it arrived. No load by itself.

A command goes out once, is never retained, and is sent again every `refresh_s`, and within a second after the
broker came back, the device said that it started, or anybody else commanded it. The broker holds our last will: off.
It cannot help a device that loses the broker: one that does not switch itself off then keeps its last power.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.settings.shared_topic import is_meant
from pv_heater.core.settings.shared_topic import is_shared as topic_is_shared
from pv_heater.errors import AuthRejected, BadReply, Unreachable
from pv_heater.io.net.json_path import JsonPath, NotFound, kind_of
from pv_heater.io.net.mqtt import NOT_YET, MqttLink
from pv_heater.io.net.mqtt_client import LinkPace
from pv_heater.loads.network.mqtt_settings import MqttOutputSettings
from pv_heater.ports import Clock

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""So often it is looked whether connection and device are as they should be. Sends nothing by itself."""
PING_S = 4
"""The broker publishes our last will 6 s after the Pi lost its power or its network, mosquitto up to 5 s later."""
CONNECT_S, ECHO_S, ANSWER_S = 2.0, 1.5, 2.5
"""How long the connection, the broker and the device may take. An off waits for the last two, 4 s, when it comes just
after an on that nobody confirms; a Zigbee plug answers within a second."""
CHECK_S = 6.0
"""For the connection where `check` asks, which may wait for a name or for TLS longer than a command may."""
_LOOK_AGAIN_S = 0.05
_MOST_BYTES = 65_536
_MOST_UNDER_WAY = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How commands and answers are written for one kind of device. Pure."""

    command: Callable[[float], str]
    """The payload for a power in watts; 0 is off."""
    is_command: Callable[[str], bool]
    """Whether a payload at the command topic can be meant for this device."""
    agrees: Callable[[Any, float], bool]
    """Whether an answer, JSON or text, says that the device obeys this power; raises NotFound when it says nothing."""


def state_of(settings: MqttOutputSettings) -> str:
    """What broker and device say now, for `check`: moves nothing, and leaves no last will. Blocks; raises SourceError.

    Only a device that has an `ask_topic` can be asked; of the others nobody knows before they were sent something.
    """
    news, said = threading.Condition(), []
    topic, path = settings.answer_topic, JsonPath.parse(settings.answer_path)

    def heard(_topic: str, payload: bytes) -> None:
        with news:
            said.append(payload)
            news.notify_all()

    def connected() -> None:
        with news:
            news.notify_all()

    topics = [topic] if topic is not None else []
    link = MqttLink(settings.broker, topics=topics, on_message=heard, on_retained=lambda *_: None, on_connect=connected)
    where = f"the broker at {settings.broker.address}"
    with closing(link):
        link.start()
        until_s = time.monotonic() + CHECK_S
        with news:
            # A failure tells nobody, so it is looked for.
            while link.trouble == NOT_YET and time.monotonic() < until_s:
                news.wait(_LOOK_AGAIN_S)
        if link.trouble is not None:
            raise (AuthRejected if link.refused else Unreachable)(f"{where} {link.trouble}")
        if settings.ask_topic is None or topic is None:
            return f"{where} answers; the device cannot be asked before it is told something"
        link.publish(settings.ask_topic, settings.ask_payload)
        with news:
            news.wait_for(lambda: said, ANSWER_S)
        if not said:
            raise Unreachable(f"{where} answers, but the device said nothing at {topic} within {ANSWER_S:g} s")
    try:
        return f"the device says {kind_of(path.find(_document(said[-1])))}"
    except NotFound as error:
        raise BadReply(f"the device's answer at {topic} cannot be used: {error}") from None


class MqttOutput:
    """Satisfies `ports.Device`. `set_power` is for one thread; nothing is sent from any other.

    With an answer topic the device itself has to confirm each command. Without one, what counts is that the broker is
    there and passed our command on (we listen to it ourselves): that the device got it cannot be known.
    """

    refresh_s = LOOK_S

    def __init__(
        self,
        settings: MqttOutputSettings,
        language: Language,
        clock: Clock,
        *,
        echo_s: float = ECHO_S,
        answer_s: float = ANSWER_S,
    ) -> None:
        """`echo_s` and `answer_s` are for tests. Connects to nothing before the first command."""
        self._settings, self._language, self._clock = settings, language, clock
        self._echo_s, self._answer_s = echo_s, answer_s
        self._where = f"the broker at {settings.broker.address}"
        self._news = threading.Condition()
        self._wanted_w = 0.0
        self._sent: str | None = None
        self._sent_s = 0.0
        self._under_way: deque[str] = deque(maxlen=_MOST_UNDER_WAY)
        """Our own commands that the broker has not passed on yet."""
        self._echoed = self._answered = False
        self._other_answer: str | None = None
        self._upsets = 0
        """How often something happened since which nobody knows what the device does."""
        self._settled_at: int | None = None
        """The count of upsets when the last command was confirmed; None while none is."""
        self._warned = self._closed = False
        is_shared = settings.answer_topic is not None and topic_is_shared(settings.answer_topic)
        self._idx = settings.idx if is_shared else None
        topics = [settings.topic, settings.boot_topic, settings.answer_topic]
        self._link = MqttLink(
            settings.broker,
            topics=[topic for topic in topics if topic is not None],
            on_message=self._heard,
            on_retained=self._heard_retained,
            on_connect=self._connected,
            will=(settings.topic, language.command(0.0)),
            pace=LinkPace(ping_s=PING_S),
        )

    def set_power(self, power_w: float) -> None:
        """Make sure that the command arrived and, where the device can answer, that it obeys. Raises SourceError."""
        self._link.start()
        payload = self._language.command(power_w)
        with self._news:
            self._news.wait_for(lambda: self._closed or self._link.trouble != NOT_YET, CONNECT_S)
            self._raise_if_lost()
            upsets, now_s = self._upsets, self._clock.monotonic_s()
            fresh = now_s - self._sent_s < self._settings.refresh_s
            if payload == self._sent and self._settled_at == upsets and fresh:
                return
            self._settled_at, self._echoed, self._answered, self._other_answer = None, False, False, None
            self._wanted_w, self._sent, self._sent_s = power_w, payload, now_s
            self._under_way.append(payload)
        self._link.publish(self._settings.topic, payload)
        if self._settings.ask_topic is not None:
            self._link.publish(self._settings.ask_topic, self._settings.ask_payload)
        self._await_confirmation()
        with self._news:
            self._settled_at = upsets

    def close(self) -> None:
        """Disconnect, which spares the device the last will; a `set_power` that waits raises. May be repeated."""
        with self._news:
            self._closed = True
            self._news.notify_all()
        self._link.close()

    def _await_confirmation(self) -> None:
        with self._news:
            self._news.wait_for(lambda: self._closed or self._echoed or self._link.trouble is not None, self._echo_s)
            self._raise_if_lost()
            if not self._echoed:
                raise Unreachable(
                    f"{self._where} did not pass our command at {self._settings.topic} on within {self._echo_s:g} s; "
                    "it hangs, or does not allow us to listen there"
                )
            self._under_way.clear()
            if self._settings.answer_topic is None:
                return
            self._news.wait_for(lambda: self._closed or self._answered, self._answer_s)
            self._raise_if_lost()
            if self._answered:
                return
            if self._other_answer is not None:
                raise BadReply(
                    f"the device does not obey {self._sent} at {self._settings.topic}: "
                    f"it answered {self._other_answer} at {self._settings.answer_topic}"
                )
            raise Unreachable(
                f"the device did not answer {self._sent} at {self._settings.topic} within {self._answer_s:g} s; "
                f"nothing came at {self._settings.answer_topic}"
            )

    def _raise_if_lost(self) -> None:
        trouble = self._link.trouble
        if self._closed:
            raise Unreachable(f"the connection to {self._where} was closed")
        if trouble is not None:
            error = AuthRejected if self._link.refused else Unreachable
            raise error(f"{self._where} {trouble}")

    def _connected(self) -> None:
        with self._news:
            self._under_way.clear()
            self._upset()

    def _heard(self, topic: str, payload: bytes) -> None:
        """On the connection's thread, as are the two below."""
        with self._news:
            if topic == self._settings.topic:
                self._heard_command(payload.decode("utf-8", errors="replace"))
            elif topic == self._settings.answer_topic:
                self._heard_answer(payload)
            else:
                self._upset()

    def _heard_command(self, text: str) -> None:
        if text in self._under_way:
            while self._under_way.popleft() != text:
                pass
            self._echoed = self._echoed or text == self._sent
            self._news.notify_all()
        elif self._language.is_command(text):
            self._upset()
            if not self._warned:
                self._warned = True
                log.warning(
                    "%s: something else commands the same device at %s (%.40s). Our command is sent again; "
                    "let only one program control it.", self._settings.name, self._settings.topic, text,
                )  # fmt: skip

    def _heard_answer(self, payload: bytes) -> None:
        answer = _document(payload)
        if not is_meant(answer, self._idx):
            return
        try:
            agrees = self._language.agrees(answer, self._wanted_w)
        except NotFound:
            return
        if agrees:
            self._answered = True
            self._news.notify_all()
            return
        self._other_answer = kind_of(answer)
        if self._settled_at is not None:
            self._upset()

    def _heard_retained(self, topic: str, payload: bytes) -> None:
        """What the broker kept from before us: an old answer says nothing, an old command is dangerous."""
        text = payload.decode("utf-8", errors="replace")
        if topic != self._settings.topic or not self._language.is_command(text):
            return
        if text == self._language.command(0.0):
            return
        self._link.forget(topic)
        with self._news:
            self._upset()
        log.warning(
            "%s: the broker kept the command %.40s at %s from earlier, and a device that starts would have obeyed it. "
            "It was deleted there.", self._settings.name, text, topic,
        )  # fmt: skip

    def _upset(self) -> None:
        self._upsets += 1
        self._news.notify_all()


def _document(payload: bytes) -> Any:
    """An answer as JSON, else as text."""
    text = payload[:_MOST_BYTES].decode("utf-8", errors="replace")
    try:
        return json.loads(text)
    # RecursionError: brackets within brackets; ValueError covers bad JSON and endless digits.
    except (ValueError, RecursionError):
        return text.strip()
