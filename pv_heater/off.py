"""``main.py off``: every output safe, with as little as possible that could stand in the way.

Pins come first and need nothing else. They come from the configuration, read so loosely that mistakes elsewhere in it
do not matter, and from the file the last real run left in its state folder. Only then outputs on the network are told,
which needs a configuration that can be read, and some seconds. Beside a running controller it touches nothing but
asks that controller to latch off.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from pv_heater.config_flat import has_flat_keys, unflatten
from pv_heater.config_yaml import Unreadable, read_document
from pv_heater.core.pin_names import PinName
from pv_heater.core.pin_settings import PinGroup, RelayPin
from pv_heater.errors import HardwareError, PvHeaterError
from pv_heater.io.clock import SystemClock
from pv_heater.io.control import SOCKET_NAME, ask
from pv_heater.io.gpio import Pins, ServoLine
from pv_heater.io.pin_lock import Holder, holder, lock_pins
from pv_heater.io.pins_file import FILE_NAME, Output, outputs_in, read_pins_file

PROJECT_FOLDER = Path(__file__).resolve().parent.parent

FINE, CONFIGURATION, HARDWARE = 0, 2, 3

ON_PAPER = ("dry_run", "battery")
"""Entries in the list of loads that switch nothing."""


@frozen(kw_only=True)
class _Found:
    """What there is to switch off, and how."""

    outputs: tuple[Output, ...]
    networked: tuple[Mapping[str, Any], ...]
    """Loads of the configuration that have no pins."""
    factory: str
    pin_log: Path | None
    state_dir: Path
    doubts: tuple[str, ...]
    config_readable: bool

    @property
    def kind(self) -> str:
        return "mock" if self.factory == "mock" else "real"

    @property
    def names(self) -> list[str]:
        return [name for output in self.outputs for name in _pin_names(output)]


def main(argv: Sequence[str]) -> int:
    """Switch everything off; the exit code: 0 done, 2 no pins known, 3 something could not be switched."""
    parser = argparse.ArgumentParser(
        prog="main.py off",
        description="Put every output off: relays open, then servos to zero, then quiet. "
        "Beside a running controller it asks that one to latch off until `main.py clear`.",
    )
    parser.add_argument(
        "--config",
        "-c",
        metavar="F",
        help="settings file; default $CONFIG_FILE, else Files/config-private.yaml, else Files/config.yaml",
    )
    config_path = _config_path(parser.parse_args(argv).config)
    found = _find(config_path)
    for doubt in found.doubts:
        _warn(doubt)
    code, taken_over = _pins(found, config_path)
    if taken_over or not found.networked:
        return code
    return max(code, _tell_network(found, config_path))


def _pins(found: _Found, config_path: Path) -> tuple[int, bool]:
    """Exit code, and whether a running controller took everything over."""
    try:
        if not found.outputs:
            return (FINE, _takes_over(found)) if found.networked else (_nothing(found, config_path), False)
        other = _running_controller(found)
        if other is None:
            return _switch(found, config_path), False
        code = _ask(found, other)
        return code, code == FINE
    except HardwareError as error:
        _warn(f"{error}. Switch the heater off by hand.")
        return HARDWARE, False


def _takes_over(found: _Found) -> bool:
    """Ask a controller that has no pins: it is known by its state folder only, and may well not be running."""
    try:
        answer = ask(found.state_dir / SOCKET_NAME, {"command": "off"})
    except PvHeaterError:
        return False
    if answer.get("ok") is True:
        _say(f"the running controller: {answer.get('message', 'every load is off')}")
    return answer.get("ok") is True


def _tell_network(found: _Found, config_path: Path) -> int:
    # Heavy, and in reach of every mistake in the settings: nothing of it is imported before the pins are safe.
    try:
        from pv_heater.off_network import tell_off

        answers = tell_off(found.networked, config_path.parent, found.state_dir)
    except Exception as error:  # noqa: BLE001 - a bug here must not hide that the pins are safe
        _warn(f"outputs on the network could not be told: {type(error).__name__}: {error}. Switch them off by hand.")
        return HARDWARE
    for answer in answers:
        if answer.confirmed:
            _say(answer.text)
        else:
            _warn(answer.text)
    return FINE if all(answer.confirmed for answer in answers) else HARDWARE


def _config_path(option: str | None) -> Path:
    named = option or os.environ.get("CONFIG_FILE")
    if named:
        return Path(named)
    private = PROJECT_FOLDER / "Files" / "config-private.yaml"
    return private if private.exists() else PROJECT_FOLDER / "Files" / "config.yaml"


def _find(config_path: Path) -> _Found:
    """The pins of the configuration, unless it is dry, and those of the last real run that it does not name."""
    config, trouble = _read_config(config_path)
    state_dir = _state_dir(config, config_path)
    kept = read_pins_file(state_dir) or {}
    outputs, doubts = outputs_in({} if _is_dry(config) else config)
    named = {PinName.parse(name) for output in outputs for name in _pin_names(output)}
    outputs += [rest for output in outputs_in(kept)[0] if (rest := _without(output, named)) is not None]
    gpio: Mapping[str, Any] = next(
        (item["gpio"] for item in (config, kept) if isinstance(item.get("gpio"), Mapping)), {}
    )
    factory, pin_log = gpio.get("factory", "auto"), gpio.get("pin_log")
    return _Found(
        outputs=tuple(outputs),
        networked=() if _is_dry(config) else tuple(_networked(config)),
        factory=factory if factory in ("lgpio", "rpigpio", "mock") else "auto",
        pin_log=Path(pin_log) if isinstance(pin_log, str) else None,
        state_dir=state_dir,
        doubts=(*([trouble] if trouble else []), *doubts),
        config_readable=not trouble,
    )


def _read_config(path: Path) -> tuple[Mapping[str, Any], str]:
    try:
        document = read_document(path)
    except Unreadable as error:
        return {}, f"{path} cannot be used ({error}); going by {FILE_NAME} of the last run"
    if has_flat_keys(document):
        unflatten(document)
    return document.values, ""


def _is_dry(config: Mapping[str, Any]) -> bool:
    return str(config.get("dry_run")).lower() in ("true", "yes", "on")


def _networked(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Loads in which no pin is named, not even a wrong one."""
    loads = config.get("loads")
    rows = [load for load in (loads if isinstance(loads, list) else []) if isinstance(load, Mapping)]
    return [row for row in rows if row.get("type") not in ON_PAPER and outputs_in({"loads": [row]}) == ([], [])]


