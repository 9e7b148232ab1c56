"""The command that writes a first settings file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pv_heater import PROJECT_FOLDER
from pv_heater.cli.options import ConfigOption, Given
from pv_heater.cli.text import say_lines
from pv_heater.errors import ConfigError


class Terminal:
    """Satisfies `interview.Asker` with the person at the terminal; with `silent` every default is taken."""

    def __init__(self, *, silent: bool) -> None:
        self._silent = silent

    def ask(self, question: str, default: str | None, *, hidden: bool = False) -> str | None:
        """A prompt; an empty answer is the default."""
        if self._silent:
            return default
        answer: Any = typer.prompt(question, default=default, hide_input=hidden, show_default=bool(default))
        return str(answer)

    def say(self, line: str) -> None:
        """A line."""
        say_lines([line])

    def hears(self, problem: str) -> bool:
        """Said to whoever is there; nobody is where every default is taken."""
        if not self._silent:
            say_lines([problem])
        return not self._silent


def init(
    ctx: typer.Context,
    config: ConfigOption = None,
    meter: Annotated[str | None, typer.Option(metavar="gx|vrm", help="Where the values come from.")] = None,
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="The GX device; else it is looked for.")] = None,
    gx_password: Annotated[
        str | None, typer.Option(metavar="WORD", envvar="GX_PASSWORD", help="Its password, if it asks.")
    ] = None,
    vrm_token: Annotated[
        str | None, typer.Option(metavar="TOKEN", envvar="VRM_TOKEN", help="Access token of the portal.")
    ] = None,
    vrm_url: Annotated[str | None, typer.Option(help="Another address of the portal's API.", hidden=True)] = None,
    installation: Annotated[
        int | None, typer.Option(metavar="N", help="Number of the installation at the portal.")
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="Of the home.")] = None,
    latitude: Annotated[float | None, typer.Option(metavar="DEGREES", help="Of the roof; north is positive.")] = None,
    longitude: Annotated[float | None, typer.Option(metavar="DEGREES", help="East is positive.")] = None,
    timezone: Annotated[str | None, typer.Option(metavar="NAME", help="Such as Europe/Vienna.")] = None,
    pv_kwp: Annotated[float | None, typer.Option(metavar="KWP", help="Peak power of the modules.")] = None,
    battery_wh: Annotated[float | None, typer.Option(metavar="WH", help="Usable capacity of the battery.")] = None,
    inverter_w: Annotated[
        float | None, typer.Option(metavar="WATTS", help="Continuous output of the inverter before the heater.")
    ] = None,
    heater: Annotated[
        str | None, typer.Option(metavar="KIND", help="servo, relay, dimmer, or a preset of Files/presets/loads.")
    ] = None,
    heater_power: Annotated[float | None, typer.Option(metavar="WATTS", help="As on its plate.")] = None,
    heater_name: Annotated[str | None, typer.Option(metavar="NAME", help="What log and page call it.")] = None,
    heater_host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Of a plug or dimmer on the network.")
    ] = None,
    relay_pin: Annotated[str | None, typer.Option(metavar="PIN", help="Such as BOARD11 or GPIO17.")] = None,
    active_high: Annotated[
        bool | None, typer.Option("--active-high/--active-low", help="Which level closes the relay.")
    ] = None,
    servo_pin: Annotated[str | None, typer.Option(metavar="PIN", help="Such as BOARD40.")] = None,
    page: Annotated[bool | None, typer.Option("--page/--no-page", help="A page on this machine.")] = None,
    service: Annotated[bool | None, typer.Option("--service/--no-service", help="Also write a systemd unit.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: defaults where no option says more.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Ask what is needed and write a first settings file.

    Finds a GX device in the local network or asks the VRM portal; writes nothing that `check` refuses.
    """
    options = {key: value for key, value in locals().items() if key not in ("ctx", "config", "yes", "force")}
    if not yes and not sys.stdin.isatty():
        raise ConfigError("init", ["nobody can be asked here: give the answers as options and --yes"])
    try:
        from pv_heater.commands.setup.init import write_settings
    except ImportError as error:
        raise ConfigError("init", [f"needs a library that is not installed ({error.name}): `. ./env.sh`"]) from None
    given: Given = ctx.obj
    file = config or given.config or os.environ.get("CONFIG_FILE") or PROJECT_FOLDER / "Files" / "config-private.yaml"
    answers = {key.replace("_", "-"): value for key, value in options.items()}
    say_lines(write_settings(Path(file), answers, Terminal(silent=yes), force=force))
