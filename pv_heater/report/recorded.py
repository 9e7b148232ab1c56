"""A day as the history kept it, made into what a report is computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pv_heater.report.causes import Change
from pv_heater.report.day import RecordedDay


def recorded_day(
    day: date, columns: Mapping[str, Any], transitions: Sequence[Mapping[str, Any]], loads: Sequence[str]
) -> RecordedDay:
    """`columns` is what a history answers for the time from that midnight on, `transitions` what it tells of the same
    time and some of before; see `ports.HistoryReader`."""
    series, step_s = columns["series"], float(columns["step_s"])
    steps = max((len(course) for course in series.values()), default=0)
    unknown = [None] * steps
    pv_w = series.get("pv_w") or unknown
    possible_w = series.get("pv_possible_w") or unknown
    return RecordedDay(
        day=day,
        step_s=step_s,
        sun_w=[pv if possible is None else possible for pv, possible in zip(pv_w, possible_w, strict=True)],
        house_w=series.get("house_w") or unknown,
        soc_percent=series.get("battery_soc_percent") or unknown,
        load_w={name: series.get(f"load:{name}:power_w") or unknown for name in loads},
        grid_w=series.get("grid_w") or unknown,
        pv_w=pv_w,
        changes=_changes(datetime.fromisoformat(columns["t0"]), step_s, transitions),
    )


def per_kwh_of(figures: Mapping[str, Any]) -> float | None:
    """What a kWh of the sun that day's loads caught was worth, by the day's own figures; None where nobody knows."""
    saved, caught_wh = figures.get("saved_money"), figures.get("caught_wh") or 0.0
    return None if saved is None or caught_wh < 1.0 else round(1000.0 * float(saved) / caught_wh, 4)


def _changes(start_at: datetime, step_s: float, transitions: Sequence[Mapping[str, Any]]) -> list[Change]:
    changes = []
    for row in transitions:
        since_s = (datetime.fromisoformat(row["at"]) - start_at).total_seconds()
        # What comes in the second half of a step counts from the next one on.
        step = int(since_s // step_s) + (since_s % step_s > step_s / 2)
        changes.append(Change(step=step, load=row["load"], rule=row["rule"], phase=row["to_phase"], mode=row["mode"]))
    return changes
