"""The tables of the history, and how rows get in and old ones out.

Each layer holds what the finer one above it no longer does: ten seconds for three days, minutes for sixty, quarter
hours for three years, days for ever. A column is named after its series; a new load gets new ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pv_heater.errors import HistoryTrouble
from pv_heater.history.rows import (
    HOME_SERIES,
    HOME_SUMS,
    LAST_COUNTS,
    MINUTE_S,
    QUARTER_S,
    Batch,
    digits_of,
    not_less,
    short,
)
from pv_heater.io.system.database import Database, quoted

SCHEMA = 2
"""1 had no reports. An older file gets what it lacks when it is opened to be written; nothing in it changes."""
LAYERS = {10: "samples", 60: "minutes", 900: "quarters"}
"""Step in seconds -> its table."""
STEP_OF_ROLL_UP_S = 6 * 3600
"""So much is rolled up in one transaction: readers and the next commit never wait for long."""
OPEN = "open_since"
"""The key that stands in `meta` while somebody writes: found at a start, the last stop was not clean."""
COMMITS = "commits"
"""The key of their number, in `meta`."""
_TABLES = (
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS samples (at INTEGER PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS minutes (at INTEGER PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS quarters (at INTEGER PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS days (day TEXT PRIMARY KEY, figures TEXT) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS reports (day TEXT PRIMARY KEY, figures TEXT) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS transitions (at_ms INTEGER, number INTEGER, load TEXT, from_phase TEXT, to_phase TEXT,"
    " mode TEXT, power_w REAL, rule TEXT, because TEXT, margins TEXT, PRIMARY KEY (at_ms, number)) WITHOUT ROWID",
)


class Store:
    """The tables of one open file. Its methods raise HistoryTrouble."""

    def __init__(self, database: Database) -> None:
        """Makes the tables where there are none. Raises HistoryTrouble for a file of a newer version.

        That one stays as it is: whoever went back to this version will go on to that one again.
        """
        self._database = database
        version = int(database.run("PRAGMA user_version")[0][0])
        if version > SCHEMA:
            raise HistoryTrouble(
                f"it was written by a newer version (layout {version}, this one writes {SCHEMA}) and stays as it is; "
                "update the program, or give the file another name and a new one begins"
            )
        with database.transaction():
            for statement in _TABLES:
                database.run(statement)
            database.run(f"PRAGMA user_version = {SCHEMA}")
        self._columns = {table: database.columns(table) for table in LAYERS.values()}
        self._add_columns("samples", HOME_SERIES)
        self._add_columns("minutes", HOME_SERIES)

    @property
    def was_left_open(self) -> bool:
        """Whether the last writer did not end cleanly."""
        return bool(self._database.run("SELECT 1 FROM meta WHERE key = ?", (OPEN,)))

    @property
    def commits(self) -> int:
        """How many batches were added so far."""
        rows = self._database.run("SELECT value FROM meta WHERE key = ?", (COMMITS,))
        return int(rows[0][0]) if rows else 0

    def mark_open(self, since: str) -> None:
        """From now on until `mark_closed` a stop is not a clean one."""
        self._database.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", (OPEN, since))

    def mark_closed(self) -> None:
        """All is written."""
        self._database.run("DELETE FROM meta WHERE key = ?", (OPEN,))

    def add(self, batch: Batch) -> None:
        """Everything of the batch, or nothing."""
        for row in batch.samples.values():
            self._add_columns("samples", row)
        with self._database.transaction():
            self._database.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", (COMMITS, str(self.commits + 1)))
            self._add_samples(batch)
            for quarter in sorted({at // QUARTER_S * QUARTER_S for at in batch.samples} | set(batch.sums)):
                self._put_quarter(quarter, batch.sums.get(quarter, {}))
            for day, figures in batch.days.items():
                self._put_day(day, figures)
            reports = [(day.isoformat(), json.dumps(figures)) for day, figures in batch.reports.items()]
            self._database.run_many("INSERT OR REPLACE INTO reports VALUES (?, ?)", reports)
            rows = [
                (
                    item.at_ms, item.number, item.load, item.from_phase, item.to_phase, item.mode, item.power_w,
                    item.rule, item.because, json.dumps(item.margins),
                )
                for item in batch.transitions
            ]  # fmt: skip
            self._database.run_many("INSERT OR IGNORE INTO transitions VALUES (?,?,?,?,?,?,?,?,?,?)", rows)

    def day(self, day: date) -> dict[str, Any] | None:
        """The figures of one day; None where there are none."""
        rows = self._database.run("SELECT figures FROM days WHERE day = ?", (day.isoformat(),))
        return figures_of(rows[0][0]) if rows else None

    def oldest_s(self) -> dict[str, int | None]:
        """The UTC second of the oldest row of each layer, and of the transitions; None where there is none."""
        oldest = {table: self._database.run(f"SELECT min(at) FROM {table}")[0][0] for table in LAYERS.values()}
        at_ms = self._database.run("SELECT min(at_ms) FROM transitions")[0][0]
        return {**oldest, "transitions": None if at_ms is None else at_ms // 1000}

    def roll_up(self, before_s: int) -> int:
        """Samples before that second become minutes. How many rows that were; few at a time, the oldest first."""
        before_s = before_s // STEP_OF_ROLL_UP_S * STEP_OF_ROLL_UP_S
        oldest = self._database.run("SELECT min(at) FROM samples")[0][0]
        if oldest is None or oldest >= before_s:
            return 0
        end_s = min(before_s, oldest // STEP_OF_ROLL_UP_S * STEP_OF_ROLL_UP_S + STEP_OF_ROLL_UP_S)
        series = [name for name in self._columns["samples"] if name != "at"]
        self._add_columns("minutes", series)
        names = ", ".join(quoted(name) for name in series)
        means = ", ".join(f"round(avg({quoted(name)}), {digits_of(name)})" for name in series)
        with self._database.transaction():
            self._database.run(
                f"INSERT OR REPLACE INTO minutes (at, {names}) SELECT at / {MINUTE_S} * {MINUTE_S}, {means}"
                " FROM samples WHERE at < ? GROUP BY 1",
                (end_s,),
            )
            count = self._database.run("SELECT count(*) FROM samples WHERE at < ?", (end_s,))[0][0]
            self._database.run("DELETE FROM samples WHERE at < ?", (end_s,))
        return int(count)

    def forget(self, *, minutes_before_s: int, quarters_before_s: int, transitions_before_s: int) -> None:
        """Rows older than that go, and the space with them."""
        for table, before in (("minutes", minutes_before_s), ("quarters", quarters_before_s)):
            self._database.run(f"DELETE FROM {table} WHERE at < ?", (before,))
        self._database.run("DELETE FROM transitions WHERE at_ms < ?", (transitions_before_s * 1000,))
        self._database.give_back(2000)

    def _add_columns(self, table: str, names: Iterable[str]) -> None:
        """A column for each name that has none yet. Of names that differ only by capitals, which are one to SQLite,
        the first has it, and the others are not kept."""
        known = {name.lower() for name in self._columns[table]}
        for name in names:
            if name.lower() not in known:
                self._database.run(f"ALTER TABLE {table} ADD COLUMN {quoted(name)}")
                self._columns[table].append(name)
                known.add(name.lower())

    def _add_samples(self, batch: Batch) -> None:
        by_names: dict[tuple[str, ...], list[tuple[float, ...]]] = {}
        for at, row in batch.samples.items():
            kept = {name: value for name, value in row.items() if name in self._columns["samples"]}
            by_names.setdefault(tuple(kept), []).append((at, *kept.values()))
        for names, rows in by_names.items():
            columns = "".join(f", {quoted(name)}" for name in names)
            marks = ", ?" * len(names)
            # What is there already was written when the clock was earlier; the first stays.
            self._database.run_many(f"INSERT OR IGNORE INTO samples (at{columns}) VALUES (?{marks})", rows)

    def _put_quarter(self, quarter: int, grown: Mapping[str, float]) -> None:
        """Means, least and most of its samples, all of them; its energies grown by what is new."""
        series = [name for name in self._columns["samples"] if name != "at"]
        shapes = [shape for name in series for shape in _shapes(name)]
        asked = ", ".join(f"{function}({quoted(name)})" for function, name, _ in shapes)
        span = (quarter, quarter + QUARTER_S)
        figures = self._database.run(f"SELECT {asked} FROM samples WHERE at >= ? AND at < ?", span)[0]
        row = {
            column: short(name, value)
            for (_, name, column), value in zip(shapes, figures, strict=True)
            if value is not None
        }
        for name in set(LAST_COUNTS) & set(series):
            last = self._database.run(
                f"SELECT {quoted(name)} FROM samples WHERE at >= ? AND at < ? AND {quoted(name)} IS NOT NULL"
                " ORDER BY at DESC LIMIT 1",
                span,
            )
            if last:
                row[name] = last[0][0]
        self._add_columns("quarters", [*row, *HOME_SUMS, *grown])
        grown = {name: value for name, value in grown.items() if name in self._columns["quarters"]}
        columns = "".join(f", {quoted(name)}" for name in (*row, *grown))
        sets = [f"{quoted(name)} = excluded.{quoted(name)}" for name in row]
        sets += [f"{quoted(name)} = round(ifnull({quoted(name)}, 0) + excluded.{quoted(name)}, 3)" for name in grown]
        if sets:
            values = (quarter, *row.values(), *(round(value, 3) for value in grown.values()))
            marks = ", ?" * (len(values) - 1)
            insert = f"INSERT INTO quarters (at{columns}) VALUES (?{marks})"
            self._database.run(f"{insert} ON CONFLICT (at) DO UPDATE SET {', '.join(sets)}", values)

    def _put_day(self, day: date, figures: Mapping[str, Any]) -> None:
        kept = self.day(day)
        merged = dict(figures) if kept is None else not_less(kept, figures)
        self._database.run("INSERT OR REPLACE INTO days VALUES (?, ?)", (day.isoformat(), json.dumps(merged)))


def figures_of(text: str) -> dict[str, Any]:
    """The figures of a day as they were kept; empty where they cannot be read."""
    try:
        figures = json.loads(text)
    except ValueError:
        return {}
    return figures if isinstance(figures, dict) else {}


def _shapes(name: str) -> list[tuple[str, str, str]]:
    """(function of SQL, series, column of the quarter hour) of what is kept of a series."""
    return [("avg", name, name), ("min", name, f"{name}:min"), ("max", name, f"{name}:max")]
