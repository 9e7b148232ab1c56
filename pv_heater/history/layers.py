"""Series out of the layers: which one answers, and what is not in the file yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pv_heater.history.rows import HOME_SERIES, HOME_SUMS, LAST_COUNTS, OWN, QUARTER_S, SAMPLE_S, Values, short
from pv_heater.history.store import LAYERS
from pv_heater.io.system.database import Database, quoted

Rows = dict[int, Values]
"""By the UTC second at which each step begins."""


def layer_of(database: Database, from_s: int, to_s: int, asked_s: int) -> int:
    """The finest step, no finer than asked, of which no coarser layer knows more of the span."""
    samples_s = _oldest_s(database, "samples")
    for step_s in LAYERS:
        reached_s = samples_s if step_s == SAMPLE_S else min(samples_s, _oldest_s(database, LAYERS[step_s]))
        if step_s >= asked_s and not _has_older(database, step_s, from_s, min(to_s, reached_s)):
            return step_s
    return QUARTER_S


def _oldest_s(database: Database, table: str) -> int:
    """The second of its first row; later than any other where it has none."""
    oldest = database.run(f"SELECT min(at) FROM {table}")[0][0]
    return 2**40 if oldest is None else int(oldest)


def _has_older(database: Database, step_s: int, from_s: int, to_s: int) -> bool:
    """Whether a coarser layer has anything of the span."""
    end_s = to_s // QUARTER_S * QUARTER_S
    coarser = [table for other_s, table in LAYERS.items() if other_s > step_s]
    return any(
        database.run(f"SELECT 1 FROM {table} WHERE at >= ? AND at < ? LIMIT 1", (from_s, end_s)) for table in coarser
    )


def names_of(database: Database, layer_s: int, series: Sequence[str] | None) -> list[str]:
    """The series of an answer; None: all of the home's and the loads'. Raises ValueError for one that nobody knows."""
    kept = [*database.columns("samples"), *database.columns(LAYERS[layer_s])]
    known = [*dict.fromkeys([*HOME_SERIES, *(name for name in kept if name != "at")])]
    if series is None:
        return [name for name in known if not name.endswith((":min", ":max", "_wh"))]
    for name in series:
        if name not in known and name not in HOME_SUMS and not name.startswith(("load:", OWN)):
            raise ValueError(
                f"there is no series {name!r}; there is {', '.join(HOME_SERIES)}, load:<name>:power_w,"
                f" load:<name>:temperature_c and {OWN}<name>"
            )
    return [*dict.fromkeys(series)]


def rows_of(
    database: Database, from_s: int, to_s: int, step_s: int, names: Sequence[str], pending: Mapping[int, Values]
) -> Rows:
    """What is known of each step of the span; `pending` are samples that are not in the file yet."""
    fresh = {at: row for at, row in pending.items() if from_s <= at < to_s}
    rows = _kept(database, LAYERS[step_s], from_s, to_s, names)
    if step_s == SAMPLE_S:
        return {**fresh, **rows}
    cut_s = max(from_s, min(fresh, default=to_s) // step_s * step_s)
    if step_s < QUARTER_S:
        rows |= _means_in_file(database, from_s, cut_s, step_s, names)
    if fresh:
        raw = {**fresh, **_kept(database, "samples", cut_s, to_s, names)}
        for at, row in _means(raw, step_s, names).items():
            rows[at] = {**rows.get(at, {}), **row}
    return rows


def _kept(database: Database, table: str, from_s: int, to_s: int, names: Sequence[str]) -> Rows:
    """The rows of a layer as they are."""
    known = _known(database, table, names)
    columns = "".join(f", {quoted(name)}" for name in known)
    rows = database.run(f"SELECT at{columns} FROM {table} WHERE at >= ? AND at < ?", (from_s, to_s))
    return {at: _without_gaps(known, values) for at, *values in rows}


def _means_in_file(database: Database, from_s: int, to_s: int, step_s: int, names: Sequence[str]) -> Rows:
    """Of the samples in the file, where they are still kept."""
    known = _known(database, "samples", names)
    means = "".join(f", avg({quoted(name)})" for name in known)
    rows = database.run(
        f"SELECT at / {step_s} * {step_s}{means} FROM samples WHERE at >= ? AND at < ? GROUP BY 1", (from_s, to_s)
    )
    return {
        at: {name: short(name, value) for name, value in _without_gaps(known, values).items()} for at, *values in rows
    }


def _means(raw: Mapping[int, Values], step_s: int, names: Sequence[str]) -> Rows:
    """Of samples at hand; of a quarter hour what its kind of row has of a series."""
    gathered: dict[int, dict[str, list[float]]] = {}
    for at in sorted(raw):
        step = gathered.setdefault(at // step_s * step_s, {})
        for name, value in raw[at].items():
            if name in names:
                step.setdefault(name, []).append(value)
    last = LAST_COUNTS if step_s == QUARTER_S else ()
    return {
        at: {
            name: short(name, values[-1] if name in last else sum(values) / len(values))
            for name, values in step.items()
        }
        for at, step in gathered.items()
    }


def _known(database: Database, table: str, names: Sequence[str]) -> list[str]:
    columns = {*database.columns(table)}
    return [name for name in names if name in columns]


def _without_gaps(names: Sequence[str], values: Sequence[float | None]) -> dict[str, float]:
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}
