"""The only home of SQLite: one file, one writer, any number of readers, and its errors in our words.

Set for an SD card: a write-ahead log that is folded in after 1 MiB and never grows beyond 2, no flush but at the
fold. A power cut loses what was not yet committed and damages nothing.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pv_heater.errors import DamagedHistory, HistoryTrouble, NoHistory
from pv_heater.io.system.own_files import close_to_others, private
from pv_heater.io.system.state_file import put_folder_aside

BUSY_S = 5.0
"""So long one waits for another, such as a backup, before it counts as trouble."""
SIDES = ("-wal", "-shm")
"""Endings of the files that stand beside an open one."""
_PRAGMAS = (
    "page_size = 1024",  # counts only in a new file; a commit changes a few bytes in many pages, and each is written
    "auto_vacuum = INCREMENTAL",  # counts only before the first table
    "journal_mode = WAL",
    "synchronous = NORMAL",
    "wal_autocheckpoint = 1024",
    "journal_size_limit = 2097152",
    "temp_store = MEMORY",
    "cache_size = -1024",
)
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}

Row = tuple[Any, ...]
_FileId = tuple[int, int]


class Database:
    """One open file. For one thread at a time, but for `interrupt`."""

    def __init__(self, connection: sqlite3.Connection, path: Path, file: _FileId | None = None) -> None:
        """Made by `open_to_write` and `open_to_read`."""
        self._connection = connection
        self._path, self._file = path, file

    @property
    def is_in_its_place(self) -> bool:
        """Whether the file that is open is the one under its name: nobody finds rows in one that was taken away."""
        return _file_id(self._path) == self._file

    def run(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """One statement, and the rows that it gives. Raises HistoryTrouble."""
        with _worded(self._path):
            return self._connection.execute(statement, values).fetchall()

    def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """The same statement for each row. Raises HistoryTrouble."""
        with _worded(self._path):
            self._connection.executemany(statement, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing. Raises HistoryTrouble."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            with _worded(self._path):
                if self._connection.in_transaction:
                    self._connection.rollback()
            raise

    def columns(self, table: str) -> list[str]:
        """The names of its columns, in order; none where there is no such table."""
        return [row[1] for row in self.run(f"PRAGMA table_info({quoted(table)})")]

    def check(self) -> None:
        """Look at every page. Raises DamagedHistory; may take a second for each 10 MB on a small Pi."""
        found = self.run("PRAGMA quick_check(1)")
        if found != [("ok",)]:
            raise DamagedHistory(f"{self._path.name} is damaged: {found[0][0] if found else 'no answer'}")

    def give_back(self, pages: int) -> None:
        """Shrink the file by at most so many pages that nothing uses any more."""
        self.run(f"PRAGMA incremental_vacuum({pages})")

    def copy_to(self, path: Path) -> None:
        """A consistent copy, for its owner alone, while others write; `path` must not be there yet.

        Raises HistoryTrouble.
        """
        with _worded(self._path):
            os.close(private(str(path), os.O_RDWR | os.O_CREAT | os.O_EXCL))
        self.run("VACUUM INTO ?", (str(path),))

    def interrupt(self) -> None:
        """End what runs on the other thread. Its caller gets HistoryTrouble."""
        self._connection.interrupt()

    def close(self) -> None:
        """The log is folded in by the last who closes. May be repeated; never raises."""
        try:
            self._connection.close()
        except sqlite3.Error:  # what could not be folded in stays in the log, and is there at the next opening
            return


def open_to_write(path: Path) -> Database:
    """The file, made if need be. Raises HistoryTrouble, DamagedHistory."""
    with _worded(path):
        _make_room(path)
        os.close(private(str(path), os.O_RDWR | os.O_CREAT))
        for file in (path, *(path.with_name(path.name + end) for end in SIDES)):
            close_to_others(file)
        file_id = _file_id(path)
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}").fetchall()
        except BaseException:
            connection.close()
            raise
    return Database(connection, path, file_id)


def _make_room(path: Path) -> None:
    """An empty folder in its place gets another name; one that holds something may be a mistake in `file:`, and stays.

    Raises OSError.
    """
    if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
        put_folder_aside(path)


def _file_id(path: Path) -> _FileId | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def open_to_read(path: Path) -> Iterator[Database]:
    """The file for reading only, beside its writer. Raises HistoryTrouble, also where there is none."""
    with _worded(path):
        if not path.exists():
            raise NoHistory(path)
        address = f"file:{quote(str(path.absolute()))}?mode=ro"
        connection = sqlite3.connect(address, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    database = Database(connection, path)
    try:
        yield database
    finally:
        database.close()


def quoted(name: str) -> str:
    """A name as SQL has it, whatever stands in it."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def _worded(path: Path) -> Iterator[None]:
    """Whatever SQLite or the system says, as one of our errors."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        kind = DamagedHistory if code is not None and code & 0xFF in _DAMAGE else HistoryTrouble
        raise kind(f"{path.name}: {error}") from error
    except HistoryTrouble:
        raise
    except OSError as error:
        raise HistoryTrouble(f"{path.name}: {error.strerror or error}") from error
