"""The command line. Each command is a few lines: read the configuration, call what does the work, say how it went."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from pv_heater import __version__
from pv_heater.cli.bench import bench
from pv_heater.cli.calibrate import calibrate
from pv_heater.cli.detect import detect
from pv_heater.cli.status_text import status_lines
from pv_heater.cli.text import folded, repeat, say, seconds, why_lines
from pv_heater.config.load import Config, load_config
from pv_heater.config.places import choose_config_path
from pv_heater.errors import PvHeaterError, Refused, describe
from pv_heater.run.identity import who_line
from pv_heater.run.journal import KEPT_ENTRIES

FEEDS = ("live", "real", "vrm")
"""How a simulated home may be measured."""
EXIT_CODES = (
    "Exit codes: 0 fine, 1 a bug of ours, 2 configuration or a wrong word, 3 hardware or not confirmed, 4 login, "
    "5 no data, 6 already running."
)

cli = typer.Typer(
    add_completion=False,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Spends surplus sun on hot water and other loads in a Victron home.\n\n"
    "Without a command it runs the controller (the same as `run`). As shipped it plays a recorded day, dry: "
    "no account, no hardware.\n\n" + EXIT_CODES,
)

cli.add_typer(bench, name="bench")
cli.command()(detect)
cli.command()(calibrate)

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE",
        help="Configuration file; else $CONFIG_FILE, Files/config-private.yaml, Files/config.yaml.",
    ),
]  # fmt: skip
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Decide and log, but touch no pin and no device.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="More log lines, and tracebacks of errors.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


class _Given:
    """What was said before the command: `main.py --config F check` is the same as `main.py check --config F`."""

    config: Path | None = None
    debug: bool = False


def _load(ctx: typer.Context, option: Path | None) -> Config:
    given: _Given = ctx.obj
    return load_config(choose_config_path(option or given.config, os.environ))


def _say(result: Any, as_json: bool, lines: list[str]) -> None:
    text = json.dumps(result, indent=1, default=str) if as_json else "\n".join(folded(lines))
    say(text)


@cli.callback(invoke_without_command=True)
def default(
    ctx: typer.Context,
    config: ConfigOption = None,
    dry_run: DryRunOption = False,
    debug: DebugOption = False,
    as_json: JsonOption = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """Without a command: run."""
    if version:
        say(f"pv-heater {__version__}")
        raise typer.Exit
    ctx.obj = _Given()
    ctx.obj.config, ctx.obj.debug = config, debug
    if ctx.invoked_subcommand is None:
        run(ctx, dry_run=dry_run, as_json=as_json)


@cli.command()
def run(
    ctx: typer.Context,
    config: ConfigOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run the controller.

    Ctrl-C, `systemctl stop` or a closed terminal ends it; then every load is off.
    """
    from pv_heater.commands import run as app

    raise typer.Exit(app.run(_load(ctx, config), dry_run=dry_run, debug=ctx.obj.debug, as_json=as_json))


@cli.command()
def demo(
    ctx: typer.Context,
    config: ConfigOption = None,
    speed: Annotated[
        float, typer.Option(min=1, max=10_000, metavar="N", help="How many times as fast as life.")
    ] = 300.0,
    as_json: JsonOption = False,
) -> None:
    """Play a recorded day that can be asked.

    From its morning on, in a few minutes, dry; `status`, `why` and `force` answer meanwhile.
    """
    from pv_heater.commands import run as app

    raise typer.Exit(app.demo(_load(ctx, config), speed=speed, debug=ctx.obj.debug, as_json=as_json))


@cli.command()
def check(ctx: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check settings, wiring and sources.

    Each source is asked once; nothing is moved.
    """
    from pv_heater.commands.check import check_all

    report = check_all(_load(ctx, config))
    _say(report.as_json(), as_json, report.as_lines())
    raise typer.Exit(report.exit_code)


@cli.command()
def off(ctx: typer.Context, config: ConfigOption = None) -> None:
    """Put every output off.

    Beside a running controller that one is asked to stay off until `clear`.
    """
    from pv_heater.commands.off import main as switch_off

    chosen = config or ctx.obj.config
    raise typer.Exit(switch_off(["--config", str(chosen)] if chosen is not None else []))


@cli.command()
def replay(
    ctx: typer.Context,
    recording: Annotated[Path, typer.Argument(help="A recording: CSV, CSV.gz or JSON lines.", metavar="RECORDING")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play a recording at full speed, dry.

    It goes through the real loop: transitions as they happen, then a summary.
    """
    from pv_heater.commands import run as app

    raise typer.Exit(app.replay(_load(ctx, config), recording, debug=ctx.obj.debug, as_json=as_json))


@cli.command()
def record(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.", metavar="FILE")],
    config: ConfigOption = None,
    duration: Annotated[
        str,
        typer.Option(
            "--for", metavar="TIME", help="How long: 90s, 30m, 12h, 1d. Ctrl-C ends it earlier; nothing is lost."
        ),
    ] = "1d",
) -> None:
    """Write what the meter says into a file.

    Names and ids are scrubbed; `replay` plays it.
    """
    from pv_heater.commands.record import record_meter

    raise typer.Exit(record_meter(_load(ctx, config), file, seconds(duration), print_line=say))


@cli.command()
def simulate(
    ctx: typer.Context,
    config: ConfigOption = None,
    days: Annotated[
        int | None,
        typer.Option(min=1, max=3650, metavar="N", help="How many days; else one of weather, or all of --data."),
    ] = None,
    weather: Annotated[str, typer.Option(metavar="WORD", help="clear, cloudy, broken or mixed.")] = "mixed",
    seed: Annotated[int, typer.Option(metavar="N", help="Another number gives other weather.")] = 1,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Recorded days (CSV with t, pv_w, load_w) instead of weather.")
    ] = None,
    feed: Annotated[
        str, typer.Option(metavar="WORD", help="The meter: live (ideal), real (as late as Victron's devices), or vrm.")
    ] = "live",
    as_json: JsonOption = False,
) -> None:
    """Play whole days in a software home, dry.

    With your loads, limits and strategy; the weather is made up, or recorded with --data. With --feed real the home is
    lived second by second, half a minute a day.
    """
    from pv_heater.commands import run as app

    if feed not in FEEDS:
        raise typer.BadParameter(f"the feed must be one of {', '.join(FEEDS)}, not {feed!r}")
    raise typer.Exit(
        app.simulate(
            _load(ctx, config),
            days=days,
            weather=weather,
            seed=seed,
            data=data,
            feed=feed,
            debug=ctx.obj.debug,
            as_json=as_json,
        )
    )


