"""kind=readings: one column for each field of a Reading; fields of several values have one column a value.

``grid_phase_w.1``, ``load_w.water_heater``, ``load_c.water_heater``. An empty or NaN cell means missing.
"""

from __future__ import annotations

from typing import Any

from pv_heater.core.types import AC_SOURCES, Reading
from pv_heater.sim.recorded import ReadingsRecording
from pv_heater.sim.table import Table, trouble

NUMBERS = (
    "pv_w",
    "consumption_w",
    "grid_w",
    "battery_w",
    "battery_v",
    "battery_soc_percent",
    "dc_load_w",
    "interval_s",
)
FLAGS = ("pv_throttled", "feed_in_allowed", "grid_connected")
WORDS = ("charger_state", "ac_source")
BY_LOAD = ("load_w", "load_c")
BY_PHASE = "grid_phase_w"

_FLAG_WORDS = {"true": True, "1": True, "false": False, "0": False, "": None, "nan": None}
SOURCE = "recording"


def readings_recording(table: Table, name: str) -> ReadingsRecording:
    """The table as readings; raises RecordingError."""
    for column in table.columns:
        if not _known(column):
            raise trouble(
                table.path,
                table.header_line,
                f"{column!r} is no field of a reading; known are {', '.join((*NUMBERS, *FLAGS, *WORDS))}, "
                f"grid_phase_w.1 and load_w.NAME or load_c.NAME",
            )
    return ReadingsRecording(
        name=name,
        start_at=table.start_at,
        offsets_s=table.offsets_s(),
        readings=tuple(_reading(table, row) for row in range(len(table.cells))),
        notes=table.notes,
    )


def _known(column: str) -> bool:
    head, _, tail = column.partition(".")
    if head == BY_PHASE:
        return tail in ("1", "2", "3")
    return (head in BY_LOAD and bool(tail)) or column in (*NUMBERS, *FLAGS, *WORDS)


def _reading(table: Table, row: int) -> Reading:
    values: dict[str, Any] = {}
    by_load: dict[str, dict[str, float]] = {"load_w": {}, "load_c": {}}
    phases: dict[str, float] = {}
    for number, column in enumerate(table.columns):
        head, _, tail = column.partition(".")
        if column in FLAGS:
            values[column] = _flag(table, row, number)
        elif column in WORDS:
            values[column] = _word(table, row, number)
        else:
            value = table.number(row, number)
            if column in NUMBERS:
                values[column] = value
            elif value is not None:
                (phases if head == BY_PHASE else by_load[head])[tail] = value
    return Reading(
        taken_at=table.instants[row],
        source=SOURCE,
        grid_phase_w=tuple(phases[phase] for phase in sorted(phases)),
        load_w=by_load["load_w"],
        load_c=by_load["load_c"],
        **values,
    )


def _word(table: Table, row: int, column: int) -> str | None:
    text = table.cells[row][column]
    if table.columns[column] == "ac_source" and text not in ("", *AC_SOURCES):
        raise trouble(table.path, table.lines[row], f"ac_source must be one of {', '.join(AC_SOURCES)}, not {text!r}")
    return text or None


def _flag(table: Table, row: int, column: int) -> bool | None:
    text = table.cells[row][column].lower()
    if text not in _FLAG_WORDS:
        raise trouble(table.path, table.lines[row], f"{table.columns[column]} must be true or false, not {text!r}")
    return _FLAG_WORDS[text]
