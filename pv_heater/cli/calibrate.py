"""The command that measures the curve of a regulator."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pv_heater.cli.options import ConfigOption, JsonOption, settings_of
from pv_heater.cli.text import say, seconds

if TYPE_CHECKING:
    from pv_heater.commands.calibrate import CalibrationResult

NOT_FINISHED = 5


def calibrate(
    ctx: typer.Context,
    load: Annotated[str, typer.Argument(help="Name of the load.", metavar="LOAD")],
    config: ConfigOption = None,
    points: Annotated[int, typer.Option(min=5, max=201, metavar="N", help="Positions from 0 to 100 %.")] = 21,
    meter: Annotated[
        str | None, typer.Option(metavar="NAME", help="One meter of the configuration, such as gx_mqtt.")
    ] = None,
    warm_up: Annotated[
        str, typer.Option("--warm-up", metavar="TIME", help="Full power before the first position.")
    ] = "500s",
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the last one stopped.")] = False,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="The curve; else LOAD_curve.csv beside the settings.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the curve of a regulator.

    Walks the load through its range against the meter and writes CSV and a picture. The controller must not run
    meanwhile. Ctrl-C ends it with the load off. Exit code 5 when it did not come to its end.
    """
    from pv_heater.commands.calibrate import CalibrationRequest, calibrate_live

    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    settings = settings_of(ctx, config)
    wish = CalibrationRequest(load=load, points=points, meter=meter, warm_up_s=seconds(warm_up), resume=resume, to=to)
    result = calibrate_live(settings, wish, lambda line: say(line, err=as_json))
    say(json.dumps(as_jsonable(result), indent=1) if as_json else "\n".join(lines_of(load, result)))
    raise typer.Exit(0 if result.file is not None else NOT_FINISHED)


def lines_of(load: str, result: CalibrationResult) -> list[str]:
    """What came of it, for people."""
    if result.file is None:
        lines = [f"{load} is off. Not finished: {result.stopped_because}."]
        if result.points:
            lines.append(f"{len(result.points)} positions are kept in {result.progress}; --resume goes on from there.")
        return lines
    return [
        f"{load} is off. The curve is in {result.file}, its picture in {result.file.with_suffix('.svg')}.",
        f"Put it into the settings of {load}: `curve: {result.file.name}` (for servo_regulator under `servo:`).",
    ]


def as_jsonable(result: CalibrationResult) -> dict[str, object]:
    """What came of it, for programs."""
    return {
        "points": [
            {"percent": percent, "power_w": round(watts, 1)} for percent, watts in sorted(result.points.items())
        ],
        "file": None if result.file is None else str(result.file),
        "stopped_because": result.stopped_because,
    }
