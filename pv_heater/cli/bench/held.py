"""`bench invariants`, `fuzz`, `soak`, `kills`, `mutate`: whether what is promised is held."""

from __future__ import annotations

import os
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated

import typer

from pv_heater.cli.bench.words import JobsOption, progress, tell
from pv_heater.cli.options import JsonOption
from pv_heater.cli.text import say
from pv_heater.core.model.lean import to_jsonable


def invariants(
    days: Annotated[int, typer.Option(min=1, max=1_000_000, metavar="N", help="Days to live.")] = 1000,
    seed: Annotated[int, typer.Option(metavar="N", help="Another number draws other days.")] = 1,
    steps: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Live until there were so many steps, not --days."),
    ] = None,
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
    on two cores. Ctrl-C ends it early, once the days under way are lived: it tells what it has, and exits with 1. With
    --planted it is the promises that are tried: it ends with 1 when a bug gets through.
    """
    if planted is not None:
        _hunt(planted, days, seed, jobs or os.cpu_count() or 1, as_json=as_json)
        return
    from bench.invariants.measure import measure
    from pv_heater.strategies import STRATEGIES

    weighed = tuple(STRATEGIES) if weigh else ()
    cores = jobs or os.cpu_count() or 1
    result = measure(days, seed, jobs=cores, progress=progress, weighed=weighed, least_steps=steps)
    tell(to_jsonable(result), as_json, result.as_lines())
    if not result.kept or result.interrupted:
        raise typer.Exit(1)


def _hunt(pattern: str, days: int, seed: int, jobs: int, *, as_json: bool) -> None:
    from bench.invariants.bugs import BUGS
    from bench.invariants.planted import TITLE, as_line, hunt, last_line

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
    tell(to_jsonable({"days": days, "seed": seed, "bugs": found}), as_json, [last_line(found)])
    if any(one.day is None for one in found):
        raise typer.Exit(1)


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
    result = measure(payloads, seed, names=names, jobs=jobs or os.cpu_count() or 1, progress=progress)
    tell(to_jsonable(result), as_json, result.as_lines())
    if not result.clean:
        raise typer.Exit(1)


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

    result = measure(hours, speed, seed, progress)
    tell(to_jsonable(result), as_json, result.as_lines())
    if not result.kept:
        raise typer.Exit(1)


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

    result = measure(count, seed, progress)
    tell(to_jsonable(result), as_json, result.as_lines())
    if not result.kept:
        raise typer.Exit(1)


def mutate(
    module: Annotated[
        str, typer.Option(metavar="PATTERN", help="Only modules with such names, such as 'core.duties.*'.")
    ] = "*",
    sample: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="So many changes of each module, drawn; else all.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Another number draws other changes.")] = 1,
    keep: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Keeps what was found, and goes on from there the next time.")
    ] = None,
    jobs: JobsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change the code that switches, and see who notices.

    One comparison, number, word of logic or answer at a time, in what decides and in what stops.

    A change is shown to the tests that pass its line, until one fails. Ends with exit code 1 when one gets through that
    is not explained in bench/mutate/explained.py. All changes take about an hour; --sample 10 some minutes.
    """
    try:
        from bench.mutate.measure import measure
    except ImportError as error:
        raise typer.BadParameter(f"it runs the tests, but {error}: `. ./env.sh dev` installs what they need") from None
    try:
        result = measure(module, seed, sample, jobs=jobs or os.cpu_count() or 1, keep=keep, progress=progress)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    tell(to_jsonable(result), as_json, result.as_lines())
    if not result.kept:
        raise typer.Exit(1)
