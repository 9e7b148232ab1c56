"""Whose turn it is in the conversation with a GX device: what to ask next, and whether everything was answered. Pure.

A device falls silent 60 s after the last keepalive, answers at most three requests for a full publish a second (for all
its clients; the rest are dropped without a word), and names the request it answers when asked to.
"""

from __future__ import annotations

import json

from pv_heater.core.model.lean import dataclass
from pv_heater.victron.mqtt.calm import CALM_S

SERIAL = "system/0/Serial"
_STAY_AWAKE = json.dumps({"keepalive-options": ["suppress-republish"]})


@dataclass(frozen=True, slots=True, kw_only=True)
class GxPace:
    """Times of the conversation, s. The defaults fit real devices; tests compress them."""

    remind_s: float = 25.0
    """Less than half of the 60 s after which the device falls silent."""
    full_s: float = 180.0
    """Everything again this often, in case a message was lost."""
    retry_s: float = 2.0
    """A full publish that was not answered is asked for again."""
    again_s: float = 10.0
    """A full publish that left something missing is asked for again."""
    old_life_s: float = 4.0
    """Firmware without heartbeat is asked for its serial number this often instead."""
    silence_s: float = 10.0
    """Three heartbeats."""
    patience_s: float | None = None
    """Whoever waits for a picture is told so soon that none came; None: after `silence_s`."""
    quiet_s: float = 0.004
    """A burst has ended when nothing came for this long: its messages are a tenth of that apart."""
    longest_burst_s: float = 0.02
    """A flood has no end: what came by then is handed over."""
    spacing_s: float = 0.05
    """Pictures are at least this far apart, whatever comes in."""
    calm_s: float = CALM_S
    """After a silence nothing is believed before what was slept through has been sent; see `calm`."""
    renew_s: float = 1.0
    """A heartbeat this soon after a picture tells nothing new."""


class GxTalk:
    """One conversation, from one connect to the next. `echo` marks our own requests."""

    def __init__(self, pace: GxPace, echo: str) -> None:
        self._pace = pace
        self._echo = echo
        self._tries = 0
        self._sent_s: float | None = None
        """When a keepalive of any kind was sent last."""
        self._full_s: float | None = None
        """When a full publish was asked for last."""
        self._first_s: float | None = None
        """When the first value came."""
        self._is_new = False
        self._complete = False
        self._answered = False
        self._missing = False

    @property
    def is_old(self) -> bool:
        """Values came, but neither a heartbeat nor the end of a full publish: firmware before 3.20."""
        return not self._is_new and self._first_s is not None and self._tries > 1

    def heard_value(self, now_s: float) -> None:
        """A value other than the serial number came."""
        if self._first_s is None:
            self._first_s = now_s

    def heard_heartbeat(self) -> None:
        """Only firmware since 3.20 has one."""
        self._is_new = True

    def heard_completed(self, payload: bytes) -> None:
        """The device has published everything.

        The answer to another client may have begun before we listened, but not once we have listened for `retry_s`.
        """
        try:
            echo = json.loads(payload).get("full-publish-completed-echo")
        except (ValueError, AttributeError, RecursionError):
            return
        if echo in (None, self._echo) or self._tries > 1:
            self._is_new = self._complete = self._answered = True

    def miss(self) -> None:
        """Something that should be there is not: ask for everything again, but not all the time."""
        self._missing = True

    def is_complete(self, now_s: float) -> bool:
        """Whether all values were sent. Old firmware does not say so: it gets `retry_s` from its first value on."""
        if self.is_old and self._first_s is not None:
            return now_s - self._first_s >= self._pace.retry_s
        return self._complete

    def next_s(self, now_s: float) -> float:
        """When `due` has something to say."""
        if self._sent_s is None or self._full_s is None:
            return now_s
        if self.is_old:
            return self._sent_s + self._pace.old_life_s
        return min(self._sent_s + self._pace.remind_s, self._next_full_s(self._full_s))

    def due(self, now_s: float) -> tuple[str, str] | None:
        """Topic below ``R/<id>/`` and payload of the keepalive that is due now; None when none is."""
        if now_s < self.next_s(now_s):
            return None
        self._sent_s = now_s
        if self.is_old:
            # Keeps it awake too, and is answered with the serial number: a sign of life.
            return SERIAL, ""
        if self._full_s is not None and now_s < self._next_full_s(self._full_s):
            return "keepalive", _STAY_AWAKE
        self._full_s, self._answered, self._missing = now_s, False, False
        self._tries += 1
        # Old firmware knows the plain form only.
        options = {"keepalive-options": [{"full-publish-completed-echo": self._echo}]}
        return "keepalive", json.dumps(options) if self._is_new else ""

    def _next_full_s(self, asked_s: float) -> float:
        """When everything is to be asked for again, after it was at `asked_s`."""
        if not self._answered:
            return asked_s + self._pace.retry_s
        return asked_s + (self._pace.again_s if self._missing else self._pace.full_s)
