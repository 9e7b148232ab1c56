"""The real loop on simulated time: one recording, with a summary at the end. Only a history is kept, if asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn
from zoneinfo import ZoneInfo

from pv_heater.commands.play.result import PlayedDays, picture_of
from pv_heater.config.load import Config
from pv_heater.controller import Controller
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import Forecast
from pv_heater.errors import HardwareError
from pv_heater.history.kept import FILE_NAME, KeptHistory, OnThisThread
from pv_heater.io.system.clock import SystemClock
from pv_heater.io.system.stop_signals import StopSignals
from pv_heater.ports import Tools
from pv_heater.run.home.evening import AtOnce, EveningReport
from pv_heater.run.home.history import history_of
from pv_heater.run.home.newest import NewestStatus, newest_document
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
from pv_heater.sim.home import Ledger
from pv_heater.sim.recording import HomeRecording, Recording
from pv_heater.sim.recording_meter import RecordingMeter
from pv_heater.sim.summary import Summary, summarise


def _no_report() -> None:
    """Where nothing is kept, nothing can be accounted for."""


def _nobody() -> None:
    """Nobody waits for the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Playing:
    """How a recording is played."""

    dry_run: bool = True
    paced_from_s: float = 0.0
    """From this second of it on its speed counts; before that it is played as fast as it goes."""
    started: Callable[[], None] = _nobody
    """Called when nobody else can be using its state folder."""
    log_file: Path | None = None
    history_file: Path | None = None
    """Keeps what happened beyond the run; None: only one with a speed keeps it, and only until its end."""


def played(
    config: Config, recording: Recording, settings: RecordingMeter.Settings, forecast: Forecast | None, how: Playing
) -> PlayedDays:
    """One recording through the real loop; the notes say when a signal ended it early.

    With a speed the run answers to commands, as a live one does, and has a page.
    """
    real_clock, signals = SystemClock(), StopSignals()
    clock = _clock(recording, settings, real_clock, how.paced_from_s)
    # Adapters may keep files; what a simulated day would keep is of no use to anyone.
    with (
        closing(real_clock),
        signals.heard_by(real_clock),
        TemporaryDirectory() as folder,
        Outputs(config, clock, Path(folder), dry_run=how.dry_run) as outputs,
        _history(config, how.history_file or (Path(folder) / FILE_NAME if settings.speed else None), clock) as history,
    ):
        meter = RecordingMeter(settings, outputs.tools, recording)
        meter.connect(outputs.loads)
        transitions, journal = transition_log(config, outputs), Journal()
        newest = NewestStatus(lambda: loop.commands_seen)
        evening = None if history is None or not settings.speed else EveningReport(config, history)
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
                *(() if evening is None else (AtOnce(evening),)),
            ),
            tick_s=settings.step_s,
        )
        signals.attach(loop)
        editor = live_settings(config, Path(folder), loop, controller, transitions)
        home = RunningHome(
            config, loop, newest, journal, outputs="dry", since_at=clock.now(), log_file=how.log_file, is_demo=True,
            history=history, settings=editor, report=_no_report if evening is None else evening.newest,
        )  # fmt: skip
        with answering(config, home) if settings.speed else nullcontext():
            how.started()
            loop.run(until_s=recording.end_s)
        summary = _summary(config, recording, settings, meter, transitions, day, ended_s=clock.monotonic_s())
    stopped = () if loop.stop_reason is None else (_stopped_text(config, loop.stop_reason, clock.now()),)
    return PlayedDays((summary,), stopped, picture_of(config, recording, day))


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
    newest = newest_document(home, time.monotonic)()
    with (
        own_state_dir(config, owner_of(config)) as folder,
        beside(control_server(folder, home), page_of(config, home, newest, folder, any_port=True)),
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
