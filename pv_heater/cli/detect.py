"""The command that finds GX devices."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pv_heater.cli.options import JsonOption
from pv_heater.cli.text import say, say_lines
from pv_heater.commands.detect_text import as_json as search_as_json
from pv_heater.commands.detect_text import lines_of
from pv_heater.errors import ConfigError

if TYPE_CHECKING:
    from pv_heater.commands.detect import Search

_NOTHING_FOUND = 5


def detect(
    scan: Annotated[
        bool, typer.Option("--scan", help="Also ask the 254 addresses around our own, at three ports; up to a minute.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Find a GX device in the local network.

    Says how it can be reached and prints the configuration to paste. Exit code 5 when none was found.
    """
    try:
        from pv_heater.commands.detect import search
    except ImportError as error:
        raise ConfigError("detect", [f"needs a library that is not installed ({error.name}): `. ./env.sh`"]) from None

    raise typer.Exit(tell(search(scan=scan, progress=_progress), as_json))


def tell(result: Search, as_json: bool) -> int:
    """Print what was found; the exit code."""
    if as_json:
        say(json.dumps(search_as_json(result), indent=1))
    else:
        say_lines(lines_of(result))
    return 0 if result.found else _NOTHING_FOUND


def _progress(done: int, of: int) -> None:
    """One line that is written over, on a terminal only."""
    if sys.stderr.isatty():
        end = "\n" if done == of else ""
        sys.stderr.write(f"\rasked {done} of {of} addresses{end}")
        sys.stderr.flush()
