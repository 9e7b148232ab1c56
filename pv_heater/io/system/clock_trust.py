"""Whether the wall clock may be believed: network time says so, or it agrees with the meter's own time.

A Pi has no clock chip: after a power cut without network it wakes up in the past. What needs the time of day then
waits; see `core.house.guards.clock`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pv_heater.core.model.values import Reading
from pv_heater.ports import Clock

MOST_OFFSET_S = 120.0
"""Difference to the meter's own time that is believed: more than an answer takes, too little to shift daylight."""
ASK_EVERY_S = 30.0


class ClockTrust:
    """Called once a tick; asks the kernel every half minute, and notices jumps in between."""

    def __init__(
        self,
        clock: Clock,
        network_time: Callable[[], bool],
        meter_offset_s: Callable[[], float | None],
        *,
        has_chip: bool = False,
    ) -> None:
        """`has_chip`: the machine keeps its time itself, as its owner says."""
        self._has_chip = has_chip
        self._clock = clock
        self._network_time = network_time
        self._meter_offset_s = meter_offset_s
        self._asked_s: float | None = None
        self._synchronised = False
        self._offset_s: float | None = None
        self._wall_minus_monotonic_s = 0.0

    def __call__(self, now: datetime, reading: Reading | None) -> bool:
        """Whether `now` may be believed."""
        del reading
        if self._has_chip:
            return True
        tick_s = self._clock.monotonic_s()
        if self._asked_s is None or tick_s - self._asked_s >= ASK_EVERY_S:
            self._asked_s, self._synchronised = tick_s, self._network_time()
        return self._synchronised or self._agrees(now.timestamp() - tick_s)

    def _agrees(self, wall_minus_monotonic_s: float) -> bool:
        offset_s = self._meter_offset_s()
        if offset_s is None:
            return False
        if offset_s != self._offset_s:
            # A new answer of the meter: from here on, what the wall clock gains over monotonic time is a jump.
            self._offset_s, self._wall_minus_monotonic_s = offset_s, wall_minus_monotonic_s
        jumped_s = wall_minus_monotonic_s - self._wall_minus_monotonic_s
        return abs(offset_s - jumped_s) <= MOST_OFFSET_S
