"""The command that gathers what somebody who helps has to see."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from pv_heater.cli.options import ConfigOption, Given
from pv_heater.cli.text import say_lines


def support(
    ctx: typer.Context,
    config: ConfigOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The file to write; it must not exist yet.")
    ] = None,
) -> None:
    """Put what a helper has to see into one file.

    Settings, log, state, history, check's answer, as a zip; tokens, names, places and addresses are taken out. Works
    with broken settings too.
    """
    from pv_heater.commands.support.bundle import make_bundle
    from pv_heater.config.places import choose_config_path

    given: Given = ctx.obj
    path = choose_config_path(config or given.config, os.environ)
    made = make_bundle(path, output, os.environ, lambda line: say_lines([line]))
    say_lines([f"Written: {made}, which only you can read."])
