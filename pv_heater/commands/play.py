"""The real loop on simulated time: recordings and simulated days, with a summary at the end. Nothing is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from attrs import evolve, frozen

from pv_heater.config.load import Config
from pv_heater.controller import Controller
from pv_heater.core.house.sun import clear_sky_forecast
from pv_heater.core.model.values import Forecast, Reading, to_jsonable
from pv_heater.core.settings.load import BatteryShare
from pv_heater.errors import ConfigError, HardwareError
from pv_heater.history.kept import FILE_NAME, KeptHistory, OnThisThread
from pv_heater.io.system.clock import SystemClock
from pv_heater.io.system.stop_signals import StopSignals
from pv_heater.loads.network.networked import NetworkedLoad
from pv_heater.pictures.day import day_bars, day_svg
from pv_heater.ports import Tools
from pv_heater.run.home.history import history_of
from pv_heater.run.home.newest import NewestStatus
from pv_heater.run.home.page import page_of
from pv_heater.run.home.running_home import RunningHome
from pv_heater.run.journal import Journal
from pv_heater.run.loop import Loop
from pv_heater.run.outputs import Outputs, full_powers_w, owner_of, transition_log
from pv_heater.run.session import beside, control_server, own_state_dir
from pv_heater.run.settings_editor import live_settings
from pv_heater.run.tick_sources import TickSources
from pv_heater.run.transition_log import TransitionLog
from pv_heater.sim.clock import SimClock
from pv_heater.sim.day_record import DayRecorder
from pv_heater.sim.feed import DailyForecastFeed
from pv_heater.sim.home import HomeSettings, Ledger
from pv_heater.sim.recording import HomeRecording, Recording
from pv_heater.sim.recording_file import days_from_folder, load_recording
from pv_heater.sim.recording_meter import RecordingMeter
from pv_heater.sim.summary import Summary, summarise
from pv_heater.sim.weather import recorded_sun_forecast, site_clear_sky, synthetic_days
from pv_heater.web.settings import WebSettings

SIMULATED_DAYS_BEGIN = datetime(2026, 4, 1)  # noqa: DTZ001 (a local midnight; the zone is the site's)
"""Spring: days with too much and with too little sun."""


@frozen
class DayPicture:
    """The last day of a played time, drawn: as SVG, and as lines of bars for a terminal."""

    svg: str
    bars: tuple[str, ...]
    plain_bars: tuple[str, ...]


@frozen
class PlayedDays:
    """How simulated times ended, one summary each. `notes` say what was left out or cut short."""

    summaries: tuple[Summary, ...]
    notes: tuple[str, ...] = ()
    picture: DayPicture | None = None
    """None for several days, and where nobody knows what became of the sun."""

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


FIRST_LIGHT_W = 20.0
"""Panels give this much when it is light; less is dew and moonshine."""
MOST_DATES = 2
"""A recording of a day may touch two dates of the home's own zone."""

_TOTALS = {"heat_wh": "used by the loads", "bought_wh": "bought", "unused_wh": "of sun unused"}


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
    return _play(
        config,
        recording,
        settings,
        forecast,
        dry_run=dry_run,
        started=started,
        log_file=log_file,
        history_file=history_file,
    )


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
    settings = evolve(config.meter[0].settings, speed=speed)
    config = evolve(config, web=config.web or WebSettings())
    recording, forecast = _opened(config, settings)
    return _play(
        config,
        recording,
        settings,
        forecast,
        dry_run=True,
        paced_from_s=first_light_s(recording),
        started=started,
        log_file=log_file,
        history_file=history_file,
    )


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
        played = _play(config, recording, settings, forecast, dry_run=True, history_file=history_file)
        summaries += played.summaries
        notes += played.notes
        if played.notes:
            break
    return PlayedDays(tuple(summaries), notes)


