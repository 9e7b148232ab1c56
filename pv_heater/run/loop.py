"""The loop: freeze, decide, apply, report, wait. It has no opinion about energy.

It runs on the main thread and never waits for a network, a server or a disk. The same loop runs live, dry, in replay
and in simulation; only the clock and the feeds differ.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pv_heater.controller import Controller
from pv_heater.core.model.prices import PricePeriod
from pv_heater.core.model.requests import ClearFault, Command
from pv_heater.core.model.values import Decision, Forecast, Reading, Stop
from pv_heater.core.settings.load import LoadSettings
from pv_heater.errors import HardwareError, describe
from pv_heater.ports import Clock, Load
from pv_heater.run.command_queue import CommandQueue, Order
from pv_heater.run.tick_sources import TickSources
from pv_heater.run.trials import Trial, Trials

log = logging.getLogger(__name__)

LONGEST_STOP_S = 6.0
"""At the end servos are given this long to reach zero; the contacts are open before that."""


class Reporter(Protocol):
    """Gets every decision, after it was applied."""

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
        """Note what changed."""
        ...


class TickWatchdog(Protocol):
    """A watchdog: fed only by ticks that were applied."""

    def pet(self, tick_s: float) -> None:
        """A tick was completed."""
        ...

    def tripped(self) -> str | None:
        """Why outputs were opened behind the loop's back; None while all is well."""
        ...

    def reset(self) -> None:
        """The owner has cleared the faults."""
        ...


