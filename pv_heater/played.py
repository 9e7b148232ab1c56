"""The real loop on simulated time: recordings and simulated days, with a summary at the end. Nothing is kept."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from attrs import frozen

from pv_heater.config import Config
from pv_heater.controller import Controller
from pv_heater.core.clear_sky import clear_sky_forecast
from pv_heater.core.types import Forecast, Reading, to_jsonable
from pv_heater.errors import ConfigError
from pv_heater.io.clock import SystemClock
from pv_heater.io.stop_signals import StopSignals
from pv_heater.loop import Loop
from pv_heater.outputs import Outputs, full_powers_w
from pv_heater.report import TransitionLog
from pv_heater.sim.clock import SimClock
from pv_heater.sim.feed import DailyForecastFeed
from pv_heater.sim.folder import days_from_folder
from pv_heater.sim.recording import HomeRecording, Recording, RecordingMeter, load_recording
from pv_heater.sim.sky import recorded_sun_forecast, site_clear_sky
from pv_heater.sim.summary import Summary, summarise
from pv_heater.sim.weather import synthetic_days

SIMULATED_DAYS_BEGIN = datetime(2026, 4, 1)  # noqa: DTZ001 (a local midnight; the zone is the site's)
"""Spring: days with too much and with too little sun."""


@frozen
class Played:
    """How simulated times ended, one summary each. `notes` say what was left out or cut short."""

    summaries: tuple[Summary, ...]
    notes: tuple[str, ...] = ()

    def as_lines(self) -> list[str]:
        """For people."""
        lines = list(self.notes)
        for summary in self.summaries:
            lines += [*summary.as_lines(), ""] if len(self.summaries) > 1 else summary.as_lines()
        if len(self.summaries) > 1:
            totals = self._totals()
            kwh = ", ".join(f"{totals[key] / 1000:.2f} kWh {word}" for key, word in _TOTALS.items())
            lines.append(f"all {len(self.summaries)} together: {kwh}")
        return lines

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        result = {**self._totals(), "recordings": [to_jsonable(summary) for summary in self.summaries]}
        return {**_rounded(result), "notes": list(self.notes)}

    def _totals(self) -> dict[str, float]:
        return {
            "heat_wh": sum(sum(summary.heat_wh.values()) for summary in self.summaries),
            "bought_wh": sum(summary.bought_wh for summary in self.summaries),
            "unused_wh": sum(summary.unused_wh or 0.0 for summary in self.summaries),
        }


def _rounded(value: Any) -> Any:
    """Energies to a tenth of a Wh: more would be noise of the arithmetic."""
    if isinstance(value, float):
        return round(value, 1)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value


_TOTALS = {"heat_wh": "to water", "bought_wh": "bought", "unused_wh": "of sun unused"}


def play_recording(config: Config, *, dry_run: bool) -> Played:
    """The recording of `config.meter[0]`. Raises RecordingError, and ConfigError for real outputs."""
    settings: RecordingMeter.Settings = config.meter[0].settings
    if not (dry_run or config.dry_run or config.gpio.factory == "mock"):
        raise ConfigError(
            "meter",
            ["a recording must not switch real outputs; set dry_run: true (or gpio.factory: mock for mock pins)"],
        )
    recording = open_recording(config.resolve(settings.path))
    own_forecast = recording.own_forecast() if isinstance(recording, HomeRecording) else None
    forecast = own_forecast or _clear_sky(config, recording)
    summary, notes = _play(config, recording, settings, forecast, dry_run=dry_run)
    return Played((summary,), notes)


def play_simulation(
    config: Config, *, days: int | None, weather: str, seed: int, data: Path | None, feed: str = "live"
) -> Played:
    """`days` (None: one) of simulated weather, or the first `days` (None: all) in the folder `data`; always dry.

    `feed` is that of `RecordingMeter.Settings`; a real one is lived second by second.
    """
    zone, sky = ZoneInfo(config.site.timezone), site_clear_sky(config.site)
    recordings: tuple[HomeRecording, ...]
    notes: tuple[str, ...] = ()
    if data is not None:
        folder = days_from_folder(data, zone)
        recordings, notes = folder.recordings[:days], folder.skipped
    else:
        try:
            start_at = SIMULATED_DAYS_BEGIN.replace(tzinfo=zone)
            recordings = (synthetic_days(days or 1, weather, seed, start_at, sky),)
        except ValueError as error:
            raise ConfigError("simulate", [str(error)]) from None
    step_s = 1.0 if feed == "real" else 10.0
    settings = RecordingMeter.Settings(path=str(data or weather), feed=feed, step_s=step_s)
    summaries = []
    for recording in recordings:
        forecast = recorded_sun_forecast(recording, sky, seed)
        summary, more = _play(config, recording, settings, forecast, dry_run=True)
        summaries.append(summary)
        notes += more
        if more:
            break
    return Played(tuple(summaries), notes)


def _play(
    config: Config, recording: Recording, settings: RecordingMeter.Settings, forecast: Forecast | None, *, dry_run: bool
) -> tuple[Summary, tuple[str, ...]]:
    """One recording through the real loop; the notes say when a signal ended it early."""
    real_clock = SystemClock()
    signals = StopSignals()
    signals.install(real_clock)
    clock = SimClock(
        recording.start_at,
        pause=lambda pause_s: real_clock.wait_until(real_clock.monotonic_s() + pause_s),
        speed=settings.speed,
    )
    # Adapters may keep files; what a simulated day would keep is of no use to anyone.
    with TemporaryDirectory() as folder, Outputs(config, clock, Path(folder), dry_run=dry_run) as outputs:
        meter = RecordingMeter(settings, outputs.tools, recording)
        meter.connect(outputs.loads)
        transitions = TransitionLog(full_powers_w(config))
        loop = Loop(
            controller=Controller(config, pretended=full_powers_w(config) if meter.open_loop else ()),
            clock=clock,
            meter=meter.feed(),
            forecast=DailyForecastFeed(forecast, clock),
            loads=outputs.loads,
            reporters=(transitions,),
            tick_s=settings.step_s,
        )
        signals.attach(loop)
        loop.run(until_s=recording.end_s)
        summary = summarise(
            meter.ledger,
            transitions.closings,
            name=recording.name,
            days=min(recording.end_s, clock.monotonic_s()) / 86_400.0,
            open_loop=meter.open_loop,
        )
    real_clock.close()
    stopped = f"stopped by {loop.stop_reason} at {clock.now():%Y-%m-%d %H:%M} UTC of the recording"
    return summary, () if loop.stop_reason is None else (stopped,)


def _clear_sky(config: Config, recording: Recording) -> Forecast | None:
    """A sky without clouds over the whole recording; None where place or panels are not known."""
    if not config.site.located or not config.site.pv:
        return None
    midnight = recording.start_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return clear_sky_forecast(config.site, midnight, days=recording.days + 2)


def open_recording(path: Path) -> Recording:
    """The recording in `path`, raw VRM answers too; raises RecordingError."""
    return load_recording(path, _decode_vrm)


def _decode_vrm(bodies: dict[str, Any]) -> Reading:
    from pv_heater.meters.vrm_records import reading_from_bodies  # only raw VRM answers need it

    return reading_from_bodies(bodies)
