"""Single questions to a GX device and single writes, over MQTT, each answered before the call returns.

For outputs: `session` listens to everything, this asks for four values and needs no keepalive (a GX device answers
and obeys asleep too). A refused write is refused without a word, and an unknown topic is not answered: so whoever
writes asks afterwards.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence

from pv_heater.errors import AuthRejected, Unreachable
from pv_heater.io.net.mqtt import NOT_YET, MqttLink
from pv_heater.io.net.mqtt_client import LinkPace
from pv_heater.victron.mqtt.conversation import SERIAL
from pv_heater.victron.mqtt.session import GxBroker
from pv_heater.victron.mqtt.store import GONE, NotAValue, value_of

PATIENCE_S = 2.0
"""For the connection and again for the answer, which takes milliseconds on real devices."""
_LATE_S = 0.3
"""So long an answer may come after the one to the last question, before that question is asked again."""
_ROUNDS = 2
_SECOND_ID_S = 0.3
"""The portal IDs that a broker knows come in one burst."""
PING_S = 4
"""A last will is published 6 s after our last word by the protocol; FlashMQ was seen to take 27 s."""


class GxExchange:
    """Connects when it has to. For one thread; `close` may come from any. `will` is a write that the broker does
    when it loses us: topic below ``W/<id>/`` and value.
    """

    def __init__(
        self,
        broker: GxBroker,
        *,
        subtrees: Sequence[str],
        will: tuple[str, object] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """`subtrees` are the topics below ``N/<id>/`` that answers may come at, with wildcards."""
        self._broker, self._subtrees, self._will, self._patience_s = broker, subtrees, will, patience_s
        self._where = f"the GX device at {broker.address}"
        self._news = threading.Condition()
        self._id = broker.portal_id
        self._link: MqttLink | None = None
        self._subscribed = self._closed = False
        self._answers: dict[str, object] = {}

    def ask(self, *topics: str) -> dict[str, object]:
        """What the device says now at `topics` below ``N/<id>/``; None: not valid. What did not come is left out, which
        says nothing: the device may not have it, or the answer was lost. The last must come.

        A device that is asked by others publishes all it has, in an order of its own; so it is waited for each of them,
        and what is still missing when the last one came is asked for once more. Raises AuthRejected and Unreachable.
        """
        link, portal_id = self._open()
        with self._news:
            self._answers.clear()
        missing = list(topics)
        for _ in range(_ROUNDS):
            for topic in missing:
                link.publish(f"R/{portal_id}/{topic}")
            with self._news:
                self._news.wait_for(lambda: self._closed or topics[-1] in self._answers, self._patience_s)
                self._raise_if_lost(link)
                if topics[-1] not in self._answers:
                    raise Unreachable(
                        f"{self._where} did not answer within {self._patience_s:g} s, asked for {topics[-1]}"
                    )
                self._news.wait_for(lambda: self._closed or not self._without_answer(topics), _LATE_S)
                self._raise_if_lost(link)
                missing = self._without_answer(topics)
            if not missing:
                break
        with self._news:
            return {topic: self._answers[topic] for topic in topics if topic in self._answers}

    def _without_answer(self, topics: Sequence[str]) -> list[str]:
        return [topic for topic in topics if topic not in self._answers]

    def write(self, topic: str, value: object) -> None:
        """Send a write; whether it was taken shows only when it is asked for. Raises AuthRejected and Unreachable."""
        link, portal_id = self._open()
        if not link.publish(f"W/{portal_id}/{topic}", json.dumps({"value": value})):
            self._raise_if_lost(link)

    def close(self) -> None:
        """Disconnect, which spares the device the last will; a call that waits raises. May be repeated."""
        with self._news:
            self._closed = True
            self._news.notify_all()
            link = self._link
        if link is not None:
            link.close()

    def _open(self) -> tuple[MqttLink, str]:
        if self._id is None:
            self._id = self._find_id()
        if self._link is None:
            self._link = self._new_link(self._id)
        self._await_connection(self._link)
        return self._link, self._id

    def _new_link(self, portal_id: str) -> MqttLink:
        will = None
        if self._will is not None:
            will = (f"W/{portal_id}/{self._will[0]}", json.dumps({"value": self._will[1]}))
        return MqttLink(
            self._broker,
            topics=[f"N/{portal_id}/{below}" for below in self._subtrees],
            on_message=self._heard,
            # What old firmware left with the broker is of no known age.
            on_retained=lambda _topic, _payload: None,
            on_connect=self._connected,
            will=will,
            pace=LinkPace(ping_s=PING_S),
        )

    def _find_id(self) -> str:
        """The portal ID of the one device at this broker."""
        found: set[str] = set()
        link = MqttLink(
            self._broker, topics=[f"N/+/{SERIAL}"], on_message=lambda topic, _: self._met(topic, found),
            on_connect=self._connected,
        )  # fmt: skip
        try:
            self._await_connection(link)
            with self._news:
                self._news.wait_for(lambda: self._closed or found, self._patience_s)
                self._news.wait_for(lambda: self._closed, _SECOND_ID_S)
        finally:
            link.close()
            self._subscribed = False
        if len(found) == 1:
            return found.pop()
        if found:
            ids = " and ".join(sorted(found)[:2])
            raise Unreachable(f"{self._where}: two devices speak there, {ids}; name one in portal_id")
        raise Unreachable(f"{self._where}: a broker answers, but no GX device has told it its portal ID")

    def _met(self, topic: str, found: set[str]) -> None:
        with self._news:
            found.add(topic.split("/")[1])
            self._news.notify_all()

    def _await_connection(self, link: MqttLink) -> None:
        if self._closed:
            raise Unreachable(f"{self._where}: the connection was closed")
        link.start()
        with self._news:
            self._news.wait_for(
                lambda: self._closed or self._subscribed or link.trouble not in (None, NOT_YET), self._patience_s
            )
        self._raise_if_lost(link)

    def _raise_if_lost(self, link: MqttLink) -> None:
        if self._closed:
            raise Unreachable(f"{self._where}: the connection was closed")
        if link.trouble is not None:
            error = AuthRejected if link.refused else Unreachable
            raise error(f"{self._where} {link.trouble}")

    def _connected(self) -> None:
        with self._news:
            self._subscribed = True
            self._news.notify_all()

    def _heard(self, topic: str, payload: bytes) -> None:
        try:
            value = value_of(payload)
        except NotAValue:
            return
        if value is GONE:
            return
        with self._news:
            self._answers[topic.split("/", 2)[2]] = value
            self._news.notify_all()
