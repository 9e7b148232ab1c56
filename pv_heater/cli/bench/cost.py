"""`bench speed`, `history`, `footprint`, `card`, `web`: what the program costs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pv_heater.cli.bench.words import progress, tell
from pv_heater.cli.options import JsonOption
from pv_heater.cli.text import seconds
from pv_heater.core.model.lean import to_jsonable


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
        result = speed.measure(progress, against=against)
    except RuntimeError as error:
        raise typer.BadParameter(str(error)) from None
    tell(to_jsonable(result), as_json, result.as_lines())


def history(as_json: JsonOption = False) -> None:
    """Measure what a day of history costs.

    Size of the file, bytes written, and the time of the writer. Ends with exit code 1 when it is more than promised.
    """
    from bench.cost import history

    result = history.measure(progress)
    tell(to_jsonable(result), as_json, result.as_lines())
    if not result.kept:
        raise typer.Exit(1)


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
    tell(to_jsonable(results), as_json, [line for result in results for line in result.as_lines()])


def card(
    watch: Annotated[str, typer.Option("--for", metavar="TIME", help="How long it is watched.")] = "2h",
    as_json: JsonOption = False,
) -> None:
    """Measure what a day writes to the card.

    The real program with every kind of source, a broker, databases and messages; counted by the kernel, and taken
    times what is left of a day. Ends with exit code 1 when it is more than is aimed at.
    """
    from bench.cost.card import measure

    result = measure(seconds(watch))
    tell(to_jsonable(result), as_json, result.as_lines())
    if not result.kept:
        raise typer.Exit(1)


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
    tell(to_jsonable(result), as_json, result.as_lines())
