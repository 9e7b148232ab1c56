"""Any meter that publishes over MQTT: PZEM, Shelly, Tasmota, Home Assistant; presets know many, paths the others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Set
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.core.model.values import Reading
from pv_heater.core.settings.mqtt import Broker
from pv_heater.core.settings.shared_topic import check_idx, idx_setting, is_meant
from pv_heater.errors import BadReply, Unreachable
from pv_heater.io.net.json_path import document_of
from pv_heater.io.net.mqtt import MqttLink
from pv_heater.meters.pace import LiveValue
from pv_heater.meters.quantities import (
    MeasuredValue,
    Probe,
    SaidOnce,
    Unusable,
    check_values,
    dating_quantities,
    is_worth_reading,
    probes_of,
    quantities_of,
    quantity,
)
from pv_heater.ports import Tools

log = logging.getLogger(__name__)

_MOST_BYTES = 65_536
_PATIENCE_S = 10.0
"""The first reading waits this long for values that have not come yet; so long may nothing new come before the
connection is looked at."""
_LOOK_S = 1.0


def _check_topic(topic: str) -> None:
    if not topic or any(sign in topic for sign in "+#\0"):
        raise SettingProblem("must be one whole topic, without + and #")


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttValue(MeasuredValue):
    """A number in what is published at a topic."""

    topic: str = setting("topic at which it is published", check=_check_topic)
    idx: str | None = idx_setting()
    max_age_s: float | None = setting(
        "an older value is left out; auto is three times its own pace, at least 30 s",
        default=None,
        unit="s",
        minimum=1,
        maximum=86_400,
    )

    def __post_init__(self) -> None:
        check_idx(self.topic, self.idx)


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttValues:
    """What is measured, and where it is published."""

    pv_w: tuple[MqttValue, ...] = quantity("pv_w")
    consumption_w: tuple[MqttValue, ...] = quantity("consumption_w")
    grid_w: tuple[MqttValue, ...] = quantity("grid_w")
    grid_phase_w: tuple[MqttValue, ...] = quantity("grid_phase_w")
    battery_w: tuple[MqttValue, ...] = quantity("battery_w")
    battery_v: tuple[MqttValue, ...] = quantity("battery_v")
    battery_soc_percent: tuple[MqttValue, ...] = quantity("battery_soc_percent")

    def __post_init__(self) -> None:
        check_values(self)


class MqttMeter:
    """Satisfies `ports.Meter`; `read` is for one thread.

    A reading is dated by the oldest of its powers, so that of two meters that publish in turn each pair makes one
    reading, and a meter that lags makes the reading old. What the broker had kept from before we came never counts:
    it may be of last year, and a meter that is alive publishes again soon.
    """

    interval_s = 0.0
    """It speaks by itself."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(Broker):
        """The broker, and what is measured."""

        values: MqttValues = setting("what is measured, and where it is published")

    def __init__(
        self, settings: Settings, tools: Tools, *, patience_s: float = _PATIENCE_S, look_s: float = _LOOK_S
    ) -> None:
        """`patience_s` and `look_s` (how often ages are looked at while nothing comes) are for tests."""
        self._clock = tools.clock
        self._who = f"the broker at {settings.address}"
        self._patience_s, self._look_s = patience_s, look_s
        self._by_topic: dict[str, list[tuple[Probe, LiveValue]]] = {}
        self._meant: dict[str, str | None] = {}
        """By the name of a probe: the number of its device, where many speak at the topic."""
        for probe, value in probes_of(settings.values):
            self._by_topic.setdefault(value.topic, []).append((probe, LiveValue(max_age_s=value.max_age_s)))
            self._meant[probe.name] = value.idx
        self._live = [pair for pairs in self._by_topic.values() for pair in pairs]
        self._probes = [probe for probe, _ in self._live]
        self._dating = dating_quantities(self._probes)
        self._link = MqttLink(
            settings, topics=tuple(self._by_topic), on_message=self._take, on_retained=self._note_retained
        )
        self._changed = threading.Condition()
        self._said = SaidOnce(lambda text: log.warning("mqtt: %s; it is left out.", text))
        self._problem: Unusable | None = None
        self._retained = self._has_spoken = self._closed = False
        self._last: tuple[Any, ...] = ()

    def read(self) -> Reading:
        """The next reading; returns as soon as every power is newer than in the last one, or a value was lost.

        Raises Unreachable or BadReply when no value is fresh, or nothing new comes and there is no connection.
        """
        began_s = self._clock.monotonic_s()
        with self._changed:
            if not self._closed:
                self._link.start()
            self._problem = None
            while not self._closed:
                waited_s = self._clock.monotonic_s() - began_s
                reading = self._next(waited_s)
                if reading is not None:
                    return reading
                if waited_s >= self._patience_s:
                    self._raise_if_lost(waited_s)
                self._changed.wait(self._look_s)
        raise Unreachable("The MQTT meter was closed.")

    def close(self) -> None:
        """Disconnect, and end a `read` that waits. May be repeated."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._link.close()

    def _take(self, topic: str, payload: bytes) -> None:
        """On the connection's thread."""
        pairs = self._by_topic.get(topic, ())
        if len(payload) > _MOST_BYTES:
            for probe, _ in pairs:
                self._complain(probe.name, "length", f"{len(payload)} bytes are more than any meter sends", topic)
            return
        document, now_s, now_at = document_of(payload), self._clock.monotonic_s(), self._clock.now()
        with self._changed:
            for probe, live in pairs:
                if not is_meant(document, self._meant[probe.name]):
                    continue
                try:
                    live.put(probe.number_in(document), now_s, now_at)
                except Unusable as problem:
                    self._complain(problem.name, problem.kind, problem.text, topic)
            self._changed.notify_all()

    def _complain(self, name: str, kind: str, text: str, topic: str) -> None:
        self._problem = Unusable(name=name, kind=kind, text=f"{topic}: {text}")
        self._said(self._problem)

    def _note_retained(self, _topic: str, _payload: bytes) -> None:
        self._retained = True

    def _next(self, waited_s: float) -> Reading | None:
        """A reading of what is fresh; None when it would say nothing new, or no power at all."""
        now_s = self._clock.monotonic_s()
        fresh = {probe.name: live for probe, live in self._live if live.fresh(now_s) is not None}
        if len(fresh) < len(self._live) and not self._has_spoken and waited_s < self._patience_s:
            return None
        found = self._quantities(now_s)
        dating = [live for probe, live in self._live if probe.name in fresh and probe.quantity in self._dating]
        oldest = min(dating, key=lambda live: live.came_s, default=None)
        if oldest is None or oldest.came_at is None or not is_worth_reading(found, self._probes):
            return None
        mark = (oldest.came_s, *fresh)
        if mark == self._last:
            return None
        self._last, self._has_spoken = mark, True
        self._name_missing(fresh.keys())
        pace_s = max(live.interval_s for live in dating)
        return Reading(taken_at=oldest.came_at, source="mqtt", interval_s=pace_s, **found)

    def _quantities(self, now_s: float) -> dict[str, Any]:
        values = ((probe.name, live.fresh(now_s)) for probe, live in self._live)
        numbers = {name: value for name, value in values if value is not None}
        return quantities_of(numbers, self._probes)

    def _name_missing(self, there: Set[str]) -> None:
        for topic, pairs in self._by_topic.items():
            for probe, live in pairs:
                if probe.name not in there:
                    since = "yet" if live.came_at is None else f"for {live.age_limit_s:.0f} s"
                    self._said(Unusable(name=probe.name, kind="silent", text=f"{topic}: nothing usable came {since}"))

    def _raise_if_lost(self, waited_s: float) -> None:
        """Raise what it means that nothing new came for this long; a slow meter's fresh values need no new ones."""
        trouble = self._link.trouble
        if trouble is not None:
            raise Unreachable(f"{self._who} {trouble}")
        now_s = self._clock.monotonic_s()
        if is_worth_reading(self._quantities(now_s), self._probes):
            return
        if self._problem is not None:
            raise BadReply(f"{self._who} sends nothing that can be used: {self._problem}")
        silent = [
            topic for topic, pairs in self._by_topic.items() if any(live.fresh(now_s) is None for _, live in pairs)
        ]
        kept = "; what it had kept from before is of no known age and does not count" if self._retained else ""
        raise Unreachable(f"{self._who} has sent nothing for {waited_s:.0f} s at {', '.join(silent)}{kept}")
