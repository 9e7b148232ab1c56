"""One GX device over MQTT: who it is, keeping it talking, and the newest value of every topic that was asked for.

A GX device is silent until it is asked to speak, publishes changes only, and falls silent again 60 s after the last
keepalive. So it is asked for everything at each (re)connect and every three minutes, reminded in between, and its
heartbeat (every 3 s) is the sign that silence of a topic means an unchanged value.

Firmware before 3.20 has no heartbeat, its values are retained at the broker, and after its time-out it takes every
topic back although the device is fine; what is different then is said at each place.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from uuid import uuid4

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.core.settings.mqtt import Broker
from pv_heater.errors import AuthRejected, SourceError, Unreachable
from pv_heater.io.net.mqtt import NOT_YET, MqttLink, Trust
from pv_heater.io.net.mqtt_client import LinkPace
from pv_heater.io.system.log import Complaints
from pv_heater.ports import Clock
from pv_heater.victron.mqtt.calm import Calm
from pv_heater.victron.mqtt.conversation import SERIAL, GxPace, GxTalk
from pv_heater.victron.mqtt.store import GxPicture, GxStore, NotAValue, value_of

log = logging.getLogger(__name__)

_ANY_SERIAL = f"N/+/{SERIAL}"
"""The one topic that a GX device retains; its second part is the portal ID."""
_HEARTBEAT, _COMPLETED = "heartbeat", "full_publish_completed"
_LONGEST_TOPIC = 200
_MOST_IDS = 8
"""A home has one GX device, rarely two: more IDs than this are noise."""
_EARLIEST_UNIX_S = 1_704_067_200
"""2024: a GX clock before it was never set and vouches for nothing."""


def _check_portal_id(text: str) -> None:
    if not re.fullmatch(r"[0-9A-Za-z_-]{4,40}", text):
        raise SettingProblem("must be the VRM portal ID of the GX device, such as c0619ab0a001, or auto")


@dataclass(frozen=True, slots=True, kw_only=True)
class GxBroker(Broker):
    """Where the GX device is. Its MQTT has to be switched on, under Settings, Integrations."""

    host: str = setting("name or address of the GX device", default="venus.local")
    portal_id: str | None = setting(
        "VRM portal ID of the GX device; auto finds the one that is there", default=None, check=_check_portal_id
    )


class GxLink:
    """Keeps the newest values of `subtrees`; `next_picture` waits for news. Heals itself, for ever.

    `subtrees` are topics below ``N/<id>/``, with wildcards, which must not overlap: ``temperature/+/Temperature``.
    `wakes` says of such a topic whether a new value is worth a picture of its own (None: every one is); the heartbeat
    and a device that leaves always are. One thread calls `next_picture`; it sends the keepalives too, so that a reader
    that hangs lets the device fall silent.
    """

    def __init__(
        self,
        broker: GxBroker,
        clock: Clock,
        *,
        subtrees: Sequence[str],
        wakes: Callable[[str], bool] | None = None,
        pace: GxPace | None = None,
        link_pace: LinkPace | None = None,
        trust: Trust | None = None,
        where: str | None = None,
    ) -> None:
        """`link_pace` and `trust` are those of the connection; `where` is what messages call the other side."""
        self._broker = broker
        self._clock = clock
        self._subtrees = (*subtrees, *(topic for topic in (SERIAL, _HEARTBEAT, _COMPLETED) if topic not in subtrees))
        self._wakes = wakes or (lambda _topic: True)
        self._pace = pace or GxPace()
        self._where = where or f"the GX device at {broker.address}"
        complaints = Complaints(log)
        self._store = GxStore(lambda text: complaints(f"{self._where}: {text}"))
        self._talk = self._new_talk()
        self._calm = Calm(self._pace.silence_s, self._pace.calm_s)
        self._news = threading.Event()
        self._closed = False
        self._ids: dict[str, None] = {}
        self._id = broker.portal_id
        self._life_s: float | None = None
        """When the device last gave a sign of life on this connection; None before the first."""
        self._last_s: float | None = None
        """When the last picture was handed over, or when the first was asked for; None before."""
        self._clock_offset_s: float | None = None
        self._link = MqttLink(
            broker,
            topics=[_ANY_SERIAL] if self._id is None else self._topics(self._id),
            on_message=lambda topic, payload: self._heard(topic, payload, retained=False),
            on_retained=lambda topic, payload: self._heard(topic, payload, retained=True),
            on_connect=self._connected,
            pace=link_pace,
            trust=trust,
        )

    @property
    def trouble(self) -> str | None:
        """Why there is no connection, to stand behind the other side's name; None while one stands or begins."""
        trouble = self._link.trouble
        return None if trouble == NOT_YET else trouble

    @property
    def portal_id(self) -> str | None:
        """As set, else as found; None while nothing was found."""
        return self._id

    @property
    def clock_offset_s(self) -> float | None:
        """The device's clock minus ours, s; None before the first heartbeat, and while its clock was never set."""
        return self._clock_offset_s

    def close(self) -> None:
        """Disconnect; a waiting `next_picture` raises. May be repeated."""
        self._closed = True
        self._news.set()
        self._link.close()

    def ask_again(self) -> None:
        """Something that should be there is missing: let the device publish everything, at most every 10 s."""
        self._talk.miss()

    def next_picture(self) -> GxPicture:
        """Wait for a change, or for the heartbeat that says nothing changed, and return the values as they are then.

        The messages of one burst come in one picture: after the first of them it waits until nothing came for 4 ms
        (20 ms at most). A burst that the network tears further apart makes two pictures. Connects on the first call.
        Raises AuthRejected when the broker refuses us, Unreachable when no news came for as long as the pace says.
        """
        called_s = self._clock.monotonic_s()
        if self._last_s is None:
            self._last_s = called_s
            self._calm.begin(called_s)
        owed = False
        while not self._closed:
            self._link.start()
            now_s = self._clock.monotonic_s()
            self._speak(now_s)
            wait_s = self._deadline_s(called_s) - now_s
            if wait_s <= 0:
                raise self._trouble(now_s)
            # News may wait until everything was sent, which with old firmware only time tells.
            owed = self._news.wait(min(wait_s, self._pace.retry_s / 4)) or owed
            self._news.clear()
            if owed and self._is_ready():
                self._settle()
                return self._hand_over()
        self._link.close()  # it may have been started while it was being closed
        raise Unreachable(f"{self._where}: the connection was closed")

    def _deadline_s(self, called_s: float) -> float:
        """When a call begun at `called_s` gives up.

        In a long trouble each call still waits a little, so that whoever asks again at once does not spin; longer than
        a heartbeat, so that a reader who comes back late finds a device that is well.
        """
        if self._pace.patience_s is not None:
            return called_s + self._pace.patience_s
        if self._link.refused:
            return called_s + 0.1 * self._pace.silence_s
        return max((self._last_s or 0.0) + self._pace.silence_s, called_s + 0.4 * self._pace.silence_s)

    def _is_ready(self) -> bool:
        """Whether the device lives and sent everything since the connection: half a house must not be handed over."""
        if self._link.trouble is not None or self._other_device() is not None:
            return False
        if self._life_s is None or self._store.is_empty:
            return False
        now_s = self._clock.monotonic_s()
        return self._talk.is_complete(now_s) and self._calm.is_over(now_s)

    def _settle(self) -> None:
        """Wait for the end of the burst, and for the spacing between pictures."""
        pace, first_s, last_s = self._pace, self._clock.monotonic_s(), self._last_s or 0.0
        while True:
            now_s = self._clock.monotonic_s()
            ends_s = min(self._store.changed_s + pace.quiet_s, first_s + pace.longest_burst_s)
            wait_s = max(ends_s, last_s + pace.spacing_s) - now_s
            if wait_s <= 0:
                return
            time.sleep(wait_s)

    def _hand_over(self) -> GxPicture:
        self._last_s = self._clock.monotonic_s()
        self._news.clear()
        return self._store.picture()

    def _speak(self, now_s: float) -> None:
        """Send the keepalive that is due, if one is."""
        portal_id = self._id
        if portal_id is None or self._link.trouble is not None:
            return
        request = self._talk.due(now_s)
        if request is not None:
            topic, payload = request
            self._link.publish(f"R/{portal_id}/{topic}", payload)

    def _connected(self) -> None:
        self._store.forget()
        self._life_s = None
        self._talk = self._new_talk()
        self._speak(self._clock.monotonic_s())

    def _new_talk(self) -> GxTalk:
        return GxTalk(self._pace, uuid4().hex[:12])

    def _heard(self, topic: str, payload: bytes, *, retained: bool) -> None:
        parts = topic.split("/", 2)
        if len(parts) != 3 or len(topic) > _LONGEST_TOPIC:
            return
        _, portal_id, below = parts
        if below == SERIAL:
            self._met(portal_id)
        if portal_id == self._id and self._take(below, payload, retained=retained):
            self._news.set()

    def _take(self, below: str, payload: bytes, *, retained: bool) -> bool:
        """Whether this is worth a picture."""
        now_s = self._clock.monotonic_s()
        if not retained:
            # What the broker remembers of a device that is long dead is not a sign of life.
            self._life_s = now_s
            self._calm.heard(now_s)
        if below == _HEARTBEAT:
            self._talk.heard_heartbeat()
            self._note_clock(payload)
            return now_s - (self._last_s or 0.0) >= self._pace.renew_s
        if below == _COMPLETED:
            self._talk.heard_completed(payload)
            return True
        if not payload:
            # Old firmware takes back everything when nobody kept it awake; its devices are fine.
            return self._store.take_back(below, now_s, device_left=not self._talk.is_old)
        is_news = self._store.keep(below, payload, now_s)
        if below == SERIAL:
            return not retained  # with old firmware the answer to our asking, in place of a heartbeat
        self._talk.heard_value(now_s)
        if is_news:
            self._calm.changed(below, now_s)
        return is_news and self._wakes(below)

    def _met(self, portal_id: str) -> None:
        """A device told who it is."""
        if len(self._ids) < _MOST_IDS:
            self._ids[portal_id] = None
        if self._id is None:
            self._id = portal_id
            self._link.subscribe(self._topics(portal_id))
            self._speak(self._clock.monotonic_s())

    def _topics(self, portal_id: str) -> list[str]:
        # The serial number of a device that was found is subscribed already, by its wildcard.
        found = self._broker.portal_id is None
        return [f"N/{portal_id}/{below}" for below in self._subtrees if not (found and below == SERIAL)]

    def _note_clock(self, payload: bytes) -> None:
        try:
            unix_s = number_of(value_of(payload))
        except NotAValue:
            unix_s = None
        known = unix_s is not None and unix_s >= _EARLIEST_UNIX_S
        self._clock_offset_s = unix_s - self._clock.now().timestamp() if unix_s is not None and known else None

    def _other_device(self) -> str | None:
        """A second device at this broker, when nobody said which of the two is meant."""
        if self._broker.portal_id is not None:
            return None
        return next((portal_id for portal_id in self._ids if portal_id != self._id), None)

    def _trouble(self, now_s: float) -> SourceError:
        """Why there is nothing to hand over."""
        trouble, other = self._link.trouble, self._other_device()
        if self._link.refused:
            return AuthRejected(f"{self._where} {trouble}")
        if trouble is not None:
            return Unreachable(f"{self._where} {trouble}")
        if self._id is None:
            return Unreachable(f"{self._where}: a broker answers, but no GX device has told it its portal ID")
        if other is not None:
            return Unreachable(f"{self._where}: two devices speak there, {self._id} and {other}; name one in portal_id")
        if self._life_s is None:
            return Unreachable(f"{self._where}: no word from a device with portal ID {self._id}; is it the right ID?")
        if not self._calm.is_over(now_s):
            return Unreachable(
                f"{self._where} speaks again after {self._calm.silent_s:.0f} s of silence, and still tells what it "
                "slept through"
            )
        silent_s = now_s - self._life_s
        if silent_s >= 0.4 * self._pace.silence_s:
            return Unreachable(f"{self._where} has been silent for {silent_s:.0f} s")
        return Unreachable(f"{self._where} is awake, but does not tell its values")
