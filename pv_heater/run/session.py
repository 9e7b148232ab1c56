"""What every run of the loop begins and ends with: control of a home, measuring of a curve, or a recording played."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from pv_heater.config.load import Config
from pv_heater.io.gpio.locks import lock_state_dir
from pv_heater.io.system.clock import SystemClock
from pv_heater.io.system.control_socket import SOCKET_NAME, ControlServer
from pv_heater.io.system.stop_signals import StopSignals
from pv_heater.run.identity import Identity
from pv_heater.run.journal import Journal
from pv_heater.run.loop import Loop
from pv_heater.run.outputs import owner_of
from pv_heater.run.requests import CommandHandler
from pv_heater.run.state_dir import make_state_dir
from pv_heater.run.transition_log import TransitionLog


class Startable(Protocol):
    """What runs beside the loop."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End soon; never waits."""


def clock_and_signals() -> tuple[SystemClock, StopSignals]:
    """The real clock, and the signals that end its waits. From the main thread, before any pin is touched."""
    clock, signals = SystemClock(), StopSignals()
    signals.install(clock)
    return clock, signals


@contextmanager
def own_state_dir(config: Config, owner: str) -> Iterator[Path]:
    """The state folder, made if need be and locked: one owner at a time. Raises ConfigError, PinBusy."""
    folder = make_state_dir(config)
    with lock_state_dir(folder, owner=owner):
        yield folder


@contextmanager
def beside(*parts: Startable) -> Iterator[None]:
    """They run while the block runs. At its end each is asked to stop, and none is waited for."""
    for part in parts:
        part.start()
    try:
        yield
    finally:
        for part in parts:
            part.stop()


def control_server(
    config: Config,
    folder: Path,
    loop: Loop,
    transitions: TransitionLog,
    journal: Journal,
    *,
    outputs: str,
    since_at: datetime,
    sources: Callable[[], Sequence[Any]] = tuple,
    troubles: Callable[[], Sequence[str]] = tuple,
) -> ControlServer:
    """What answers `status`, `why`, `force`, `off` in the state folder; not started yet.

    `outputs` is that of `Identity`, `sources` and `troubles` those of `CommandHandler`.
    """
    who = Identity(
        home=config.site.name,
        file=owner_of(config),
        pid=os.getpid(),
        since_at=since_at.astimezone(ZoneInfo(config.site.timezone)),
        outputs=outputs,
    )
    handler = CommandHandler(loop, lambda: transitions.status, sources, journal, troubles)
    return ControlServer(folder / SOCKET_NAME, handler, who.as_json())
