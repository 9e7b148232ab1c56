"""Words that the commands of the benchmarks share: how a result is told, and how far a long one has got."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from pv_heater.cli.text import say

JobsOption = Annotated[int | None, typer.Option(min=1, metavar="N", help="Processes; else one a core.")]


def progress(done: int, of: int) -> None:
    """One line that is written over, on a terminal only."""
    if sys.stderr.isatty():
        filled = 30 * done // of
        end = "\n" if done == of else ""
        sys.stderr.write(f"\r[{'#' * filled}{'.' * (30 - filled)}] {done} of {of}{end}")
        sys.stderr.flush()


def tell(result: Any, as_json: bool, lines: list[str]) -> None:
    """As JSON, or as lines for people."""
    say(json.dumps(result, indent=1) if as_json else "\n".join(lines))
