"""The command line of what-if: the same days with other settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

from pv_heater.cli.bench.words import JobsOption, progress
from pv_heater.cli.options import ConfigOption, JsonOption, say_result, settings_of
from pv_heater.cli.text import say

if TYPE_CHECKING:
    from pv_heater.commands.whatif.run import Asked
    from pv_heater.config.load import Config

R = TypeVar("R")
INTERRUPTED = 130
RecordingsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH", help="A folder of recordings, one file, or a history.db; else the home's own history."
    ),
]
DaysOption = Annotated[int | None, typer.Option(min=1, max=4000, metavar="N", help="Only the newest N days.")]
FeedOption = Annotated[
    str | None, typer.Option(metavar="WORD", help="The meter: live (ideal) or vrm; else as the settings measure.")
]
SeedsOption = Annotated[
    int | None, typer.Option(min=1, max=100, metavar="N", help="Draws of the forecast's errors; else 3, or 1 without.")
]
DaskOption = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Live the days on this Dask cluster, such as tcp://10.0.0.5:8786.")
]
KeepOption = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Keep finished days here; else in the state folder.")
]
StepOption = Annotated[float, typer.Option(min=1, max=300, metavar="S", help="Seconds between two decisions by day.")]


def _asked(
    recordings: RecordingsOption = None,
    days: DaysOption = None,
    feed: FeedOption = None,
    seeds: SeedsOption = None,
    jobs: JobsOption = None,
    dask: DaskOption = None,
    keep: KeepOption = None,
    step: StepOption = 10.0,
) -> Asked:
    from pv_heater.commands.whatif.one_day import PACES
    from pv_heater.commands.whatif.run import Asked, processes

    if feed is not None and feed not in PACES:
        raise typer.BadParameter(f"the feed must be one of {', '.join(PACES)}, not {feed!r}")
    return Asked(
        recordings=recordings,
        days=days,
        feed=feed,
        seeds=seeds,
        jobs=processes(jobs),
        dask=dask,
        keep=keep,
        tick_s=step,
    )


def of_past_days(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of `_asked`, which are the same for both; it is given them as its `asked`."""
    own, shared = signature(command), signature(_asked)

    @wraps(command)
    def told(**given: Any) -> None:
        asked = _asked(**{name: given.pop(name) for name in shared.parameters})
        command(**given, asked=asked)

    # typer reads the options of a command from its signature.
    *first, _, last = own.parameters.values()
    parameters = [*first, *shared.parameters.values(), last]
    told.__annotations__ = {one.name: one.annotation for one in parameters}
    types = get_type_hints(told, include_extras=True)
    told.__signature__ = Signature(  # type: ignore[attr-defined]
        [one.replace(kind=Parameter.KEYWORD_ONLY, annotation=types[one.name]) for one in parameters]
    )
    return told


@of_past_days
def whatif(
    ctx: typer.Context,
    sets: Annotated[
        list[str],
        typer.Option("--set", metavar="PATH=VALUE", help="Another value, such as loads.water_heater.min_on_s=120."),
    ],
    config: ConfigOption = None,
    *,
    asked: Asked,
    as_json: JsonOption = False,
) -> None:
    """Live past days again with other settings.

    Side by side with today's: sun caught, bought, starts. Changes nothing; Ctrl-C ends it, and the same call goes on.
    """
    from pv_heater.commands.whatif.compare import named_changes
    from pv_heater.commands.whatif.run import what_if

    settings, changes = settings_of(ctx, config), _worded(lambda: named_changes(sets))
    result = _done(lambda: what_if(settings, changes, asked, progress), asked, settings)
    say_result(result.as_json(), as_json, result.as_lines())


@of_past_days
def tune(
    ctx: typer.Context,
    sweep: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH=V,V", help="A setting and values, limits.max_grid_w=50,80; else the usual ones."),
    ] = None,
    config: ConfigOption = None,
    picture: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the trade-off as SVG.")] = None,
    *,
    asked: Asked,
    as_json: JsonOption = False,
) -> None:
    """Try values of settings over past days.

    Tells what each brings and costs, and what to keep; a gain that may be chance is called so. Changes nothing.
    """
    from pv_heater.commands.whatif.run import tune as tuned

    settings = settings_of(ctx, config)
    result = _done(lambda: _worded(lambda: tuned(settings, sweep or (), asked, progress)), asked, settings)
    if picture is not None:
        try:
            picture.write_text(result.as_svg(), encoding="utf-8")
        except OSError as error:
            raise typer.BadParameter(f"{picture} cannot be written: {error.strerror or error}") from None
    say_result(result.as_json(), as_json, result.as_lines())


def _done(work: Callable[[], R], asked: Asked, settings: Config) -> R:
    """The result; Ctrl-C ends the command instead."""
    from pv_heater.commands.whatif.run import gently

    gently()
    try:
        return work()
    except KeyboardInterrupt:
        say(f"\nEnded. Finished days are kept in {asked.folder(settings)}; the same call goes on from there.", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _worded(work: Callable[[], R]) -> R:
    """A wrong word on the command line is one of the user's."""
    from pv_heater.errors import PvHeaterError

    try:
        return work()
    except PvHeaterError:
        raise
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
