"""Domoticz over MQTT: ``domoticz/in`` and ``domoticz/out`` of its MQTT Client Gateway."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Collection, Mapping
from typing import Any

from pv_heater.core.settings.mqtt import Broker
from pv_heater.errors import AuthRejected, Unreachable
from pv_heater.io.net.mqtt import NOT_YET, MqttLink
from pv_heater.telemetry.domoticz.devices import Update

LOOK_S = 1.0
"""A selector speaks by itself; it is heard within this."""
ASK_S = 30.0
"""Each selector is asked for its level this often: a message may be lost, and Domoticz may keep our own from us."""
_SOON_S = 2.0
_CHECK_S, _LOOK_AGAIN_S = 8.0, 0.05
_LONGEST_MESSAGE = 20_000
_IDX = re.compile(rb'"idx"\s*:\s*(\d{1,10})\b')


class MqttWay:
    """Satisfies `domoticz.publisher.Way`; for one thread, beside the connection's own."""

    look_s = LOOK_S

    def __init__(self, broker: Broker, in_topic: str, out_topic: str, selectors: Collection[int]) -> None:
        """Connects to nothing yet. `selectors` are those that are listened to."""
        self._where = f"the broker at {broker.address}"
        self._in_topic = in_topic
        self._lock = threading.Lock()
        self._news: dict[int, bytes] = {}
        self._ask_at_s: dict[int, float] = dict.fromkeys(selectors, 0.0)
        self._asks_all = False
        topics = [out_topic, *(f"{out_topic}/{idx}" for idx in selectors)] if selectors else []
        self._link = MqttLink(
            broker,
            topics=topics,
            on_message=self._received,
            # What the broker kept is as old as it likes; the answer to our question is new.
            on_retained=lambda _topic, _payload: None,
            on_connect=self._connected,
        )

    def ready(self, at_s: float) -> bool:
        """Connect, and ask the selectors that are due. Raises SourceError while there is no connection."""
        self._link.start()
        trouble = self._link.trouble
        if trouble == NOT_YET:
            return False
        if trouble is not None:
            raise (AuthRejected if self._link.refused else Unreachable)(f"{self._where} {trouble}")
        with self._lock:
            if self._asks_all:
                self._asks_all = False
                self._ask_at_s = dict.fromkeys(self._ask_at_s, at_s)
            due = [idx for idx, ask_at_s in self._ask_at_s.items() if at_s >= ask_at_s]
        for idx in due:
            self._ask_at_s[idx] = at_s + ASK_S
            self._send({"command": "getdeviceinfo", "idx": idx})
        return True

    def update(self, update: Update) -> None:
        """Tell one device; nobody says whether it was taken. Raises SourceError."""
        self._send({"idx": update.idx, "nvalue": update.nvalue, "svalue": update.svalue})

    def heard(self, idx: int, at_s: float) -> int | None:  # noqa: ARG002 - what came is new
        """The newest level that came since this was asked last; None: none did."""
        with self._lock:
            payload = self._news.pop(idx, None)
        return None if payload is None else _level_in(payload, idx)

    def set_level(self, idx: int, level: int, at_s: float) -> None:
        """Set the selector, and ask soon whether it was taken. Raises SourceError."""
        self._send({"command": "switchlight", "idx": idx, "switchcmd": "Set Level", "level": level})
        self._ask_at_s[idx] = at_s + _SOON_S

    def ask(self, wanted: Mapping[str, int]) -> str:
        """Whether the broker answers; whether a device is there nobody tells. See `Way`."""
        until_s = time.monotonic() + _CHECK_S
        while not self.ready(0.0) and time.monotonic() < until_s:
            time.sleep(_LOOK_AGAIN_S)
        if not self.ready(0.0):
            raise Unreachable(f"{self._where} {self._link.trouble}")
        return f"{self._where} answers; whether Domoticz knows {', '.join(wanted) or 'us'} cannot be asked there"

    def close(self) -> None:
        """Disconnect."""
        self._link.close()

    def _send(self, message: dict[str, Any]) -> None:
        if not self._link.publish(self._in_topic, json.dumps(message, allow_nan=False, separators=(",", ":"))):
            raise Unreachable(f"{self._where} {self._link.trouble or 'takes no message'}")

    def _connected(self) -> None:
        with self._lock:
            self._asks_all = True

    def _received(self, _topic: str, payload: bytes) -> None:
        """On the connection's thread, which only keeps the newest of each selector: others may speak a lot."""
        found = _IDX.search(payload) if len(payload) <= _LONGEST_MESSAGE else None
        if found is not None and (idx := int(found[1])) in self._ask_at_s:
            with self._lock:
                self._news[idx] = payload


def _level_in(payload: bytes, idx: int) -> int | None:
    """The level of that selector; None where the message tells of none."""
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or message.get("idx") != idx:
        return None
    nvalue, level = message.get("nvalue"), message.get("svalue1")
    if nvalue == 0 and not isinstance(nvalue, bool):
        return 0
    text = level if isinstance(level, str) else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 3 else None
