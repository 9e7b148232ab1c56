"""The command that sends a message: `message`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from pv_heater.cli.options import ConfigOption, JsonOption, settings_of
from pv_heater.cli.text import say, say_lines


def message(
    ctx: typer.Context,
    text: Annotated[str | None, typer.Argument(help="What it says; else that it is a test.", metavar="TEXT")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a message to all that the settings name.

    It goes out at once, also in quiet hours, whether or not the controller runs; each recipient says how it went.
    """
    from pv_heater.commands.message import Sent, send_to_all

    rows: list[Sent] = []

    def tell(sent: Sent) -> None:
        rows.append(sent)
        if not as_json:
            say_lines([sent.line])

    code = send_to_all(settings_of(ctx, config), text, tell=tell)
    if as_json:
        say(json.dumps([{"name": row.name, "trouble": row.trouble} for row in rows], indent=1))
    raise typer.Exit(code)
