"""Reads recordings. Everything that is wrong with a file is said with its name and line.

Two shapes: CSV whose first line is ``# pv-heater 1 kind=home|readings zone=...``, and JSON lines with raw answers of
the VRM portal. Both may be gzipped. A folder of recorded days (`days_from_folder`) holds CSV files of the form
``t,pv_w,load_w,...``, with or without our first line. docs/recordings.md describes them for people.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import json_number_of
from pv_heater.core.model.values import Reading
from pv_heater.errors import RecordingError, SourceError
from pv_heater.sim.recording import HomeRecording, ReadingsRecording, Recording
from pv_heater.sim.recording_rows import Table, home_recording, readings_recording, trouble

FORMAT_VERSION = "1"
_FIXED_ZONE = re.compile(r"UTC(?:([+-])(\d{1,2})(?::?(\d{2}))?)?")
VrmDecoder = Callable[[dict[str, Any]], Reading]
"""Turns the recorded `bodies` of one look at the portal into a reading; raises SourceError."""


def load_recording(path: Path, decode_vrm: VrmDecoder | None = None) -> Recording:
    """The recording in `path`; `decode_vrm` is needed for raw VRM answers only. Raises RecordingError."""
    lines = numbered_lines(path)
    number, first = next(lines, (0, ""))
    if not first:
        raise RecordingError(f"{path}: the file is empty; a recording begins with '# pv-heater 1 kind=...'.")
    if first.startswith("{"):
        return _read_vrm(path, first, lines, decode_vrm)
    facts = _read_facts(path, number, first)
    kind = facts.get("kind")
    if kind not in ("home", "readings"):
        raise trouble(path, number, f"the kind must be home or readings, not {kind}")
    if "zone" not in facts:
        raise trouble(path, number, "the zone of its clock is missing, such as zone=Europe/Vienna or zone=UTC+1")
    zone = zone_from_text(facts["zone"])
    if zone is None:
        raise trouble(
            path, number, f"{facts['zone']!r} is not a time zone; write a name like Europe/Vienna or an offset UTC+1"
        )
    table = Table.read(path, lines, zone)
    name = facts.get("name", plain_name(path))
    return home_recording(table, name) if kind == "home" else readings_recording(table, name)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """The recordings of a folder, and what in it is none."""

    recordings: tuple[HomeRecording, ...]
    """In the order of their file names."""
    skipped: tuple[str, ...]
    """A sentence for each file that cannot be lived through."""


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Every line with its number, from 1; raises RecordingError where the file cannot be read on."""
    number = 0
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline=None) as file:
            for number, line in enumerate(file, 1):
                yield number, line.rstrip("\n")
    except FileNotFoundError:
        raise RecordingError(f"{path}: there is no such recording.") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise trouble(path, number + 1, f"the gzip data is damaged or cut off ({error})") from error
    except UnicodeDecodeError as error:
        raise trouble(path, number + 1, f"this is not text in UTF-8 ({error.reason})") from error
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror or error}.") from error


def zone_from_text(text: str) -> tzinfo | None:
    """``Europe/Vienna``, ``UTC``, ``UTC+1`` or ``UTC-03:30`` (east is plus) as a zone; None for anything else."""
    match = _FIXED_ZONE.fullmatch(text)
    if match:
        sign, hours, minutes = match.groups()
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        if offset >= timedelta(hours=24):
            return None
        return timezone(-offset if sign == "-" else offset)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError, RecursionError):  # a name of many dots is looked up in depth
        return None


def plain_name(path: Path) -> str:
    """The file's name without its endings."""
    return path.name.removesuffix(".gz").rsplit(".", 1)[0]


def _read_facts(path: Path, number: int, first: str) -> dict[str, str]:
    words = first.split()
    if words[:2] != ["#", "pv-heater"] or len(words) < 3:
        raise trouble(
            path, number, "the first line must begin with '# pv-heater 1 kind=...', so this is not a recording"
        )
    if words[2] != FORMAT_VERSION:
        raise trouble(path, number, f"version {words[2]} of the format is not known here; {FORMAT_VERSION} is")
    facts = {}
    for word in words[3:]:
        key, sign, value = word.partition("=")
        if not sign or not key or not value:
            raise trouble(path, number, f"expected key=value without spaces, not {word!r}")
        facts[key] = value
    return facts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One recorded look at the portal."""

    taken_s: float
    at: datetime
    bodies: dict[str, Any]


def _read_vrm(
    path: Path, first: str, lines: Iterator[tuple[int, str]], decode_vrm: VrmDecoder | None
) -> ReadingsRecording:
    head = _json_object(path, 1, first)
    if str(head.get("pv-heater")) != FORMAT_VERSION or head.get("kind") != "vrm":
        raise trouble(path, 1, 'expected {"pv-heater": 1, "kind": "vrm"}')
    if decode_vrm is None:
        raise RecordingError(f"{path}: these are raw answers of the VRM portal, and nothing here can read them.")
    looks: list[_Look] = []
    offsets_s, readings = [], []
    for number, line in lines:
        if not line.strip():
            continue
        look = _look(path, number, line)
        if looks and look.taken_s <= looks[-1].taken_s:
            raise trouble(path, number, f"the clock goes backwards, {looks[-1].taken_s:g} s to {look.taken_s:g} s")
        looks.append(look)
        try:
            reading = decode_vrm(look.bodies)
        except SourceError:
            # A refusal or a broken answer is part of what happened: the reading before it grows older.
            continue
        offsets_s.append(look.taken_s - looks[0].taken_s)
        readings.append(reading)
    if not readings:
        raise RecordingError(f"{path}: not one of its {len(looks)} recorded answers holds a reading.")
    return ReadingsRecording(
        name=str(head.get("name", plain_name(path))),
        # Wall time can jump while recording; only its first value is used, seconds come from the monotonic clock.
        start_at=looks[0].at,
        offsets_s=tuple(offsets_s),
        readings=tuple(readings),
    )


def _look(path: Path, number: int, line: str) -> _Look:
    record = _json_object(path, number, line)
    at, bodies = record.get("at"), record.get("bodies")
    taken_s = json_number_of(record.get("taken_s"))
    if taken_s is None:
        raise trouble(path, number, f"taken_s must be a number of seconds, not {record.get('taken_s')!r}")
    if not isinstance(bodies, dict):
        raise trouble(path, number, "bodies must be an object with the portal's answers")
    try:
        instant = datetime.fromisoformat(str(at))
        if instant.tzinfo is None:
            raise ValueError
        return _Look(taken_s=taken_s, at=instant.astimezone(UTC), bodies=bodies)
    except (ValueError, OverflowError):
        raise trouble(
            path, number, f"at must be a time with its zone, such as 2026-06-21T12:00:00+00:00, not {at!r}"
        ) from None


def _json_object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise trouble(path, number, f"this is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise trouble(path, number, "expected a JSON object")
    return value


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
