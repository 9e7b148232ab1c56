"""Repeats recorded readings, open loop, and counts what they tell."""

from __future__ import annotations

from collections.abc import Sequence

from pv_heater.core.surplus import house_w
from pv_heater.core.types import Reading
from pv_heater.ports import Load
from pv_heater.sim.clock import SimClock
from pv_heater.sim.ledger import Ledger
from pv_heater.sim.recorded import ReadingsRecording


class ReplayedReadings:
    """What a meter said, said again as the simulated clock passes the moments at which it was said."""

    def __init__(self, recording: ReadingsRecording, clock: SimClock) -> None:
        self._recording = recording
        self._clock = clock
        self._loads: tuple[Load, ...] = ()
        self._heat_ws: dict[str, float] = {}
        self._pv_ws = self._house_ws = self._import_ws = self._export_ws = 0.0
        clock.on_advance(self.advance)

    def connect(self, loads: Sequence[Load]) -> None:
        """Count from now on what these loads are set to."""
        self._loads = tuple(loads)

    def advance(self, from_s: float, to_s: float) -> None:
        """Count a stretch of time; the reading known at its beginning holds. Nothing counts beyond the end."""
        step_s = min(to_s, self._recording.end_s) - from_s
        if step_s <= 0:
            return
        for load in self._loads:
            self._heat_ws[load.name] = self._heat_ws.get(load.name, 0.0) + load.power_w() * step_s
        reading = self._recording.reading_at(from_s)
        if reading is None:
            return
        grid_w = reading.grid_w or 0.0
        self._pv_ws += (reading.pv_w or 0.0) * step_s
        self._house_ws += (house_w(reading) or 0.0) * step_s
        self._import_ws += max(0.0, grid_w) * step_s
        self._export_ws += max(0.0, -grid_w) * step_s

    def read(self) -> Reading | None:
        """The newest recorded reading; None before the first."""
        return self._recording.reading_at(self._clock.monotonic_s())

    @property
    def ledger(self) -> Ledger:
        """Recorded energies, and the heat that the loads were set to. Battery and unused sun are not known: 0."""
        return Ledger(
            heat_wh={name: heat_ws / 3600.0 for name, heat_ws in self._heat_ws.items()},
            grid_import_wh=self._import_ws / 3600.0,
            grid_export_wh=self._export_ws / 3600.0,
            unused_wh=0.0,
            unserved_wh=0.0,
            battery_start_wh=0.0,
            battery_end_wh=0.0,
            pv_wh=self._pv_ws / 3600.0,
            house_wh=self._house_ws / 3600.0,
        )
