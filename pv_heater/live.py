"""The live program: real clock, workers, pins, watchdogs. Built here, run once, left safe."""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack
from functools import partial
from typing import Protocol

from pv_heater.commands import CommandHandler
from pv_heater.config import Config
from pv_heater.controller import Controller
from pv_heater.core.types import Forecast, Reading
from pv_heater.errors import ConfigError
from pv_heater.forecasts.cached import build_forecast
from pv_heater.house_feed import HouseFeed, MeterSource
from pv_heater.io.clock import SystemClock, network_time_synchronised
from pv_heater.io.clock_trust import ClockTrust
from pv_heater.io.control import SOCKET_NAME, ControlServer
from pv_heater.io.pin_lock import lock_state_dir
from pv_heater.io.state_file import StateFile
from pv_heater.io.stop_signals import StopSignals
from pv_heater.io.watchdog import SystemdNotifier, Watchdog
from pv_heater.io.worker import Worker
from pv_heater.journal import Journal
from pv_heater.keep import StateSaver
from pv_heater.loop import Loop
from pv_heater.outputs import Outputs, full_powers_w
from pv_heater.paths import make_state_dir
from pv_heater.ports import ForecastSource, Meter, Tools
from pv_heater.report import TransitionLog

log = logging.getLogger(__name__)

STATE_NAME = "state.json"


class Startable(Protocol):
    """What runs beside the loop."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End soon; never waits."""


class NoForecast:
    """Stands for a forecast where none is set up."""

    def latest(self) -> None:
        """Nothing, ever."""
        return


def run_live(config: Config, *, dry_run: bool) -> int:
    """Control the home until a signal; 0 when it ended on purpose. Raises what broke the loop, loads being safe."""
    if not config.meter:
        raise ConfigError("settings", ["meter: is missing; what measures the house?"])
    clock = SystemClock()
    signals = StopSignals()
    signals.install(clock)
    with ExitStack() as ends:
        folder = make_state_dir(config)
        ends.enter_context(lock_state_dir(folder, owner=str(config.path or "a mapping")))
        outputs = ends.enter_context(Outputs(config, clock, folder, dry_run=dry_run))
        loads = outputs.loads
        meters = _meter_workers(config, outputs.tools, clock)
        house = _house(config, meters, clock, outputs.pretended)
        forecast_worker = _forecast_worker(config, outputs.tools, clock)
        forecast_workers = [] if forecast_worker is None else [forecast_worker]
        state_file = StateFile(folder / STATE_NAME)
        controller = _controller(config, state_file, outputs.pretended)
        transitions, journal = TransitionLog(full_powers_w(config)), Journal()
        watchdog, notifier = Watchdog(loads, clock.monotonic_s), SystemdNotifier(os.environ)
        loop = Loop(
            controller=controller,
            clock=clock,
            meter=house,
            forecast=forecast_worker or NoForecast(),
            loads=loads,
            reporters=(house, transitions, journal, StateSaver(controller.state, state_file.save, clock.monotonic_s)),
            tick_s=config.tick_s,
            clock_trusted=ClockTrust(clock, network_time_synchronised, house.clock_offset_s),
            distrusted_because=house.distrust,
            keepers=(watchdog, notifier),
        )
        handler = CommandHandler(
            loop,
            lambda: transitions.status,
            lambda: [*house.status(), *(each.status() for each in forecast_workers)],
            journal,
        )
        control = ControlServer(folder / SOCKET_NAME, handler)
        signals.attach(loop)
        threads: list[Startable] = [*(worker for _, _, worker in meters), *forecast_workers, watchdog, control]
        for thread in threads:
            thread.start()
        try:
            loop.run()
        except Exception:
            log.critical("the loop broke; every load is off")
            raise
        finally:
            # Every load is safe by now; what follows may take its time.
            notifier.stopping()
            for thread in threads:
                thread.stop()
            state_file.save_now(controller.state())
            for _, meter, _ in meters:
                meter.close()
        log.info("stopped by %s: every load is off", loop.stop_reason)
    return 0


def _controller(config: Config, state_file: StateFile, pretended: frozenset[str]) -> Controller:
    """With the saved state, where there is one that can be used."""
    try:
        return Controller(config, state=state_file.load(), pretended=pretended)
    except (ValueError, TypeError, KeyError) as error:
        state_file.set_aside(str(error))
        return Controller(config, pretended=pretended)


def _meter_workers(config: Config, tools: Tools, clock: SystemClock) -> list[tuple[str, Meter, Worker[Reading]]]:
    """Every meter with its worker, by names that differ: a second one of the same type is called ``mqtt_2``."""
    meters: list[tuple[str, Meter, Worker[Reading]]] = []
    types = [row.type for row in config.meter]
    for index, row in enumerate(config.meter):
        count = types[: index + 1].count(row.type)
        name = row.type if count == 1 else f"{row.type}_{count}"
        meter: Meter = row.build(tools)
        worker = Worker(name, meter.read, partial(_interval_s, meter), clock.monotonic_s, clock.wake, log)
        meters.append((name, meter, worker))
    return meters


def _house(
    config: Config, meters: list[tuple[str, Meter, Worker[Reading]]], clock: SystemClock, pretended: frozenset[str]
) -> HouseFeed:
    sources = [
        MeterSource(name=name, feed=worker, status=worker.status, clock_offset_s=partial(_clock_offset_s, meter))
        for name, meter, worker in meters
    ]
    return HouseFeed(sources, clock, max_reading_age_s=config.limits.max_reading_age_s, pretended=pretended)


def _forecast_worker(config: Config, tools: Tools, clock: SystemClock) -> Worker[Forecast] | None:
    """What expects the sun; None where nothing is set up and the sky over the home is not known either."""
    if not config.forecast and not (config.site.located and config.site.pv):
        return None
    sources: list[ForecastSource] = [row.build(tools) for row in config.forecast]
    source = build_forecast(sources, tools)
    return Worker(
        "forecast", lambda: source.fetch(clock.now()), lambda: source.interval_s, clock.monotonic_s, clock.wake, log
    )


def _interval_s(source: Meter) -> float:
    return source.interval_s


def _clock_offset_s(meter: Meter) -> float | None:
    """What a meter with a clock of its own says of ours; None for others."""
    offset_s: float | None = getattr(meter, "clock_offset_s", None)
    return offset_s
