"""Words of the command line: durations as people write them, and a status as people read it."""

from __future__ import annotations

import contextlib
import re
import shutil
import sys
import textwrap
import time
from collections.abc import Callable
from datetime import tzinfo
from typing import Any

import typer

from pv_heater.core.plain_text import plain
from pv_heater.why_text import entry_lines

FOLLOW_S = 2.0
LEAST_WIDTH = 30
"""On a narrower terminal lines are left to it."""
LONGEST_SHOWN = 40
"""So much of a wrong word is repeated."""


def say(text: str, *, err: bool = False) -> None:
    """Print for people; control characters are written out, whoever brought them."""
    typer.echo(plain(text), err=err)


def folded(lines: list[str], width: int | None = None) -> list[str]:
    """Lines for a terminal, broken between words, their rest indented; as they are where nobody looks at them.

    `width` in characters; None: the terminal's, or none where there is no terminal.
    """
    if width is None:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    return lines if width < LEAST_WIDTH else [part for line in lines for part in _fold(line, width)]


def _fold(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    parts = textwrap.wrap(
        line.strip(),
        width,
        initial_indent=indent,
        subsequent_indent=f"{indent}    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return parts or [line]


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
