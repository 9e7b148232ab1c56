"""`bench faults`: whether every fault ends as docs/safety.md says."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Annotated

import typer

from pv_heater.cli.bench.words import tell
from pv_heater.cli.options import JsonOption
from pv_heater.cli.text import say
from pv_heater.core.model.lean import to_jsonable


def faults(
    only: Annotated[str, typer.Option(metavar="PATTERN", help="Only faults or groups with such names.")] = "*",
    seed: Annotated[int, typer.Option(metavar="N", help="Another number begins faults at other moments.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="Homes side by side; most wait.")] = 12,
    runs: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="Tries of each; the worst counts.")] = 1,
    write: Annotated[bool, typer.Option("--write", help="Put what was seen into docs/safety.md.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Try every fault on the real program.

    With real peers, and on pins whose every change has its moment.

    Ends with exit code 1 when a heater was on longer than promised, or did not come back as it should. All of them take
    half an hour.
    """
    try:
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
    seen = measure(chosen, seed, jobs=jobs, runs=runs, told=lambda one: None if as_json else say(line(one)))
    if write:
        write_page(seen, [fault.name for _, fault in named], seed=seed, runs=runs)
    tell(to_jsonable({"seed": seed, "runs": runs, "faults": seen}), as_json, lines(seen)[-1:])
    if any(one.wrong for one in seen):
        raise typer.Exit(1)
