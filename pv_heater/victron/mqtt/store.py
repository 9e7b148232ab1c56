"""The newest value of each topic of a GX device, and a picture of all of them. Bounded, whatever comes.

`value_of` makes a plain value of the bytes on a topic.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Final

from pv_heater.core.model.lean import dataclass
from pv_heater.io.system.log import Complain

LONGEST_BYTES = 4096
"""Longer than any value that is asked for; a D-Bus text or list of this length is none of ours."""

MOST_TOPICS = 2000
"""A large plant publishes 4,000 in all, of which a reader needs a few dozen."""
_MOST_COMPLAINTS = 20
"""A device that sends rubbish on every topic is known by then."""


class NotAValue(ValueError):
    """The payload is none that a GX device sends; the message says what came."""


class Gone:
    """Stands for zero bytes: the device behind the topic left the bus. One instance, `GONE`."""

    def __repr__(self) -> str:
        return "GONE"


GONE: Final = Gone()


def value_of(payload: bytes) -> object:
    """The value in ``{"value": 230.1}``; None for ``{"value": null}`` (not valid now), `GONE` for zero bytes.

    A value may be anything that JSON knows: text, truth values and lists come too where a number belongs. Raises
    NotAValue for everything that is not of this form.
    """
    if not payload:
        return GONE
    if len(payload) > LONGEST_BYTES:
        raise NotAValue(f"{len(payload)} bytes beginning with {payload[:40]!r}")
    try:
        body = json.loads(payload)
    # RecursionError: brackets within brackets; ValueError covers bad JSON, bad UTF-8 and endless digits.
    except (ValueError, RecursionError):
        raise NotAValue(f"{payload[:60]!r}") from None
    if not isinstance(body, dict) or "value" not in body:
        raise NotAValue(f"{payload[:60]!r}")
    return body["value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GxPicture:
    """What is known of the device at one moment."""

    values: Mapping[str, object]
    """Topic below ``N/<id>/`` to its newest value; None: not valid now. What is not there was never published."""
    gone: frozenset[str]
    """Topics that were taken back because their device left. Always empty with old firmware, which cannot tell."""


class GxStore:
    """Filled by the connection's thread, looked at by the reader's. Parses only what a picture is made of.

    Most values are overwritten before anyone looks, so payloads are kept as they came.
    """

    def __init__(self, complain: Complain) -> None:
        self._complain = complain
        self._lock = threading.Lock()
        self._payloads: dict[str, bytes] = {}
        self._unparsed: set[str] = set()
        self._values: dict[str, object] = {}
        self._gone: set[str] = set()
        self._complained: set[str] = set()
        self.changed_s = 0.0
        """When the last change came, monotonic."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known."""
        return not self._payloads

    def forget(self) -> None:
        """Start anew: what was known may have changed unseen."""
        with self._lock:
            for known in (self._payloads, self._unparsed, self._values, self._gone):
                known.clear()

    def keep(self, topic: str, payload: bytes, now_s: float) -> bool:
        """Whether the payload changes what is known."""
        with self._lock:
            if self._payloads.get(topic) == payload:
                return False
            if topic not in self._payloads and len(self._payloads) + len(self._gone) >= MOST_TOPICS:
                self._say_once("", f"more than {MOST_TOPICS} topics came; further ones are left out")
                return False
            # Cut just above what is accepted, so that the complaint can still be made.
            self._payloads[topic] = payload[: LONGEST_BYTES + 1]
            self._unparsed.add(topic)
            self._gone.discard(topic)
            self.changed_s = now_s
            return True

    def take_back(self, topic: str, now_s: float, *, device_left: bool) -> bool:
        """Zero bytes came: the value is known no more. Whether that changes anything."""
        with self._lock:
            # What was never published cannot be taken back.
            if self._payloads.pop(topic, None) is None:
                return False
            self._unparsed.discard(topic)
            self._values.pop(topic, None)
            if device_left:
                self._gone.add(topic)
            self.changed_s = now_s
            return True

    def picture(self) -> GxPicture:
        """What is known now. A payload that holds no value is named once and left out."""
        with self._lock:
            for topic in self._unparsed:
                try:
                    self._values[topic] = value_of(self._payloads[topic])
                except NotAValue as error:
                    self._values.pop(topic, None)
                    self._say_once(topic, f"{topic} says {error}, which is not a value; it is left out")
            self._unparsed.clear()
            return GxPicture(values=dict(self._values), gone=frozenset(self._gone))

    def _say_once(self, topic: str, text: str) -> None:
        """By topic: rubbish that differs from second to second is still one line."""
        if topic not in self._complained and len(self._complained) < _MOST_COMPLAINTS:
            self._complained.add(topic)
            self._complain(text)
