"""A temperature or a power that comes over MQTT, from Tasmota, ESPHome, Zigbee, Home Assistant and the like."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.core.settings.mqtt import Broker
from pv_heater.core.settings.shared_topic import check_idx, idx_setting, is_meant
from pv_heater.errors import AuthRejected, BadReply, SourceError, Unreachable
from pv_heater.io.net.json_path import JsonPath, document_of
from pv_heater.io.net.mqtt import MqttLink
from pv_heater.ports import Tools
from pv_heater.sensors.own import Meaning, own_number
from pv_heater.sensors.values import LEAST_AGE_S, Pace, age_limit_s, age_setting, lost_setting, plug_w, tank_c, value_at

_TROUBLE_S = 10.0
"""Without a connection for this long, it is said; a broker that restarts is back before."""
_LOOK_S = 0.5
"""How often a waiting `read` looks whether the connection is still there."""
_MOST_BYTES = 65_536


def _check_topic(text: str) -> None:
    if not text or "+" in text or "#" in text:
        raise SettingProblem(f"must be one topic without + and #, such as tele/boiler/SENSOR, not {text!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic(Broker):
    """Broker and topic, and where the number is in a message."""

    topic: str = setting("where it is published", check=_check_topic)
    path: str = setting(
        "where it is in a JSON message, such as DS18B20.Temperature; $ where the message is nothing but the number",
        default="$",
        check=JsonPath.parse,
    )
    idx: str | None = idx_setting()
    scale: float = setting("the value is multiplied by this", default=1.0, minimum=-1000, maximum=1000)
    max_age_s: float | None = age_setting()

    def __post_init__(self) -> None:
        Broker.__post_init__(self)
        check_idx(self.topic, self.idx)


class MqttNumber:
    """Waits for the next message; satisfies `ports.Sensor`.

    What the broker had kept from before is left out: nobody knows how old it is.
    """

    interval_s = 0.0

    def __init__(self, settings: Topic, tools: Tools, what: str, worth: Callable[[Any, str], float]) -> None:
        """`what` it tells, in messages; `worth` makes the value of what was found, and of who says it."""
        self._settings = settings
        self._what, self._worth = what, worth
        self._clock = tools.clock
        self._path = JsonPath.parse(settings.path)
        self._link = MqttLink(
            settings, topics=(settings.topic,), on_message=self._take, on_retained=lambda _topic, _payload: None
        )
        self._news = threading.Condition()
        self._payload: bytes | None = None
        self._pace = Pace()
        self._says_lost = False

    @property
    def max_age_s(self) -> float:
        """The age at which a value is no longer worth anything; while the pace is not known, that of a minute.

        A sensor that says itself that its probe is lost is waited for no longer than one of the fastest pace.
        """
        limit_s = age_limit_s(self._settings.max_age_s, self._pace.seconds)
        return min(limit_s, LEAST_AGE_S) if self._says_lost else limit_s

    def read(self) -> float:
        """The next value that comes; raises Unreachable after `max_age_s` of silence."""
        self._link.start()
        who = f"the sensor at {self._settings.topic}"
        payload = self._next_payload()
        self._says_lost = True
        value = self._worth(value_in(payload, self._path, who, self._what), who)
        self._says_lost = False
        return value

    def close(self) -> None:
        """Disconnect."""
        self._link.close()

    def _take(self, _topic: str, payload: bytes) -> None:
        idx = self._settings.idx
        if idx is not None and not (len(payload) <= _MOST_BYTES and is_meant(document_of(payload), idx)):
            return
        with self._news:
            self._pace.note(self._clock.monotonic_s())
            self._payload = payload
            self._news.notify()

    def _next_payload(self) -> bytes:
        began_s = self._clock.monotonic_s()
        with self._news:
            while self._payload is None:
                waited_s, limit_s = self._clock.monotonic_s() - began_s, self.max_age_s
                if self._link.trouble is not None:
                    limit_s = min(limit_s, _TROUBLE_S)
                if waited_s >= limit_s:
                    raise self._silence(waited_s)
                self._news.wait(min(_LOOK_S, limit_s - waited_s))
            payload, self._payload = self._payload, None
            return payload

    def _silence(self, waited_s: float) -> SourceError:
        settings, trouble = self._settings, self._link.trouble
        if trouble is not None:
            error = AuthRejected if self._link.refused else Unreachable
            return error(f"the broker at {settings.address} {trouble}")
        return Unreachable(
            f"nothing has come at {settings.topic} for {waited_s:.0f} s; if the sensor speaks only when its value "
            f"changes, set max_age_s to its longest pause"
        )


class MqttSensor(MqttNumber):
    """The temperature of a tank, degC."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(Topic):
        """Broker and topic, and how the temperature is written."""

        offset_c: float = setting("added to the value after that", default=0.0, unit="degC", minimum=-500, maximum=500)
        lost: tuple[float, ...] = lost_setting()

    def __init__(self, settings: Settings, tools: Tools) -> None:
        worth = partial(tank_c, scale=settings.scale, offset_c=settings.offset_c, lost=settings.lost)
        super().__init__(settings, tools, "temperature", worth)


class MqttPower(MqttNumber):
    """The power of a load, W."""

    Settings = Topic

    def __init__(self, settings: Topic, tools: Tools) -> None:
        super().__init__(settings, tools, "power", partial(plug_w, scale=settings.scale))


class MqttValue(MqttNumber):
    """A number that is published over MQTT."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(Meaning, Topic):
        """Broker and topic, and what the number is."""

        host: str = setting("name or address of the broker", default="127.0.0.1")

        def __post_init__(self) -> None:
            Topic.__post_init__(self)
            self.check_meaning()

    def __init__(self, settings: Settings, tools: Tools) -> None:
        super().__init__(settings, tools, "value", partial(own_number, settings=settings))


def value_in(payload: bytes, path: JsonPath, who: str, what: str = "temperature") -> Any:
    """What stands at `path` in a message, JSON or plain text such as ``48.6``; raises BadReply."""
    if len(payload) > _MOST_BYTES:
        raise BadReply(f"{who} sends {len(payload)} bytes, which no {what} needs")
    return value_at(path, document_of(payload), who, what)
