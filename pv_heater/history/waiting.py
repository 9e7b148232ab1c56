"""What waits for the next commit, as JSON: the record of the last minute keeps it, and the next start takes it back.

A commit dirties many pages, a record one. Which commit they wait for is told by a number: rows of one that was made
after all are not counted twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from pv_heater.core.model.day_energies import DayEnergies
from pv_heater.history.rows import Batch, Transition, Values

MOST_SAMPLES = 400
"""An hour of them. With more the disk is in trouble, and the record is to stay small."""


def as_json(batch: Batch, commits: int, today: DayEnergies | None) -> dict[str, Any] | None:
    """`commits` is how many were made before it; None where too much waits. Others may add to the batch meanwhile."""
    samples, sums, transitions = dict(batch.samples), dict(batch.sums), [*batch.transitions]
    days = batch.days | ({} if today is None or today.day is None else {today.day: today.as_json()})
    if len(samples) > MOST_SAMPLES or len(transitions) > MOST_SAMPLES:
        return None
    names = sorted({name for row in samples.values() for name in row})
    return {
        "commits": commits,
        "names": names,
        "samples": [[at, *(row.get(name) for name in names)] for at, row in samples.items()],
        "sums": [[at, {name: round(wh, 3) for name, wh in dict(grown).items()}] for at, grown in sums.items()],
        "days": [[day.isoformat(), figures] for day, figures in days.items()],
        "transitions": [
            [
                item.at_ms, item.number, item.load, item.from_phase, item.to_phase, item.mode, item.power_w, item.rule,
                item.because, dict(item.margins),
            ]
            for item in transitions
        ],
    }  # fmt: skip


def batch_in(kept: Mapping[str, Any], commits: int) -> Batch:
    """What `as_json` gave; empty where there have been other commits since, or where it cannot be read."""
    try:
        if kept["commits"] != commits:
            return Batch()
        return Batch(
            samples={int(at): _row(kept["names"], values) for at, *values in kept["samples"]},
            sums={int(at): {str(name): float(wh) for name, wh in grown.items()} for at, grown in kept["sums"]},
            days={date.fromisoformat(day): dict(figures) for day, figures in kept["days"]},
            transitions=[Transition(*item) for item in kept["transitions"]],
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return Batch()


def _row(names: list[str], values: list[float | None]) -> Values:
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}
