"""What may be asked over MQTT: a message becomes a request to the running home, and its answer another message.

Runs on the connection's thread; nothing here waits. Everybody who may publish at the broker may ask, as long as the
settings say `commands: true`; what the home makes of it is for its guards.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from pv_heater.core.model.plain_text import plain
from pv_heater.core.model.requests import FORCE_LONGEST_S, Mode
from pv_heater.core.model.values import LoadState
from pv_heater.core.settings.home import LONGEST_VACATION
from pv_heater.status.home import Home
from pv_heater.telemetry.mqtt.allowance import Allowance
from pv_heater.telemetry.mqtt.dials import Dials
from pv_heater.telemetry.mqtt.request import LONGEST_PAYLOAD, Refused, number_of, request_of, text_of
from pv_heater.telemetry.mqtt.topics import (
    BOOST,
    CLEAR,
    FORCE_MIN,
    MODE,
    OFF,
    POWER,
    SET,
    TAKEN,
    VACATION,
    Topic,
    Topics,
)

log = logging.getLogger(__name__)

WHO = "MQTT"
"""Who asks, for the log and for a fault that says why."""
AT_ONCE, EACH_S = 10, 1.0
"""So many commands may come together, and from then on one in so many seconds."""
_FAR = timedelta(hours=1)
"""A vacation without an end begins a little below the longest: the home's clock goes on while it is asked."""

Request = Mapping[str, Any]
Answer = Callable[[Mapping[str, Any]], None]
"""Publishes an answer."""


