"""Domoticz, over its JSON API or over MQTT: figures for its devices, modes from its selectors."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.setting import Secret, SettingProblem, setting
from pv_heater.core.settings.mqtt import Broker
from pv_heater.errors import BadReply, SourceError
from pv_heater.io.net.http_login import Login
from pv_heater.io.system.log import Complaints
from pv_heater.ports import Tools
from pv_heater.telemetry.domoticz.devices import Document, HomeDevices, LoadDevices, Update, named_idx, updates_of
from pv_heater.telemetry.domoticz.selector import Selector

log = logging.getLogger(__name__)

WHO = "Domoticz"
TEXT_S = 600.0
"""A text is told when it changes, and this often: Domoticz keeps each one that it is told."""


class Way(Protocol):
    """How Domoticz is spoken to."""

    look_s: float
    """Seconds from one look at its selectors to the next."""

    def ready(self, at_s: float) -> bool:
        """Called first at every look; False: the first connection is being made. Raises SourceError without one."""

    def update(self, update: Update) -> None:
        """Tell one device. Raises SourceError; BadReply where only this one was not taken."""

    def heard(self, idx: int, at_s: float) -> int | None:
        """A level of a selector that is news; None: there is none. Raises SourceError."""

    def set_level(self, idx: int, level: int, at_s: float) -> None:
        """Set a selector. Raises SourceError."""

    def ask(self, wanted: Mapping[str, int]) -> str:
        """What it says of these devices, by what each is for; nothing is set. Raises SourceError."""

    def close(self) -> None:
        """End the connection. From any thread; may be repeated."""


class Domoticz:
    """Satisfies `ports.Publisher`; `tell` is for one thread."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        """Where it is, and which of its devices are meant."""

        url: str | None = setting("address of Domoticz, such as http://192.168.1.20:8080; or a broker", default=None)
        broker: Broker | None = setting("the broker of its MQTT Client Gateway; in place of the address", default=None)
        username: str | None = setting("name at Domoticz, if it asks for one", default=None)
        password: Secret | None = setting("password at Domoticz", default=None)
        passcode: Secret | None = setting("code of its protected switches, to set a selector; with url", default=None)
        in_topic: str = setting("topic that it listens to", default="domoticz/in")
        out_topic: str = setting("topic at which it speaks", default="domoticz/out")
        interval_s: float = setting("how often its devices are told", default=30.0, unit="s", minimum=5, maximum=3600)
        devices: HomeDevices = setting("devices of the home", factory=HomeDevices)
        loads: tuple[LoadDevices, ...] = setting("devices of loads, and selectors of their modes", default=())

        def __post_init__(self) -> None:
            if (self.url is None) == (self.broker is None):
                raise SettingProblem("is missing: the address of Domoticz, or a broker; one of the two", "url")
            if (self.username is None) != (self.password is None):
                key = "password" if self.password is None else "username"
                raise SettingProblem("is missing; a login needs username and password", key)
            for key in ("username", "passcode") if self.url is None else ():
                if getattr(self, key) is not None:
                    raise SettingProblem("is for the address; a broker has its own", key)

    def __init__(self, settings: Settings, tools: Tools, *, whole_s: float | None = None) -> None:  # noqa: ARG002
        """Connects to nothing yet. `whole_s`, the limit of a request, is for tests."""
        self._settings = settings
        self._selectors = {
            each.selector: (each, Selector(each.modes)) for each in settings.loads if each.selector is not None
        }
        self._way = _way(settings, tuple(self._selectors), whole_s)
        self._complain = Complaints(log)
        self._told_s: float | None = None
        self._text: tuple[str, float] | None = None

    @property
    def interval_s(self) -> float:
        """Seconds from one look to the next."""
        looks = self._selectors or self._settings.broker is not None
        return min(self._way.look_s, self._settings.interval_s) if looks else self._settings.interval_s

    def tell(self, document: Document | None, at_s: float) -> Sequence[Mapping[str, Any]]:
        """Hear the selectors, then tell what is due; see `ports.Publisher`."""
        if not self._way.ready(at_s) or document is None:
            return ()
        wishes: list[Mapping[str, Any]] = []
        try:
            for wish in self._wishes(document, at_s):
                wishes.append(wish)
            if self._told_s is None or at_s - self._told_s >= self._settings.interval_s - 0.5:
                self._update(document, at_s)
                self._told_s = at_s
        except SourceError:
            # What was heard is handed on first; the trouble will be there at the next look.
            if not wishes:
                raise
        return wishes

    def ask(self) -> str:
        """What it says of our devices; nothing is set. Raises SourceError."""
        return self._way.ask(named_idx(self._settings.devices, self._settings.loads))

    def close(self) -> None:
        """End the connection."""
        self._way.close()

    def _wishes(self, document: Document, at_s: float) -> Iterator[dict[str, Any]]:
        modes = {row["name"]: Mode(row["mode"]) for row in document["loads"]}
        for idx, (devices, selector) in self._selectors.items():
            mode = modes.get(devices.load)
            if mode is None:
                continue
            level = self._way.heard(idx, at_s)
            wished = None if level is None else selector.heard(level, mode, at_s)
            if wished is not None:
                ends = {} if wished is Mode.AUTO else {"for_s": devices.for_s}
                yield {"command": "force", "load": devices.load, "mode": str(wished), **ends, "who": WHO}
            elif (level := selector.to_set(mode, at_s)) is not None:
                self._way.set_level(idx, level, at_s)

    def _update(self, document: Document, at_s: float) -> None:
        """Tell every device; one that is not taken keeps no other from it. Raises SourceError."""
        for update in updates_of(document, self._settings.devices, self._settings.loads):
            if update.idx == self._settings.devices.state and not self._is_news(update.svalue, at_s):
                continue
            try:
                self._way.update(update)
            except BadReply as error:
                self._complain(str(error))

    def _is_news(self, text: str, at_s: float) -> bool:
        if self._text is not None and self._text[0] == text and at_s - self._text[1] < TEXT_S:
            return False
        self._text = (text, at_s)
        return True


def _way(settings: Domoticz.Settings, selectors: tuple[int, ...], whole_s: float | None) -> Way:
    if settings.broker is not None:
        from pv_heater.telemetry.domoticz.mqtt_way import MqttWay

        return MqttWay(settings.broker, settings.in_topic, settings.out_topic, selectors)
    from pv_heater.telemetry.domoticz.json_api import JsonApi

    login = None
    if settings.username is not None and settings.password is not None:
        login = Login(username=settings.username, password=settings.password, digest=False)
    return JsonApi(settings.url or "", login, settings.passcode, whole_s=whole_s)
