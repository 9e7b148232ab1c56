"""`bench capture`, `compare`, `planned`: what is caught of the sun on recorded days, also by others, and foreseen."""

from __future__ import annotations

import os
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pv_heater.cli.bench.words import JobsOption, progress, tell
from pv_heater.cli.options import JsonOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.capture.days import Place
    from bench.capture.variants import Variant

PlaceOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="Its site is the place of days the bench does not know."),
]
DaysOption = Annotated[str, typer.Option(metavar="PATTERN", help="Only files with such names, such as 'D1*'.")]
FeedOption = Annotated[
    str,
    typer.Option(
        metavar="WORD",
        help="gx, vrm, all (both), vrm_live: VRM's own broker, gx_real: gx as late as Victron's devices are, or each: "
        "all four side by side.",
    ),
]
SlowDaysOption = Annotated[
    str, typer.Option(metavar="PATTERN", help="Of these, what is lived second by second (gx_real, vrm_live).")
]
StrategyOption = Annotated[
    list[str] | None,
    typer.Option(metavar="WORD", help="Only this strategy; may be given again.  [default: all; each: plan]"),
]
VariantOption = Annotated[
    str | None,
    typer.Option(
        metavar="PATTERN", help="Only rows with such names, such as 'zero*'.  [default: *; gx_real: *feed-in*]"
    ),
]
CausesOption = Annotated[
    bool, typer.Option("--causes", help="Also account for the ten worst days of the first row, cause by cause.")
]
DataOption = Annotated[Path, typer.Option(metavar="FOLDER", help="Recorded days: CSV with t, pv_w, load_w.")]
DrawsOption = Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="Forecasts drawn for each day.")]
SeedOption = Annotated[int, typer.Option(metavar="N", help="Another number draws other forecasts.")]
PictureOption = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Draw capture_by_day.svg and capture_day.svg into it.")
]


