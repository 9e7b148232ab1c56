"""The command line. Each command is a few lines: read the configuration, call what does the work, say how it went."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pv_heater import __version__
from pv_heater.cli.access import password, token
from pv_heater.cli.ask import boost, clear, force, status, try_out, vacation, why
from pv_heater.cli.bench import bench
from pv_heater.cli.calibrate import calibrate
from pv_heater.cli.detect import detect
from pv_heater.cli.history import history
from pv_heater.cli.message import message
from pv_heater.cli.options import ConfigOption, DebugOption, DryRunOption, Given, JsonOption, say_result, settings_of
from pv_heater.cli.report import report
from pv_heater.cli.setup import init
from pv_heater.cli.support import support
from pv_heater.cli.text import say, seconds
from pv_heater.cli.whatif import tune, whatif

HistoryOption = Annotated[
    Path | None, typer.Option("--history", metavar="FILE", help="Keep what happens in this file, as a live home does.")
]
FEEDS = ("live", "real", "vrm")
"""How a simulated home may be measured."""
EXIT_CODES = (
    "Exit codes: 0 fine, 1 a bug of ours, 2 configuration or a wrong word, 3 hardware or not confirmed, "
    "4 login refused, 5 no data, 6 already running."
)

cli = typer.Typer(
    add_completion=False,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Spends surplus sun on hot water and other loads in a Victron home.\n\n"
    "Without a command it runs the controller (the same as `run`). As shipped it plays a recorded day, dry: "
    "no account, no hardware. Begin with `demo`, then `init` and `check` for your home.\n\n"
    "Settings: --config FILE, else the file that $CONFIG_FILE names, else yours, Files/config-private.yaml, "
    "else the shipped ones, Files/config.yaml.\n\n" + EXIT_CODES,
)


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
    ctx.obj = Given()
    ctx.obj.config, ctx.obj.debug, ctx.obj.dry_run = config, debug, dry_run
    if dry_run and ctx.invoked_subcommand not in (None, "run"):
        raise typer.BadParameter(f"--dry-run is for a run, and {ctx.invoked_subcommand} would not heed it")
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

    is_dry = dry_run or ctx.obj.dry_run
    raise typer.Exit(app.run(settings_of(ctx, config), dry_run=is_dry, debug=ctx.obj.debug, as_json=as_json))


@cli.command()
def demo(
    ctx: typer.Context,
    config: ConfigOption = None,
    speed: Annotated[
        float, typer.Option(min=1, max=10_000, metavar="N", help="How many times as fast as life.")
    ] = 300.0,
    history_file: HistoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play a recorded day that can be asked.

    From its morning on, in a few minutes, dry; `status`, `why` and `force` answer meanwhile.
    """
    from pv_heater.commands.play import run as app

    raise typer.Exit(
        app.demo(settings_of(ctx, config), speed=speed, history_file=history_file, debug=ctx.obj.debug, as_json=as_json)
    )


@cli.command()
def check(ctx: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check settings, wiring and sources.

    Each source is asked once; nothing is moved.
    """
    from pv_heater.commands.check import check_all

    report = check_all(settings_of(ctx, config))
    say_result(report.as_json(), as_json, report.as_lines())
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
    history_file: HistoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play a recording at full speed, dry.

    It goes through the real loop: transitions as they happen, then a summary.
    """
    from pv_heater.commands.play import run as app

    raise typer.Exit(
        app.replay(settings_of(ctx, config), recording, history_file=history_file, debug=ctx.obj.debug, as_json=as_json)
    )


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

    raise typer.Exit(record_meter(settings_of(ctx, config), file, seconds(duration), print_line=say))


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
    history_file: HistoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play whole days in a software home, dry.

    With your loads, limits and strategy; the weather is made up, or recorded with --data. With --feed real the home is
    lived second by second, half a minute a day.
    """
    from pv_heater.commands.play import run as app

    if feed not in FEEDS:
        raise typer.BadParameter(f"the feed must be one of {', '.join(FEEDS)}, not {feed!r}")
    raise typer.Exit(
        app.simulate(
            settings_of(ctx, config),
            days=days,
            weather=weather,
            seed=seed,
            data=data,
            feed=feed,
            history_file=history_file,
            debug=ctx.obj.debug,
            as_json=as_json,
        )
    )


for _command in (init, detect, calibrate, status, why, force, boost, vacation, clear, message, password):
    cli.command()(_command)
cli.command("try")(try_out)
for _past in (report, whatif, tune, support):
    cli.command()(_past)
cli.add_typer(history, name="history")
cli.add_typer(token, name="token")
cli.add_typer(bench, name="bench")