def _play(
    config: Config,
    recording: Recording,
    settings: RecordingMeter.Settings,
    forecast: Forecast | None,
    *,
    dry_run: bool,
    paced_from_s: float = 0.0,
    started: Callable[[], None] = lambda: None,
    log_file: Path | None = None,
    history_file: Path | None = None,
) -> PlayedDays:
    """One recording through the real loop; the notes say when a signal ended it early.

    With a speed the run answers to commands, as a live one does, and keeps a history for its page; in `history_file`
    it outlives the run.
    """
    real_clock, signals = SystemClock(), StopSignals()
    clock = _clock(recording, settings, real_clock, paced_from_s)
    # Adapters may keep files; what a simulated day would keep is of no use to anyone.
    with (
        closing(real_clock),
        signals.heard_by(real_clock),
        TemporaryDirectory() as folder,
        Outputs(config, clock, Path(folder), dry_run=dry_run) as outputs,
        _history(config, history_file or (Path(folder) / FILE_NAME if settings.speed else None), clock) as history,
    ):
        meter = RecordingMeter(settings, outputs.tools, recording)
        meter.connect(outputs.loads)
        transitions, journal = transition_log(config, outputs), Journal()
        newest = NewestStatus(lambda: loop.commands_seen)
        day = DayRecorder(lambda: meter.ledger, full_powers_w(config))
        controller = Controller(config, pretended=full_powers_w(config) if meter.open_loop else ())
        loop = Loop(
            controller=controller,
            clock=clock,
            sources=TickSources(meter=meter.feed(), forecast=DailyForecastFeed(forecast, clock)),
            loads=outputs.loads,
            reporters=(
                transitions,
                *(() if meter.open_loop else (day,)),
                *((journal, newest) if settings.speed else ()),
                *(() if history is None else (OnThisThread(history),)),
            ),
            tick_s=settings.step_s,
        )
        signals.attach(loop)
        home = RunningHome(
            config,
            loop,
            newest,
            journal,
            outputs="dry",
            since_at=clock.now(),
            log_file=log_file,
            is_demo=True,
            history=history,
            settings=live_settings(config, Path(folder), loop, controller, transitions),
        )
        with answering(config, home) if settings.speed else nullcontext():
            started()
            loop.run(until_s=recording.end_s)
        summary = _summary(config, recording, settings, meter, transitions, day, ended_s=clock.monotonic_s())
    stopped = () if loop.stop_reason is None else (_stopped_text(config, loop.stop_reason, clock.now()),)
    return PlayedDays((summary,), stopped, _picture(config, recording, day))


@contextmanager
def _history(config: Config, path: Path | None, clock: SimClock) -> Iterator[KeptHistory | None]:
    """A history on the recording's clock; None without a place for it, or where the settings keep none."""
    history = None if path is None else history_of(config, path, clock, nightly_copies=False)
    try:
        yield history
    finally:
        if history is not None:
            history.close()


def _clock(
    recording: Recording, settings: RecordingMeter.Settings, real_clock: SystemClock, paced_from_s: float
) -> SimClock:
    """The recording's own, which lets real time pass where a speed is set."""
    return SimClock(
        recording.start_at,
        pause=lambda pause_s: real_clock.wait_until(real_clock.monotonic_s() + pause_s),
        speed=settings.speed,
        paced_from_s=paced_from_s,
    )


def _summary(
    config: Config,
    recording: Recording,
    settings: RecordingMeter.Settings,
    meter: RecordingMeter,
    transitions: TransitionLog,
    day: DayRecorder,
    *,
    ended_s: float,
) -> Summary:
    """What became of the energy until `ended_s` of the recording."""
    return summarise(
        meter.ledger,
        transitions.closings,
        name=recording.name,
        days=min(recording.end_s, ended_s) / 86_400.0,
        open_loop=meter.open_loop,
        without=without_heating(config, recording, settings, ended_s),
        unused_because_wh=day.unused_wh,
    )


def _stopped_text(config: Config, reason: str, now: datetime) -> str:
    at = now.astimezone(ZoneInfo(config.site.timezone))
    return f"stopped by {reason} at {at:%Y-%m-%d %H:%M} of the recording"


@contextmanager
def answering(config: Config, home: RunningHome) -> Iterator[None]:
    """While a paced recording is played: `status`, `why`, `force`, `off` find it where a live controller would be.

    Its page is where the settings say, or on a free port.
    """
    with (
        own_state_dir(config, owner_of(config)) as folder,
        beside(control_server(folder, home), page_of(config, home, folder, any_port=True)),
    ):
        yield


def without_heating(
    config: Config, recording: Recording, settings: RecordingMeter.Settings, until_s: float
) -> Ledger | None:
    """What became of the energy in the same time with every load off; None where the house cannot answer."""
    if not isinstance(recording, HomeRecording):
        return None
    clock = SimClock(recording.start_at)
    meter = RecordingMeter(settings, Tools(clock=clock, site=config.site, state_dir=Path(), pins=_no_pins), recording)
    clock.wait_until(min(until_s, recording.end_s))
    return meter.ledger


def _no_pins() -> NoReturn:
    raise HardwareError("a day without heating needs no pins")


def _picture(config: Config, recording: Recording, day: DayRecorder) -> DayPicture | None:
    """The day that most of the recording is of; None where it is of several."""
    zone = ZoneInfo(config.site.timezone)
    dates = Counter(sample.start_at.astimezone(zone).date() for sample in day.samples)
    if not dates or len(dates) > MOST_DATES:
        return None
    date, _ = dates.most_common(1)[0]
    samples = [sample for sample in day.samples if sample.start_at.astimezone(zone).date() == date]
    capacity_wh = config.site.battery.capacity_wh if config.site.battery is not None else HomeSettings().capacity_wh
    bars = [tuple(day_bars(samples, capacity_wh=capacity_wh, zone=zone, plain=plain)) for plain in (False, True)]
    return DayPicture(day_svg(f"{recording.name}, {date}", samples, capacity_wh=capacity_wh, zone=zone), *bars)


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
