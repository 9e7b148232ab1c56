"""A day at a GX device, compressed: the sun, the house, and what goes wrong. Played in a process of its own."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from random import Random
from typing import Any

from bench.doubles.gx_examples import GX_HOUSE
from bench.doubles.gx_mqtt import GxPeer

FLOOD_MESSAGES = 1000
_KINDS = ("device leaves", "flood", "broker restart", "garbage", "silence")
_LASTS_S = {"device leaves": 600.0, "flood": 1.0, "broker restart": 5.0, "garbage": 60.0, "silence": 180.0}
_PER_HOUR = 1.5
_CHARGER = "solarcharger/279"
_RUBBISH = (
    b'{"value":null}',
    b'{"value":"x"}',
    b'{"value":[1]}',
    b"\xff\xfe",
    b"{",
    b'{"value":1e9}',
    b'{"value":NaN}',
)
_CAPACITY_WH, _CHARGE_W, _PEAK_W = 4800.0, 2400.0, 5000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that goes wrong for a while; times in seconds of the compressed day."""

    kind: str
    begins_s: float
    ends_s: float

    @property
    def is_silence(self) -> bool:
        """Whether no readings can come meanwhile."""
        return self.kind in ("silence", "broker restart")


def troubles_of(hours: float, seed: int) -> tuple[Trouble, ...]:
    """Each kind at least once, the first after a tenth of the time and the last before nine tenths."""
    random = Random(f"troubles {seed}")
    count = max(len(_KINDS), round(_PER_HOUR * hours))
    spacing_s = 0.8 * 3600 * hours / count
    found = []
    for number in range(count):
        kind = _KINDS[number % len(_KINDS)]
        begins_s = 360 * hours + spacing_s * (number + 0.2 * random.random())
        found.append(Trouble(kind=kind, begins_s=begins_s, ends_s=begins_s + min(_LASTS_S[kind], spacing_s / 3)))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What the peer plays."""

    port: int
    hours: float
    speed: float
    seed: int
    began_s: float
    """The real monotonic second at which the day begins; the clock is shared between processes."""


def play(day: Day, heater_w: Any, told: Connection) -> None:
    """Play the day, then tell how many messages were published. `heater_w` is shared: what our heater draws."""
    plant = _Plant(day)
    with GxPeer(day.port, plant.values(0.0), speed=day.speed) as peer:
        told.send("ready")
        _play(peer, plant, day, heater_w)
        told.send(peer.published)


def _play(peer: GxPeer, plant: _Plant, day: Day, heater_w: Any) -> None:
    changes = _changes(troubles_of(day.hours, day.seed))
    for second in range(round(3600 * day.hours)):
        while changes and changes[0][0] <= second:
            _, trouble, begins = changes.pop(0)
            _change(peer, plant, trouble.kind, begins)
        late_s = time.monotonic() - (day.began_s + second / day.speed)
        if late_s > 1.0:
            continue  # this machine cannot keep pace: some seconds are left out rather than all be late
        time.sleep(max(0.0, -late_s))
        peer.set(plant.values(heater_w.value))


def _changes(troubles: Sequence[Trouble]) -> list[tuple[float, Trouble, bool]]:
    both = [(each.begins_s, each, True) for each in troubles] + [(each.ends_s, each, False) for each in troubles]
    return sorted(both, key=lambda change: change[0])


def _change(peer: GxPeer, plant: _Plant, kind: str, begins: bool) -> None:
    """Broker restarts are not ours: the bench kills the broker."""
    plant.garbage = begins if kind == "garbage" else plant.garbage
    if kind == "silence":
        peer.hang(begins)
    elif kind == "device leaves":
        plant.charger_there = not begins
        if begins:
            peer.remove(_CHARGER)
    elif kind == "flood" and begins:
        for number in range(FLOOD_MESSAGES):
            peer.set({"system/0/Ac/Consumption/L1/Power": 300.0 + number % 7})
    elif kind == "garbage" and begins:
        for number, topic in enumerate(GX_HOUSE):
            peer.say(topic, _RUBBISH[number % len(_RUBBISH)])


class _Plant:
    """Sun, house and battery, second by second."""

    def __init__(self, day: Day) -> None:
        self._random = Random(f"plant {day.seed}")
        self._second = (12.0 - day.hours / 2) * 3600.0
        self._charge_wh = 0.5 * _CAPACITY_WH
        self._cloud = 1.0
        self.charger_there = True
        self.garbage = False

    def values(self, heater_w: float) -> dict[str, object]:
        """The next second: what changed of ``GX_HOUSE``."""
        self._second += 1.0
        random, hour = self._random, self._second / 3600.0 % 24
        self._cloud = min(1.0, max(0.2, self._cloud + random.gauss(0.0, 0.03)))
        pv_w = round(_PEAK_W * max(0.0, math.sin(math.pi * (hour - 5) / 14)) * self._cloud, 1) if 5 < hour < 19 else 0.0
        use_w = round(300.0 + 150.0 * random.random() + heater_w, 1)
        percent = 100.0 * self._charge_wh / _CAPACITY_WH
        room_w = _CHARGE_W * min(1.0, (100.0 - percent) / 2.0)
        battery_w = max(min(pv_w - use_w, room_w), -_CHARGE_W if percent > 5 else 0.0)
        self._charge_wh += battery_w / 3600.0
        house: dict[str, object] = {
            "system/0/Ac/Grid/L1/Power": round(use_w + battery_w - pv_w, 1),
            "system/0/Ac/Consumption/L1/Power": use_w,
            "system/0/Ac/PvOnGrid/L1/Power": None if self.garbage else 0.0,
            "system/0/Dc/Pv/Power": pv_w,
            "system/0/Dc/Battery/Power": round(battery_w, 1),
            "system/0/Dc/Battery/Voltage": round(50.0 + percent / 25.0 + random.random() / 50.0, 2),
            "system/0/Dc/Battery/Soc": round(percent, 1),
            "system/0/Dc/Battery/State": 1 if battery_w > 0 else 2 if battery_w < 0 else 0,
        }
        charger = {f"{_CHARGER}/Yield/Power": pv_w, f"{_CHARGER}/Pv/V": round(80.0 + random.random(), 2)}
        there = {**GX_HOUSE, **house, **charger}
        return {topic: there[topic] for topic in there if self.charger_there or not topic.startswith(_CHARGER)}
