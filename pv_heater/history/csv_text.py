"""A history as CSV, for a spreadsheet: local times, zone and units said in the first lines. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

UNITS = {"w": "W", "wh": "Wh", "percent": "%", "c": "degC"}
"""The last word of a series -> its unit."""


def csv_lines(
    chunks: Iterable[Mapping[int, Mapping[str, float]]], names: Sequence[str], step_s: int, zone: ZoneInfo
) -> Iterator[str]:
    """Text, one piece a chunk. A value that is not known is an empty cell; a step without any is left out."""
    units = ", ".join(f"{name} in {unit_of(name)}" for name in names)
    yield f"# pv-heater history, one line each {step_s} s, times in {zone.key} with their offset from UTC\n"
    yield f"# {units}\n"
    yield ",".join(["at", *(_cell(name) for name in names)]) + "\n"
    for rows in chunks:
        lines = [
            ",".join([_time(at, zone), *(_value(rows[at].get(name)) for name in names)])
            for at in sorted(rows)
            if rows[at]
        ]
        if lines:
            yield "\n".join(lines) + "\n"


def unit_of(name: str) -> str:
    """The unit of a series, by the last word of its name."""
    return UNITS.get(name.removesuffix(":min").removesuffix(":max").rpartition("_")[2], "")


def _time(at_s: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at_s, UTC).astimezone(zone).isoformat()


def _value(value: float | None) -> str:
    return "" if value is None else str(value)


def _cell(name: str) -> str:
    return f'"{name}"' if "," in name or '"' in name else name
