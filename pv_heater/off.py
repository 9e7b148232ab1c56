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

from pv_heater.core.pin_settings import RelayPin
from pv_heater.errors import HardwareError, PvHeaterError
from pv_heater.io.clock import SystemClock
from pv_heater.io.control import SOCKET_NAME, ask
from pv_heater.io.gpio import Pins, ServoLine
from pv_heater.io.pin_lock import Holder, holder, lock_pins
from pv_heater.io.pins_file import FILE_NAME, Output
from pv_heater.off_found import Found, find

PROJECT_FOLDER = Path(__file__).resolve().parent.parent

FINE, CONFIGURATION, HARDWARE = 0, 2, 3


def main(argv: Sequence[str]) -> int:
    """Switch everything off; the exit code: 0 done, 2 no pins known, 3 something could not be switched."""
    parser = argparse.ArgumentParser(
        prog="main.py off",
        description="Put every output off: relays open, then servos to zero, then quiet; then those on the network. "
        "Beside a running controller it asks that one to latch off until `main.py clear`.",
    )
    parser.add_argument(
        "--config",
        "-c",
        metavar="F",
        help="settings file; default $CONFIG_FILE, else Files/config-private.yaml, else Files/config.yaml",
    )
    config_path = _config_path(parser.parse_args(argv).config)
    found = find(config_path)
    for doubt in found.doubts:
        _warn(doubt)
    code, taken_over = _pins(found, config_path)
    if taken_over or not found.networked:
        return code
    return max(code, _tell_network(found, config_path))


def _pins(found: Found, config_path: Path) -> tuple[int, bool]:
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


def _takes_over(found: Found) -> bool:
    """Ask a controller that has no pins: it is known by its state folder only, and may well not be running."""
    try:
        answer = ask(found.state_dir / SOCKET_NAME, {"command": "off"})
    except PvHeaterError:
        return False
    if answer.get("ok") is True:
        _say(f"the running controller: {answer.get('message', 'every load is off')}")
    return answer.get("ok") is True


def _tell_network(found: Found, config_path: Path) -> int:
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


def _nothing(found: Found, config_path: Path) -> int:
    if found.config_readable:
        _say(f"{config_path}: a dry run or no load with pins: there is nothing to switch")
        return FINE
    _warn(f"no pins are known: {found.state_dir / FILE_NAME} is missing too; name a settings file with --config")
    return CONFIGURATION


def _running_controller(found: Found) -> Holder | None:
    for name in found.names:
        other = holder(name, found.kind)
        if other is not None:
            return other
    return None


def _ask(found: Found, other: Holder) -> int:
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


def _switch(found: Found, config_path: Path) -> int:
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
