"""The live program: real clock, workers, pins, watchdogs. Built here, run once, left safe."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pv_heater.config.load import Config
from pv_heater.controller import Controller
from pv_heater.core.loads.saved import unreadable
from pv_heater.errors import ConfigError
from pv_heater.io.alive.limits import limit_ourselves
from pv_heater.io.alive.threads import Supervisor
from pv_heater.io.gpio.locks import register_settings
from pv_heater.io.memory import leave_no_core, share_one_heap
from pv_heater.io.supply import Supply
from pv_heater.io.system.clock import SystemClock, network_time_synchronised
from pv_heater.io.system.clock_trust import ClockTrust
from pv_heater.io.system.log import LogLines
from pv_heater.io.system.run_mark import RunMark
from pv_heater.io.system.state_file import StateFile, UnreadableState
from pv_heater.io.system.stop_signals import StopSignals
from pv_heater.io.system.watchdog import SystemdNotifier, Watchdog
from pv_heater.rule_files.runner import RuleRunner, build_rules
from pv_heater.run.displays import Displays
from pv_heater.run.home.evening import EveningReport
from pv_heater.run.home.history import CountsOfDays, counts_alone, history_of, history_path, with_newer_counts
from pv_heater.run.home.messages import messages_of
from pv_heater.run.home.minute_record import FILE_NAME as MINUTE_NAME
from pv_heater.run.home.minute_record import MinuteRecord
from pv_heater.run.home.newest import NewestStatus, newest_document
from pv_heater.run.home.running_home import RunningHome
from pv_heater.run.home.telemetry import telemetry_of, telling
from pv_heater.run.journal import Journal
from pv_heater.run.loop import Loop, Reporter
from pv_heater.run.outputs import Outputs, owner_of, transition_log
from pv_heater.run.session import Startable, beside, clock_and_signals, control_server, own_state_dir
from pv_heater.run.settings_editor import live_settings
from pv_heater.run.sources import Sources
from pv_heater.run.state_dir import open_to_all
from pv_heater.run.state_saver import StateSaver
from pv_heater.run.tick_sources import TickSources

if TYPE_CHECKING:
    from pv_heater.io.alive.guard import Guard
    from pv_heater.status.newest import NewestDocument
    from pv_heater.telemetry.messages.messenger import Messenger

log = logging.getLogger(__name__)

STATE_NAME = "state.json"
ALL_IN_FAULT = "Every load is in fault until `clear`"


def run_live(config: Config, lines: LogLines, *, dry_run: bool) -> int:
    """Control the home until a signal; 0 when it ended on purpose. Raises what broke the loop, loads being safe.

    `lines` are released once nobody else can be using their file. Raises PinBusy beside another controller.
    """
    if not config.meter:
        raise ConfigError("settings", ["meter: is missing; what measures the house?"])
    limit_ourselves()
    share_one_heap()
    leave_no_core()
    clock, signals = clock_and_signals()
    with ExitStack() as ends:
        folder = ends.enter_context(own_state_dir(config, owner_of(config)))
        outputs = ends.enter_context(Outputs(config, clock, folder, dry_run=dry_run))
        mark = RunMark(folder)
        broke_off_at = mark.begin([lines.path, folder / STATE_NAME, folder / MINUTE_NAME])
        ends.callback(mark.end)
        lines.release()
        _warn_of_the_past(config, broke_off_at)
        if config.path is not None:
            ends.enter_context(register_settings(config.path, folder))
        home = LiveHome(config, clock, outputs, folder, lines.path)
        home.run(signals, mark)
        home.tell_end()
    return 0


def _warn_of_the_past(config: Config, broke_off_at: datetime | None) -> None:
    """How the last run ended, where it did not end on purpose, and who could have changed the files meanwhile."""
    if broke_off_at is not None:
        when = f"{broke_off_at.astimezone(ZoneInfo(config.site.timezone)):%Y-%m-%d %H:%M:%S}"
        log.warning("the last run ended without switching off (killed or power cut) at about %s", when)
    for text in open_to_all(config):
        log.warning("%s", text)


class LiveHome:
    """The loop with all that runs beside it, wired and not yet started."""

    def __init__(self, config: Config, clock: SystemClock, outputs: Outputs, folder: Path, log_file: Path) -> None:
        self._worth = outputs.worth
        self._state_file = StateFile(folder / STATE_NAME)
        self._supply = Supply(clock.monotonic_s)
        self._sources = Sources(config, outputs.tools, clock, pretended=outputs.pretended)
        self._minute = MinuteRecord(folder, clock.monotonic_s, self._waiting)
        self._history = history_of(config, history_path(config, folder), clock, left=self._minute.left)
        self._evening = None if self._history is None else EveningReport(config, self._history)
        today = clock.now().astimezone(ZoneInfo(config.site.timezone)).date()
        newer = [self._minute.days, *([] if self._history is None else [self._history.days])]
        controller, self._resumed = _controller(config, self._state_file, outputs.pretended, newer, today)
        self._last_state = controller.state
        names = [policy.name for policy in config.policies]
        self._rules = build_rules(config.path, names, controller.rules, folder, clock.monotonic_s)
        self._newest = NewestStatus(lambda: self._loop.commands_seen, lambda: self._loop.late_s)
        journal = Journal()
        self._guard = _guard(config, outputs, log_file, clock)
        self._watchdog = _watchdog(outputs, self._guard, clock)
        self._notifier = SystemdNotifier(os.environ)
        transitions = transition_log(config, outputs)
        saver = StateSaver(controller.state, self._state_file.save, clock.monotonic_s)
        self._loop = Loop(
            controller=controller,
            clock=clock,
            sources=_tick_sources(config, clock, self._sources, self._rules),
            loads=outputs.loads,
            reporters=(self._sources.house, transitions, journal, self._newest, saver, *self._keepers()),
            tick_s=config.tick_s,
            watchdogs=(self._watchdog, self._notifier),
        )
        self._displays = Displays(config, outputs.tools, lambda: self._newest.status, self._loop.submit)
        home = RunningHome(
            config,
            self._loop,
            self._newest,
            journal,
            outputs=outputs.worth,
            since_at=clock.now(),
            log_file=log_file,
            sources=self._fared,
            troubles=self._troubles,
            settings=live_settings(config, folder, self._loop, controller, transitions),
            history=self._history,
            market=self._sources.known_prices,
            followers=outputs.followers,
            report=_no_report if self._evening is None else self._evening.newest,
        )
        self._control = control_server(folder, home)
        document = newest_document(home, clock.monotonic_s)
        self._telemetry = telemetry_of(config, telling(home, document, folder, self._minute.kept), outputs.tools)
        self._messages = messages_of(config, document, folder, clock)
        self._pages = _pages(config, home, document, folder, self._messages)

    def run(self, signals: StopSignals, mark: RunMark) -> None:
        """Until a signal. Then, in this order: loads safe, the end noted, threads stopped, state saved, all closed."""
        signals.attach(self._loop)
        history = [] if self._history is None else [self._history]
        messages = [] if self._messages is None else [self._messages]
        guard = [] if self._guard is None else [self._guard]
        evening = [] if self._evening is None else [self._evening]
        more: list[Startable] = [self._telemetry, *history, *messages, *evening]
        with (
            closing(history[0]) if history else nullcontext(),
            closing(self._displays),
            closing(self._telemetry),
            closing(self._messages) if self._messages is not None else nullcontext(),
            closing(self._rules),
            closing(self._sources),
            self._saving(),
            beside(*guard, self._sources, self._watchdog, self._control, self._rules, self._displays, self._minute),
            beside(*self._pages, *more),
            self._noting_the_end(mark),
        ):
            self._loop.run()

    def _keepers(self) -> list[Reporter]:
        """Who makes something of each step beside telling it."""
        kept: list[Reporter] = [self._minute, self._rules, self._supply]
        if self._history is not None:
            kept.append(self._history.recorder)
        if self._evening is not None:
            kept.append(self._evening)
        return kept

    def _waiting(self) -> Mapping[str, Any] | None:
        return None if self._history is None else self._history.waiting()

    def tell_end(self) -> None:
        """Why it stopped, and which loads were not seen off, if any."""
        if doubts := self._not_seen_off():
            log.warning("stopped by %s; not seen off: %s", self._loop.stop_reason, doubts)
        else:
            end = "dry run, nothing was switched" if self._worth == "dry" else "every load is off"
            log.info("stopped by %s: %s", self._loop.stop_reason, end)

    @contextmanager
    def _noting_the_end(self, mark: RunMark) -> Iterator[None]:
        """Every load is safe by then; what follows may take its time."""
        try:
            yield
        except Exception as error:
            self._note_broken(error)
            raise
        finally:
            if self._guard is not None and not self._not_seen_off():
                self._guard.dismiss()
            mark.end()
            self._notifier.stopping()

    @contextmanager
    def _saving(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._state_file.save_now(self._last_state())

    def _note_broken(self, error: Exception) -> None:
        doubts = self._not_seen_off()
        log.critical("the loop broke; %s", f"not seen off: {doubts}" if doubts else "every load is off")
        if self._resumed and self._newest.status is None:
            # Perhaps that state broke it, and would at every start to come.
            why = f"the first step with it failed ({type(error).__name__})"
            self._state_file.set_aside(why, ALL_IN_FAULT)
            self._last_state = partial(unreadable, why)

    def _not_seen_off(self) -> str:
        """Names of the loads that may still be on; empty where each was seen off."""
        return ", ".join(name for name, why in self._loop.still_on().items() if why is not None)

    def _fared(self) -> list[Any]:
        """How sources, displays, other systems and recipients of messages fare."""
        parts: list[Any] = [self._sources, self._displays, self._telemetry]
        parts += [] if self._messages is None else [self._messages]
        return [status for part in parts for status in part.status()]

    def _troubles(self) -> dict[str, str]:
        trouble, history = self._state_file.trouble, None if self._history is None else self._history.trouble
        found = {} if trouble is None else {"state_not_saved": f"the state cannot be saved: {trouble}"}
        if history is not None:
            found["history_not_written"] = f"the history is not written: {history}"
        low = self._supply.trouble()
        return found if low is None else {**found, "low_voltage": low}


def _guard(config: Config, outputs: Outputs, log_file: Path, clock: SystemClock) -> Guard | None:
    """The guard process, where something is switched and systemd does not watch (sd_watchdog_enabled(3))."""
    if not config.guard or outputs.worth == "dry" or config.path is None or "WATCHDOG_USEC" in os.environ:
        return None
    from pv_heater.io.alive.guard import Guard

    return Guard(config.path, log_file, clock.monotonic_s)


def _watchdog(outputs: Outputs, guard: Guard | None, clock: SystemClock) -> Watchdog:
    """What opens every contact when the loop hangs, begins broken threads anew and keeps the guard quiet."""
    threads = Supervisor(clock.monotonic_s)
    threads.install()
    after_look = [threads.look, *([] if guard is None else [guard.beat])]
    return Watchdog(outputs.loads, clock.monotonic_s, after_look=after_look)


def _no_report() -> None:
    """Where nothing is kept, nothing can be accounted for."""


def _pages(
    config: Config,
    home: RunningHome,
    document: Callable[[], NewestDocument],
    folder: Path,
    messages: Messenger | None,
) -> list[Startable]:
    """The page, whose code is loaded only where the settings ask for one."""
    if config.web is None:
        return []
    from pv_heater.run.home.page import page_of

    return [page_of(config, home, document(), folder, messages=messages)]


def _tick_sources(config: Config, clock: SystemClock, sources: Sources, rules: RuleRunner) -> TickSources:
    trust = ClockTrust(
        clock, network_time_synchronised, sources.house.clock_offset_s, has_chip=config.site.clock == "trusted"
    )
    return replace(sources.of_tick, wishes=rules.wishes, clock_trusted=trust)


def _controller(
    config: Config, state_file: StateFile, pretended: frozenset[str], newer: Sequence[CountsOfDays], today: date
) -> tuple[Controller, bool]:
    """The controller with its saved state, and whether there was one.

    `newer` may know newer counts of its day. Where a state is there and cannot be used, nobody knows whether it held a
    fault: every load is in fault until `clear`. The counts of `today` are what the others have of them.
    """
    try:
        state: Mapping[str, Any] | None = state_file.load()
        for days in newer:
            state = with_newer_counts(state, days)
        controller = Controller(config, state=state, pretended=pretended)
    except (UnreadableState, ValueError) as error:
        state_file.set_aside(str(error), ALL_IN_FAULT)
        fresh = Controller(config, pretended=pretended).state()
        state = counts_alone({**fresh, "day": today.isoformat()}, newer)
        return Controller(config, state={**state, **unreadable(str(error))}, pretended=pretended), True
    if controller.remarks:
        state_file.set_aside("; ".join(controller.remarks), "The rest of it is used")
    return controller, state is not None
