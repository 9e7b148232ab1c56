"""Who else is told of the home: built where the settings ask for it, and never a reason not to heat."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pv_heater.config.load import Config
from pv_heater.core.settings.mqtt import Mqtt
from pv_heater.io.system.worker import WorkerStatus
from pv_heater.ports import Tools

if TYPE_CHECKING:
    from pv_heater.status.home import Home
    from pv_heater.status.newest import NewestDocument
    from pv_heater.telemetry.mqtt.companion import Companion
    from pv_heater.telemetry.told import Told

log = logging.getLogger(__name__)


class Teller(Protocol):
    """Tells another system of the home."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End soon; never waits."""

    def status(self) -> WorkerStatus:
        """How it fares."""

    def close(self) -> None:
        """Say goodbye, which may take some seconds. May be repeated."""


class Telemetry:
    """All of them, as one part beside the loop."""

    def __init__(self, *tellers: Teller) -> None:
        self._tellers = tellers

    def start(self) -> None:
        """Begin with each."""
        for teller in self._tellers:
            teller.start()

    def stop(self) -> None:
        """Ask each to end; never waits."""
        for teller in self._tellers:
            teller.stop()

    def status(self) -> list[WorkerStatus]:
        """How each fares."""
        return [teller.status() for teller in self._tellers]

    def close(self) -> None:
        """Let each say goodbye."""
        self.stop()
        with ExitStack() as ends:
            for teller in self._tellers:
                ends.callback(teller.close)


def telemetry_of(config: Config, told: Callable[[], Told], tools: Tools) -> Telemetry:
    """What the settings ask for, not started yet. `told` makes, at the first call, what all share."""
    tellers: list[Teller] = [] if config.mqtt is None else _mqtt(config.mqtt, told())
    if config.publish:
        from pv_heater.run.home.publishers import publishers_of

        tellers += publishers_of(config, told(), tools)
    return Telemetry(*tellers)


def telling(
    home: Home, document: Callable[[], NewestDocument], folder: Path, kept: Callable[[], Mapping[str, Any] | None]
) -> Callable[[], Told]:
    """What all who tell of the home share, made when the first of them asks.

    `folder` is the state folder, `kept` gives the day's counts that are on the disk.
    """

    def made() -> Told:
        from pv_heater.telemetry.told import told_of

        return told_of(home, document(), folder, kept, time.monotonic)

    return cache(made)


def _mqtt(settings: Mqtt, told: Told) -> list[Teller]:
    """Loads paho; nobody tells where it is missing."""
    try:
        from pv_heater.telemetry.mqtt.telemetry import MqttTelemetry
    except ImportError as error:
        log.warning("nothing is told over MQTT, as %s is not installed; `. ./env.sh` installs it", error.name)
        return []
    return [MqttTelemetry(settings, told, companions=_companions(settings, told))]


def _companions(settings: Mqtt, told: Told) -> tuple[Companion, ...]:
    """Who else speaks over that connection."""
    if settings.home_assistant is None:
        return ()
    from pv_heater.telemetry.home_assistant.companion import HomeAssistantCompanion

    return (HomeAssistantCompanion(settings, settings.home_assistant, told.home, told.identities),)