def capture(
    data: DataOption,
    config: PlaceOption = None,
    days: DaysOption = "*",
    slow_days: SlowDaysOption = "D0[4-7]*",
    strategy: StrategyOption = None,
    feed: FeedOption = "all",
    variant: VariantOption = None,
    homes: Annotated[bool, typer.Option("--homes", help="Other homes and worse meters as well.")] = False,
    where: Annotated[bool, typer.Option("--where", help="Also say where the rest is lost.")] = False,
    causes: CausesOption = False,
    draws: DrawsOption = 5,
    seed: SeedOption = 1,
    jobs: JobsOption = None,
    picture: PictureOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how much of the catchable sun is caught.

    Each recorded day, each strategy, against a bound with perfect foresight. A day takes about half a second for each
    row, strategy and draw: 37 days and all rows take a quarter of an hour on two cores, --draws 1 a third of that. A
    day of gx_real or vrm_live is lived second by second, up to half a minute: only four days in May are, unless
    --slow-days names more.
    """
    from bench.capture.days import spells_from_folder
    from bench.capture.measure import measure
    from bench.capture.variants import where_lost
    from pv_heater.strategies import STRATEGIES

    strategies = strategy or (["plan"] if feed == "each" else list(STRATEGIES))
    slow = feed in ("gx_real", "vrm_live")
    rows = _rows(feed, variant or ("*feed-in*" if slow else "*"), strategies, homes=homes)
    pattern = slow_days if slow and days == "*" else days
    spells, notes = spells_from_folder(data, pattern=pattern, elsewhere=_place_of(config))
    result = measure(
        spells,
        variants=rows,
        where=where_lost(rows[0]) if where else (),
        strategies=strategies,
        draws=draws,
        seed=seed,
        jobs=jobs or os.cpu_count() or 1,
        progress=progress,
        notes=notes,
        slow_days="*" if slow else slow_days,
    )
    if picture is not None:
        from bench.capture.pictures import draw

        draw(picture, result, spells, rows)
    if not causes:
        tell(result.as_json(), as_json, result.as_lines())
        return
    from bench.capture.causes import worst_days

    worst = worst_days(result, rows, spells)
    tell(result.as_json() | {"worst": worst.as_json()}, as_json, [*result.as_lines(), "", *worst.as_lines()])


def compare(
    data: DataOption,
    config: PlaceOption = None,
    days: DaysOption = "*",
    draws: DrawsOption = 5,
    seed: SeedOption = 1,
    jobs: JobsOption = None,
    picture: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Draw compare.svg into it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare with the laws that users know.

    A plan of half hours, a rule on the rest of the forecast, evcc's and Victron's own laws, a router that follows the
    grid, and the systems before this one: each written anew from what is known of it, on the same days and forecasts in
    the same software home. Says what was assumed of each.
    """
    from bench.capture.days import spells_from_folder
    from bench.compare.measure import measure

    spells, notes = spells_from_folder(data, pattern=days, elsewhere=_place_of(config))
    result = measure(spells, draws=draws, seed=seed, jobs=jobs or os.cpu_count() or 1, progress=progress, notes=notes)
    if picture is not None:
        from bench.compare.picture import draw

        draw(picture, result)
    tell(result.as_json(), as_json, result.as_lines())


def planned(
    data: DataOption,
    config: PlaceOption = None,
    days: DaysOption = "*",
    strategy: Annotated[
        list[str] | None, typer.Option(metavar="WORD", help="Only this strategy; may be given again.  [default: plan]")
    ] = None,
    feed: Annotated[str, typer.Option(metavar="WORD", help="gx, vrm, or all (both).")] = "all",
    variant: Annotated[str, typer.Option(metavar="PATTERN", help="Homes with such names.")] = "zero*",
    draws: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="Forecasts drawn for each day.")] = 1,
    seed: SeedOption = 1,
    jobs: JobsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how far the planned charge at sunset was off.

    What was planned at each hour for today's and tomorrow's sunset, against what came. Files of several days are
    lived in one piece, so that a tomorrow comes.
    """
    from bench.capture.days import spells_from_folder
    from bench.capture.planned import measure

    strategies = strategy or ["plan"]
    rows = _rows(feed, variant, strategies, homes=True)
    spells, notes = spells_from_folder(data, pattern=days, elsewhere=_place_of(config))
    result = measure(
        spells,
        variants=rows,
        strategies=strategies,
        draws=draws,
        seed=seed,
        jobs=jobs or os.cpu_count() or 1,
        progress=progress,
        notes=notes,
    )
    tell(result.as_json(), as_json, result.as_lines())


def _rows(feed: str, pattern: str, strategies: Sequence[str], *, homes: bool) -> list[Variant]:
    """The variants that are meant; raises BadParameter where none is left."""
    from bench.capture.variants import HOMES, MAIN, PACES, by_feed
    from pv_heater.strategies import STRATEGIES

    _known("strategy", strategies, STRATEGIES)
    _known("feed", [feed], ("gx", "vrm", "all", "gx_real", "vrm_live", "each"))
    every: Sequence[Variant]
    if feed == "each":
        every = [row for one in PACES for row in by_feed(one)]
    elif feed in ("gx_real", "vrm_live"):
        every = by_feed(feed)
    else:
        of_portal = [row for row in by_feed("vrm") if row.forecast != "drawn" or row.house.has_car]
        every = (*MAIN, *HOMES[: len(HOMES) if homes else 0], *of_portal[: len(of_portal) if feed == "vrm" else 0])
    rows = [row for row in every if feed in (row.feed, "all", "each") and fnmatch(row.name, pattern)]
    if not any(row.fits(word) for row in rows for word in strategies):
        raise typer.BadParameter(f"no variant called {pattern} is for feed {feed} and {', '.join(strategies)}")
    return rows


def _place_of(config: Path | None) -> Place | None:
    from bench.capture.days import Place
    from pv_heater.config.load import load_config

    return Place.of_site(load_config(config).site) if config is not None else None


def _known(what: str, given: Any, words: Any) -> None:
    for word in given:
        if word not in words:
            raise typer.BadParameter(f"the {what} must be one of {', '.join(words)}, not {word!r}")
