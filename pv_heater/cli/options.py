"""What the commands have in common: their options, the settings that are meant, and how a result is printed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from pv_heater.cli.text import say, say_lines
from pv_heater.config.load import Config, load_config
from pv_heater.config.places import choose_config_path

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE",
        help="Settings file; else $CONFIG_FILE, else yours in Files, else as shipped.",
    ),
]  # fmt: skip
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Decide and log, but touch no pin and no device.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="More log lines, and tracebacks of errors.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


class Given:
    """What was said before the command: `main.py --config F check` is the same as `main.py check --config F`."""

    config: Path | None = None
    debug: bool = False
    dry_run: bool = False


def settings_of(ctx: typer.Context, option: Path | None) -> Config:
    """The settings that are meant, read. Raises ConfigError."""
    given: Given = ctx.obj
    return load_config(choose_config_path(option or given.config, os.environ))


def say_result(result: Any, as_json: bool, lines: list[str]) -> None:
    """For programs, or for people."""
    if as_json:
        say(json.dumps(result, indent=1, default=str))
    else:
        say_lines(lines)
