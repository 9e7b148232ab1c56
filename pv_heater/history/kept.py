"""The history as the program has it: what takes ticks in, the writer beside the loop, and what answers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.core.model.values import Decision, Forecast, Reading
from pv_heater.core.settings.history import History
from pv_heater.errors import HistoryTrouble
from pv_heater.history.reader import HistoryReader
from pv_heater.history.recorder import Recorder
from pv_heater.history.writer import HistoryWriter
from pv_heater.io.system.own_files import close_to_others

FILE_NAME = "history.db"
BACKUP_FOLDER = "backups"
TICKS_A_LOOK = 6
"""On simulated time the writer looks after so many ticks."""
SPARE_FACTOR = 2.0
"""A copy is made only where so many times its size is free: the history shall not fill the disk of the heater."""


class KeptHistory:
    """One home's. `recorder` is for the loop; `start`, `stop` and `close` are those of what runs beside it."""

    def __init__(
        self,
        path: Path,
        settings: History,
        zone: ZoneInfo,
        *,
        now: Callable[[], datetime],
        monotonic_s: Callable[[], float],
        left: Mapping[str, Any] | None = None,
    ) -> None:
        """Nothing is opened before `start`, or the first look of the writer. `left`: see `HistoryWriter`."""
        self.path, self._settings = path, settings
        self.recorder = Recorder(monotonic_s)
        self.writer = HistoryWriter(
            path, settings, self.recorder, zone, now=now, monotonic_s=monotonic_s, nightly=self._nightly, left=left
        )
        self._reader = HistoryReader(
            path,
            zone,
            pending=self.writer.pending,
            today=lambda: self.recorder.newest,
            damaged=self.writer.doubt,
            trouble=lambda: self.writer.trouble,
        )
        self._now, self._zone = now, zone

    def start(self) -> None:
        """Begin to write."""
        self.writer.start()

    def stop(self) -> None:
        """End soon; never waits."""
        self.writer.stop()

    def close(self) -> None:
        """All is written, within a bounded time."""
        self.writer.close()

    @property
    def trouble(self) -> str | None:
        """Why nothing is written now, as a sentence; None while all is well. From any thread, as all that follows."""
        return self._reader.trouble

    def columns(
        self, from_at: datetime, to_at: datetime, step_s: int | None = None, series: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """See `HistoryReader.columns`."""
        return self._reader.columns(from_at, to_at, step_s, series)

    def csv(
        self, from_at: datetime, to_at: datetime, step_s: int | None = None, series: Sequence[str] | None = None
    ) -> Iterator[str]:
        """See `HistoryReader.csv`."""
        return self._reader.csv(from_at, to_at, step_s, series)

    def days(self, from_day: date, to_day: date) -> list[dict[str, Any]]:
        """See `HistoryReader.days`."""
        return self._reader.days(from_day, to_day)

    def transitions(self, from_at: datetime, to_at: datetime, load: str | None = None) -> list[dict[str, Any]]:
        """See `HistoryReader.transitions`."""
        return self._reader.transitions(from_at, to_at, load)

    def reports(self, from_day: date, to_day: date) -> list[dict[str, Any]]:
        """See `HistoryReader.reports`."""
        return self._reader.reports(from_day, to_day)

    def waiting(self) -> dict[str, Any] | None:
        """See `HistoryWriter.waiting`."""
        return self.writer.waiting()

    def keep_report(self, day: date, figures: Mapping[str, Any]) -> None:
        """It is in the file soon. From any thread."""
        self.writer.keep_report(day, figures)

    def backup(self) -> Path:
        """A copy of today's, in place of one that was made earlier today. Raises HistoryTrouble."""
        today = self._now().astimezone(self._zone).date()
        return backup(self._reader, self.path, today, keep=max(1, self._settings.backups))

    def _nightly(self, day: date) -> None:
        if self._settings.backups and not _copy_path(self.path, day).exists():
            backup(self._reader, self.path, day, keep=self._settings.backups)


class OnThisThread:
    """A reporter for simulated time: what it gets is written on the loop's own thread."""

    def __init__(self, history: KeptHistory) -> None:
        self._history = history
        self._ticks = 0

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
        """Remember it; write what is due."""
        self._history.recorder.report(now, decision, reading, forecast)
        self._ticks += 1
        if self._ticks % TICKS_A_LOOK == 0:
            self._history.writer.look()


def backup(reader: HistoryReader, path: Path, day: date, *, keep: int) -> Path:
    """A consistent copy of the history in `path`, named after `day`; the newest `keep` copies stay.

    Raises HistoryTrouble, also where the disk has too little space for it.
    """
    wanted = _copy_path(path, day)
    folder = wanted.parent
    draft = wanted.with_name(f".{wanted.name}.new")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        needed = SPARE_FACTOR * path.stat().st_size
        if (free := shutil.disk_usage(folder).free) < needed:
            raise HistoryTrouble(f"no copy was made: it needs {needed / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free")
        draft.unlink(missing_ok=True)
        reader.copy_to(draft)
        os.replace(draft, wanted)
        copies = sorted(folder.glob(f"{path.stem}-????-??-??{path.suffix}"))
        for old in copies[:-keep]:
            old.unlink(missing_ok=True)
        for kept in copies[-keep:]:
            close_to_others(kept)
    except HistoryTrouble:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    except OSError as error:
        raise HistoryTrouble(f"no copy could be made in {folder}: {error.strerror or error}") from error
    return wanted


def _copy_path(path: Path, day: date) -> Path:
    return path.parent / BACKUP_FOLDER / f"{path.stem}-{day.isoformat()}{path.suffix}"
