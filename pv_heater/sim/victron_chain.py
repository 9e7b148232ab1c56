"""How a Victron home is measured: drivers that sample once a second, and a calculation that combines what they said.

Each driver looks at a moment of its own, a little late; the calculation runs on a timer of its own and dates what it
publishes "now", as the readers of a GX device do. So the house shows a step of a load one to two seconds after it, PV
and battery show it at other moments, and the date of a reading proves nothing about what is in it. The arithmetic is
that of Victron's dbus-systemcalc, as it was seen running (losses of drivers, start of the calculation).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from math import floor
from random import Random
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import Reading
from pv_heater.errors import SourceError
from pv_heater.sim.chain_faults import (
    DEVICES,
    BrokerSilent,
    Contradicts,
    Fault,
    Hung,
    Lost,
    Moved,
    OneSample,
    ShownCharge,
    SystemRestart,
    in_force,
    of_device,
)
from pv_heater.sim.chain_words import Truth, Words

KEPT_S = 8.0
"""So long the true course is kept: more than any sample is late."""
HEARTBEAT_S = 3.0
"""The pace that a GX reader claims."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSettings:
    """When each driver and the calculation look, and what goes wrong. Phases are seconds into each second."""

    phase_s: Mapping[str, float] = field(default_factory=dict)
    """By device, and "system" for the calculation; drawn by the seed where it is not given."""
    lag_s: Mapping[str, float] = field(default_factory=dict)
    """How old a value is when its driver looks at it, by device: its own averaging. 0 where it is not given."""
    noise_w: float = 0.0
    """Standard deviation of each power."""
    dc_is_measured: bool = True
    """Whether the GX device has a meter of the DC loads."""
    feed_in: bool = False
    seed: int = 1
    faults: Sequence[Fault] = ()


EARLY: Mapping[str, float] = {"system": 0.6} | dict.fromkeys(DEVICES, 0.5)
"""The drivers look just before the calculation runs: to a look each second a step shows after one second."""
LATE: Mapping[str, float] = {"system": 0.9} | dict.fromkeys(DEVICES, 0.95)
"""They look just after it has run: a step shows after two seconds, and the reading dated between has it not."""


