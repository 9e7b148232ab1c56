"""`bench faults`, `bench torture`: whether every fault ends as docs/safety.md says, alone and in a long row."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated

import typer

from pv_heater.cli.bench.words import progress, tell
from pv_heater.cli.options import JsonOption
from pv_heater.cli.text import say
from pv_heater.core.model.lean import to_jsonable


def faults(
    only: Annotated[str, typer.Option(metavar="PATTERN", help="Only faults or groups with such names.")] = "*",
    seed: Annotated[int, typer.Option(metavar="N", help="Another number begins faults at other moments.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="Homes side by side; most wait.")] = 12,
    runs: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="Tries of each; the worst counts.")] = 1,
    write: Annotated[bool, typer.Option("--write", help="Put what was seen into docs/safety.md.")] = False,
    resume: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep each try here; those of an interrupted run stand already.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Try every fault on the real program.

    With real peers, and on pins whose every change has its moment.

    Ends with exit code 1 when a heater was on longer than promised, or did not come back as it should; that fault then
    stands in docs/safety.md as one that is not as promised. All of them take half an hour.
    """
    try:
        from bench.faults.kept import Kept, fingerprint
        from bench.faults.measure import measure
        from bench.faults.page import line, lines
        from bench.faults.page import write as write_page
        from bench.faults.table import GROUPS
    except ImportError as error:
        raise typer.BadParameter(f"every peer takes part, but {error}: `. ./env.sh dev` installs them all") from None

    named = [(group, fault) for group, faults in GROUPS.items() for fault in faults]
    chosen = [(group, fault) for group, fault in named if fnmatch(fault.name, only) or fnmatch(group, only)]
    if not chosen:
        raise typer.BadParameter(f"no fault is called {only}, and no group: {', '.join(GROUPS)}")
    kept = None if resume is None else Kept(resume, fingerprint())
    seen = measure(chosen, seed, jobs=jobs, runs=runs, told=lambda one: None if as_json else say(line(one)), kept=kept)
    if write:
        write_page(seen, [fault.name for _, fault in named], seed=seed, runs=runs)
    tell(to_jsonable({"seed": seed, "runs": runs, "faults": seen}), as_json, lines(seen)[-1:])
    if any(one.wrong for one in seen):
        raise typer.Exit(1)


def torture(
    seed: Annotated[int, typer.Option(metavar="N", help="Another number draws other faults.")] = 1,
    hours: Annotated[float, typer.Option(min=0.01, max=8760, metavar="H", help="Hours of the program's clock.")] = 2.0,
    speed: Annotated[float, typer.Option(min=1, max=60, metavar="N", help="How many times faster they pass.")] = 10.0,
    first: Annotated[int, typer.Option(min=0, metavar="N", help="Number of the fault to begin with.")] = 0,
    faults: Annotated[int | None, typer.Option(min=1, metavar="N", help="End after so many faults.")] = None,
    only: Annotated[str, typer.Option(metavar="PATTERN", help="Only faults with such names.")] = "*",
    planted: Annotated[
        str | None, typer.Option(metavar="PATTERN", help="Plant such bugs ('*': all), one at a time: who notices?")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Live long among faults, hours compressed.

    One real program, on pins whose every change has its moment, and the faults of `bench faults` one after the other,
    sometimes two at once, drawn by the seed. All that the pins did is held against what the program had been told.

    Ends with exit code 1 when a promise was broken, and says how to have that fault again. With --planted it is the
    promises that are tried: it ends with 1 when a bug gets through.
    """
    try:
        from bench.torture.live import measure
        from bench.torture.planted import PLANTED
    except ImportError as error:
        raise typer.BadParameter(f"every peer takes part, but {error}: `. ./env.sh dev` installs them all") from None

    if planted is None:
        result = measure(seed, hours, speed, progress, first=first, faults=faults, only=only)
        tell(to_jsonable(result), as_json, result.as_lines())
        if not result.kept:
            raise typer.Exit(1)
        return
    found = {}
    for name, bug in PLANTED.items():
        if fnmatch(name, planted):
            tried = measure(seed, hours, speed, progress, faults=bug.faults, only=bug.only, planted=name)
            noticed = bug.promise in tried.broken
            found[name] = {"promise": str(bug.promise), "noticed": noticed, "wrong": tried.wrong}
            if not as_json:
                say(f"{name}: {'' if noticed else 'NOT '}noticed by: {bug.promise}")
    got_through = [name for name, one in found.items() if not one["noticed"]]
    tell(found, as_json, [f"Bugs that got through: {len(got_through)} of {len(found)}."])
    if not found or got_through:
        raise typer.Exit(1)
