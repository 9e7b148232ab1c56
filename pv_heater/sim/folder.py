"""A folder of recorded days: CSV files of the form ``t,pv_w,load_w,...``, with or without our first line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path

from pv_heater.errors import RecordingError
from pv_heater.sim.home_rows import home_recording
from pv_heater.sim.recorded import HomeRecording
from pv_heater.sim.recording_file import load_recording, numbered_lines, plain_name
from pv_heater.sim.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """What a folder held."""

    recordings: tuple[HomeRecording, ...]
    """In the order of their file names."""
    skipped: tuple[str, ...]
    """A sentence for each file that cannot be lived through."""


def days_from_folder(path: Path, zone: tzinfo, pattern: str = "*") -> Folder:
    """Every .csv and .csv.gz in `path`; clock times without zone are in `zone` where the file names none.

    `pattern`: only files with such names, ending excluded. Raises RecordingError when the folder does not exist or not
    one of its files can be used.
    """
    if not path.is_dir():
        raise RecordingError(f"{path}: there is no such folder.")
    files = sorted(file for file in path.iterdir() if file.name.endswith((".csv", ".csv.gz")))
    files = [file for file in files if fnmatch(plain_name(file), pattern)]
    recordings, skipped = [], []
    for file in files:
        try:
            recordings.append(_day(file, zone))
        except RecordingError as error:
            skipped.append(f"skipped: {error}")
    if not recordings:
        why = f" The first was {skipped[0]}" if skipped else ""
        raise RecordingError(f"{path}: not one of its {len(files)} CSV files holds pv_w and load_w.{why}")
    return Folder(recordings=tuple(recordings), skipped=tuple(skipped))


def _day(file: Path, zone: tzinfo) -> HomeRecording:
    lines = numbered_lines(file)
    first = next(lines, None)
    if first is None:
        raise RecordingError(f"{file}: the file is empty.")
    if first[1].startswith("#"):
        recording = load_recording(file)
        if not isinstance(recording, HomeRecording):
            raise RecordingError(f"{file}: holds readings, but a simulated home needs pv_w and load_w.")
        return recording
    return home_recording(Table.read(file, chain([first], lines), zone), plain_name(file))
