"""``main.py off``: every output safe, with as little as possible that could stand in the way.

Pins come first and need nothing else. They come from the configuration, read so loosely that mistakes elsewhere in it
do not matter, and from the file the last real run left in its state folder. Only then outputs on the network are told,
which needs a configuration that can be read, and some seconds. What a running controller drives is left to it: it is
asked to latch off, and watched until its loads were seen off.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pv_heater.commands.off_asking import AskedController, ask_all, holders_of
from pv_heater.commands.off_outputs import OffOutputs, find
from pv_heater.config.places import choose_config_path
from pv_heater.core.model.plain_text import folded, plain
from pv_heater.core.settings.pins import RelayPin
from pv_heater.errors import HardwareError, PinBusy
from pv_heater.io.gpio.locks import lock_pins, state_holder
from pv_heater.io.gpio.pins import Pins, ServoLine
from pv_heater.io.gpio.pins_file import FILE_NAME, Output
from pv_heater.io.system.clock import SystemClock

FINE, CONFIGURATION, HARDWARE = 0, 2, 3


def main(argv: Sequence[str]) -> int:
    """Switch everything off; the exit code: 0 all was seen off, 2 no pins known, 3 something may still be on."""
    parser = argparse.ArgumentParser(
        prog="main.py off",
        description="Put every output off: relays open, then servos to zero, then quiet; then those on the network. "
        "Beside a running controller it asks that one to latch off until `main.py clear`. Exit code 3 when something "
        "was not seen off.",
    )
    parser.add_argument(
        "--config",
        "-c",
        metavar="F",
        help="settings file; default $CONFIG_FILE, else Files/config-private.yaml, else Files/config.yaml",
    )
    parser.add_argument(
        "--unheld",
        action="store_true",
        help="only what no controller holds: ask none to switch off. For whoever comes after one that has died",
    )
    asked_for = parser.parse_args(argv)
    config_path = choose_config_path(asked_for.config, os.environ)
    if _was_refused(os.environ):
        _say("another controller runs with these outputs, and this one had none of them: nothing to switch")
        return FINE
    found = find(config_path)
    if asked_for.unheld and (holder := state_holder(found.state_dir)) is not None:
        _say(f"a controller runs again, {holder}: nothing to switch")
        return FINE
    for doubt in found.doubts:
        _warn(doubt)
    clock = SystemClock()
    asked = [] if asked_for.unheld else ask_all(found, config_path, clock)
    for one in asked:
        for text in one.said:
            _say(text)
        for text in one.doubts:
            _warn(f"{text.removesuffix('.')}.")
    codes = [HARDWARE for one in asked if one.doubts and one.believed]
    codes += [HARDWARE] if found.out_of_reach else []
    own_pins = _unheld(found) if asked_for.unheld else _left_to_us(found, asked)
    networked = [row for row in found.networked if not any(str(row.get("name")) in one.loads for one in asked)]
    if own_pins:
        codes.append(_pins(own_pins, found, config_path, clock))
    elif not found.outputs and not networked and not any(one.answered for one in asked):
        codes.append(_nothing(found, config_path))
    if networked:
        codes.append(_tell_network(networked, config_path, found.state_dir))
    return max(codes, default=FINE)


def _was_refused(environ: Mapping[str, str]) -> bool:
    """Whether systemd runs this after a controller that was refused because another one runs (systemd.exec(5))."""
    return environ.get("SERVICE_RESULT") == "exit-code" and environ.get("EXIT_STATUS") == str(PinBusy.exit_code)


def _left_to_us(found: OffOutputs, asked: Sequence[AskedController]) -> list[Output]:
    """The outputs that no controller switches or holds: one that does not answer still has its pins."""
    doors = {one.door.state_dir.absolute() for one in asked if one.believed}
    mine = []
    for output in found.outputs:
        names = [name for group in output.groups for name in group.names]
        if found.kind == "mock":
            is_held = any(output.load in one.loads or (one.doubts and one.believed) for one in asked)
        else:
            holders = holders_of(names, found.kind)
            is_held = any(Path(holder.state_dir or found.state_dir).absolute() in doors for holder in holders)
        if not is_held:
            mine.append(output)
    return mine


def _unheld(found: OffOutputs) -> list[Output]:
    """The outputs no pin of which anybody says to hold."""
    names = {output: [name for group in output.groups for name in group.names] for output in found.outputs}
    return [output for output in found.outputs if not holders_of(names[output], found.kind)]


def _pins(outputs: Sequence[Output], found: OffOutputs, config_path: Path, clock: SystemClock) -> int:
    try:
        return _switch(outputs, found, config_path, clock)
    except HardwareError as error:
        _warn(f"{error}. Switch the heater off by hand.")
        return HARDWARE


def _tell_network(rows: Sequence[Mapping[str, Any]], config_path: Path, state_dir: Path) -> int:
    # Heavy, and in reach of every mistake in the settings: nothing of it is imported before the pins are safe.
    try:
        from pv_heater.commands.off_network import tell_off

        answers = tell_off(rows, config_path.parent, state_dir)
    except Exception as error:  # noqa: BLE001 - a bug here must not hide that the pins are safe
        _warn(f"outputs on the network were not reached: {type(error).__name__}: {error}. Switch them off by hand.")
        return HARDWARE
    for answer in answers:
        if answer.confirmed:
            _say(answer.text)
        else:
            _warn(answer.text)
    return FINE if all(answer.confirmed for answer in answers) else HARDWARE


def _nothing(found: OffOutputs, config_path: Path) -> int:
    if found.config_readable:
        _say(f"Nothing to switch: {config_path} is set to dry_run, or no load in it has pins")
        return FINE
    _warn(f"no pins are known: {found.state_dir / FILE_NAME} is missing too; name a settings file with --config")
    return CONFIGURATION


def _switch(outputs: Sequence[Output], found: OffOutputs, config_path: Path, clock: SystemClock) -> int:
    names = [name for output in outputs for group in output.groups for name in group.names]
    # Without its folder no controller has ever run on these mock pins.
    folder = found.state_dir if found.state_dir.is_dir() else None
    with lock_pins(names, f"off, {config_path}", found.kind, state_dir=folder, passing=True):
        pins = Pins(factory=found.factory, pin_log=found.pin_log, monotonic_s=clock.monotonic_s)
        opened, problems = _open_relays(pins, outputs)
        servos = _turn_to_zero(pins, outputs, problems)
        wipers = _move_to_zero(pins, outputs, problems)
        if servos:
            clock.wait_until(clock.monotonic_s() + max(output.servo.settle_s for output in servos if output.servo))
        _rest(servos, problems)
        try:
            pins.close()
        except HardwareError as error:
            problems.append(f"pins: {error}")
    for output in outputs:
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
    sys.stdout.write("\n".join(folded([plain(text)], _width(sys.stdout))) + "\n")


def _warn(text: str) -> None:
    sys.stderr.write("\n".join(folded([f"off: {plain(text)}"], _width(sys.stderr))) + "\n")


def _width(stream: Any) -> int:
    """Of the terminal where it ends; 0 where it is none."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0
