"""Answers what was kept, on anybody's thread: series, days, transitions. The writer goes on meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.core.model.day_energies import DayEnergies
from pv_heater.errors import DamagedHistory
from pv_heater.history.csv_text import csv_lines
from pv_heater.history.layers import Rows, layer_of, names_of, rows_of
from pv_heater.history.rows import QUARTER_S, not_less
from pv_heater.history.store import LAYERS, figures_of
from pv_heater.io.system.database import Database, open_to_read

MOST_POINTS = 20_000
"""Of one series in one answer."""
MOST_DAYS = 4000
MOST_TRANSITIONS = 5000
GOOD_POINTS = 1600
"""Where nobody names a step, the finest is taken that gives no more."""
CHUNK = timedelta(hours=12)
"""So much of a CSV export is read at once."""


class HistoryReader:
    """Reads one file. `pending` are the samples that the writer has not committed yet."""

    def __init__(
        self,
        path: Path,
        zone: ZoneInfo,
        *,
        pending: Callable[[], Rows] = dict,
        today: Callable[[], DayEnergies | None] = lambda: None,
        damaged: Callable[[], None] = lambda: None,
        trouble: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`today`: the running figures; `damaged` is called when the file turns out to be so; `trouble`: see below."""
        self._path, self._zone = path, zone
        self._pending, self._today, self._damaged, self._trouble = pending, today, damaged, trouble

    @property
    def trouble(self) -> str | None:
        """Why nothing is written now; None while all is well."""
        return self._trouble()

    def columns(
        self, from_at: datetime, to_at: datetime, step_s: int | None = None, series: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """``{"t0", "step_s", "series": {name: [value or None]}}``, from the step that holds `from_at` up to `to_at`.

        `step_s` None: what fits the span. Where it is no longer kept so finely, the answer is coarser. `series` None:
        all of the home's and the loads'. Raises ValueError, HistoryTrouble.
        """
        with self._open() as database:
            from_s, to_s = _span(from_at, to_at)
            layer_s = layer_of(database, from_s, to_s, _step(step_s, to_s - from_s))
            start_s = from_s // layer_s * layer_s
            count = math.ceil((to_s - start_s) / layer_s)
            if count > MOST_POINTS:
                raise ValueError(
                    f"that would be {count} values a series, at most {MOST_POINTS} are given; ask for a larger step"
                )
            names = names_of(database, layer_s, series)
            rows = rows_of(database, start_s, to_s, layer_s, names, self._pending())
        steps = range(start_s, start_s + count * layer_s, layer_s)
        return {
            "t0": datetime.fromtimestamp(start_s, UTC).astimezone(self._zone).isoformat(),
            "step_s": layer_s,
            "series": {name: [rows.get(at, {}).get(name) for at in steps] for name in names},
        }

    def csv(
        self, from_at: datetime, to_at: datetime, step_s: int | None = None, series: Sequence[str] | None = None
    ) -> Iterator[str]:
        """The same as text, some hours at a time; the first lines tell zone and units. Steps without values are left
        out. Raises ValueError, HistoryTrouble, at once or when it is read on."""
        with self._open() as database:
            from_s, to_s = _span(from_at, to_at)
            layer_s = layer_of(database, from_s, to_s, _step(step_s, to_s - from_s))
            names = names_of(database, layer_s, series)
        return csv_lines(self._chunks(from_s // layer_s * layer_s, to_s, layer_s, names), names, layer_s, self._zone)

    def _chunks(self, from_s: int, to_s: int, layer_s: int, names: Sequence[str]) -> Iterator[Rows]:
        chunk_s = int(CHUNK.total_seconds())
        at_s = from_s
        while at_s < to_s:
            end_s = min(to_s, at_s // chunk_s * chunk_s + chunk_s)
            with self._open() as database:
                yield rows_of(database, at_s, end_s, layer_s, names, self._pending())
            at_s = end_s

    def days(self, from_day: date, to_day: date) -> list[dict[str, Any]]:
        """The figures of each day of which there are any, both ends included, today's as they stand now.

        ``report`` is the day's account, None where none was kept.
        Raises ValueError, HistoryTrouble.
        """
        if to_day < from_day:
            raise ValueError("`to` is before `from`")
        if (to_day - from_day).days > MOST_DAYS:
            raise ValueError(f"at most {MOST_DAYS} days are given at once")
        with self._open() as database:
            rows = database.run(
                "SELECT day, figures FROM days WHERE day >= ? AND day <= ? ORDER BY day",
                (from_day.isoformat(), to_day.isoformat()),
            )
            reports = _reports(database, from_day, to_day)
        found = {day: {**figures_of(text), "date": day} for day, text in rows}
        today = self._today()
        if today is not None and today.day is not None and from_day <= today.day <= to_day:
            key = today.day.isoformat()
            found[key] = not_less(found.get(key, {}), today.as_json())
        return [{**found[key], "report": reports.get(key)} for key in sorted(found)]

    def reports(self, from_day: date, to_day: date) -> list[dict[str, Any]]:
        """The accounts that were kept of these days, both ends included, oldest first; see `report.account`.

        Raises HistoryTrouble.
        """
        with self._open() as database:
            return list(_reports(database, from_day, to_day).values())

    def transitions(self, from_at: datetime, to_at: datetime, load: str | None = None) -> list[dict[str, Any]]:
        """What changed and why, oldest first; of one `load` its own and those of the whole home.

        At most the newest `MOST_TRANSITIONS`. Raises ValueError, HistoryTrouble.
        """
        from_s, to_s = _span(from_at, to_at)
        chosen = "" if load is None else " AND (load IS NULL OR load = ?)"
        values: list[Any] = [from_s * 1000, to_s * 1000, *([] if load is None else [load])]
        with self._open() as database:
            rows = database.run(
                "SELECT at_ms, load, from_phase, to_phase, mode, power_w, rule, because, margins FROM transitions"
                f" WHERE at_ms >= ? AND at_ms < ?{chosen} ORDER BY at_ms DESC, number DESC LIMIT {MOST_TRANSITIONS}",
                values,
            )
        keys = ("load", "from_phase", "to_phase", "mode", "power_w", "rule", "because")
        return [
            {
                "at": datetime.fromtimestamp(row[0] / 1000, UTC).astimezone(self._zone).isoformat(),
                **dict(zip(keys, row[1:], strict=False)),
                "margins": figures_of(row[8]),
            }
            for row in reversed(rows)
        ]

    def copy_to(self, path: Path) -> None:
        """A consistent copy of the file, while the writer goes on. Raises HistoryTrouble."""
        with self._open() as database:
            database.copy_to(path)

    @contextmanager
    def _open(self) -> Iterator[Database]:
        try:
            with open_to_read(self._path) as database:
                yield database
        except DamagedHistory:
            self._damaged()
            raise


def _reports(database: Database, from_day: date, to_day: date) -> dict[str, dict[str, Any]]:
    """By day. A file that was last written by a version without reports has no table for them."""
    if not database.columns("reports"):
        return {}
    rows = database.run(
        "SELECT day, figures FROM reports WHERE day >= ? AND day <= ? ORDER BY day",
        (from_day.isoformat(), to_day.isoformat()),
    )
    return {day: {**figures_of(text), "day": day} for day, text in rows}


def _span(from_at: datetime, to_at: datetime) -> tuple[int, int]:
    """As UTC seconds. Raises ValueError."""
    if from_at.tzinfo is None or to_at.tzinfo is None:
        raise ValueError("`from` and `to` need a time zone, such as 2026-05-28T00:00:00+02:00")
    from_s, to_s = math.floor(from_at.timestamp()), math.ceil(to_at.timestamp())
    if to_s <= from_s:
        raise ValueError("`to` must be later than `from`")
    if not 0 <= from_s < to_s < 2**33:
        raise ValueError("`from` and `to` must lie between 1970 and 2242")
    return from_s, to_s


def _step(asked_s: int | None, span_s: int) -> int:
    if asked_s is None:
        return next((step_s for step_s in LAYERS if span_s / step_s <= GOOD_POINTS), QUARTER_S)
    if asked_s not in LAYERS:
        steps = ", ".join(str(step_s) for step_s in LAYERS)
        raise ValueError(f"`step` must be one of {steps} seconds, not {asked_s}; whole days are in `days`")
    return asked_s