def _state_dir(config: Mapping[str, Any], config_path: Path) -> Path:
    named = config.get("state_dir", "auto")
    if isinstance(named, str) and named != "auto":
        return Path(named).expanduser()
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(given) if given else config_path.parent / "state"


def _pin_names(output: Output) -> list[str]:
    return [name for group in output.groups for name in group.names]


def _without(output: Output, named: set[PinName]) -> Output | None:
    """What is left of it: a relay moved to another pin leaves the old one closed, though its servo stayed."""

    def is_free(group: PinGroup | None) -> bool:
        return group is not None and not any(PinName.parse(name) in named for name in group.names)

    rest = evolve(
        output,
        relays=tuple(relay for relay in output.relays if is_free(relay)),
        servo=output.servo if is_free(output.servo) else None,
        wiper=output.wiper if is_free(output.wiper) else None,
    )
    return rest if rest.groups else None


def _nothing(found: _Found, config_path: Path) -> int:
    if found.config_readable:
        _say(f"{config_path}: a dry run or no load with pins: there is nothing to switch")
        return FINE
    _warn(f"no pins are known: {found.state_dir / FILE_NAME} is missing too; name a settings file with --config")
    return CONFIGURATION


def _running_controller(found: _Found) -> Holder | None:
    for name in found.names:
        other = holder(name, found.kind)
        if other is not None:
            return other
    return None


def _ask(found: _Found, other: Holder) -> int:
    try:
        answer = ask(Path(other.state_dir or found.state_dir) / SOCKET_NAME, {"command": "off"})
    except PvHeaterError as error:
        _warn(
            f"the pins are held by {other}, which did not answer: {error}. Stop it (`systemctl stop pv-heater`, "
            f"or `kill {other.pid}`), then run this again."
        )
        return HARDWARE
    if answer.get("ok") is not True:
        _warn(f"{other} could not switch off: {answer.get('message', 'it did not say why')}. Stop it and try again.")
        return HARDWARE
    _say(f"{other}: {answer.get('message', 'every load is off')}")
    return FINE


def _switch(found: _Found, config_path: Path) -> int:
    clock = SystemClock()
    with lock_pins(found.names, f"off, {config_path}", found.kind):
        pins = Pins(factory=found.factory, pin_log=found.pin_log, monotonic_s=clock.monotonic_s)
        opened, problems = _open_relays(pins, found.outputs)
        servos = _turn_to_zero(pins, found.outputs, problems)
        wipers = _move_to_zero(pins, found.outputs, problems)
        if servos:
            clock.wait_until(clock.monotonic_s() + max(output.servo.settle_s for output in servos if output.servo))
        _rest(servos, problems)
        try:
            pins.close()
        except HardwareError as error:
            problems.append(f"pins: {error}")
    for output in found.outputs:
        done = [f"relay {relay.pin} open" for relay in output.relays if relay in opened]
        done += [f"servo {output.servo.pin} at zero"] if output.servo and output in servos else []
        done += ["potentiometer at zero"] if output in wipers else []
        if done:
            _say(f"{output.load}: {', '.join(done)}")
    for problem in problems:
        _warn(f"{problem}. Switch it off by hand.")
    return HARDWARE if problems else FINE


def _open_relays(pins: Pins, outputs: Sequence[Output]) -> tuple[set[RelayPin], list[str]]:
    opened, problems = set(), []
    for output in outputs:
        for relay in output.relays:
            try:
                pins.relay(relay)  # being made opens it
                opened.add(relay)
            except HardwareError as error:
                problems.append(f"{output.load}: {error}")
    return opened, problems


def _turn_to_zero(pins: Pins, outputs: Sequence[Output], problems: list[str]) -> dict[Output, ServoLine]:
    servos = {}
    for output in outputs:
        if output.servo is not None:
            try:
                servo = pins.servo(output.servo)
                servo.turn_to(output.servo.zero_deg)
                servos[output] = servo
            except HardwareError as error:
                problems.append(f"{output.load}: {error}")
    return servos


def _move_to_zero(pins: Pins, outputs: Sequence[Output], problems: list[str]) -> set[Output]:
    moved = set()
    for output in outputs:
        if output.wiper is not None:
            try:
                pins.wiper(output.wiper).move_to(output.wiper.zero_step)
                moved.add(output)
            except HardwareError as error:
                problems.append(f"{output.load}: {error}")
    return moved


def _rest(servos: Mapping[Output, ServoLine], problems: list[str]) -> None:
    for output, servo in servos.items():
        try:
            servo.rest()
        except HardwareError as error:
            problems.append(f"{output.load}: {error}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _warn(text: str) -> None:
    sys.stderr.write(f"off: {text}\n")
