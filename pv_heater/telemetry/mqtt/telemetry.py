"""Tells an MQTT broker what the home does, and obeys it where the settings allow that.

One thread looks once a second and publishes what changed; it never waits for the broker. Whatever a broker does, the
loop is not concerned: it is asked by `Home.ask`, which never waits for it, and its newest tick is a value.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.core.model.plain_text import plain
from pv_heater.core.settings.mqtt import Mqtt
from pv_heater.errors import SourceError
from pv_heater.io.alive.threads import Lasting
from pv_heater.io.net.mqtt import NOT_YET, MqttLink
from pv_heater.io.net.mqtt_client import LinkPace
from pv_heater.io.system.worker import WorkerStatus
from pv_heater.status.strict_json import json_bytes
from pv_heater.telemetry.mqtt.allowance import Allowance
from pv_heater.telemetry.mqtt.balancer import EACH_S, balancer_request, balancer_status
from pv_heater.telemetry.mqtt.commands import Commands
from pv_heater.telemetry.mqtt.companion import Companion
from pv_heater.telemetry.mqtt.dials import Dials
from pv_heater.telemetry.mqtt.states import State, states_of
from pv_heater.telemetry.mqtt.topics import ANSWER, AVAILABILITY, LOAD_STATE, OFFLINE, ONLINE, Topics, fits
from pv_heater.telemetry.told import Told

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""At most so often something is published."""
REPEAT_S = 30.0
"""At least so often, though nothing changed."""
HEARD_AT_ONCE, HEARD_EACH_S, CALM_S = 100, 0.02, 0.01
"""So many messages are read at once, and then one in so many seconds: after each that is more, nothing is read for a
while. A flood must not take the loop's share of the processor; what it pushes out is the broker's to drop."""
GOODBYE_S = 3.0
"""For the last word; every load is safe by then."""


