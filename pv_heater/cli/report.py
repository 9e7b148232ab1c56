"""The command that accounts for past days: `report`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pv_heater.cli.options import ConfigOption, JsonOption, say_result, settings_of


def report(
    ctx: typer.Context,
    config: ConfigOption = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=60, metavar="N", help="How many days; else 7, or all of a recording.")
    ] = None,
    recording: Annotated[
        Path | None, typer.Option("--recording", metavar="FILE", help="Play this recording, dry, and account for it.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Account for past days: caught, and lost to what.

    From the history, whether or not the controller runs. All is compared with the same day without the heater.
    """
    from pv_heater.commands.play import report as app
    from pv_heater.report.text import table_of

    settings = settings_of(ctx, config)
    if recording is None:
        reports = app.of_history(settings, days or 7, datetime.now(UTC))
    else:
        reports = app.of_recording(settings, recording, days)
    say_result(app.as_json(reports), as_json, table_of(reports))
