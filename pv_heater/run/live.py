"""The live program: real clock, workers, pins, watchdogs. Built here, run once, left safe."""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack
from functools import partial
from typing import Protocol
from zoneinfo import ZoneInfo

from pv_heater.config.load import Config
from pv_heater.controller import Controller
from pv_heater.core.loads.saved import unreadable
from pv_heater.errors import ConfigError
from pv_heater.io.gpio.locks import lock_state_dir, register_settings
from pv_heater.io.system.clock import SystemClock, network_time_synchronised
from pv_heater.io.system.clock_trust import ClockTrust
from pv_heater.io.system.control_socket import SOCKET_NAME, ControlServer
from pv_heater.io.system.log import LogLines
from pv_heater.io.system.run_mark import RunMark
from pv_heater.io.system.state_file import StateFile, UnreadableState
from pv_heater.io.system.stop_signals import StopSignals
from pv_heater.io.system.watchdog import SystemdNotifier, Watchdog
from pv_heater.rule_files.runner import build_rules
from pv_heater.run.displays import Displays
from pv_heater.run.identity import Identity
from pv_heater.run.journal import Journal
from pv_heater.run.loop import Loop
from pv_heater.run.outputs import Outputs, owner_of, transition_log
from pv_heater.run.requests import CommandHandler
from pv_heater.run.sources import Sources
from pv_heater.run.state_dir import make_state_dir, open_to_all
from pv_heater.run.transition_log import StateSaver

log = logging.getLogger(__name__)

STATE_NAME = "state.json"
ALL_IN_FAULT = "Every load is in fault until `clear`"


class Startable(Protocol):
    """What runs beside the loop."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End soon; never waits."""


def run_live(config: Config, lines: LogLines, *, dry_run: bool) -> int:
    """Control the home until a signal; 0 when it ended on purpose. Raises what broke the loop, loads being safe.

    `lines` are released once nobody else can be using their file. Raises PinBusy beside another controller.
    """
    if not config.meter:
        raise ConfigError("settings", ["meter: is missing; what measures the house?"])
    clock = SystemClock()
    signals = StopSignals()
    signals.install(clock)
    with ExitStack() as ends:
        folder = make_state_dir(config)
        ends.enter_context(lock_state_dir(folder, owner=owner_of(config)))
        outputs = ends.enter_context(Outputs(config, clock, folder, dry_run=dry_run))
        mark = RunMark(folder)
        broke_off_at = mark.begin([lines.path, folder / STATE_NAME])
        ends.callback(mark.end)
        lines.release()
        if broke_off_at is not None:
            when = f"{broke_off_at.astimezone(ZoneInfo(config.site.timezone)):%Y-%m-%d %H:%M:%S}"
            log.warning("the last run ended without switching off (killed or power cut) at about %s", when)
        for text in open_to_all(config):
            log.warning("%s", text)
        if config.path is not None:
            ends.enter_context(register_settings(config.path, folder))
        loads = outputs.loads
        sources = Sources(config, outputs.tools, clock, pretended=outputs.pretended)
        house = sources.house
        state_file = StateFile(folder / STATE_NAME)
        controller, resumed = _controller(config, state_file, outputs.pretended)
        last_state = controller.state
        names = [policy.name for policy in config.policies]
        rules = build_rules(config.path, names, controller.rules, folder, clock.monotonic_s)
        transitions, journal = transition_log(config, outputs), Journal()
        watchdog, notifier = Watchdog(loads, clock.monotonic_s), SystemdNotifier(os.environ)
        loop = Loop(
            controller=controller,
            clock=clock,
            meter=house,
            forecast=sources.forecast,
            loads=loads,
            reporters=(
                house,
                transitions,
                journal,
                StateSaver(controller.state, state_file.save, clock.monotonic_s),
                rules,
            ),
            tick_s=config.tick_s,
            clock_trusted=ClockTrust(
                clock, network_time_synchronised, house.clock_offset_s, has_chip=config.site.clock == "trusted"
            ),
            distrusted_because=house.distrust,
            temperatures=sources.temperatures.latest,
            powers=sources.powers.latest_with_age,
            wishes=rules.wishes,
            keepers=(watchdog, notifier),
        )
        displays = Displays(config, outputs.tools, lambda: transitions.status, loop.submit)
        handler = CommandHandler(
            loop,
            lambda: transitions.status,
            lambda: [*sources.status(), *displays.status()],
            journal,
            lambda: [] if state_file.trouble is None else [f"the state cannot be saved: {state_file.trouble}"],
        )
        control = ControlServer(folder / SOCKET_NAME, handler, _identity(config, clock, outputs.worth).as_json())
        signals.attach(loop)
        threads: list[Startable] = [sources, watchdog, control, rules, displays]
        for thread in threads:
            thread.start()
        try:
            loop.run()
        except Exception as error:
            doubts = _not_seen_off(loop)
            log.critical("the loop broke; %s", f"not seen off: {doubts}" if doubts else "every load is off")
            if resumed and transitions.status is None:
                # Perhaps that state broke it, and would at every start to come.
                why = f"the first step with it failed ({type(error).__name__})"
                state_file.set_aside(why, ALL_IN_FAULT)
                last_state = partial(unreadable, why)
            raise
        finally:
            # Every load is safe by now; what follows may take its time.
            mark.end()
            notifier.stopping()
            for thread in threads:
                thread.stop()
            state_file.save_now(last_state())
            sources.close()
            rules.close()
            displays.close()
        if doubts := _not_seen_off(loop):
            log.warning("stopped by %s; not seen off: %s", loop.stop_reason, doubts)
        else:
            end = "dry run, nothing was switched" if outputs.worth == "dry" else "every load is off"
            log.info("stopped by %s: %s", loop.stop_reason, end)
    return 0


def _not_seen_off(loop: Loop) -> str:
    """Names of the loads that may still be on; empty where each was seen off."""
    return ", ".join(name for name, why in loop.still_on().items() if why is not None)


def _identity(config: Config, clock: SystemClock, outputs: str) -> Identity:
    """What every answer to a command begins with."""
    return Identity(
        home=config.site.name,
        file=owner_of(config),
        pid=os.getpid(),
        since_at=clock.now().astimezone(ZoneInfo(config.site.timezone)),
        outputs=outputs,
    )


def _controller(config: Config, state_file: StateFile, pretended: frozenset[str]) -> tuple[Controller, bool]:
    """The controller with its saved state, and whether there was one.

    Where one is there and cannot be used, nobody knows whether it held a fault: every load is in fault until `clear`.
    """
    try:
        state = state_file.load()
        controller = Controller(config, state=state, pretended=pretended)
    except (UnreadableState, ValueError) as error:
        state_file.set_aside(str(error), ALL_IN_FAULT)
        return Controller(config, state=unreadable(str(error)), pretended=pretended), True
    if controller.remarks:
        state_file.set_aside("; ".join(controller.remarks), "The rest of it is used")
    return controller, state is not None
