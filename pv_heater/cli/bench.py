"""The command line of the benchmarks."""

from __future__ import annotations

import json
import os
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pv_heater.cli.options import JsonOption
from pv_heater.cli.text import say, seconds
from pv_heater.core.model.values import to_jsonable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.capture.days import Place
    from bench.capture.variants import Variant

bench = typer.Typer(help="Measure what the program catches and what it costs.", rich_markup_mode=None)

JobsOption = Annotated[int | None, typer.Option(min=1, metavar="N", help="Processes; else one a core.")]
PlaceOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="Its site is the place of days the bench does not know."),
]
DaysOption = Annotated[
    str | None,
    typer.Option(metavar="PATTERN", help="Only files with such names, such as 'D1*'.  [default: *; gx_real: D0[4-7]*]"),
]
PictureOption = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Draw capture_by_day.svg and capture_day.svg into it.")
]


@bench.command()
def speed(
    against: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Another checkout, whose steps are measured in turns.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Time a step, a day, a year and a message.

    What a step costs with one, four and twelve loads, a simulated day and year, and how soon a message of a GX device
    moves a load. On a machine that does other things as well, a step is best compared: --against the commit before.
    """
    from bench.cost import speed

    try:
        result = speed.measure(_progress, against=against)
    except RuntimeError as error:
        raise typer.BadParameter(str(error)) from None
    _say(to_jsonable(result), as_json, result.as_lines())


@bench.command()
def history(as_json: JsonOption = False) -> None:
    """Measure what a day of history costs.

    Size of the file, bytes written, and the time of the writer. Ends with exit code 1 when it is more than promised.
    """
    from bench.cost import history

    result = history.measure(_progress)
    _say(to_jsonable(result), as_json, result.as_lines())
    if not result.kept:
        raise typer.Exit(1)


@bench.command()
def footprint(
    watch: Annotated[str, typer.Option("--for", metavar="TIME", help="How long the processes are watched.")] = "10m",
    python: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The Python that runs them, such as one with only what a Pi needs."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure start-up, memory and processor.

    In a home on the VRM portal, one with a GX device over MQTT, one over Modbus, and one with every kind of source.
    """
    from bench.cost.footprint import measure

    results = measure(seconds(watch), python=python or sys.executable)
    _say(to_jsonable(results), as_json, [line for result in results for line in result.as_lines()])


@bench.command()
def web(
    watch: Annotated[str, typer.Option("--for", metavar="TIME", help="How long each crowd stays.")] = "10s",
    as_json: JsonOption = False,
) -> None:
    """Measure what a crowd at the page costs the control.

    How late ticks are under requests at full speed, under requests made up from the description of the API (where
    schemathesis is installed), and under a thousand half-open connections; how soon the page is back then, and how
    soon `off` is answered meanwhile.
    """
    from bench.cost.page import measure

    result = measure(seconds(watch))
    _say(to_jsonable(result), as_json, result.as_lines())


@bench.command()
def capture(
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="Recorded days: CSV with t, pv_w, load_w.")],
    config: PlaceOption = None,
    days: DaysOption = None,
    strategy: Annotated[
        list[str] | None, typer.Option(metavar="WORD", help="Only this strategy; may be given again.")
    ] = None,
    feed: Annotated[
        str,
        typer.Option(
            metavar="WORD",
            help="gx, vrm, all (both), vrm_live: VRM's own broker, or gx_real: gx as late as Victron's devices are.",
        ),
    ] = "all",
    variant: Annotated[str, typer.Option(metavar="PATTERN", help="Only rows with such names, such as 'zero*'.")] = "*",
    homes: Annotated[bool, typer.Option("--homes", help="Other homes and worse meters as well.")] = False,
    where: Annotated[bool, typer.Option("--where", help="Also say where the rest is lost.")] = False,
    draws: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="Forecasts drawn for each day.")] = 5,
    seed: Annotated[int, typer.Option(metavar="N", help="Another number draws other forecasts.")] = 1,
    jobs: JobsOption = None,
    picture: PictureOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how much of the catchable sun is caught.

    Each recorded day, each strategy, against a bound with perfect foresight. A day takes about half a second for each
    row, strategy and draw: 37 days and all rows take a quarter of an hour on two cores, --draws 1 a third of that. A
    day of gx_real or vrm_live is lived second by second, up to half a minute: without --days only four days in May are.
    """
    from bench.capture.days import spells_from_folder
    from bench.capture.measure import measure
    from bench.capture.variants import where_lost
    from pv_heater.strategies import STRATEGIES

    strategies = strategy or list(STRATEGIES)
    rows = _rows(feed, variant, strategies, homes=homes)
    pattern = days or ("D0[4-7]*" if feed in ("gx_real", "vrm_live") else "*")
    spells, notes = spells_from_folder(data, pattern=pattern, elsewhere=_place_of(config))
    result = measure(
        spells,
        variants=rows,
        where=where_lost(rows[0]) if where else (),
        strategies=strategies,
        draws=draws,
        seed=seed,
        jobs=jobs or os.cpu_count() or 1,
        progress=_progress,
        notes=notes,
    )
    if picture is not None:
        from bench.capture.pictures import draw

        draw(picture, result, spells, rows)
    _say(result.as_json(), as_json, result.as_lines())


@bench.command()
def planned(
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="Recorded days: CSV with t, pv_w, load_w.")],
    config: PlaceOption = None,
    days: Annotated[str, typer.Option(metavar="PATTERN", help="Only files with such names, such as 'D1*'.")] = "*",
    strategy: Annotated[
        list[str] | None, typer.Option(metavar="WORD", help="Only this strategy; may be given again.  [default: plan]")
    ] = None,
    feed: Annotated[str, typer.Option(metavar="WORD", help="gx, vrm, or all (both).")] = "all",
    variant: Annotated[str, typer.Option(metavar="PATTERN", help="Homes with such names.")] = "zero*",
    draws: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="Forecasts drawn for each day.")] = 1,
    seed: Annotated[int, typer.Option(metavar="N", help="Another number draws other forecasts.")] = 1,
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
        progress=_progress,
        notes=notes,
    )
    _say(result.as_json(), as_json, result.as_lines())


def _rows(feed: str, pattern: str, strategies: Sequence[str], *, homes: bool) -> list[Variant]:
    """The variants that are meant; raises BadParameter where none is left."""
    from bench.capture.variants import HOMES, LIVE_PORTAL, MAIN, REAL_HOME
    from pv_heater.strategies import STRATEGIES

    _known("strategy", strategies, STRATEGIES)
    _known("feed", [feed], ("gx", "vrm", "all", "gx_real", "vrm_live"))
    usual = (*MAIN, *HOMES[: len(HOMES) if homes else 0])
    every = {"gx_real": REAL_HOME, "vrm_live": LIVE_PORTAL}.get(feed, usual)
    rows = [row for row in every if feed in (row.feed, "all") and fnmatch(row.name, pattern)]
    if not any(row.fits(word) for row in rows for word in strategies):
        raise typer.BadParameter(f"no variant called {pattern} is for feed {feed} and {', '.join(strategies)}")
    return rows


@bench.command()
def invariants(
    days: Annotated[int, typer.Option(min=1, max=1_000_000, metavar="N", help="Days to live.")] = 1000,
    seed: Annotated[int, typer.Option(metavar="N", help="Another number draws other days.")] = 1,
    jobs: JobsOption = None,
    weigh: Annotated[
        bool, typer.Option("--weigh/--no-weigh", help="Also live two days of each strategy and see whether it grows.")
    ] = True,
    planted: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="Plant the bugs with such names ('*': all), one at a time: who finds it?"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Live random days that try to break promises.

    Random houses and random faults; what must never happen is checked.

    Ends with exit code 1 and the days that show it when a promise was broken. A thousand days take about half an hour
    on two cores. With --planted it is the promises that are tried: it ends with 1 when a bug gets through.
    """
    if planted is not None:
        _hunt(planted, days, seed, jobs or os.cpu_count() or 1, as_json=as_json)
        return
    from bench.invariants.measure import measure
    from pv_heater.strategies import STRATEGIES

    weighed = tuple(STRATEGIES) if weigh else ()
    result = measure(days, seed, jobs=jobs or os.cpu_count() or 1, progress=_progress, weighed=weighed)
    _say(to_jsonable(result), as_json, result.as_lines())
    if not result.kept:
        raise typer.Exit(1)


