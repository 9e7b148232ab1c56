"""The command line of the history."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pv_heater.cli.options import ConfigOption, settings_of
from pv_heater.cli.text import say

history = typer.Typer(help="Export or copy what was kept of past days.", rich_markup_mode=None)

_STEPS = {"10": 10, "60": 60, "900": 900, "day": 86_400}


@history.command()
def export(
    ctx: typer.Context,
    config: ConfigOption = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="2026-05-28, or 2026-05-28T14:30; else today.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="TIME", help="The end, excluded; else now.")] = None,
    step: Annotated[
        str | None, typer.Option(metavar="S", help="Seconds a line: 10, 60, 900; or day. Else what fits.")
    ] = None,
    series: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this series, such as pv_w; may be repeated.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="The file to write; else it is printed.")
    ] = None,
) -> None:
    """Write a time of the history as CSV.

    Works beside a running controller, and without one.
    """
    from pv_heater.run.home.history import export as exported

    if step is not None and step not in _STEPS:
        raise typer.BadParameter(f"the step must be one of {', '.join(_STEPS)}, not {step!r}")
    step_s = None if step is None else _STEPS[step]
    try:
        pieces = exported(settings_of(ctx, config), _instant(from_), _instant(to), step_s, series or ())
        _write(pieces, csv)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@history.command()
def backup(ctx: typer.Context, config: ConfigOption = None) -> None:
    """Copy the history while it is written.

    Into the folder backups beside it; prints the path.
    """
    from pv_heater.run.home.history import copy

    say(str(copy(settings_of(ctx, config))))


def _instant(text: str | None) -> datetime | None:
    """A date (its midnight) or a time. Raises ValueError."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither a date nor a time; 2026-05-28 or 2026-05-28T14:30 would be") from None


def _write(pieces: Iterable[str], file: Path | None) -> None:
    """Into the file, else onto the screen; whoever reads only the beginning of it ends it."""
    if file is None:
        with contextlib.suppress(BrokenPipeError):
            for piece in pieces:
                sys.stdout.write(piece)
        return
    try:
        with open(file, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as out:
            for piece in pieces:
                out.write(piece)
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be written: {error.strerror or error}") from None
