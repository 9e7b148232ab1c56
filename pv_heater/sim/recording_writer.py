"""Writes recordings as they happen: each row is on the disk before the next reading is waited for.

Raw answers of the VRM portal lose everything personal first (`scrub`), so that a recording can be shown to anyone. What
stays: numbers, codes, units, timestamps, flags, and texts that are the same in every home. A text is kept only if it is
known to be harmless; what is not known is replaced.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Self

from pv_heater.core.model.values import Reading
from pv_heater.errors import RecordingError
from pv_heater.sim import recording_steering
from pv_heater.sim.recording_rows import BY_LOAD, BY_PHASE, FLAGS, NUMBERS, WORDS

GONE = "(removed)"
_HARMLESS_TEXT_KEYS = frozenset(
    (
        "code",
        "dbusServiceType",
        "dbusPath",
        "formatWithUnit",
        "formatValueOnly",
        "dataType",
        "productName",
        "nameEnum",
        "firmwareVersion",
        "class",
        "timezone",
        "error_code",
    )
)
"""Keys whose texts Victron wrote, not the owner."""
_HARMLESS_NAMES = frozenset(
    ("Gateway", "System overview", "VE.Bus System", "Solar Charger", "Battery Monitor", "PV Inverter", "Grid meter")
)
"""What VRM calls a kind of device, wherever it says so."""
_MEASURED_KEYS = frozenset(("rawValue", "formattedValue", "textValue", "value", "valueFormattedWithUnit"))
"""Keys whose texts are measurements, or anything that the owner typed."""
_ID_KEYS = frozenset(("id", "idtag", "idgroup", "idaccesstoken", "remotesupportport"))
"""Ids that are replaced where they stand."""
_SECRET_KEYS = frozenset(
    (
        "idsite",
        "iduser",
        "identifier",
        "portalid",
        "serial",
        "serialnumber",
        "machineserialnumber",
        "phonenumber",
        "token",
        "email",
    )
)
"""What identifies a home or its owner: replaced where it stands and looked for everywhere else."""
_PLACE_KEYS = frozenset(("latitude", "longitude", "lat", "lng", "lon", "altitude", "geofence", "location"))
_PLACE_CODES = frozenset(("lt", "lg", "lh"))
_PERSONAL_RECORD = re.compile(r"serial|latitude|longitude|altitude|name|identifier|ssid|\bmac\b|\bip\b", re.IGNORECASE)
_TECHNICAL_NUMBERS = frozenset(("instance", "idDataAttribute", "timestamp", "bitmask", "idDeviceType"))
"""Numbers that tell nothing even in a record about a place or a serial."""
_MEASUREMENT = re.compile(r"-?\d{1,10}([.,]\d+)?( ?(%|k?Wh?|k?VA|Ah?|m?V|°? ?C|°F|Hz|h|min|s|l|K|hPa))?")
_SHORTEST_SECRET = 5
"""A shorter id (22) would be found inside harmless numbers."""
PHASES = ("1", "2", "3")


def write_readings(path: Path, readings: Iterable[Reading], load_names: Sequence[str] = ()) -> int:
    """Write `readings`, each as soon as it comes, as a recording of kind=readings in UTC; returns the count.

    `load_names` are the loads whose power and temperature get a column. A reading that is no newer than the one
    before is left out. A `path` ending in .gz is compressed. Raises RecordingError when the file exists or cannot be
    written.
    """
    columns = [*NUMBERS, *FLAGS, *WORDS, *recording_steering.COLUMNS]
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


def scrub(bodies: Any) -> Any:
    """A copy of `bodies` without names, ids, serials, identifiers, places and addresses; same shape, same numbers."""
    secrets = tuple(sorted({text for text in _secrets(bodies) if len(text) >= _SHORTEST_SECRET}))
    return _scrubbed(bodies, "", False, secrets)


def _new_file(path: Path) -> IO[str]:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))  # for its owner alone
        if path.suffix == ".gz":
            return gzip.open(path, "wt", encoding="utf-8", newline="\n")
        return path.open("w", encoding="utf-8", newline="\n")
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
    if head == recording_steering.HEAD:
        value: Any = recording_steering.value_of(reading.steering, column)
    elif head == BY_PHASE:
        phase = int(tail) - 1
        value = reading.grid_phase_w[phase] if phase < len(reading.grid_phase_w) else None
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


def _secrets(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _secrets(item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _secrets(item, key)
    elif key.lower() in _SECRET_KEYS and isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)


def _scrubbed(value: Any, key: str, personal: bool, secrets: tuple[str, ...]) -> Any:
    """`personal`: somewhere above, this was found to be about the owner or the place."""
    if isinstance(value, Mapping):
        return _scrubbed_record(value, personal, secrets)
    if isinstance(value, list):
        return [_scrubbed(item, key, personal, secrets) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    if key.lower() in _SECRET_KEYS | _ID_KEYS or key in _PLACE_KEYS:
        return GONE if isinstance(value, str) else 0
    if isinstance(value, str):
        return value if _text_may_stay(value, key, personal, secrets) else GONE
    return 0 if personal and key not in _TECHNICAL_NUMBERS else value


def _scrubbed_record(record: Mapping[Any, Any], personal: bool, secrets: tuple[str, ...]) -> dict[str, Any]:
    personal = personal or _is_personal(record)
    # The words of an enumeration are Victron's, and a value may only repeat one of them.
    words = {item.get("nameEnum") for item in record.get("dataAttributeEnumValues") or () if isinstance(item, Mapping)}
    result: dict[str, Any] = {}
    for name, item in record.items():
        key = GONE if "@" in str(name) else str(name)
        for secret in secrets:
            key = key.replace(secret, "0")
        keep = name in _MEASURED_KEYS and isinstance(item, str) and item in words and not personal
        result[key] = item if keep else _scrubbed(item, str(name), personal or name in _PLACE_KEYS, secrets)
    return result


def _is_personal(record: Mapping[Any, Any]) -> bool:
    """Whether this is a diagnostics record of something that identifies the home."""
    if record.get("code") in _PLACE_CODES:
        return True
    return "code" in record and any(
        _PERSONAL_RECORD.search(str(record.get(key) or "")) for key in ("dbusPath", "description")
    )


def _text_may_stay(text: str, key: str, personal: bool, secrets: tuple[str, ...]) -> bool:
    if any(secret in text for secret in secrets) or "@" in text:
        return False
    if not text or key in _HARMLESS_TEXT_KEYS or text in _HARMLESS_NAMES:
        return True
    return not personal and key in _MEASURED_KEYS and _MEASUREMENT.fullmatch(text) is not None
