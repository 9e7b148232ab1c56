"""What every run of the loop begins and ends with: control of a home, measuring of a curve, or a recording played."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from pv_heater.config.load import Config
from pv_heater.io.gpio.locks import lock_state_dir
from pv_heater.io.system.clock import SystemClock
from pv_heater.io.system.control_socket import SOCKET_NAME, ControlServer
from pv_heater.io.system.stop_signals import StopSignals
from pv_heater.run.home.running_home import RunningHome
from pv_heater.run.state_dir import make_state_dir


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


def control_server(folder: Path, home: RunningHome) -> ControlServer:
    """What answers `status`, `why`, `force`, `off` in the state folder; not started yet."""
    return ControlServer(folder / SOCKET_NAME, home.ask, home.identity())
