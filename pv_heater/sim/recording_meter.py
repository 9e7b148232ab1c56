"""A recording in place of a meter, so that every command can run on one.

A recorded home (sun and use) is lived through by the software home, and loads act on it: a closed loop. Recorded
readings are only said again, and what they and the loads tell is counted: an open loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.power_balance import house_w
from pv_heater.core.model.setting import setting
from pv_heater.core.model.values import Reading
from pv_heater.errors import RecordingError, SourceError
from pv_heater.ports import Load, Tools
from pv_heater.sim.clock import SimClock
from pv_heater.sim.feed import LIVE, REAL, VRM, SimulatedFeed
from pv_heater.sim.home import Home, HomeSettings, Ledger
from pv_heater.sim.real_home import RealHome, RealHomeSettings
from pv_heater.sim.recording import HomeRecording, ReadingsRecording, Recording
from pv_heater.sim.recording_file import load_recording


class RecordingMeter:
    """Satisfies `ports.Meter` on a recording; the clock must be a SimClock that begins at the recording's start.

    A recording of a home is answered by the software home (closed loop); recorded readings are repeated (open loop).
    """

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        """A recording to live through."""

        path: str = setting("file of the recording, plain or .gz")
        speed: float | None = setting(
            "simulated seconds in each real one; auto or max is as fast as it goes", default=None, minimum=0.001
        )
        step_s: float = setting(
            "seconds of simulated time between two looks at a live feed", default=10.0, unit="s", minimum=1, maximum=300
        )
        feed: str = setting(
            "live: every step_s, at once; real: every step_s, as late as Victron's devices and calculation are; "
            "vrm: every 60 s, 60 s old, without word of throttled trackers",
            default="live",
            choices=("live", "real", "vrm"),
        )
        start_soc_percent: float = setting(
            "charge of the software home's battery at the beginning", default=50.0, unit="%", minimum=0, maximum=100
        )

    def __init__(self, settings: Settings, tools: Tools, recording: Recording | None = None) -> None:
        """`recording` is what `settings.path` holds, where the caller has loaded it already.

        Raises RecordingError for a bad file, or for a clock that is not simulated.
        """
        if not isinstance(tools.clock, SimClock):
            raise RecordingError(f"{settings.path}: a recording can only be lived through on the simulated clock.")
        self._clock = tools.clock
        self.recording = recording if recording is not None else load_recording(Path(settings.path))
        pace = {"live": LIVE, "real": REAL, "vrm": VRM}[settings.feed]
        self._pace = VRM if pace is VRM else replace(pace, interval_s=settings.step_s)
        self._life: RecordedHome | RealHome | ReplayedReadings
        if isinstance(self.recording, HomeRecording):
            home = replace(
                HomeSettings.of_site(tools.site, start_percent=settings.start_soc_percent, tanks={}),
                interval_s=self._pace.interval_s,
                tells_throttling=self._pace.tells_throttling,
                tells_loads=self._pace.tells_loads,
            )
            if pace is REAL:
                self._life = RealHome(RealHomeSettings(home=home), self.recording, tools.clock)
            else:
                lived = Home(home, local_start_s=self.recording.local_start_s)
                self._life = RecordedHome(self.recording, lived, tools.clock)
        else:
            # What was recorded is as old as it was; it is not made older once more.
            self._pace = replace(LIVE, interval_s=min(settings.step_s, self.recording.spacing_s))
            self._life = ReplayedReadings(self.recording, tools.clock)

    @property
    def interval_s(self) -> float:
        """Seconds between two looks."""
        return self._pace.interval_s

    @property
    def delay_s(self) -> float:
        """How late a reading arrives; `feed` takes care of it."""
        return self._pace.delay_s

    @property
    def open_loop(self) -> bool:
        """Whether the recorded house cannot answer to decisions."""
        return isinstance(self.recording, ReadingsRecording)

    @property
    def ledger(self) -> Ledger:
        """What became of the energy so far; of an open loop only what was recorded, and what loads were set to."""
        return self._life.ledger

    def connect(self, loads: Sequence[Load]) -> None:
        """From now on these loads draw from the home what they say they are set to."""
        self._life.connect(loads)

    def read(self) -> Reading:
        """What the home says now; raises SourceError before the first recorded reading."""
        reading = self._life.read()
        if reading is None:
            raise SourceError(f"the recording {self.recording.name} has not begun yet.")
        return reading

    def close(self) -> None:
        """Nothing is open."""

    def feed(self) -> SimulatedFeed[Reading]:
        """What the loop reads from, with the pace and the delay of the settings."""
        return SimulatedFeed(self.read, self.interval_s, self._clock, self.delay_s)


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
