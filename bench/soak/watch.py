"""Watches a compressed life from inside its loop: what is held, how old readings get, when the heater is on."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.cost.footprint import open_files, resident_mib
from bench.soak.day import Trouble
from bench.soak.hurried_clock import HurriedClock
from pv_heater.core.model.values import Decision, Forecast, Reading
from pv_heater.ports import Load

_SAMPLED_AT = (0.05, 0.55, 0.98)
"""Shares of the time: once everything has begun, in the middle, at the end."""
_FRESH_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What this process holds at a moment."""

    resident_mib: float
    objects: int
    threads: int
    files: int


class SoakWatch:
    """A reporter of the loop."""

    def __init__(
        self,
        clock: HurriedClock,
        troubles: Sequence[Trouble],
        *,
        hours: float,
        recovery_s: float,
        progress: Callable[[int, int], None],
    ) -> None:
        self.ticks = 0
        self.held: list[Held] = []
        self.longest_age_s = self.heater_on_s = self.heater_on_lost_s = self.longest_tick_s = 0.0
        self.age_limit_s = 0.0
        self._clock = clock
        self._silences = [
            (each.begins_s, each.ends_s + recovery_s) for each in troubles if each.is_silence or each.kind == "garbage"
        ]
        self._seconds = 3600.0 * hours
        self._recovery_s = recovery_s
        self._progress = progress
        self._minutes = 0
        self._loads: Sequence[Load] = ()
        self._heater_w: Any = None
        self._before_s: float | None = None
        self._was_on = False

    def heat(self, loads: Sequence[Load], heater_w: Any) -> None:
        """From now on what the loads draw is told to the house by way of the shared number `heater_w`."""
        self._loads, self._heater_w = loads, heater_w

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
        """One tick was applied."""
        del forecast
        tick_s = self._clock.monotonic_s()
        self.ticks += 1
        self.age_limit_s = decision.thresholds.max_reading_age_s
        self._heater_w.value = sum(load.power_w() for load in self._loads)
        age_s = None if reading is None else (now - reading.taken_at).total_seconds()
        self._note_time(tick_s, age_s)
        self._was_on = any(setpoint.on for setpoint in decision.setpoints.values())
        if self._is_due(tick_s, age_s):
            self.held.append(held())
            self._before_s = None  # counting took a moment, which is not the loop's
        if tick_s // 60 > self._minutes:
            self._minutes = int(tick_s // 60)
            self._progress(min(self._minutes, int(self._seconds // 60)), int(self._seconds // 60))

    def complete(self) -> None:
        """It is over: what was not counted yet is counted now."""
        self.held += [held() for _ in _SAMPLED_AT[len(self.held) :]]
        self._progress(int(self._seconds // 60), int(self._seconds // 60))

    def _is_due(self, tick_s: float, age_s: float | None) -> bool:
        """Whether what is held should be counted now: with the connection standing, so that counts can be compared."""
        at_s = next(iter(_SAMPLED_AT[len(self.held) :]), 2.0) * self._seconds
        return age_s is not None and age_s < _FRESH_S and tick_s >= at_s

    def _note_time(self, tick_s: float, age_s: float | None) -> None:
        if self._before_s is not None:
            self.longest_tick_s = max(self.longest_tick_s, tick_s - self._before_s)
            if self._was_on:
                self.heater_on_s += tick_s - self._before_s
                self.heater_on_lost_s = max(self.heater_on_lost_s, age_s or 0.0)
        self._before_s = tick_s
        planned = tick_s < self._recovery_s or any(begins_s <= tick_s <= ends_s for begins_s, ends_s in self._silences)
        if age_s is not None and not planned:
            self.longest_age_s = max(self.longest_age_s, age_s)


def held() -> Held:
    """What this process holds now, after throwing away what can be."""
    gc.collect()
    return Held(
        resident_mib=resident_mib(Path("/proc/self")),
        objects=len(gc.get_objects()),
        threads=threading.active_count(),
        files=open_files(Path("/proc/self")),
    )
