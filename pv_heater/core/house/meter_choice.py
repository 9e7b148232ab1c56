"""Several meters of one house, in the owner's order: the first that is fresh and trusted counts.

Values of different meters are never mixed: a reading is always one meter's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from pv_heater.core.house.meter_doubts import Frozen, WrongSign
from pv_heater.core.house.reading_age import VRM_SOURCE, ReadingAge, is_local, source_called
from pv_heater.core.model.values import Reading

RETURN_AFTER_S, LONGEST_RETURN_S = 5.0, 300.0
"""A better meter must be well for this long before it counts again: the first time soon, since a second meter is a
worse one, but twice as long each time it fails again, or a bad cable would change over every few seconds."""
CALM_S = 600.0
"""After this long without a failure it is forgiven."""
START_PATIENCE_S = 10.0
"""After a start the first meter alone is waited for this long: the second may be quicker to answer."""


class WatchedMeter:
    """One meter: how old its newest reading is, and whether it can be believed."""

    def __init__(self, name: str, *, max_reading_age_s: float | None, local: bool) -> None:
        self.name = name
        self.reading: Reading | None = None
        """The newest, under the name this meter has here."""
        self.good_since_s: float | None = None
        """Since when it has been on time and believed without a break; None while it is not."""
        self._evidence = ReadingAge(max_reading_age_s=max_reading_age_s, local_source=local)
        self._local = local
        # A portal tells what a device in the house says, or minutes later what it logged.
        kinds = (True, False) if name.startswith(VRM_SOURCE) else (local,)
        self._doubts_of = {kind: _doubts(local=kind) for kind in kinds}
        self._given: Reading | None = None

    def observe(self, reading: Reading | None, own_w: float, now: datetime, tick_s: float) -> None:
        """What it says at this tick (None: nothing yet), and what our loads are set to."""
        for doubts in self._doubts_of.values():
            for doubt in doubts:
                doubt.note_own(own_w, tick_s)
        if reading is not None and reading is not self._given:
            self._given = reading
            source = source_called(self.name, reading.source)
            self.reading = reading if reading.source == source else replace(reading, source=source)
            self._local = is_local(source) if len(self._doubts_of) > 1 else self._local
            self._evidence.observe(self.reading, now, tick_s)
            if self._evidence.is_new:
                for doubt in self._doubts:
                    doubt.observe(self.reading, tick_s)
        if not self.good(tick_s):
            self.good_since_s = None
        elif self.good_since_s is None:
            self.good_since_s = tick_s

    @property
    def _doubts(self) -> tuple[Frozen | WrongSign, ...]:
        """Those that the newest reading is up against."""
        return self._doubts_of[self._local]

    def distrusted_because(self) -> str | None:
        """Why it is not believed; None: it is."""
        return next((why for doubt in self._doubts if (why := doubt.why()) is not None), None)

    def good(self, tick_s: float) -> bool:
        """On time and believed."""
        return self._evidence.share(tick_s) == 1.0 and self.distrusted_because() is None

    def usable(self, tick_s: float) -> bool:
        """Late perhaps, but not too old, and believed."""
        return self._evidence.share(tick_s) > 0.0 and self.distrusted_because() is None

    def age_s(self, tick_s: float) -> float | None:
        """Age of its newest reading by the time it was taken; None before the first."""
        return self._evidence.age_s(tick_s)


def _doubts(*, local: bool) -> tuple[Frozen | WrongSign, ...]:
    """The portal's minutes-old values show our steps much later, and between two of them a house changes by itself."""
    return (Frozen(), WrongSign()) if local else (Frozen(portal=True),)


class MeterChoice:
    """Decides which meter counts."""

    def __init__(self, meters: Sequence[WatchedMeter]) -> None:
        self.meters = tuple(meters)
        self._current: WatchedMeter | None = None
        self._began_s: float | None = None
        self._return_after_s = RETURN_AFTER_S
        self._returned_s: float | None = None
        """When a better meter last took over; None: not yet."""

    @property
    def current(self) -> WatchedMeter | None:
        """The meter that counts; None while none has answered yet."""
        return self._current

    def choose(self, tick_s: float) -> WatchedMeter | None:
        """The meter that counts from now on; every meter has been told of this tick before."""
        if self._began_s is None:
            self._began_s = tick_s
        candidates = self.meters
        if self._current is None and tick_s - self._began_s < START_PATIENCE_S:
            candidates = self.meters[:1]
        before, self._current = self._current, self._best(candidates, tick_s) or self._current
        if before is not None and self._current is not None and self._current is not before:
            self._note_change(before, self._current, tick_s)
        return self._current

    def _note_change(self, before: WatchedMeter, after: WatchedMeter, tick_s: float) -> None:
        if self.meters.index(after) < self.meters.index(before):
            self._returned_s = tick_s
        elif self._returned_s is not None and tick_s - self._returned_s < CALM_S:
            self._return_after_s = min(LONGEST_RETURN_S, 2 * self._return_after_s)
        else:
            self._return_after_s = RETURN_AFTER_S

    def _best(self, candidates: Sequence[WatchedMeter], tick_s: float) -> WatchedMeter | None:
        """None: nothing better than the present one is there."""
        good = [meter for meter in candidates if meter.good(tick_s)]
        if self._current in good:
            return next(meter for meter in good if meter is self._current or self._long_good(meter, tick_s))
        if good:
            return good[0]
        usable = [meter for meter in candidates if meter.usable(tick_s)]
        if usable:
            return self._current if self._current in usable else usable[0]
        # Nothing that may be used: how old it is, or why it is not believed, is for the guard to say.
        return self._current or next((meter for meter in candidates if meter.reading is not None), None)

    def _long_good(self, meter: WatchedMeter, tick_s: float) -> bool:
        return meter.good_since_s is not None and tick_s - meter.good_since_s >= self._return_after_s