class MqttTelemetry:
    """Startable and closable; any number of starts and stops does no harm."""

    def __init__(
        self, settings: Mqtt, told: Told, *, companions: Sequence[Companion] = (), pace: LinkPace | None = None
    ) -> None:
        """`pace` is for tests."""
        self._settings, self._told = settings, told
        self._companions = tuple(companions)
        self._topics, self._dials = Topics(settings.topic), Dials()
        self._where = f"the broker at {settings.address}"
        self._commands = Commands(told.home, self._topics, told.identities, self._dials, self._answer, told.monotonic_s)
        self._link = MqttLink(
            settings,
            topics=self._wanted(),
            on_message=self._heard,
            on_retained=self._heard_retained,
            on_connect=self._connected,
            will=(self._topics.of(AVAILABILITY), OFFLINE),
            keeps_will=True,
            pace=pace,
        )
        self._sent: dict[str, tuple[Any, float]] = {}
        """By topic what was told last, and when."""
        self._again_s: float | None = None
        """All is told again at this second."""
        self._balancer_s: float | None = None
        self._reading = Allowance(told.monotonic_s, at_once=HEARD_AT_ONCE, each_s=HEARD_EACH_S)
        self._said: str | None = NOT_YET
        self._broken: set[str] = set()
        self._ended, self._wake = threading.Event(), threading.Event()
        self._thread: Lasting | None = None

    @property
    def trouble(self) -> str | None:
        """Why nothing is told now, as a sentence; None while all is well."""
        trouble = self._link.trouble
        return None if trouble is None else f"{self._where} {trouble}"

    def status(self) -> WorkerStatus:
        """How it fares, beside the sources."""
        told_s = max((sent_s for _, sent_s in list(self._sent.values())), default=None)
        age_s = None if told_s is None else self._told.monotonic_s() - told_s
        return WorkerStatus(name="mqtt", last_success_age_s=age_s, trouble=self.trouble, next_try_s=None)

    def start(self) -> None:
        """Begin to connect; returns at once."""
        if self._thread is None:
            self._thread = Lasting(self._run, "mqtt")
            self._thread.start()

    def stop(self) -> None:
        """End soon; never waits."""
        self._ended.set()
        self._wake.set()

    def close(self) -> None:
        """Wait, for a little, until the broker knows that this home is gone. May be repeated."""
        self.stop()
        if self._thread is not None:
            self._thread.join(GOODBYE_S)

    def _wanted(self) -> tuple[str, ...]:
        balancer = self._settings.balancer
        return (
            *(self._commands.topics if self._settings.commands else ()),
            *((balancer.force_topic,) if self._settings.commands and balancer is not None else ()),
            *(topic for companion in self._companions for topic in companion.topics),
        )

    def _run(self) -> None:
        try:
            self._link.start()
        except SourceError as error:
            log.warning("mqtt: nothing is told to %s: %s", self._where, error)
            return
        while not self._ended.is_set():
            self._guarded(self._turn)
            self._wake.wait(LOOK_S)
            if not self._ended.is_set():
                self._wake.clear()
        self._link.close(last=(self._topics.of(AVAILABILITY), OFFLINE))

    def _turn(self) -> None:
        trouble = self._link.trouble
        self._say(trouble)
        if trouble is not None:
            return
        now_s = self._told.monotonic_s()
        if self._again_s is not None and now_s >= self._again_s:
            self._again_s = None
            self._begin_again()
        status = self._told.home.status()
        totals = None if status is None else self._told.totals.newest()
        document = self._told.document.document()
        for state in states_of(document, totals, self._topics, self._told.identities, self._dials):
            self._tell(state, now_s)
        balancer = self._settings.balancer
        if balancer is not None and status is not None and self._is_due(self._balancer_s, EACH_S, now_s):
            self._balancer_s = now_s
            zone = ZoneInfo(self._told.home.site.timezone)
            found = balancer_status(status, self._told.identities, totals, zone)
            self._link.publish(balancer.status_topic, json_bytes(found))

    def _begin_again(self) -> None:
        """The broker may have forgotten everything, and whoever listens may have just come."""
        self._sent.clear()
        for companion in self._companions:
            self._guarded(lambda companion=companion: self._announce(companion))  # type: ignore[misc]
        for key in self._told.vanished:
            self._link.publish(self._topics.of(LOAD_STATE, key), b"", retained=True)
        self._link.publish(self._topics.of(AVAILABILITY), ONLINE, retained=True, confirmed=True)

    def _announce(self, companion: Companion) -> None:
        for topic, payload in companion.announcements():
            self._link.publish(topic, payload, retained=True, confirmed=True)

    def _tell(self, state: State, now_s: float) -> None:
        essence, sent_s = self._sent.get(state.topic, (None, None))
        is_new = sent_s is None or essence != state.essence
        if not is_new and not (state.repeated and self._is_due(sent_s, REPEAT_S, now_s)):
            return
        if self._link.publish(state.topic, state.payload, retained=True):
            self._sent[state.topic] = (state.essence, now_s)

    @staticmethod
    def _is_due(last_s: float | None, each_s: float, now_s: float) -> bool:
        return last_s is None or now_s - last_s >= each_s

    def _say(self, trouble: str | None) -> None:
        """Once when it begins, when it becomes another, and when it is over."""
        if trouble == NOT_YET or trouble == self._said:
            return
        if trouble is None:
            log.info("mqtt: %s is told what this home does, below %s.", self._where, self._settings.topic)
        else:
            log.warning("mqtt: %s %s; nothing is told there until it is back.", self._where, trouble)
        self._said = trouble

    def _connected(self) -> None:
        """On the connection's thread, as are those below. Only a flood is waited for there."""
        self._tell_all_again(0.0)

    def _tell_all_again(self, after_s: float) -> None:
        self._again_s = self._told.monotonic_s() + after_s
        self._wake.set()

    def _heard(self, topic: str, payload: bytes) -> None:
        self._hear(topic, payload, retained=False)

    def _heard_retained(self, topic: str, payload: bytes) -> None:
        self._hear(topic, payload, retained=True)

    def _hear(self, topic: str, payload: bytes, *, retained: bool) -> None:
        if not self._reading.take():
            if self._reading.is_first_refusal:
                log.warning("mqtt: %s sends more than can be read, at %s now.", self._where, plain(topic)[:120])
            time.sleep(CALM_S)
        for companion in self._companions:
            if any(fits(topic, wanted) for wanted in companion.topics):
                after_s = companion.heard(topic, payload, retained=retained)
                if after_s is not None:
                    self._tell_all_again(after_s)
        if not self._settings.commands:
            return
        balancer = self._settings.balancer
        is_balancers = balancer is not None and topic == balancer.force_topic
        if retained:
            if is_balancers or topic.startswith(f"{self._settings.topic}/"):
                self._commands.heard_retained(topic, payload)
        elif is_balancers:
            if self._commands.may():
                policies = self._told.home.policies()
                self._commands.obey(topic, lambda: (balancer_request(payload, policies), None))
        elif topic.startswith(f"{self._settings.topic}/"):
            self._commands.heard(topic, payload)

    def _answer(self, answer: Mapping[str, Any]) -> None:
        self._link.publish(self._topics.of(ANSWER), json_bytes(answer))

    def _guarded(self, call: Callable[[], None]) -> None:
        """A mistake in what is told ends no more than that."""
        try:
            call()
        except Exception as error:
            kind = f"{type(error).__name__}: {error}"
            if kind not in self._broken and len(self._broken) < 20:
                self._broken.add(kind)
                log.exception("mqtt: what this home does could not be told: %s", kind)
