"""Writes recordings as they happen: each row is on the disk before the next reading is waited for."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Self

from pv_heater.core.types import Reading
from pv_heater.errors import RecordingError
from pv_heater.sim.readings_rows import BY_LOAD, BY_PHASE, FLAGS, NUMBERS, WORDS
from pv_heater.sim.scrub import scrub

PHASES = ("1", "2", "3")


def write_readings(path: Path, readings: Iterable[Reading], load_names: Sequence[str] = ()) -> int:
    """Write `readings`, each as soon as it comes, as a recording of kind=readings in UTC; returns the count.

    `load_names` are the loads whose power and temperature get a column. A reading that is no newer than the one
    before is left out. A `path` ending in .gz is compressed. Raises RecordingError when the file exists or cannot be
    written.
    """
    columns = [*NUMBERS, *FLAGS, *WORDS]
    columns += [f"{BY_PHASE}.{phase}" for phase in PHASES]
    columns += [f"{field}.{name}" for field in BY_LOAD for name in load_names]
    count = 0
    newest_at: datetime | None = None
    with _new_file(path) as file:
        _put(file, f"# pv-heater 1 kind=readings zone=UTC\nt,{','.join(columns)}")
        for reading in readings:
            if newest_at is not None and reading.taken_at <= newest_at:
                continue
            newest_at = reading.taken_at
            moment = reading.taken_at.astimezone(UTC).replace(tzinfo=None).isoformat()
            _put(file, ",".join([moment, *(_cell(reading, column) for column in columns)]))
            count += 1
    return count


class VrmRecorder:
    """Writes raw answers of the VRM portal as JSON lines, with everything personal replaced; a context manager."""

    def __init__(self, path: Path) -> None:
        """Raises RecordingError when the file exists or cannot be written."""
        self._file = _new_file(path)
        _put(self._file, json.dumps({"pv-heater": 1, "kind": "vrm"}))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, taken_s: float, at: datetime, bodies: Mapping[str, Any]) -> None:
        """Note what the portal answered at monotonic second `taken_s`, by the wall clock `at` (aware)."""
        _put(self._file, json.dumps({"taken_s": taken_s, "at": at.isoformat(), "bodies": scrub(dict(bodies))}))

    def close(self) -> None:
        """End the file. May be repeated."""
        self._file.close()


def _new_file(path: Path) -> IO[str]:
    try:
        if path.suffix == ".gz":
            return gzip.open(path, "xt", encoding="utf-8", newline="\n")
        return path.open("x", encoding="utf-8", newline="\n")
    except FileExistsError:
        raise RecordingError(f"{path}: there is a file already; a recording never overwrites one.") from None
    except OSError as error:
        raise RecordingError(f"{path}: cannot be written: {error.strerror or error}.") from error


def _put(file: IO[str], text: str) -> None:
    try:
        file.write(f"{text}\n")
        file.flush()
    except OSError as error:
        raise RecordingError(f"{file.name}: cannot be written on: {error.strerror or error}.") from error


def _cell(reading: Reading, column: str) -> str:
    head, _, tail = column.partition(".")
    if head == BY_PHASE:
        phase = int(tail) - 1
        value: Any = reading.grid_phase_w[phase] if phase < len(reading.grid_phase_w) else None
    else:
        value = getattr(reading, head)
        if tail:
            value = value.get(tail)
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    # A comma would be taken for the next cell.
    return value.replace(",", " ") if isinstance(value, str) else repr(value)
