"""The outputs of the live program: pins locked, opened on first use, and given back at the end.

Before that it is said which pins a configuration uses, and which relays they would close while the Pi boots.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pv_heater.config.load import Config, TypedSettings
from pv_heater.core.settings.load import BatteryShare
from pv_heater.core.settings.pins import PinGroup, PinName, RelayPin, ServoPin, boot_pull_problem, pin_groups
from pv_heater.errors import HardwareError
from pv_heater.io.gpio.locks import lock_pins
from pv_heater.io.gpio.pins import Pins
from pv_heater.io.gpio.pins_file import write_pins_file
from pv_heater.loads.dry_run import DryRun
from pv_heater.loads.network.networked import NetworkedLoad
from pv_heater.ports import Clock, Follower, Load, Tools
from pv_heater.run.transition_log import TransitionLog

log = logging.getLogger(__name__)


def pin_settings(config: Config) -> list[tuple[str, PinGroup]]:
    """Every group of pins in the settings, with the place it stands at, such as ``loads.water_heater.relay``."""
    return [(f"loads.{policy.name}.{key}", group) for policy in config.policies for key, group in pin_groups(policy)]


def boot_problems(config: Config) -> list[str]:
    """Relays, solid-state ones included, that would be switched on while the Pi boots."""
    found = ((where, boot_pull_problem(pin)) for where, pin in pin_settings(config) if isinstance(pin, RelayPin))
    return [f"{where}: {problem}" for where, problem in found if problem is not None]


class Outputs:
    """Loads and the tools they are built with. As a context manager it leaves every pin safe and unlocked."""

    def __init__(self, config: Config, clock: Clock, folder: Path, *, dry_run: bool) -> None:
        self._config = config
        self._dry_run = dry_run or config.dry_run
        self._ends = ExitStack()
        self._pins: Pins | None = None
        self._clock = clock
        self.tools = Tools(clock=clock, site=config.site, state_dir=folder, pins=self._open_pins)
        self.loads: list[Load] = []

    def __enter__(self) -> Self:
        try:
            self._lock()
            self._build()
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    @property
    def pretended(self) -> frozenset[str]:
        """Names of the loads that switch nothing: no live meter will ever see them draw."""
        return frozenset(load.name for load in self.loads if isinstance(load, DryRun))

    @property
    def followers(self) -> dict[str, Follower]:
        """The loads whose devices ask by the page, by name."""
        return {load.name: load for load in self.loads if isinstance(load, Follower)}

    @property
    def worth(self) -> str:
        """What they switch: real things, the pins of thin air (mock) alone, or nothing at all (dry)."""
        if len(self.pretended) == len(self.loads):
            return "dry"
        reaches_out = any(isinstance(load, NetworkedLoad | Follower) for load in self.loads)
        return "real" if reaches_out or self._config.gpio.factory != "mock" else "mock"

    def _lock(self) -> None:
        """One lock a pin, before any pin is touched: a second process is refused."""
        pins = pin_settings(self._config)
        if self._dry_run or not pins:
            return
        for warning in boot_problems(self._config):
            log.warning("%s", warning)
        names = [str(PinName.parse(name)) for _, group in pins for name in group.names]
        owner = owner_of(self._config)
        locks = lock_pins(names, owner=owner, kind=_lock_kind(self._config), state_dir=self.tools.state_dir)
        self._ends.callback(locks.release)
        settings = self._config.policies
        try:
            write_pins_file(self.tools.state_dir, settings, self._config.gpio)
        except OSError as error:
            log.warning("pins.json cannot be written (%s); `main.py off` then needs a config that can be read", error)

    def _build(self) -> None:
        for row in self._config.loads:
            if isinstance(row, BatteryShare):
                continue
            load: Load = (
                DryRun(row.settings, self.tools)
                if self._dry_run
                else with_found_curve(self._config, row).build(self.tools)
            )
            self.loads.append(load)
            self._ends.callback(_close, load)

    def _open_pins(self) -> Pins:
        if self._pins is None:
            gpio = self._config.gpio
            pin_log = Path(gpio.pin_log).expanduser() if gpio.pin_log is not None else None
            self._pins = Pins(factory=gpio.factory, pin_log=pin_log, monotonic_s=self._clock.monotonic_s)
            self._ends.callback(_close, self._pins)
        return self._pins


def with_found_curve(config: Config, row: TypedSettings[Any]) -> TypedSettings[Any]:
    """The same load; a curve named beside the configuration is found there, wherever the program was started."""
    found: dict[str, Any] = {}
    servo, curve = getattr(row.settings, "servo", None), getattr(row.settings, "curve", None)
    if isinstance(servo, ServoPin) and servo.curve is not None:
        found["servo"] = replace(servo, curve=str(config.resolve(servo.curve)))
    if curve is not None:
        found["curve"] = str(config.resolve(curve))
    return replace(row, settings=replace(row.settings, **found)) if found else row


def owner_of(config: Config) -> str:
    """What locks say of their holder: the settings file with its whole path."""
    return "a mapping" if config.path is None else str(config.path.absolute())


def full_powers_w(config: Config) -> dict[str, float]:
    """Each load's full power, in order of priority."""
    return {policy.name: policy.max_power_w for policy in config.policies}


def transition_log(config: Config, outputs: Outputs) -> TransitionLog:
    """The log of what these outputs do, as the settings want it."""
    all_steps = config.log.steps == "all"
    return TransitionLog(full_powers_w(config), pretended=outputs.pretended, all_steps=all_steps)


def _close(thing: Load | Pins) -> None:
    try:
        thing.close()
    except HardwareError as error:
        log.error("a pin could not be given back: %s", error)


def _lock_kind(config: Config) -> str:
    return "mock" if config.gpio.factory == "mock" else "real"
