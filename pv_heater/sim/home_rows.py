"""kind=home: what the panels could give and what the house used."""

from __future__ import annotations

from pv_heater.sim.recorded import HomeRecording
from pv_heater.sim.table import Table, trouble

LONGEST_GAP_S = 3600.0
"""A row holds until the next one; beyond an hour that would be invention."""


def home_recording(table: Table, name: str) -> HomeRecording:
    """The table as a recording of a home; raises RecordingError.

    An empty or NaN cell keeps the power of the row before it (0 at the beginning): the software home cannot live
    through an unknown. Powers below 0, which sensors show at night, count as 0. Other columns are ignored.
    """
    for column in ("pv_w", "load_w"):
        if column not in table.columns:
            raise trouble(table.path, table.header_line, f"a recording of kind=home needs the column {column}")
    offsets_s = table.offsets_s()
    _refuse_gaps(table, offsets_s)
    # The last row holds as long as the one before it.
    last_step_s = offsets_s[-1] - offsets_s[-2] if len(offsets_s) > 1 else 60.0
    forecast_w = None
    if "pv_forecast_w" in table.columns:
        forecast_w = tuple(_numbers(table, "pv_forecast_w"))
    return HomeRecording(
        name=name,
        start_at=table.start_at,
        offsets_s=offsets_s,
        end_s=offsets_s[-1] + last_step_s,
        pv_w=_powers_w(table, "pv_w"),
        load_w=_powers_w(table, "load_w"),
        pv_forecast_w=forecast_w,
        notes=table.notes,
    )


def _powers_w(table: Table, name: str) -> tuple[float, ...]:
    powers_w = []
    power_w = 0.0
    for value in _numbers(table, name):
        if value is not None:
            power_w = max(0.0, value)
        powers_w.append(power_w)
    return tuple(powers_w)


def _numbers(table: Table, name: str) -> list[float | None]:
    column = table.columns.index(name)
    return [table.number(row, column) for row in range(len(table.cells))]


def _refuse_gaps(table: Table, offsets_s: tuple[float, ...]) -> None:
    for row in range(1, len(offsets_s)):
        gap_s = offsets_s[row] - offsets_s[row - 1]
        if gap_s > LONGEST_GAP_S:
            raise trouble(
                table.path,
                table.lines[row],
                f"{gap_s / 3600:.1f} h are missing before {table.instants[row].astimezone(table.zone).isoformat()}; "
                f"rows may be at most an hour apart",
            )
