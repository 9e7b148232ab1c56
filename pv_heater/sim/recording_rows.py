"""The rows of a CSV recording, and the two kinds of recordings that they can be.

`Table` knows instants and cells. kind=home (`home_recording`) is what the panels could give and what the house used;
kind=readings (`readings_recording`) has one column for each field of a Reading, and fields of several values have one
column a value: ``grid_phase_w.1``, ``load_w.water_heater``, ``load_c.water_heater``. An empty or NaN cell means
missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Self

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import AC_SOURCES, Reading
from pv_heater.errors import RecordingError
from pv_heater.sim import recording_steering
from pv_heater.sim.recording import HomeRecording, ReadingsRecording

LONGEST_GAP_S = 3600.0
"""A row holds until the next one; beyond an hour that would be invention."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A header and its rows; the instants rise from row to row."""

    path: Path
    zone: tzinfo
    columns: tuple[str, ...]
    """All but the first, which is `t`."""
    header_line: int
    instants: tuple[datetime, ...]
    """In UTC."""
    cells: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...]

    @classmethod
    def read(cls, path: Path, lines: Iterator[tuple[int, str]], zone: tzinfo) -> Self:
        """Read comment lines, the header and all rows; local clock times are in `zone`. Raises RecordingError."""
        notes: list[str] = []
        columns: tuple[str, ...] = ()
        header_line = 0
        instants: list[datetime] = []
        rows: list[tuple[str, ...]] = []
        numbers: list[int] = []
        for number, line in lines:
            if not line.strip():
                continue
            if line.startswith("#") and not header_line:
                notes.append(line.lstrip("# ").strip())
                continue
            cells = tuple(cell.strip() for cell in line.split(","))
            if not header_line:
                columns, header_line = _header(path, number, cells), number
                continue
            if len(cells) != len(columns) + 1:
                raise trouble(path, number, f"expected {len(columns) + 1} cells, found {len(cells)}")
            instants.append(_instant(path, number, cells[0], zone, instants[-1] if instants else None))
            rows.append(cells[1:])
            numbers.append(number)
        if not rows:
            raise RecordingError(f"{path}: holds no rows; a header and at least one row are needed.")
        return cls(
            path=path,
            zone=zone,
            columns=columns,
            header_line=header_line,
            instants=tuple(instants),
            cells=tuple(rows),
            lines=tuple(numbers),
            notes=tuple(notes),
        )

    @property
    def start_at(self) -> datetime:
        """The first instant, in the file's own zone."""
        return self.instants[0].astimezone(self.zone)

    def offsets_s(self) -> tuple[float, ...]:
        """Seconds of each row since the first."""
        return tuple((instant - self.instants[0]).total_seconds() for instant in self.instants)

    def number(self, row: int, column: int) -> float | None:
        """A cell as a number; None when it is empty or NaN. Raises RecordingError."""
        text = self.cells[row][column]
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            raise trouble(
                self.path, self.lines[row], f"{self.columns[column]} must be a number, not {text!r}"
            ) from None
        if math.isinf(value):
            raise trouble(self.path, self.lines[row], f"{self.columns[column]} must be a finite number, not {text!r}")
        return None if math.isnan(value) else value


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


def readings_recording(table: Table, name: str) -> ReadingsRecording:
    """The table as readings; raises RecordingError."""
    for column in table.columns:
        if not _known(column):
            raise trouble(
                table.path,
                table.header_line,
                f"{column!r} is not a field of a reading; known are {', '.join((*NUMBERS, *FLAGS, *WORDS))}, "
                f"grid_phase_w.1, load_w.NAME or load_c.NAME, and {', '.join(recording_steering.COLUMNS)}",
            )
    return ReadingsRecording(
        name=name,
        start_at=table.start_at,
        offsets_s=table.offsets_s(),
        readings=tuple(_reading(table, row) for row in range(len(table.cells))),
        notes=table.notes,
    )


def trouble(path: Path, line: int, what: str) -> RecordingError:
    """The error for one line of one file."""
    return RecordingError(f"{path}, line {line}: {what}.")


def _header(path: Path, number: int, cells: tuple[str, ...]) -> tuple[str, ...]:
    if cells[0] != "t":
        raise trouble(path, number, f"the first column must be t, not {cells[0]!r}")
    twice = sorted({cell for cell in cells if cells.count(cell) > 1})
    if twice:
        raise trouble(path, number, f"the column {twice[0]} is there twice")
    return cells[1:]


def _instant(path: Path, number: int, text: str, zone: tzinfo, previous: datetime | None) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        local = at.replace(tzinfo=zone) if at.tzinfo is None else at
        instant = local.astimezone(UTC)
    except (ValueError, OverflowError):
        # The first and last day of the calendar overflow on their way to UTC.
        raise trouble(path, number, f"t must be a time such as 2026-06-21T12:00:00, not {text!r}") from None
    if previous is not None and instant <= previous:
        # The hour that a clock shows twice when summer time ends.
        instant = local.replace(fold=1).astimezone(UTC)
        if instant <= previous:
            raise trouble(path, number, f"the clock goes backwards or stands still at {text}")
    return instant


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


def _known(column: str) -> bool:
    head, _, tail = column.partition(".")
    if head == BY_PHASE:
        return tail in ("1", "2", "3")
    return (head in BY_LOAD and bool(tail)) or column in (*NUMBERS, *FLAGS, *WORDS, *recording_steering.COLUMNS)


def _reading(table: Table, row: int) -> Reading:
    values: dict[str, Any] = {}
    by_load: dict[str, dict[str, float]] = {"load_w": {}, "load_c": {}}
    phases: dict[str, float] = {}
    steering: dict[str, str] = {}
    for number, column in enumerate(table.columns):
        head, _, tail = column.partition(".")
        if column in FLAGS:
            values[column] = _flag(table, row, number)
        elif column in WORDS:
            values[column] = _word(table, row, number)
        elif head == recording_steering.HEAD:
            steering[column] = table.cells[row][number]
        else:
            value = table.number(row, number)
            if column in NUMBERS:
                values[column] = value
            elif value is not None:
                (phases if head == BY_PHASE else by_load[head])[tail] = value
    try:
        values["steering"] = recording_steering.steering_of(steering)
    except ValueError as error:
        raise trouble(table.path, table.lines[row], str(error)) from None
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
