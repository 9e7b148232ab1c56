"""A load that once started runs to its end, such as a washing machine: how far it is, and when it has ended."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pv_heater.core.own_meters import Measured

RESTS_BELOW_W = 5.0
RESTS_FOR_S = 300.0
"""A machine that draws less than 5 W for 5 min has ended: it soaks and waits for shorter, and its lamp draws less."""
LONGEST_RUN_S = 6 * 3600.0
"""The longest run of a load whose own meter should tell its end: the slowest programmes take five hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that is under way. Ticks are those of the measurements, so that one that is repeated proves nothing."""

    since_s: float
    drew: bool = False
    """Whether it was measured to draw anything since it began."""
    resting_since_s: float | None = None
    """When the first measurement of an unbroken row was taken that shows it resting."""
    seen_s: float | None = None
    """When the latest measurement was taken; None before the first."""

    def after(self, measured: Measured | None) -> Run:
        """With what its own meter says now; None: nothing that can be believed."""
        if measured is None or measured.taken_s < self.since_s or measured.taken_s == self.seen_s:
            return self
        if abs(measured.power_w) >= RESTS_BELOW_W:
            return replace(self, drew=True, resting_since_s=None, seen_s=measured.taken_s)
        since_s = measured.taken_s if self.resting_since_s is None else self.resting_since_s
        return replace(self, resting_since_s=since_s, seen_s=measured.taken_s)

    @property
    def rests(self) -> bool:
        """Whether it has drawn nothing for long enough to have ended, or never to have begun."""
        if self.resting_since_s is None or self.seen_s is None:
            return False
        return self.seen_s - self.resting_since_s >= RESTS_FOR_S

    def ended(self, run_s: float | None, tick_s: float) -> str | None:
        """Why the run is over; None while it goes on. `run_s` is its longest time, None the longest of any."""
        if self.rests:
            return f"it drew less than {RESTS_BELOW_W:.0f} W for {RESTS_FOR_S / 60:.0f} min"
        longest_s = LONGEST_RUN_S if run_s is None else run_s
        if tick_s - self.since_s < longest_s:
            return None
        return f"it has run for {longest_s / 60:.0f} min, its longest time"
