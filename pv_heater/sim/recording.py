"""A recording in place of a meter, so that every command can run on one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from attrs import frozen

from pv_heater.core.setting import setting
from pv_heater.core.types import Reading
from pv_heater.errors import RecordingError, SourceError
from pv_heater.ports import Load, Tools
from pv_heater.sim.clock import SimClock
from pv_heater.sim.feed import LIVE, REAL, VRM, SimulatedFeed
from pv_heater.sim.home import Home, HomeSettings
from pv_heater.sim.ledger import Ledger
from pv_heater.sim.real_home import RealHome, RealHomeSettings
from pv_heater.sim.recorded import HomeRecording, ReadingsRecording, Recording
from pv_heater.sim.recorded_home import RecordedHome
from pv_heater.sim.recording_file import load_recording
from pv_heater.sim.replayed import ReplayedReadings

__all__ = ["HomeRecording", "ReadingsRecording", "Recording", "RecordingMeter", "load_recording"]


class RecordingMeter:
    """Satisfies `ports.Meter` on a recording; the clock must be a SimClock that begins at the recording's start.

    A recording of a home is answered by the software home (closed loop); recorded readings are repeated (open loop).
    """

    @frozen(kw_only=True)
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
