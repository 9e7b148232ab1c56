"""The one thread that writes: every quarter of an hour, or a thousand rows, and at the end.

Heating never waits for it. What goes wrong is said once; a full disk is tried again, a damaged file is set aside and
another begun. What waits is handed to whoever keeps it against a power cut, and what such a cut left is written first.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.core.settings.history import History
from pv_heater.errors import DamagedHistory, HistoryTrouble, describe
from pv_heater.history.recorder import Recorder
from pv_heater.history.rows import Batch, Values
from pv_heater.history.sampler import Sampler
from pv_heater.history.store import Store
from pv_heater.history.waiting import as_json, batch_in
from pv_heater.io.alive.threads import Lasting
from pv_heater.io.system.database import SIDES, Database, open_to_write

log = logging.getLogger(__name__)

LOOK_EVERY_S = 10.0
COMMIT_EVERY_S = 900.0
"""It is the number of commits that wears a card, not that of rows."""
AGAIN_S = 300.0
"""After one that failed."""
COMMIT_ROWS = 1000
ROLL_UP_HOUR = 3
"""Nothing heats then, and nobody looks."""
MOST_DAYS_A_NIGHT = 8
"""A night forgets no more than so many days: a clock that shows another year for an hour must not empty the file."""
TRANSITION_DAYS = 366
ENDS_WITHIN_S = 10.0
KEPT_DAMAGED = 2
MOST_REPORTS = 40


class HistoryWriter:
    """`look` does what is due; `start` gives it a thread of its own."""

    def __init__(
        self,
        path: Path,
        settings: History,
        recorder: Recorder,
        zone: ZoneInfo,
        *,
        now: Callable[[], datetime],
        monotonic_s: Callable[[], float],
        nightly: Callable[[date], None] | None = None,
        left: Mapping[str, Any] | None = None,
    ) -> None:
        """`nightly` is called after the roll-up with the day that has begun; it may raise HistoryTrouble. `left`: what
        `waiting` said last, of a program that was killed."""
        self.path = path
        self._settings, self._recorder, self._zone = settings, recorder, zone
        self._now, self._monotonic_s, self._nightly = now, monotonic_s, nightly
        self._sampler = Sampler()
        self._reports: deque[tuple[date, Mapping[str, Any]]] = deque(maxlen=MOST_REPORTS)
        self._database: Database | None = None
        self._store: Store | None = None
        self._left = left
        self._commits: int | None = None
        self._committed_s = monotonic_s()
        self._rolled_up: date | None = None
        self._trouble: str | None = None
        self._doubted = False
        self._ends = threading.Event()
        self._thread: Lasting | None = None

    @property
    def trouble(self) -> str | None:
        """Why nothing is written now; None while all is well. From any thread."""
        return self._trouble

    def pending(self) -> dict[int, Values]:
        """The samples that are not in the file yet. From any thread."""
        for _ in range(3):
            with suppress(RuntimeError):  # it grew while it was copied
                return dict(self._sampler.batch.samples)
        return {}

    def waiting(self) -> dict[str, Any] | None:
        """What is not in the file yet, for `left` of the next start; None: that cannot be said. From any thread."""
        commits = self._commits  # before the batch: a commit meanwhile makes this worthless, not wrong
        if commits is None:
            return None if self._left is None else dict(self._left)
        for _ in range(3):
            with suppress(RuntimeError):  # it grew while it was copied
                return as_json(self._sampler.batch, commits, self._recorder.newest)
        return None

    def keep_report(self, day: date, figures: Mapping[str, Any]) -> None:
        """It is in the file at the next commit. From any thread."""
        self._reports.append((day, figures))

    def doubt(self) -> None:
        """A reader found damage: look at every page before the next commit. From any thread."""
        self._doubted = True

    def start(self) -> None:
        """Begin."""
        self._thread = Lasting(self._run, "history")
        self._thread.start()

    def stop(self) -> None:
        """End soon; never waits."""
        self._ends.set()

    def close(self) -> None:
        """All that is known is written, within a bounded time. May be repeated."""
        self._ends.set()
        if self._thread is None:
            self._end()
            return
        self._thread.join(ENDS_WITHIN_S)
        if self._thread.is_alive():
            if self._database is not None:
                self._database.interrupt()
            log.warning("history: the last minutes could not be written within %.0f s", ENDS_WITHIN_S)

    def _run(self) -> None:
        while not self._ends.wait(LOOK_EVERY_S):
            self.look()
        self._end()

    def look(self) -> None:
        """Take what came, and write it when that is due."""
        self._guarded(self._look)

    def _take(self) -> None:
        self._sampler.take(self._recorder.take())
        while self._reports:
            day, figures = self._reports.popleft()
            self._sampler.batch.reports[day] = figures

    def _look(self) -> None:
        self._take()
        if self._commits is None and self._trouble is None:
            self._take_back()
        due_s, batch = self._monotonic_s() - self._committed_s, self._sampler.batch
        has_much = self._trouble is None and (batch.rows >= COMMIT_ROWS or bool(batch.reports))
        if due_s >= (COMMIT_EVERY_S if self._trouble is None else AGAIN_S) or has_much:
            self._committed_s = self._monotonic_s()
            self._commit()
            self._by_night()

    def _take_back(self) -> None:
        """What the program before had not written when it was killed."""
        store = self._opened()
        batch = batch_in(self._left or {}, store.commits)
        if batch.rows:
            store.add(batch)
            log.info("history: %d rows that waited when the program was killed are in it now", batch.rows)
        self._commits, self._left = store.commits, None

    def _end(self) -> None:
        self._guarded(self._finish)
        self._close()

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
        self._database = self._store = None

    def _finish(self) -> None:
        self._take()
        self._sampler.finish()
        self._commit()
        if self._store is not None:
            self._store.mark_closed()

    def _guarded(self, step: Callable[[], None]) -> None:
        """Whatever happens is said once, and the thread lives on."""
        try:
            step()
        except HistoryTrouble as error:
            self._doubted = self._doubted or isinstance(error, DamagedHistory)
            self._complain(str(error))
        except Exception as error:  # noqa: BLE001 - a bug in the history must not end it, nor fill the log
            self._complain(describe(error))

    def _complain(self, why: str) -> None:
        if self._trouble is None:
            log.error("history is not written: %s; heating goes on, and it is tried again every 5 min", why)
        self._trouble = why

    def _commit(self) -> None:
        """All that waits is in the file, or HistoryTrouble is raised and it goes on waiting."""
        self._sampler.note_day()
        batch = self._sampler.batch
        if batch.rows:
            try:
                self._opened().add(batch)
            except DamagedHistory as error:
                self._set_aside(str(error))
                self._opened().add(batch)
            self._sampler.batch = Batch()
            self._commits = self._opened().commits
        if self._trouble is not None:
            log.info("history is written again")
        self._trouble = None

    def _opened(self) -> Store:
        """The store, opened and looked through where the last writer did not end cleanly."""
        if self._database is not None and not self._database.is_in_its_place:
            self._close()
            log.warning("history: %s was taken away or replaced while it was in use", self.path.name)
        if self._store is not None and not self._doubted:
            return self._store
        try:
            return self._open()
        except DamagedHistory as error:
            self._set_aside(str(error))
            return self._open()

    def _open(self) -> Store:
        if self._database is None:
            self._database = open_to_write(self.path)
        store = Store(self._database)
        if store.was_left_open or self._doubted:
            self._doubted = False
            self._database.check()
        store.mark_open(self._now().astimezone(UTC).isoformat(timespec="seconds"))
        self._store = store
        return store

    def _set_aside(self, why: str) -> None:
        """The file gets another name, so that its owner can look, and the next one begins empty."""
        self._close()
        aside = _free_name(self.path, self._now().astimezone(self._zone).date())
        try:
            self.path.rename(aside)
            for side in SIDES:
                self.path.with_name(self.path.name + side).unlink(missing_ok=True)
            for old in sorted(self.path.parent.glob(f"{self.path.name}.damaged-*"))[:-KEPT_DAMAGED]:
                old.unlink(missing_ok=True)
        except OSError as error:
            raise HistoryTrouble(f"{self.path.name} cannot be set aside: {error.strerror or error}") from error
        log.error("history: %s; it is kept as %s, and a new one begins", why, aside.name)

    def _by_night(self) -> None:
        """Once a day, after three in the morning: older rows get coarser, the oldest go."""
        now = self._now().astimezone(self._zone)
        newest = self._recorder.newest
        if now.hour < ROLL_UP_HOUR or self._rolled_up == now.date() or newest is None or self._store is None:
            return
        self._rolled_up = now.date()
        self._tidy(self._store, now)
        if self._nightly is not None:
            try:
                self._nightly(now.date())
            except HistoryTrouble as error:
                log.warning("history: %s", error)  # once a night; the history itself is written

    def _tidy(self, store: Store, now: datetime) -> None:
        settings, oldest_s = self._settings, store.oldest_s()
        most = timedelta(days=MOST_DAYS_A_NIGHT).total_seconds()

        def before_s(days: int, layer: str) -> int:
            wanted_s = (now - timedelta(days=days)).timestamp()
            first_s = oldest_s[layer]
            return int(wanted_s if first_s is None else min(wanted_s, first_s + most))

        samples_before_s = before_s(settings.seconds_days, "samples")
        while not self._ends.is_set() and store.roll_up(samples_before_s):
            pass
        store.forget(
            minutes_before_s=before_s(settings.minutes_days, "minutes"),
            quarters_before_s=before_s(settings.quarters_days, "quarters"),
            transitions_before_s=before_s(TRANSITION_DAYS, "transitions"),
        )


def _free_name(path: Path, day: date) -> Path:
    """`history.db.damaged-2026-11-30`, or the next free one of that day."""
    wanted = path.with_name(f"{path.name}.damaged-{day.isoformat()}")
    number = 2
    while wanted.exists():
        wanted = path.with_name(f"{path.name}.damaged-{day.isoformat()}-{number}")
        number += 1
    return wanted