class Commands:
    """Obeys what comes at the topics of commands."""

    def __init__(
        self,
        home: Home,
        topics: Topics,
        identities: Mapping[str, str],
        dials: Dials,
        answer: Answer,
        monotonic_s: Callable[[], float],
    ) -> None:
        """`identities` are those of `identities_of`; `answer` must not wait."""
        self._home, self._dials, self._answer = home, dials, answer
        self._names = {key: name for name, key in identities.items()}
        self._meant = topics.taken(identities)
        self._filters = topics.filters()
        self._allowance = Allowance(monotonic_s, at_once=AT_ONCE, each_s=EACH_S)
        self._offs = Allowance(monotonic_s, at_once=2, each_s=EACH_S)
        """An off has an allowance of its own: no flood of others keeps it out."""
        self._said_retained: set[str] = set()

    @property
    def topics(self) -> tuple[str, ...]:
        """What to subscribe to."""
        return self._filters

    def heard(self, topic: str, payload: bytes) -> None:
        """Obey it, or say what would be right."""
        found = self._meant.get(topic)
        if found is None:
            self._refuse_stranger(topic)
            return
        what, load = found
        if not self._may(OFF if what is SET and b'"off"' in payload[:LONGEST_PAYLOAD] else what):
            return
        self.obey(topic, lambda: self._read(what, load, payload))

    def heard_retained(self, topic: str, payload: bytes) -> None:
        """What the broker had kept from before may be of last year, and would be obeyed at every connection."""
        if payload and topic not in self._said_retained and len(self._said_retained) < len(self._meant) + len(TAKEN):
            self._said_retained.add(topic)
            log.warning("mqtt: the broker kept a command at %s from earlier. It is not obeyed; publish commands "
                        "without the retain flag, and delete that one.", plain(topic)[:120])  # fmt: skip

    def obey(self, topic: str, read: Callable[[], tuple[Request | str, Any]]) -> None:
        """What `read` makes of a message: a request, or what was done without one; and the id that was given."""
        given: Any = None
        try:
            request, given = read()
            if isinstance(request, str):
                told: Mapping[str, Any] = {"message": request}
            else:
                told = self._home.ask({**request, "who": WHO})
        except Refused as error:
            self._tell_refusal(topic, str(error), error.given)
        except ValueError as error:
            self._tell_refusal(topic, str(error), given)
        else:
            message = str(told.get("message", ""))
            log.info("mqtt: %s, asked at %s.", plain(message)[:300], topic)
            self._answer({"ok": True, "message": message, "id": given, "topic": topic})

    def may(self) -> bool:
        """Whether one more command is taken now; what is too many is told once."""
        return self._may(MODE)

    def _may(self, what: Topic) -> bool:
        allowance = self._offs if what is OFF else self._allowance
        if allowance.take():
            return True
        if allowance.is_first_refusal:
            self._tell_refusal("", f"too many commands: {AT_ONCE} at once, then one in {EACH_S:g} s; the rest of them "
                               "is passed over", None)  # fmt: skip
        return False

    def _tell_refusal(self, topic: str, why: str, given: Any) -> None:
        why = plain(why)[:300]
        log.warning("mqtt: a command%s is refused: %s.", f" at {topic}" if topic else "", why)
        self._answer({"ok": False, "error": why, "id": given, "topic": topic or None})

    def _refuse_stranger(self, topic: str) -> None:
        """A load that there is not, or a broker that sends what nobody ordered."""
        if self._allowance.take():
            names = ", ".join(self._names)
            self._tell_refusal(plain(topic)[:120], f"there is no such load; in topics there is {names}", None)

    def _read(self, what: Topic, load: str | None, payload: bytes) -> tuple[Request | str, Any]:
        if what is SET:
            request, given = request_of(payload)
            return self._with_name(request), given
        text = text_of(payload)
        if what is OFF:
            return {"command": "off"}, None
        if what is VACATION:
            return self._vacation(text), None
        if load is None:
            raise Refused("there is no load in this topic")
        if what is BOOST:
            return {"command": "boost", "load": load}, None
        if what is CLEAR:
            return {"command": "clear", "load": load}, None
        if what is MODE:
            return self._mode(load, text), None
        if what is FORCE_MIN:
            return self._force_min(load, text), None
        if what is POWER:
            return self._power(load, text), None
        raise Refused(f"nothing is known of {what.path}")

    def _with_name(self, request: Request) -> Request:
        """A load may be called as in topics too."""
        load = request.get("load")
        if isinstance(load, str) and load not in self._home.policies() and load in self._names:
            return {**request, "load": self._names[load]}
        return request

    def _vacation(self, text: str) -> Request:
        word = text.upper()
        if word == "OFF":
            return {"command": "vacation", "until_at": None}
        if word != "ON":
            return {"command": "vacation", "until_at": text}
        status = self._home.status()
        if status is None:
            raise Refused("the controller has not completed its first tick yet; try again in a few seconds")
        return {"command": "vacation", "until_at": (status.now + LONGEST_VACATION - _FAR).isoformat()}

    def _mode(self, load: str, text: str) -> Request:
        mode = text.lower()
        if mode == Mode.AUTO or mode not in set(Mode):
            return {"command": "force", "load": load, "mode": mode}
        dial = self._dials.of(load)
        power_w = dial.power_w if mode == Mode.ON else None
        return {"command": "force", "load": load, "mode": mode, "for_s": dial.force_min * 60.0, "power_w": power_w}

    def _force_min(self, load: str, text: str) -> str:
        minutes, most = number_of(text), FORCE_LONGEST_S / 60.0
        if not 1 <= minutes <= most:
            raise Refused(f"the minutes of a forced mode must be 1 to {most:.0f}, not {minutes:g}")
        self._dials.set_force_min(load, minutes)
        return f"{load}: the next mode on or off lasts {minutes:g} min"

    def _power(self, load: str, text: str) -> Request | str:
        """For a load in mode on it counts at once, for the time that is left; it is no order to switch on."""
        policy = self._home.policies()[load]
        power_w = None if text.lower() == "max" else number_of(text)
        if power_w is not None and not policy.least_power_w <= power_w <= policy.max_power_w:
            raise Refused(f"{load} takes {policy.least_power_w:g} to {policy.max_power_w:g} W, not {power_w:g} W")
        end = self._end(load)
        self._dials.set_power_w(load, power_w)
        if end is None:
            said = "all it has" if power_w is None else f"{power_w:g} W"
            return f"{load}: the next mode on takes {said}"
        return {"command": "force", "load": load, "mode": Mode.ON, "power_w": power_w, **end}

    def _end(self, load: str) -> Request | None:
        """Of mode on, as a request has it; None where the load is in no such mode."""
        status = self._home.status()
        state: LoadState | None = None if status is None else status.decision.loads.get(load)
        if status is None or state is None or state.mode is not Mode.ON:
            return None
        if state.until_at is None:
            return {"for_good": True}
        left_s = (state.until_at - status.now).total_seconds()
        return {"for_s": left_s} if left_s > 1 and math.isfinite(left_s) else None