class Loop:
    """Runs ticks until `stop`; leaves every load safe however it ends."""

    def __init__(
        self,
        *,
        controller: Controller,
        clock: Clock,
        sources: TickSources,
        loads: Sequence[Load],
        reporters: Sequence[Reporter],
        tick_s: float = 1.0,
        watchdogs: Sequence[TickWatchdog] = (),
    ) -> None:
        """`tick_s`: seconds from tick to tick, where nothing comes in between."""
        self._controller = controller
        self._clock = clock
        self._sources = sources
        self._loads = {load.name: load for load in loads}
        self._reporters = tuple(reporters)
        self._tick_s = tick_s
        self._watchdogs = tuple(watchdogs)
        self._health: dict[str, str] = {}
        """Why loads cannot be used, by load; ends by `clear`."""
        self._known: set[str] = set()
        """The loads whose fault a step has seen; before that none is cleared."""
        self._commands = CommandQueue()
        self._actions: deque[Callable[[], None]] = deque()
        """What is to be done before the next tick."""
        self._trials = Trials(self._loads, lambda: controller.policies)
        self._stop_reason: str | None = None
        self.late_s: float | None = None
        """How much later than a pace after the one before it the newest tick began; None before the first."""

    @property
    def stop_reason(self) -> str | None:
        """Why the loop was asked to stop; None while nobody did."""
        return self._stop_reason

    @property
    def policies(self) -> Mapping[str, LoadSettings]:
        """The settings of each load."""
        return self._controller.policies

    @property
    def prices(self) -> tuple[PricePeriod, ...]:
        """What a kWh costs today and tomorrow, as of the newest tick. From any thread."""
        return self._controller.prices

    def stop(self, reason: str) -> None:
        """Leave the loop after the present tick. Safe from signal handlers and other threads."""
        self._stop_reason = self._stop_reason or reason
        self._clock.wake()

    @property
    def commands_seen(self) -> int:
        """The highest number of a command up to which all have been through a tick; 0 before the first."""
        return self._commands.seen

    def submit(self, command: Command) -> int:
        """Queue a command for the next tick; its number, see `commands_seen`. Safe from any thread.

        Raises ValueError for an unknown load.
        """
        load = getattr(command, "load", None)
        if load is not None and load not in self._loads:
            raise ValueError(f"there is no load {load!r}; there is {', '.join(self._loads)}")
        number = self._commands.put(command)
        self._clock.wake()
        return number

    def try_out(self, trial: Trial, decision: Decision | None, now: datetime | None) -> str:
        """Commissioning: from the next tick on; what will happen. `decision` is the newest, made at `now`.

        Safe from any thread. Raises ValueError where it may not; then nothing is tried.
        """
        message, asked_s = self._trials.expected(trial, decision, now), self._clock.monotonic_s()
        self.at_next_tick(lambda: self._trials.begin(trial, asked_s, self._clock.monotonic_s()))
        return message

    def end_trial(self, who: str) -> None:
        """End a trial, if there is one, at the next tick; safe from any thread."""
        self.at_next_tick(lambda: self._trials.end(f"ended by {who}"))

    def at_next_tick(self, action: Callable[[], None]) -> None:
        """Let the loop's own thread do this between two ticks; safe from any thread. What it raises ends the loop."""
        self._actions.append(action)
        self._clock.wake()

    def latch_off(self, reason: str) -> int:
        """Put every load into fault with a safety stop; only `clear` ends it. Safe from any thread.

        Contacts open here and now: whoever wants everything off may want it because the loop hangs. The reason is
        queued before and after, so that a `clear` that comes in between frees nothing. Gives the later one's number.
        """
        self._commands.put(reason)
        for load in self._loads.values():
            load.trip()
        number = self._commands.put(reason)
        self._clock.wake()
        return number

    def still_on(self) -> dict[str, str | None]:
        """Each load with why it may still be on, None once it was seen off. Safe from any thread."""
        return {name: load.still_on() for name, load in self._loads.items()}

    def run(self, until_s: float | None = None) -> None:
        """Tick until `stop`, or until the clock's monotonic `until_s`; then put every load safe."""
        try:
            due_s = expected_s = self._clock.monotonic_s()
            while self._stop_reason is None and (until_s is None or self._clock.monotonic_s() < until_s):
                began_s = self._clock.monotonic_s()
                if began_s >= due_s:
                    self.late_s = began_s - expected_s
                early_s = self.tick()
                now_s = self._clock.monotonic_s()
                if now_s >= due_s:  # a tick that came early, for a sample or a command, leaves the pace as it is
                    expected_s = due_s + self._tick_s
                    due_s += self._tick_s * (1 + (now_s - due_s) // self._tick_s)
                self._clock.wait_until(due_s if early_s is None else min(due_s, early_s))
        finally:
            self.make_safe()

    def tick(self) -> float | None:
        """One tick; the monotonic second at which a load needs the next one early, if any."""
        while self._actions:
            self._actions.popleft()()
        tick_s, now = self._clock.monotonic_s(), self._clock.now()
        self._note_tripped()  # before a `clear` that came meanwhile, or loads it does not name would be forgotten
        commands, later = self._take_commands()
        self._commands.put_back(later)
        reading, forecast = self._sources.meter.latest(), self._sources.forecast.latest()
        inputs = self._sources.inputs(
            now,
            reading,
            tick_s=tick_s,
            commands=commands,
            health=dict(self._health),
            unreachable={name: why for name, load in self._loads.items() if (why := load.trouble()) is not None},
        )
        decision = self._controller.step(now, reading, forecast, inputs)
        self._known = set(self._health)
        early_s = self._apply(decision, tick_s)
        if later:
            early_s = tick_s
        self._commands.note_done(later)
        for reporter in self._reporters:
            reporter.report(now, decision, reading, forecast)
        for watchdog in self._watchdogs:
            watchdog.pet(tick_s)
        return early_s

    def make_safe(self) -> None:
        """Every load: contact open first, then the rest within a bounded time. Repeats do no harm."""
        started_s = self._clock.monotonic_s()
        waiting: dict[str, float] = {}
        for load in self._loads.values():
            self._try_safe(load, started_s, waiting)
        while waiting:
            now_s = self._clock.monotonic_s()
            if now_s - started_s > LONGEST_STOP_S:
                break
            self._clock.wait_until(min(waiting.values()))
            now_s = self._clock.monotonic_s()
            due = [name for name, at_s in waiting.items() if at_s <= now_s]
            for name in due:
                del waiting[name]
                self._try_safe(self._loads[name], now_s, waiting)
        for load in self._loads.values():
            try:
                load.close()
            except Exception as error:  # noqa: BLE001 - a bug in one load must not keep the next one on
                log.error("%s: could not give its pins back: %s", load.name, describe(error))

    def _try_safe(self, load: Load, tick_s: float, waiting: dict[str, float]) -> None:
        try:
            again_s = load.safe(tick_s)
        except Exception as error:  # noqa: BLE001 - a bug in one load must not keep the next one on
            log.error("%s: the safety stop failed: %s. Switch it off by hand.", load.name, describe(error))
            return
        if again_s is not None:
            waiting[load.name] = again_s

    def _take_commands(self) -> tuple[tuple[Command, ...], list[Order]]:
        """What to obey in this tick, and what only in the next.

        A fault reaches the machine before it is cleared, or the minimum off time and the log would know nothing of it.
        """
        taken = self._commands.take()
        last_off = max((order.number for order in taken if isinstance(order.what, str)), default=0)
        commands: list[Command] = []
        later: list[Order] = []
        for order in taken:
            command = order.what
            if isinstance(command, str):
                self._health = {name: self._health.get(name, command) for name in self._loads}
            elif not isinstance(command, ClearFault):
                commands.append(command)
            elif order.number > last_off:
                if command.load in self._health and command.load not in self._known:
                    later.append(order)
                    continue
                self._clear(command.load)
                commands.append(command)
        return tuple(commands), later

    def _clear(self, name: str) -> None:
        self._health.pop(name, None)
        self._known.discard(name)
        for watchdog in self._watchdogs:
            watchdog.reset()
        self._loads[name].reset()

    def _note_tripped(self) -> None:
        for watchdog in self._watchdogs:
            reason = watchdog.tripped()
            if reason is not None:
                self._health = {name: self._health.get(name, reason) for name in self._loads}

    def _apply(self, decision: Decision, tick_s: float) -> float | None:
        """Every load, changed or not, those that go off first. The earliest tick a load asks for, if any."""
        wakes = []
        for name in sorted(self._loads, key=lambda name: decision.setpoints[name].on):
            early_s = self._apply_one(self._loads[name], decision, tick_s)
            if early_s is not None:
                wakes.append(early_s)
        return min(wakes, default=None)

    def _apply_one(self, load: Load, decision: Decision, tick_s: float) -> float | None:
        try:
            if self._trials.holds(load.name, decision, tick_s):
                return self._trials.step(load, tick_s)
            if decision.loads[load.name].stop is Stop.SAFETY:
                return load.safe(tick_s)
            return load.apply(decision.setpoints[load.name], tick_s)
        except HardwareError as error:
            is_news = load.name not in self._health
            if is_news:
                log.error("%s: %s", load.name, error)
                self._health[load.name] = str(error)
        try:
            load.safe(tick_s)
        except HardwareError as error:
            log.debug("%s: the safety stop after the failure failed as well: %s", load.name, error)
        return tick_s if is_news else None  # decide again at once, now that the load is known to be faulty