@cli.command()
def status(
    ctx: typer.Context,
    config: ConfigOption = None,
    why: Annotated[bool, typer.Option("--why", help="Also show what each decision rests on.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Again every 2 s, until Ctrl-C.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what the running controller is doing."""
    settings = _load(ctx, config)
    zone = ZoneInfo(settings.site.timezone)

    def show() -> None:
        answer = _ask(settings, {"command": "status"})
        answer["dry_run"] = answer.get("who", {}).get("dry")
        _say(answer, as_json, [*_head(answer), *status_lines(answer, why, zone)])

    repeat(show, clear=not as_json) if follow else show()


@cli.command()
def why(
    ctx: typer.Context,
    load: Annotated[str | None, typer.Argument(help="Only this load and the whole home.", metavar="[LOAD]")] = None,
    config: ConfigOption = None,
    last: Annotated[int, typer.Option(min=1, max=KEPT_ENTRIES, metavar="N", help="How many decisions.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Show why it decided as it did.

    The last decisions that changed something: the reason, the measured values, and what would
    have changed the outcome.
    """
    settings = _load(ctx, config)
    answer = _ask(settings, {"command": "why", "load": load, "last": last})
    _say(answer, as_json, [*_head(answer), *why_lines(answer, ZoneInfo(settings.site.timezone))])


@cli.command()
def force(
    ctx: typer.Context,
    load: Annotated[str, typer.Argument(help="Name of the load.", metavar="LOAD")],
    mode: Annotated[str, typer.Argument(help="on, off or auto.", metavar="MODE")],
    config: ConfigOption = None,
    duration: Annotated[
        str, typer.Option("--for", metavar="TIME", help="How long: 90s, 30m, 1h30m; at most 7 days.")
    ] = "2h",
    power: Annotated[float | None, typer.Option(metavar="WATTS", help="Else full power.")] = None,
) -> None:
    """Force a load on or off for a while.

    `auto` gives it back. Safety guards still win.
    """
    mode = mode.lower()
    if mode not in ("on", "off", "auto"):
        raise typer.BadParameter(f"the mode must be on, off or auto, not {mode!r}")
    request = {"command": "force", "load": load, "mode": mode, "for_s": seconds(duration), "power_w": power}
    _say_done(_ask(_load(ctx, config), request))


@cli.command()
def boost(
    ctx: typer.Context,
    load: Annotated[str, typer.Argument(help="Name of the load.", metavar="LOAD")],
    config: ConfigOption = None,
    duration: Annotated[
        str, typer.Option("--for", metavar="TIME", help="How long: 90s, 30m, 1h30m; at most 12 h.")
    ] = "2h",
    to: Annotated[
        float | None, typer.Option(metavar="DEGREES", help="Stop at this temperature; else at its target_c.")
    ] = None,
) -> None:
    """Heat a load now, sun or not.

    Ends at the temperature, when its thermostat opens, or when the time is up. Safety guards still win.
    """
    request = {"command": "boost", "load": load, "for_s": seconds(duration), "to_c": to}
    _say_done(_ask(_load(ctx, config), request))


@cli.command()
def clear(
    ctx: typer.Context,
    load: Annotated[str, typer.Argument(help="Name of the load.", metavar="LOAD")],
    config: ConfigOption = None,
) -> None:
    """End the latched fault of a load.

    After you have fixed its cause; also needed after `off`.
    """
    _say_done(_ask(_load(ctx, config), {"command": "clear", "load": load}))


def _ask(config: Config, request: dict[str, Any]) -> Any:
    """The running controller's answer; raises Refused with its message when it does not do it."""
    from pv_heater.commands.running import ask_running
    from pv_heater.run.state_dir import state_dir

    answer = ask_running(config.path, state_dir(config), request)
    if not answer.get("ok"):
        for line in _head(answer):
            say(line, err=True)
        raise Refused(str(answer.get("message")), answer.get("exit_code", 1))
    return answer


def _head(answer: Any) -> list[str]:
    """Whom the controller speaks for, as the first line of what is printed."""
    line = who_line(answer)
    return [] if line is None else [line]


def _say_done(answer: Any) -> None:
    say("\n".join(folded([*_head(answer), str(answer["message"])])))


def main() -> None:
    """Run the command line; our own errors become a sentence and an exit code, a traceback only with --debug."""
    try:
        cli()
    except PvHeaterError as error:
        if "--debug" in sys.argv:
            raise
        say(str(error), err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        say(f"A bug of ours: {describe(error)}. `--debug` shows how it came to that.", err=True)
        sys.exit(1)
