"""The live program: real clock, workers, pins, watchdogs. Built here, run once, left safe."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any

from pv_heater.commands import CommandHandler
from pv_heater.config import Config
from pv_heater.controller import Controller
from pv_heater.core.settings import LoadPolicy
from pv_heater.core.types import Forecast, Reading
from pv_heater.errors import ConfigError, SourceError
from pv_heater.forecasts.cached import build_forecast
from pv_heater.io.clock import SystemClock, network_time_synchronised
from pv_heater.io.clock_trust import ClockTrust
from pv_heater.io.control import SOCKET_NAME, ControlServer
from pv_heater.io.state_file import StateFile
from pv_heater.io.watchdog import SystemdNotifier, Watchdog
from pv_heater.io.worker import Worker
from pv_heater.keep import StateSaver
from pv_heater.loop import Loop
from pv_heater.outputs import Outputs
from pv_heater.paths import make_state_dir
from pv_heater.ports import ForecastSource, Load, Meter, Tools
from pv_heater.report import TransitionLog

log = logging.getLogger(__name__)

STATE_NAME = "state.json"
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class StopSignals:
    """Remembers the first signal that asked to stop, also before there is a loop to tell."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._loop: Loop | None = None
        self.reason: str | None = None

    def install(self) -> None:
        """Catch TERM, INT and HUP; to be called from the main thread before any pin is touched."""
        self._clock.wake_on_signals()
        for number in STOP_SIGNALS:
            signal.signal(number, self._caught)

    def attach(self, loop: Loop) -> None:
        """Pass on to `loop`, at once if a signal came already."""
        self._loop = loop
        if self.reason is not None:
            loop.stop(self.reason)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.reason = signal.Signals(number).name
        if self._loop is not None:
            self._loop.stop(self.reason)


def run_live(config: Config, *, dry_run: bool) -> int:
    """Control the home until a signal; 0 when it ended on purpose. Raises what broke the loop, loads being safe."""
    if not config.meter:
        raise ConfigError("settings", ["meter: is missing; what measures the house?"])
    clock = SystemClock()
    signals = StopSignals(clock)
    signals.install()
    with ExitStack() as ends:
        folder = make_state_dir(config)
        outputs = ends.enter_context(Outputs(config, clock, folder, dry_run=dry_run))
        loads = outputs.loads
        meter, worker = _meter_worker(config, outputs.tools, clock)
        forecast_worker = _forecast_worker(config, outputs.tools, clock)
        state_file = StateFile(folder / STATE_NAME)
        controller = Controller(config, state=state_file.load())
        transitions = TransitionLog({row.name: row.max_power_w for row in policies(config)})
        watchdog, notifier = Watchdog(loads, clock.monotonic_s), SystemdNotifier(os.environ)
        loop = Loop(
            controller=controller,
            clock=clock,
            meter=worker,
            forecast=forecast_worker,
            loads=loads,
            reporters=(transitions, StateSaver(controller.state, state_file.save, clock.monotonic_s)),
            tick_s=config.tick_s,
            clock_trusted=ClockTrust(clock, network_time_synchronised, _clock_offset(meter)),
            keepers=(watchdog, notifier),
        )
        handler = CommandHandler(
            loop, lambda: transitions.status, lambda: [worker.status(), forecast_worker.status()]
        )
        control = ControlServer(folder / SOCKET_NAME, handler)
        signals.attach(loop)
        for thread in (worker, forecast_worker, watchdog, control):
            thread.start()
        try:
            loop.run()
        finally:
            # Every load is safe by now; what follows may take its time.
            notifier.stopping()
            for thread in (watchdog, control, worker, forecast_worker):
                thread.stop()
            state_file.save_now(controller.state())
        log.info("stopped by %s: every load is off", loop.stop_reason)
    return 0


def policies(config: Config) -> list[LoadPolicy]:
    """The policies of all loads, in order of priority."""
    return [row.settings for row in config.loads if not hasattr(row, "until_percent")]


def _meter_worker(config: Config, tools: Tools, clock: SystemClock) -> tuple[Meter, Worker[Reading]]:
    row = config.meter[0]
    if len(config.meter) > 1:
        log.warning("meter: only the first of %d is read; this version does not change over", len(config.meter))
    meter: Meter = row.build(tools)
    worker = Worker(row.type, meter.read, lambda: meter.interval_s, clock.monotonic_s, clock.wake, log)
    return meter, worker


def _forecast_worker(config: Config, tools: Tools, clock: SystemClock) -> Worker[Forecast]:
    sources: list[ForecastSource] = [row.build(tools) for row in config.forecast]
    source = build_forecast(sources, tools)
    return Worker(
        "forecast", lambda: source.fetch(clock.now()), lambda: source.interval_s, clock.monotonic_s, clock.wake, log
    )


def _clock_offset(meter: Meter) -> Callable[[], float | None]:
    return lambda: getattr(meter, "clock_offset_s", None)
