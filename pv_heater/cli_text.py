"""Words of the command line: durations as people write them, and a status as people read it."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from collections.abc import Callable
from datetime import tzinfo
from typing import Any

import typer

from pv_heater.core.plain_text import plain
from pv_heater.why_text import entry_lines

FOLLOW_S = 2.0
LONGEST_SHOWN = 40
"""So much of a wrong word is repeated."""


def say(text: str, *, err: bool = False) -> None:
    """Print for people; control characters are written out, whoever brought them."""
    typer.echo(plain(text), err=err)


def repeat(show: Callable[[], None], *, clear: bool) -> None:
    """Show again and again until Ctrl-C; `clear`: on a terminal each time from the top of an empty screen."""
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            if clear and sys.stdout.isatty():
                sys.stdout.write("\x1b[H\x1b[2J")
            show()
            sys.stdout.flush()
            time.sleep(FOLLOW_S)


def why_lines(answer: Any, zone: tzinfo) -> list[str]:
    """The last decisions of a running controller, oldest first."""
    entries = answer["entries"]
    if not entries:
        return ["nothing is decided yet; the controller has not completed its first tick"]
    return [line for entry in entries for line in entry_lines(entry, zone)]


def seconds(text: str) -> float:
    """Seconds in ``90s``, ``30m``, ``2h``, ``1h30m`` or ``1d``. Raises typer.BadParameter for anything else."""
    parts = re.findall(r"([0-9]{1,9}(?:[.][0-9]{1,9})?)([smhd])", text.lower())
    if not parts or "".join(amount + unit for amount, unit in parts) != text.lower():
        shown = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
        raise typer.BadParameter(f"a duration is numbers with units, such as 90s, 30m, 1h30m or 1d, not {shown!r}")
    value = sum(float(amount) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[unit] for amount, unit in parts)
    if not 0 < value <= 366 * 86_400:
        raise typer.BadParameter(f"a duration lies above 0 and within a year, not {text!r}")
    return value
