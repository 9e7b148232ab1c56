"""What a rule file is given: the home as it is now, and helpers that remember."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pv_heater.core.conditions.names import THIS, Value
from pv_heater.core.model.numbers import number_of
from pv_heater.core.rules.condition_memory import Holds, Latches

Picture = Mapping[str, Mapping[str, Value]]
"""As `core.rules.scene.HomeScene.as_json` makes it."""
Probe = Callable[[str, str], bool | None]
"""Kind and target of a question to the world outside; None while it is not answered."""

MOST_KEYS = 100
"""Timers and remembered conditions of one rule file; more is a mistake that would fill the memory."""


class NotKnown(Exception):
    """A value that nobody tells now; the load stays off until somebody does, unless the rule catches this."""


class RuleMemory:
    """What one rule file's helpers remember between two questions. `now_s` are seconds that never go back."""

    def __init__(self) -> None:
        self.holds = Holds()
        self.latches = Latches()
        self.timers: dict[str, float] = {}
        """When each ends."""

    def as_json(self, now_s: float) -> dict[str, Any]:
        """As ages and times left: seconds mean nothing after a restart."""
        timers = {name: end_s - now_s for name, end_s in self.timers.items() if end_s > now_s}
        return {"holds": self.holds.as_json(now_s), "latches": self.latches.as_json(now_s), "timers": timers}

    def take_back(self, saved: Mapping[str, Any], now_s: float, away_s: float) -> None:
        """Go on from what `as_json` gave `away_s` seconds ago; anything else is left out."""
        holds, latches, timers = saved.get("holds"), saved.get("latches"), saved.get("timers")
        if isinstance(holds, Mapping):
            self.holds.take_back(holds, now_s, away_s)
        if isinstance(latches, Mapping):
            self.latches.take_back(latches, now_s, away_s)
        for name, left in timers.items() if isinstance(timers, Mapping) else ():
            left_s = number_of(left)
            if left_s is not None:
                self.timers[str(name)] = now_s + left_s - away_s

    def check_key(self, key: object, keys: int) -> str:
        """`key` as a text; raises ValueError where there are too many already."""
        if keys >= MOST_KEYS:
            raise ValueError(f"a rule may remember {MOST_KEYS} timers and conditions, and this is one more: {key!r}")
        return str(key)


class LoadValues:
    """One load: ``is_on``, ``on_today_s`` and the other names of docs/rules.md as attributes."""

    def __init__(self, name: str, values: Mapping[str, Value]) -> None:
        self._name = name
        self._values = values

    def __getattr__(self, name: str) -> Any:
        """The value; raises NotKnown while nobody tells it, AttributeError for a name that there is not."""
        return _value(self._values, name, f"{self._name}.{name}")

    def known(self, name: str) -> bool:
        """Whether somebody tells that value now."""
        return self._values.get(name) is not None


class Home:
    """The home at one moment: ``soc``, ``grid_w`` and the other names of docs/rules.md, and every load by its name."""

    def __init__(self, this: str, picture: Picture, now_s: float, memory: RuleMemory, probe: Probe) -> None:
        self._this = this
        self._picture = picture
        self._values = picture["home"]
        self._now_s = now_s
        self._memory = memory
        self._probe = probe

    def __getattr__(self, name: str) -> Any:
        """A value of the home or a load; raises NotKnown while nobody tells the value."""
        if name == THIS:
            return self.load(self._this)
        if name not in self._values and f"load.{name}" in self._picture:
            return self.load(name)
        return _value(self._values, name, name)

    def load(self, name: str) -> LoadValues:
        """A load by its name, also one that is called like a value of the home. Raises KeyError without it."""
        return LoadValues(name, self._picture[f"load.{name}"])

    def known(self, name: str) -> bool:
        """Whether somebody tells that value now."""
        return self._values.get(name) is not None

    def held(self, key: str, condition: bool, for_s: float) -> bool:
        """Whether `condition` has been true for `for_s` seconds; `key` tells the conditions of one rule apart."""
        holds = self._memory.holds
        return bool(holds.lasted(self._memory.check_key(key, holds.count_without(key)), condition, for_s, self._now_s))

    def min_on(self, key: str, condition: bool, for_s: float) -> bool:
        """`condition`, but once true for at least `for_s` seconds."""
        return self._lasting(key, condition, on_s=float(for_s))

    def min_off(self, key: str, condition: bool, for_s: float) -> bool:
        """`condition`, but once false for at least `for_s` seconds."""
        return self._lasting(key, condition, off_s=float(for_s))

    def hysteresis(self, key: str, value: float, on_at: float, off_at: float) -> bool:
        """True once `value` has reached `on_at`, until it is beyond `off_at`."""
        latches = self._memory.latches
        place = self._memory.check_key(key, latches.count_without(key))
        return bool(latches.hysteresis(place, float(value), float(on_at), float(off_at), self._now_s))

    def _lasting(self, key: str, condition: bool, *, on_s: float = 0.0, off_s: float = 0.0) -> bool:
        latches = self._memory.latches
        place = self._memory.check_key(key, latches.count_without(key))
        return bool(latches.lasting(place, bool(condition), self._now_s, on_s=on_s, off_s=off_s))

    def start_timer(self, key: str, for_s: float) -> None:
        """Start a timer, or start it anew."""
        timers = self._memory.timers
        for name in [name for name, end_s in timers.items() if end_s <= self._now_s]:
            del timers[name]
        timers[self._memory.check_key(key, len(timers.keys() - {key}))] = self._now_s + float(for_s)

    def timer_left_s(self, key: str) -> float:
        """Seconds until a timer ends; 0 when it has ended, or was never started."""
        return max(0.0, self._memory.timers.get(key, self._now_s) - self._now_s)

    def between(self, begin: str, end: str) -> bool:
        """Whether it is between two clock times such as ``"11:00"``, past midnight too."""
        first, last, minute = _minute(begin), _minute(end), self.minute_of_day
        return bool(first <= minute < last if first <= last else minute >= first or minute < last)

    def ping(self, host: str) -> bool:
        """Whether a host answered lately; raises NotKnown until it has been asked."""
        return self._asked("ping", host)

    def file_exists(self, path: str) -> bool:
        """Whether a file was there lately; raises NotKnown until it has been looked for."""
        return self._asked("file_exists", path)

    def _asked(self, kind: str, target: str) -> bool:
        answer = self._probe(kind, target)
        if answer is None:
            raise NotKnown(f'{kind}("{target}")')
        return answer


def _value(values: Mapping[str, Value], name: str, shown: str) -> Value:
    if name not in values:
        raise AttributeError(f"there is no {shown}; docs/rules.md names what there is")
    if values[name] is None:
        raise NotKnown(shown)
    return values[name]


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):
        raise ValueError(f"a time of day is written as 11:00, not {text!r}")
    return int(hour) * 60 + int(minute)