def _hunt(pattern: str, days: int, seed: int, jobs: int, *, as_json: bool) -> None:
    from bench.invariants.planted import BUGS, TITLE, as_line, hunt, last_line

    bugs = [name for name in BUGS if fnmatch(name, pattern)]
    if not bugs:
        raise typer.BadParameter(f"no planted bug is called {pattern}; there are: {', '.join(BUGS)}")
    found = []
    if not as_json:
        say(TITLE)
    for one in hunt(bugs, [f"{seed} {number}" for number in range(days)], jobs=jobs):
        found.append(one)
        if not as_json:
            say(as_line(one))  # one may take minutes
    _say(to_jsonable({"days": days, "seed": seed, "bugs": found}), as_json, [last_line(found)])
    if any(one.day is None for one in found):
        raise typer.Exit(1)


@bench.command()
def fuzz(
    payloads: Annotated[
        int, typer.Option(min=1, max=100_000_000, metavar="N", help="Payloads for each parser.")
    ] = 100_000,
    seed: Annotated[int, typer.Option(metavar="N", help="Another number makes other payloads.")] = 1,
    parser: Annotated[str, typer.Option(metavar="PATTERN", help="Only parsers with such names, such as 'gx*'.")] = "*",
    jobs: JobsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try damaged payloads on all that reads.

    Whatever comes from outside is read by somebody.

    Ends with exit code 1 and the payloads that show it when anything but our own errors or plausible values comes out.
    100,000 payloads for each of some fifty parsers take about half an hour on two cores.
    """
    try:
        from bench.fuzz.measure import measure
        from bench.fuzz.table import parser_names
    except ImportError as error:
        raise typer.BadParameter(f"every source is tried, but {error}: `. ./env.sh dev` installs them all") from None

    names = [name for name in parser_names() if fnmatch(name, parser)]
    if not names:
        raise typer.BadParameter(f"no parser is called {parser}; there is {', '.join(parser_names())}")
    result = measure(payloads, seed, names=names, jobs=jobs or os.cpu_count() or 1, progress=_progress)
    _say(to_jsonable(result), as_json, result.as_lines())
    if not result.clean:
        raise typer.Exit(1)


@bench.command()
def soak(
    hours: Annotated[float, typer.Option(min=0.1, max=8760, metavar="N", help="Hours at the GX device.")] = 24.0,
    speed: Annotated[float, typer.Option(min=1, max=200, metavar="N", help="How many times faster they pass.")] = 100.0,
    seed: Annotated[int, typer.Option(metavar="N", help="Another number makes other weather and troubles.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Live a long time at a broker, compressed.

    A real MQTT broker, and troubles of every kind.

    Ends with exit code 1 when memory, threads or open files grow, or when the heater is on longer after the last
    reading than a reading counts.
    """
    try:
        from bench.soak.measure import measure
    except ImportError as error:
        raise typer.BadParameter(f"it takes an MQTT client, but {error}: `. ./env.sh mqtt` installs it") from None

    result = measure(hours, speed, seed, _progress)
    _say(to_jsonable(result), as_json, result.as_lines())
    if not result.kept:
        raise typer.Exit(1)


@bench.command()
def kills(
    count: Annotated[int, typer.Option("--kills", min=1, max=100_000, metavar="N", help="How often.")] = 100,
    seed: Annotated[int, typer.Option(metavar="N", help="Another number kills at other moments.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Kill the whole program while it heats and writes.

    At each start: can the history be read, how much of the day is lost, did a counter go back, and how long did a
    contact stay closed. Ends with exit code 1 when a promise was broken. A hundred kills take a quarter of an hour.
    """
    from bench.soak.kills import measure

    result = measure(count, seed, _progress)
    _say(to_jsonable(result), as_json, result.as_lines())
    if not result.kept:
        raise typer.Exit(1)


def _place_of(config: Path | None) -> Place | None:
    from bench.capture.days import Place
    from pv_heater.config.load import load_config

    return Place.of_site(load_config(config).site) if config is not None else None


def _known(what: str, given: Any, words: Any) -> None:
    for word in given:
        if word not in words:
            raise typer.BadParameter(f"the {what} must be one of {', '.join(words)}, not {word!r}")


def _progress(done: int, of: int) -> None:
    """One line that is written over, on a terminal only."""
    if sys.stderr.isatty():
        filled = 30 * done // of
        end = "\n" if done == of else ""
        sys.stderr.write(f"\r[{'#' * filled}{'.' * (30 - filled)}] {done} of {of}{end}")
        sys.stderr.flush()


def _say(result: Any, as_json: bool, lines: list[str]) -> None:
    say(json.dumps(result, indent=1) if as_json else "\n".join(lines))
