"""What `demo`, `replay` and `simulate` do, and `run` with a recording: played on simulated time, then its summary."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pv_heater.commands.play.days import play_demo, play_recording, play_simulation
from pv_heater.commands.play.result import PlayedDays
from pv_heater.commands.run import log_lines
from pv_heater.config.load import Config, TypedSettings, load_config
from pv_heater.config.places import SHIPPED_CONFIG, config_words
from pv_heater.core.model.plain_text import folded, plain
from pv_heater.io.system.log import LogLines
from pv_heater.io.system.own_files import replace_file
from pv_heater.sim.recording_meter import RecordingMeter

Play = Callable[[LogLines], PlayedDays]
"""Plays something to its end; releases the lines that it is given once it is sure that it may."""


def recorded_day(config: Config, *, dry_run: bool, debug: bool, as_json: bool) -> int:
    """The recording that is the meter of these settings."""
    return _play(
        config,
        lambda lines: play_recording(config, dry_run=dry_run, started=lines.release, log_file=lines.path),
        "",
        dry_run=dry_run,
        debug=debug,
        as_json=as_json,
    )


def demo(config: Config, *, speed: float, history_file: Path | None, debug: bool, as_json: bool) -> int:
    """`main.py demo`: a recorded day from its morning on, slow enough to be asked, dry."""
    if not (config.meter and config.meter[0].type == "recording"):
        config = load_config(SHIPPED_CONFIG)
    which = config_words(config.path or SHIPPED_CONFIG, os.environ)
    if not as_json:
        print(  # noqa: T201 (what to do with it)
            f"A recorded day, {speed:g} times as fast; nothing is switched.\n"
            f"Ask it from another terminal, after `. ./env.sh` there:\n"
            f"  python main.py status{which}\n"
            f"  python main.py why{which}\n"
            f"  python main.py force {config.policies[0].name} on --for 30m{which}\n"
            f"Ctrl-C ends it with a summary.",
            flush=True,
        )
    return _play(
        config,
        lambda lines: play_demo(
            config, speed=speed, started=lines.release, log_file=lines.path, history_file=history_file
        ),
        "demo",
        dry_run=True,
        debug=debug,
        as_json=as_json,
    )


def replay(config: Config, recording: Path, *, history_file: Path | None, debug: bool, as_json: bool) -> int:
    """`main.py replay`: another recording with this configuration, dry, at full speed."""
    first = config.meter[0].settings if config.meter and config.meter[0].type == "recording" else None
    settings = replace(first or RecordingMeter.Settings(path=""), path=str(recording.absolute()), speed=None)
    row = TypedSettings(type="recording", cls=RecordingMeter, settings=settings)
    config = replace(config, meter=(row,))
    return _play(
        config,
        lambda lines: play_recording(config, dry_run=True, started=lines.release, history_file=history_file),
        "replay",
        dry_run=True,
        debug=debug,
        as_json=as_json,
    )


def simulate(
    config: Config,
    *,
    days: int | None,
    weather: str,
    seed: int,
    data: Path | None,
    feed: str,
    history_file: Path | None,
    debug: bool,
    as_json: bool,
) -> int:
    """`main.py simulate`: whole days in the software home, dry."""

    def play(lines: LogLines) -> PlayedDays:
        lines.release()
        return play_simulation(
            config, days=days, weather=weather, seed=seed, data=data, feed=feed, history_file=history_file
        )

    return _play(config, play, "simulate", dry_run=True, debug=debug, as_json=as_json)


def _play(config: Config, play: Play, suffix: str, *, dry_run: bool, debug: bool, as_json: bool) -> int:
    to_stdout = not as_json
    with log_lines(config, dry_run=dry_run, debug=debug, to_stdout=to_stdout, suffix=suffix, drops=False) as lines:
        played = play(lines)
    if as_json:
        print(json.dumps(played.as_json() | {"log_file": str(lines.path)}, indent=1))  # noqa: T201 (the result)
    else:
        told = folded([*played.as_lines(), *_drawn(played, lines.path)], _width())
        print(plain("\n".join(["", *_bars(played), *told])))  # noqa: T201 (the result)
    return 0


def _width() -> int:
    """Of the terminal; 0 where there is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def _bars(played: PlayedDays) -> list[str]:
    """The day as bars, in characters that this terminal has."""
    if played.picture is None:
        return []
    try:
        "".join(played.picture.bars).encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return [*played.picture.plain_bars, ""]
    return [*played.picture.bars, ""]


def _drawn(played: PlayedDays, log_file: Path) -> list[str]:
    """Where log and picture are; the picture lies beside the log."""
    lines = [f"log file: {log_file}"]
    if played.picture is not None:
        picture = log_file.with_suffix(".svg")
        try:
            replace_file(picture, played.picture.svg)
        except OSError as error:
            return [*lines, f"the picture of the day cannot be written: {error.strerror}: {picture}"]
        lines.append(f"picture of the day: {picture}")
    return lines
