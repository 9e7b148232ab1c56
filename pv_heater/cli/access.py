"""The commands that say who may use the page: `password` and `token`."""

from __future__ import annotations

import getpass
import json
import sys
from typing import Annotated

import typer

from pv_heater.cli.options import ConfigOption, JsonOption, say_result, settings_of
from pv_heater.cli.text import say, say_lines
from pv_heater.errors import Refused

_LONGEST_LINE = 2000
"""Characters that are read of standard input."""

token = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Tokens, by which programs use the page's JSON interface."
)


def password(
    ctx: typer.Context,
    config: ConfigOption = None,
    from_stdin: Annotated[
        bool, typer.Option("--stdin", help="Read it from standard input, one line, instead of asking twice.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Have none: only this machine gets in.")] = False,
) -> None:
    """Set the password of the page.

    A running controller takes it at once, and every browser logs in anew.
    """
    from pv_heater.commands import access

    settings = settings_of(ctx, config)
    if remove:
        _say(access.remove_password(settings))
    else:
        _say(access.set_password(settings, _line() if from_stdin else _asked_twice()))


@token.command("add")
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is for, such as `home assistant`.", metavar="NAME")],
    config: ConfigOption = None,
    scope: Annotated[str, typer.Option(metavar="WORD", help="read, control (modes, boost), or admin.")] = "read",
    days: Annotated[int | None, typer.Option(metavar="N", help="It ends then; else it lasts until removed.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token and show it, this once.

    A program sends it as `Authorization: Bearer TOKEN`.
    """
    from pv_heater.commands import access

    made = access.add_token(settings_of(ctx, config), name, scope, days)
    end = f", until {made['expires_at'][:10]}" if made["expires_at"] else ""
    if as_json:
        say(json.dumps(made, indent=1))
        return
    _say(f"The token {made['name']!r} is made, scope {made['scope']}{end}. It is shown this once:")
    say(made["token"])


@token.command("list")
def show(ctx: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the tokens, without their secrets, which nobody knows."""
    from pv_heater.commands import access

    rows = access.tokens(settings_of(ctx, config))
    lines = [
        f"{row['id']}  {row['scope']:<7}  {row['name']}: made {row['created_at'][:10]}, "
        f"last used {(row['last_used_at'] or 'never')[:10]}, ends {(row['expires_at'] or 'never')[:10]}"
        for row in rows
    ]
    say_result(rows, as_json, lines or ["There are no tokens."])


@token.command("remove")
def remove(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Its name or its id.", metavar="NAME")],
    config: ConfigOption = None,
) -> None:
    """Refuse a token from now on."""
    from pv_heater.commands import access

    _say(access.remove_token(settings_of(ctx, config), name))


def _line() -> str:
    return sys.stdin.readline(_LONGEST_LINE).rstrip("\r\n")


def _asked_twice() -> str:
    """Raises Refused where nobody can be asked, or the two differ."""
    if not sys.stdin.isatty():
        raise Refused("There is no terminal to ask for the password: use --stdin.")
    try:
        given = getpass.getpass("New password: ")
        again = getpass.getpass("Once more: ")
    except (EOFError, KeyboardInterrupt):
        raise Refused("No password was given; nothing has changed.") from None
    if given != again:
        raise Refused("The two are not the same; nothing has changed.")
    return given


def _say(text: str) -> None:
    say_lines([text])
