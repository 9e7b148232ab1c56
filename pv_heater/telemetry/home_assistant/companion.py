"""When Home Assistant is told of the home: at each connection, at its birth, and when something is gone."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.mqtt import HomeAssistant, Mqtt
from pv_heater.status.home import Home
from pv_heater.telemetry.home_assistant.discovery import (
    Announced,
    announced,
    as_one,
    device_id_of,
    one_by_one,
    topic_of_all,
)
from pv_heater.telemetry.mqtt.topics import Topics

BIRTH = b"online"
SHORTEST_S, LONGEST_S = 1.0, 5.0
"""After its birth Home Assistant is told everything again within this time, each home at another instant."""
LARGEST_BYTES, MOST = 1_000_000, 1000
"""What is longer than this, or has more entities, was not announced by us."""
PLATFORMS = frozenset({"sensor", "binary_sensor", "select", "number", "switch", "button", "water_heater"})
"""Those that we ever announced: Home Assistant refuses a whole message for one that it does not know."""


class HomeAssistantCompanion:
    """Satisfies `telemetry.mqtt.companion.Companion`.

    What was announced last is read back from the broker, which keeps it: so whatever is gone since then, by other
    settings, is retired, even if this machine was set up anew meanwhile.
    """

    def __init__(
        self,
        settings: Mqtt,
        home_assistant: HomeAssistant,
        home: Home,
        identities: Mapping[str, str],
        *,
        between: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """`identities` are those of `telemetry.identities`; `between` draws a number."""
        self._settings, self._own = settings, home_assistant
        self._home, self._identities, self._topics = home, identities, Topics(settings.topic)
        self._between = between
        self._device_id = device_id_of(settings.topic)
        self._made: tuple[Mapping[str, LoadSettings], Announced] | None = None
        """Anew where a power was learned: the limits of a number follow it."""
        self._gone: dict[str, str] = {}
        """What was announced before and is no more: the platform by the key."""
        self._other_form: frozenset[str] = frozenset()
        """Topics of the other form, which the settings do not ask for any more."""
        prefix = home_assistant.prefix
        self._single = re.compile(
            rf"{re.escape(prefix)}/(?P<platform>\w+)/{re.escape(self._device_id)}/(?P<key>[A-Za-z0-9_-]+)/config"
        )
        self._birth, self._of_all = f"{prefix}/status", topic_of_all(prefix, self._device_id)
        self.topics: Sequence[str] = (self._birth, self._of_all, f"{prefix}/+/{self._device_id}/+/config")

    def announcements(self) -> Sequence[tuple[str, bytes]]:
        """What is published retained, before the states."""
        home, gone = self._now(), self._gone
        form = as_one if self._own.discovery == "device" else one_by_one
        return [*((topic, b"") for topic in sorted(self._other_form)), *form(home, self._own.prefix, gone)]

    def heard(self, topic: str, payload: bytes, *, retained: bool) -> float | None:
        """Seconds after which all is to be published again; None: nothing to do."""
        if topic == self._birth:
            return self._between(SHORTEST_S, LONGEST_S) if payload == BIRTH and not retained else None
        if not retained or not payload or len(payload) > LARGEST_BYTES:
            return None
        return 0.0 if self._news(topic, payload) else None

    def _news(self, topic: str, payload: bytes) -> bool:
        """Whether something that was announced before has to be retired."""
        single, as_device = self._single.fullmatch(topic), topic == self._of_all
        if not as_device and (single is None or single["platform"] not in PLATFORMS):
            return False
        if as_device != (self._own.discovery == "device"):
            new = topic not in self._other_form and len(self._other_form) < MOST
            self._other_form |= {topic} if new else frozenset()
            return new
        before = _platforms(payload) if single is None else {single["key"]: single["platform"]}
        now = self._now().components
        gone = {key: platform for key, platform in before.items() if key not in now and key not in self._gone}
        if len(self._gone) + len(gone) > MOST:
            return False
        self._gone = {**self._gone, **gone}
        return bool(gone)

    def _now(self) -> Announced:
        policies = dict(self._home.policies())
        if self._made is None or self._made[0] != policies:
            made = announced(
                self._home.site,
                policies,
                self._identities,
                self._topics,
                commands=self._settings.commands,
                water_heater=self._own.water_heater,
            )
            self._made = (policies, made)
        return self._made[1]


def _platforms(payload: bytes) -> dict[str, str]:
    """Of each entity that such a message announces; what it retires already is left out."""
    try:
        components: Any = json.loads(payload)["components"]
        return {
            str(key): str(component["p"])
            for key, component in list(components.items())[:MOST]
            if "unique_id" in component and component["p"] in PLATFORMS
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
