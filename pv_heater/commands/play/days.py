"""What can be played: a recording, the demo, simulated days. Always on a time of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.commands.play.result import PlayedDays
from pv_heater.commands.play.simulated_time import Playing, played
from pv_heater.config.load import Config
from pv_heater.core.house.sun import clear_sky_forecast
from pv_heater.core.model.values import Forecast, Reading
from pv_heater.core.settings.load import BatteryShare
from pv_heater.errors import ConfigError
from pv_heater.loads.network.networked import NetworkedLoad
from pv_heater.sim.recording import HomeRecording, Recording
from pv_heater.sim.recording_file import days_from_folder, load_recording
from pv_heater.sim.recording_meter import RecordingMeter
from pv_heater.sim.summary import Summary
from pv_heater.sim.weather import recorded_sun_forecast, site_clear_sky, synthetic_days
from pv_heater.web.settings import WebSettings

SIMULATED_DAYS_BEGIN = datetime(2026, 4, 1)  # noqa: DTZ001 (a local midnight; the zone is the site's)
"""Spring: days with too much and with too little sun."""
FIRST_LIGHT_W = 20.0
"""Panels give this much when it is light; less is dew and moonshine."""


def refused_recording(config: Config) -> str | None:
    """Why the recording of these settings is not played; None when it is, or there is none."""
    if all(row.type != "recording" for row in config.meter):
        return None
    if len(config.meter) > 1:
        return "a recording must be the only meter: it has a time of its own"
    networked = [
        row.settings.name
        for row in config.loads
        if not isinstance(row, BatteryShare) and isinstance(row.cls, type) and issubclass(row.cls, NetworkedLoad)
    ]
    if config.dry_run or (config.gpio.factory == "mock" and not networked):
        return None
    if networked and config.gpio.factory == "mock":
        return f"a recording must not switch real outputs, such as {networked[0]} on the network; set dry_run: true"
    return "a recording must not switch real outputs; set dry_run: true (or gpio.factory: mock for mock pins)"


def play_recording(
    config: Config,
    *,
    dry_run: bool,
    started: Callable[[], None] = lambda: None,
    log_file: Path | None = None,
    history_file: Path | None = None,
) -> PlayedDays:
    """The recording of `config.meter[0]`. Raises RecordingError, and ConfigError for real outputs.

    `started` is called when nobody else can be using its state folder. Raises PinBusy beside another controller.
    What happens is kept in `history_file`, where one is named.
    """
    settings: RecordingMeter.Settings = config.meter[0].settings
    refusal = None if dry_run else refused_recording(config)
    if refusal is not None:
        raise ConfigError("meter", [refusal])
    recording, forecast = _opened(config, settings)
    how = Playing(dry_run=dry_run, started=started, log_file=log_file, history_file=history_file)
    return played(config, recording, settings, forecast, how)


def play_demo(
    config: Config,
    *,
    speed: float,
    started: Callable[[], None] = lambda: None,
    log_file: Path | None = None,
    history_file: Path | None = None,
) -> PlayedDays:
    """The recording of `config.meter[0]`, dry, from the morning on at `speed`, and answering to commands meanwhile.

    It has a page whether or not the settings ask for one.
    """
    settings = replace(config.meter[0].settings, speed=speed)
    config = replace(config, web=config.web or WebSettings())
    recording, forecast = _opened(config, settings)
    morning_s = first_light_s(recording)
    how = Playing(paced_from_s=morning_s, started=started, log_file=log_file, history_file=history_file)
    return played(config, recording, settings, forecast, how)


def _opened(config: Config, settings: RecordingMeter.Settings) -> tuple[Recording, Forecast | None]:
    """The recording of `settings`, and what was expected of its sun: its own forecast, else a clear sky."""
    recording = open_recording(config.resolve(settings.path))
    own_forecast = recording.own_forecast() if isinstance(recording, HomeRecording) else None
    return recording, own_forecast or _clear_sky(config, recording)


def first_light_s(recording: Recording) -> float:
    """The second of a recording, from its start, a quarter hour before its first sun; its start where it has none."""
    if isinstance(recording, HomeRecording):
        seen = zip(recording.offsets_s, recording.pv_w, strict=True)
    else:
        seen = zip(recording.offsets_s, [reading.pv_w or 0.0 for reading in recording.readings], strict=True)
    return max(0.0, next((at_s for at_s, pv_w in seen if pv_w >= FIRST_LIGHT_W), 0.0) - 900.0)


def play_simulation(
    config: Config,
    *,
    days: int | None,
    weather: str,
    seed: int,
    data: Path | None,
    feed: str = "live",
    history_file: Path | None = None,
) -> PlayedDays:
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
    summaries: list[Summary] = []
    for recording in recordings:
        forecast = recorded_sun_forecast(recording, sky, seed)
        one = played(config, recording, settings, forecast, Playing(history_file=history_file))
        summaries += one.summaries
        notes += one.notes
        if one.notes:
            break
    return PlayedDays(tuple(summaries), notes)


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
    from pv_heater.victron.vrm.records import reading_from_bodies  # only raw VRM answers need it

    return reading_from_bodies(bodies)
