"""Displays beside the loop: each on a thread of its own, with pins of its own. What goes wrong there stays there."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from pv_heater.config.load import Config
from pv_heater.core.model.requests import Force
from pv_heater.core.model.status import STALE_S, Status
from pv_heater.errors import HardwareError, SourceError
from pv_heater.io.gpio.locks import lock_pins
from pv_heater.io.gpio.pins import Pins
from pv_heater.io.system.worker import Worker, WorkerStatus, worker_for
from pv_heater.ports import Display, Tools

log = logging.getLogger(__name__)

_CLOSE_PATIENCE_S = 1.0
"""How long the end of the program waits for a picture that is being sent."""
_TRY_AGAIN_S = 30.0


class OwnPins:
    """The pins of one display, locked and opened by its own thread when it first asks for them."""

    def __init__(self, names: Sequence[str], config: Config, tools: Tools) -> None:
        self._names = names
        self._config = config
        self._tools = tools
        self._ends = ExitStack()
        self._pins: Pins | None = None

    def open(self) -> Pins:
        """The pins, the same ones every time. Raises HardwareError, PinBusy where another program has one of them."""
        if self._pins is None:
            with ExitStack() as ends:
                factory = self._config.gpio.factory
                owner = f"a display of {self._config.path or 'a mapping'}"
                kind = "mock" if factory == "mock" else "real"
                ends.enter_context(lock_pins(self._names, owner=owner, kind=kind, state_dir=self._tools.state_dir))
                pins = Pins(factory=factory, pin_log=None, monotonic_s=self._tools.clock.monotonic_s)
                ends.callback(pins.close)
                self._ends = ends.pop_all()
            self._pins = pins
        return self._pins

    def close(self) -> None:
        """Give them back. May be repeated. Raises HardwareError."""
        self._ends.close()


class DisplayTurns:
    """One display, turn by turn. `turn` belongs to one thread, `close` may come from another."""

    def __init__(
        self,
        display: Display,
        pins: OwnPins,
        status: Callable[[], Status | None],
        submit: Callable[[Force], object],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._display = display
        self._pins = pins
        self._status = status
        self._submit = submit
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._closed = False
        self._newest: Status | None = None
        self._came_s = monotonic_s()

    @property
    def interval_s(self) -> float:
        """Seconds from one turn to the next."""
        return self._display.interval_s

    def turn(self) -> None:
        """Show what is true now and hand on what was pressed. Raises SourceError."""
        now_s, newest = self._monotonic_s(), self._status()
        if newest is not self._newest:
            self._newest, self._came_s = newest, now_s
        with self._lock:
            if self._closed:
                return
            try:
                commands = self._display.turn(newest if now_s - self._came_s <= STALE_S else None, now_s)
            except HardwareError as error:
                raise SourceError(str(error), retry_after_s=_TRY_AGAIN_S) from None
        for command in commands:
            log.info("A button asks for %s: %s.", command.load, command.mode)
            self._submit(command)

    def close(self) -> None:
        """Go dark, for a picture that nobody renews tells lies. Never raises."""
        if not self._lock.acquire(timeout=_CLOSE_PATIENCE_S):
            return
        self._closed = True
        for close in (self._display.close, self._pins.close):
            try:
                close()
            except (SourceError, HardwareError) as error:
                log.debug("a display could not be left in order: %s", error)
        self._lock.release()


class Displays:
    """All displays of the settings. Nothing here is built with the loads' pins, nor called by the loop's thread."""

    def __init__(
        self, config: Config, tools: Tools, status: Callable[[], Status | None], submit: Callable[[Force], object]
    ) -> None:
        """`status` answers at once with the newest tick, `submit` queues a command for the next one."""
        self._shown: list[DisplayTurns] = []
        self._workers: list[Worker[None]] = []
        monotonic_s = tools.clock.monotonic_s
        for row in config.display:
            pins = OwnPins(row.settings.names, config, tools)
            display: Display = row.build(dataclasses.replace(tools, pins=pins.open))
            shown = DisplayTurns(display, pins, status, submit, monotonic_s)
            self._shown.append(shown)
            self._workers.append(worker_for(shown, f"display {row.type}", shown.turn, monotonic_s, log))

    def start(self) -> None:
        """Begin to show."""
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """Show no more; never waits."""
        for worker in self._workers:
            worker.stop()

    def close(self) -> None:
        """Stop, go dark, give pins back. Waits a second a display at most; never raises."""
        self.stop()
        for shown in self._shown:
            shown.close()

    def poll_once(self) -> None:
        """A turn of every display here and now; what they raise is noted as on their threads."""
        for worker in self._workers:
            worker.poll_once()

    def status(self) -> Sequence[WorkerStatus]:
        """How each display fares."""
        return [worker.status() for worker in self._workers]
