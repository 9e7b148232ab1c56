"""Lives through a recording: the recorded sun and use, the software home, and loads that act on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pv_heater.core.types import Reading
from pv_heater.ports import Load
from pv_heater.sim.clock import SimClock
from pv_heater.sim.home import Home
from pv_heater.sim.ledger import Ledger
from pv_heater.sim.recorded import HomeRecording


class RecordedHome:
    """A home whose sun and use come from a recording; it lives as the simulated clock advances, closed loop."""

    def __init__(self, recording: HomeRecording, home: Home, clock: SimClock) -> None:
        self._recording = recording
        self._home = home
        self._clock = clock
        self._loads: tuple[Load, ...] = ()
        self.advance(0.0, 0.0)
        clock.on_advance(self.advance)

    def connect(self, loads: Sequence[Load]) -> None:
        """From now on these loads draw what they say they are set to."""
        self._loads = tuple(loads)

    def advance(self, from_s: float, to_s: float) -> None:
        """Live through a stretch of simulated time; nothing is lived beyond the recording's end."""
        to_s = min(to_s, self._recording.end_s)
        if from_s > to_s:
            return
        heater_w: Mapping[str, float] = {load.name: load.power_w() for load in self._loads}
        for begin_s, end_s, pv_w, load_w in self._recording.stretches(from_s, to_s):
            self._home.advance(begin_s, end_s, pv_w, load_w, heater_w)

    def read(self) -> Reading:
        """What the home's meter says now."""
        return self._home.reading(self._clock.now())

    @property
    def ledger(self) -> Ledger:
        """What became of the energy so far."""
        return self._home.ledger
