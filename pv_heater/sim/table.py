"""The rows of a CSV recording: instants and cells, before anyone knows what the columns mean."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Self

from pv_heater.errors import RecordingError


def trouble(path: Path, line: int, what: str) -> RecordingError:
    """The error for one line of one file."""
    return RecordingError(f"{path}, line {line}: {what}.")


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