class VictronChain:
    """Gets the truth as it goes on; answers what is published. Nothing happens between two calls."""

    def __init__(self, settings: ChainSettings) -> None:
        self._settings = settings
        chance = Random(f"chain {settings.seed}")
        self._phase_s = {name: round(chance.uniform(0.05, 0.95), 2) for name in ("system", *DEVICES)}
        self._phase_s.update(settings.phase_s)
        self._lag_s = settings.lag_s
        self._course: deque[Truth] = deque()
        self._last_words: dict[tuple[str, float], Truth] = {}
        self._silent_readings: list[tuple[float, Reading]] = []

    def note(self, truth: Truth) -> None:
        """The home is so from `truth.from_s` on; times never fall."""
        course = self._course
        course.append(truth)
        while len(course) > 2 and course[1].from_s < truth.from_s - KEPT_S:
            course.popleft()
        for fault in self._settings.faults:
            # What a driver says last is to be found here for as long as it hangs.
            if isinstance(fault, Hung) and fault.holds(truth.from_s):
                self._last_words.setdefault((fault.device, fault.from_s), self._seen(fault.device, fault.from_s))

    def keep_silent(self, second: float, at: Callable[[float], datetime]) -> None:
        """To be called each second or so: notes what a silent broker will tell later."""
        if in_force(self._settings.faults, BrokerSilent, second) is None:
            return
        try:
            self._silent_readings.append((second, self._calculated(self._published_s(second), at)))
        except SourceError:
            return

    def reading(self, second: float, at: Callable[[float], datetime]) -> Reading:
        """What a reader has at that second; `at` dates a second. Raises SourceError while nothing is published."""
        faults = self._settings.faults
        if in_force(faults, BrokerSilent, second) is not None:
            raise SourceError("the GX device has been silent")
        for fault in faults:
            if isinstance(fault, BrokerSilent) and fault.to_s <= second < fault.to_s + fault.burst_s:
                slept = [row for row in self._silent_readings if fault.holds(row[0])]
                share = (second - fault.to_s) / fault.burst_s
                if slept:
                    return replace(slept[int(share * len(slept))][1], taken_at=at(second))
        return self._calculated(self._published_s(second), at)

    def _published_s(self, second: float) -> float:
        """When the calculation ran last."""
        return _last_time(second, self._phase_s["system"])

    def _calculated(self, second: float, at: Callable[[float], datetime]) -> Reading:
        """What the calculation makes of the drivers' words at that second."""
        faults = self._settings.faults
        if in_force(faults, SystemRestart, second) is not None:
            raise SourceError("the GX device's system service reports nothing")
        if self._is_lost("grid", second):
            # The readers know that what is shown then is the inverter's input only.
            raise SourceError("the GX device lost its grid meter")
        reading = self._combined(self._words_at(second), at(second))
        tipped = in_force(faults, OneSample, second)
        if tipped is None:
            return reading
        changes: dict[str, Any] = {tipped.field: tipped.power_w}
        return replace(reading, **changes)

    def words(self, second: float) -> Words:
        """What a client of the broker can see at that second, for readers that take it apart themselves.

        Raises SourceError while the broker is silent, until its burst is over, and while the calculation is away.
        """
        published_s = self._published_s(second)
        for fault in self._settings.faults:
            if isinstance(fault, BrokerSilent) and fault.from_s <= second < fault.to_s + fault.burst_s:
                raise SourceError("the GX device has been silent")
        if in_force(self._settings.faults, SystemRestart, published_s) is not None:
            raise SourceError("the GX device's system service reports nothing")
        return self._words_at(published_s)

    def _words_at(self, second: float) -> Words:
        settings = self._settings
        chance = Random(f"{settings.seed} {second:.2f}") if settings.noise_w else None
        return Words(
            by_device={device: self._said(device, second, chance) for device in DEVICES},
            said_s={device: self._said_s(device, second) for device in DEVICES},
            moved=frozenset(
                fault.device for fault in settings.faults if isinstance(fault, Moved) and fault.to_s <= second
            ),
            knows_inverter=not self._is_incomplete(second),
            shown=in_force(settings.faults, ShownCharge, second),
        )

    def _combined(self, words: Words, taken_at: datetime) -> Reading:
        vebus, grid, battery = words.inverter, words.by_device["grid"], words.by_device["battery"]
        chargers = [(number, words.by_device[f"charger_{number + 1}"]) for number in (0, 1)]
        there = [(number, said) for number, said in chargers if said is not None]
        source = vebus.source if vebus is not None else None
        grid_w = grid.grid_w if grid is not None and source in (None, "grid", "shore") else None
        dc = words.by_device["dc"] if self._settings.dc_is_measured else None
        # Without a monitor the inverter's own word stands for the battery's power; without both nobody believes it.
        monitor = battery or vebus
        return Reading(
            taken_at=taken_at,
            source="gx simulated",
            pv_w=sum(said.charger_w[number] for number, said in there) if there else None,
            consumption_w=words.consumption_w,
            grid_w=grid_w,
            grid_phase_w=() if grid_w is None else (grid_w,),
            battery_w=monitor.battery_w if monitor is not None else None,
            battery_soc_percent=words.soc_percent,
            pv_throttled=_throttled(there, [said for _, said in chargers]),
            feed_in_allowed=self._settings.feed_in,
            grid_connected=None if source is None else source in ("grid", "shore"),
            ac_source=source,
            dc_load_w=dc.dc_w if dc is not None else None,
            steering=None if vebus is None else vebus.steering,
            interval_s=HEARTBEAT_S,
        )

    def _is_lost(self, device: str, second: float) -> bool:
        return of_device(self._settings.faults, Lost, device, second) is not None

    def _is_incomplete(self, second: float) -> bool:
        """Whether the calculation has only just started."""
        restarts = [fault for fault in self._settings.faults if isinstance(fault, SystemRestart)]
        return any(fault.to_s <= second < fault.to_s + fault.incomplete_s for fault in restarts)

    def _said(self, device: str, second: float, chance: Random | None) -> Truth | None:
        """The driver's last word before that second; None while it is lost."""
        faults = self._settings.faults
        if self._is_lost(device, second):
            return None
        hung = of_device(faults, Hung, device, second)
        known = self._last_words.get((device, hung.from_s)) if hung is not None else None
        said = known or self._seen(device, second)
        wrong = of_device(faults, Contradicts, device, second)
        if isinstance(wrong, Contradicts):
            said = _changed(said, lambda power_w: power_w * wrong.times + wrong.plus_w)
        if chance is not None:
            said = _changed(said, lambda power_w: power_w + chance.gauss(0.0, self._settings.noise_w))
        return said

    def _said_s(self, device: str, second: float) -> float:
        """When that word was said."""
        hung = of_device(self._settings.faults, Hung, device, second)
        return _last_time(second if hung is None else hung.from_s, self._phase_s[device])

    def _seen(self, device: str, second: float) -> Truth:
        """What its driver saw when it looked last before that second."""
        seen_s = _last_time(second, self._phase_s[device]) - self._lag_s.get(device, 0.0)
        truth = next((truth for truth in reversed(self._course) if truth.from_s <= seen_s), self._course[0])
        return truth.at(seen_s)


def _last_time(second: float, phase_s: float) -> float:
    """The last moment up to `second` that lies `phase_s` into a second."""
    return floor(second - phase_s + 1e-9) + phase_s


def _changed(said: Truth, change: Callable[[float], float]) -> Truth:
    changes: dict[str, Any] = {
        name: change(getattr(said, name)) for name in ("grid_w", "battery_w", "output_w", "input_w", "dc_w")
    }
    first_w, second_w = said.charger_w
    return replace(said, **changes, charger_w=(max(0.0, change(first_w)), max(0.0, change(second_w))))


def _throttled(there: Sequence[tuple[int, Truth]], chargers: Sequence[Truth | None]) -> bool | None:
    """True when any charger says so; None when a silent one might."""
    if any(said.throttled for _, said in there):
        return True
    return False if all(chargers) else None
