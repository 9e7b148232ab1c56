"""A solid-state relay on a pin, switched cycle by cycle by a thread of its own.

A part of full power is made of whole mains cycles, spread as evenly as can be. Each decision is the nearest to what is
owed, the rest is carried over (error diffusion, as Bresenham draws a line): so the energy is never more than half a
unit off, however long it runs and however small the part is. Whole cycles keep both half waves alike: no direct current
in the transformer down the street.

A pin library's slow PWM would be less code, but goes on when this program hangs. This thread stops by itself when it is
not spoken to, is noticed when it hangs, and knows what flowed while it overslept. It does not know where the mains
stand: that is a zero-cross relay's business, which waits for the next crossing and lets whole half waves through. A
random-fire relay must not be used, it would cut waves in the middle.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from pv_heater.core.model.lean import dataclass
from pv_heater.errors import HardwareError
from pv_heater.io.alive.starting import Thread
from pv_heater.io.gpio.pins import TRIP_PATIENCE_S, RelayLine

MOST_REPAID_UNITS = 100.0
"""What flowed too much is repaid by as many units at most: after a long hang the account begins anew."""
MOST_MADE_UP_UNITS = 5.0
"""What flowed too little is made up for as far as late wake-ups go; after a hang the sun it was meant for is gone."""
DEAD_MAN_S = 10.0
"""Not spoken to for this long, it is off: as long as the watchdog waits, and twice the slowest tick."""
HANG_S = 2.0
"""A thread that has not moved for this long, at three looks at least `LOOK_S` apart, hangs; no unit is that long."""
LOOK_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """The account of one solid-state relay. A unit is the shortest time it is on or off: one or more whole cycles."""

    on: bool = False
    """Whether the unit under way is let through."""
    owed_units: float = 0.0
    """What was asked for and did not flow yet; below 0 it flowed too much."""


def next_unit(burst: Burst, share: float, lasted_units: float = 1.0) -> Burst:
    """What comes after the unit under way, of which `lasted_units` passed: 1, more where somebody slept.

    `share` is the part of full power wanted, 0 to 1; at 0 nothing is on and nothing owed, at 1 nothing is off.
    """
    if share <= 0:
        return Burst()
    owed = burst.owed_units + (share - burst.on) * lasted_units
    owed = min(max(owed, -MOST_REPAID_UNITS), MOST_MADE_UP_UNITS)
    return replace(burst, on=share >= 1 or owed + share >= 0.5, owed_units=owed)


class BurstLine:
    """What the thread does, without the thread. Safe to use from two: one tells, one calls `turn`."""

    def __init__(self, line: RelayLine, *, unit_s: float) -> None:
        """`unit_s`: the shortest time on or off, a whole number of mains cycles."""
        self._line = line
        self._unit_s = unit_s
        self._share = 0.0
        self._told_s = 0.0
        self._burst = Burst()
        self._began_s: float | None = None
        """When the unit under way began; None before the first."""
        self._lock = threading.Lock()

    @property
    def share(self) -> float:
        """The part of full power it lets through, 0 to 1."""
        return 0.0 if self._line.held_open else self._share

    def want(self, share: float, now_s: float) -> None:
        """Let that part through from the next unit on."""
        # Without the lock: who tells must not wait for a thread that hangs while it holds it.
        self._told_s, self._share = now_s, share

    def stop(self) -> None:
        """Off, now: nothing closes it again before `want`. Raises HardwareError."""
        self._share = 0.0
        if not self._lock.acquire(timeout=TRIP_PATIENCE_S):
            self._line.trip()
            raise HardwareError("the thread that switches the solid-state relay hangs in a write to its pin")
        try:
            self._end()
        finally:
            self._lock.release()

    def turn(self, now_s: float) -> float | None:
        """Begin the unit that is due; returns when the next one is, None when it is off. Raises HardwareError."""
        with self._lock:
            if self._share <= 0 and self._began_s is None:
                return None  # stopped, and perhaps the pin is no longer ours
            if self._share <= 0 or now_s - self._told_s > DEAD_MAN_S or self._line.held_open:
                self._end()
                return None
            lasted_s = 0.0 if self._began_s is None else now_s - self._began_s
            self._burst = next_unit(self._burst, self._share, lasted_s / self._unit_s)
            if self._burst.on:
                self._line.close_contact()
            else:
                self._line.open_contact()
            self._began_s = now_s
            return now_s + self._unit_s

    def _end(self) -> None:
        self._share, self._burst, self._began_s = 0.0, Burst(), None
        self._line.open_contact()


class BurstDriver:
    """The thread. It runs while there is something to let through."""

    def __init__(self, name: str, line: RelayLine, *, unit_s: float, monotonic_s: Callable[[], float]) -> None:
        """`name` is the load's, for messages; `unit_s` as for `BurstLine`."""
        self._name = name
        self._line = line
        self._burst = BurstLine(line, unit_s=unit_s)
        self._monotonic_s = monotonic_s
        self._thread: threading.Thread | None = None
        self._hurry = threading.Event()
        self._failure: HardwareError | None = None
        self._turns = 0
        self._seen = _Seen()

    @property
    def share(self) -> float:
        """The part of full power it lets through, 0 to 1."""
        return self._burst.share

    @property
    def held_open(self) -> bool:
        """Whether `trip` forbids closing."""
        return self._line.held_open

    @property
    def contact_closed(self) -> bool:
        """Whether current may pass: the pin was last set to let it through, or will be again."""
        return self._line.contact_closed or (self.share > 0 and not self._line.held_open)

    def run(self, share: float) -> None:
        """Let that part through, 0 to 1; to be said again within 10 s. Raises HardwareError, and is then off."""
        now_s = self._monotonic_s()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if self._thread is None or not self._thread.is_alive():
            self._seen = _Seen()
            self._burst.want(share, now_s)
            self._thread = Thread(target=self._run, name=f"burst {self._name}")
            try:
                self._thread.start()
            except RuntimeError as error:
                raise HardwareError(f"there is no thread to switch it: {error}") from None
            return
        self._look_whether_it_hangs(now_s)
        self._burst.want(share, now_s)

    def stop(self) -> None:
        """Off, now. Raises HardwareError, after having tried everything."""
        self._burst.stop()
        self._hurry.set()

    def trip(self) -> None:
        """Off from another thread, and held off until `reset`. Raises HardwareError."""
        self._line.trip()
        self._hurry.set()

    def reset(self) -> None:
        """Allow it again."""
        self._failure = None
        self._line.reset()

    def release(self) -> None:
        """Off, and the pin let go. Raises HardwareError."""
        try:
            self._burst.stop()
        finally:
            self._hurry.set()
            self._line.release()

    def _look_whether_it_hangs(self, now_s: float) -> None:
        if self._turns != self._seen.turns:
            self._seen = _Seen(turns=self._turns, since_s=now_s, looked_s=now_s)
            return
        if now_s - self._seen.looked_s < LOOK_S:
            return
        self._seen = replace(self._seen, looks=self._seen.looks + 1, looked_s=now_s)
        # One look is not enough: where the whole process has slept, this thread may be the first to wake.
        still_s = now_s - self._seen.since_s
        if self._seen.looks >= 2 and still_s > HANG_S:
            self._line.trip()
            raise HardwareError(
                f"{self._name}: the thread that switches the solid-state relay has hung for {still_s:.0f} s; "
                f"its pin was switched off"
            )

    def _run(self) -> None:
        try:
            due_s: float | None = self._burst.turn(self._monotonic_s())
            while due_s is not None:
                self._turns += 1
                self._hurry.wait(max(0.0, due_s - self._monotonic_s()))
                self._hurry.clear()
                due_s = self._burst.turn(self._monotonic_s())
        except HardwareError as error:
            self._failure = error
        except BaseException:  # the thread breaks in the middle of a unit: `run` begins another, this one leaves it off
            self._line.open_contact()
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the last looks at the thread showed."""

    turns: int = -1
    """How many units it had begun."""
    since_s: float = 0.0
    """When that was seen first."""
    looked_s: float = 0.0
    looks: int = 0
    """How often it was seen again, looks that follow one another at once counted as one."""
