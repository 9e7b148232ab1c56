"""A history as CSV, for a spreadsheet: local times, zone and units said in the first lines. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

UNITS = {"w": "W", "wh": "Wh", "percent": "%", "c": "degC"}
"""The last word of a series -> its unit."""
_SUMS = (
    "caught_wh", "possible_wh", "bought_wh", "battery_drain_wh", "feed_in_wh", "pv_wh", "house_wh", "seen_s",
    "bought_money", "saved_money",
)  # fmt: skip
_OF_LOAD = ("energy_wh", "sun_wh", "starts")


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


def day_lines(days: Iterable[Mapping[str, Any]], zone: ZoneInfo) -> Iterator[str]:
    """The energies of days: first those of the home, then what was lost by cause, then the loads."""
    rows = list(days)
    causes = sorted({cause for row in rows for cause in row.get("lost_wh", {})})
    loads = list(dict.fromkeys(name for row in rows for name in row.get("loads", {})))
    of_load = [(name, key) for name in loads for key in _OF_LOAD]
    yield f"# pv-heater history, one line each day of {zone.key}, energies in Wh, money in your currency\n"
    names = [*(f"lost:{cause}_wh" for cause in causes), *(f"load:{name}:{key}" for name, key in of_load)]
    yield _line(["date", *_SUMS, *names])
    for row in rows:
        lost, kept = row.get("lost_wh", {}), row.get("loads", {})
        values = [row.get("date"), *(row.get(key) for key in _SUMS), *(lost.get(cause) for cause in causes)]
        yield _line([*values, *(kept.get(name, {}).get(key) for name, key in of_load)])


def _line(values: Sequence[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(["" if value is None else value for value in values])
    return text.getvalue()
