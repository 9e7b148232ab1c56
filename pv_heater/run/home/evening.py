"""Each evening the day's account is computed beside the loop, kept in the history, and told.

The loop only notes that the hours of heating have ended, or that midnight has passed. A thread of the lowest priority
does the rest, in slices with rests between them. After midnight the whole day takes the place of what was told in the
evening.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.config.load import Config
from pv_heater.core.model.values import Decision, Forecast, Reading
from pv_heater.errors import HistoryTrouble, describe
from pv_heater.history.kept import KeptHistory
from pv_heater.io.alive.threads import Lasting
from pv_heater.io.background import Breather, Stopped

log = logging.getLogger(__name__)

SETTLES_S = 15.0
"""So long after the last tick of a day the history has all of it."""
KNOWN_DAYS = 14
"""The newest account of so many days is told after a start."""
Breath = Callable[[], None]


class EveningReport:
    """A reporter of the loop, and what runs beside it."""

    def __init__(self, config: Config, history: KeptHistory, *, settles_s: float = SETTLES_S) -> None:
        """Nothing is computed before the first evening."""
        self._settles_s = settles_s
        self._config, self._history = config, history
        self._zone = ZoneInfo(config.site.timezone)
        self._by_day = False
        self._today: date | None = None
        self._due: deque[tuple[date, datetime | None]] = deque(maxlen=4)
        """Days to be accounted for; with an instant only until then."""
        self._called, self._ends = threading.Event(), threading.Event()
        self._newest: Mapping[str, Any] | None = None

    def newest(self) -> Mapping[str, Any] | None:
        """The newest account as plain JSON types, None where there is none yet. From any thread."""
        return self._newest

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
        """Note the end of the hours of heating, and midnight."""
        del reading, forecast
        by_day = decision.trace.daylight
        ended, self._by_day = self._by_day and not by_day, by_day
        today = decision.today
        if today is None or today.day is None or decision.trace.clock_trusted is False:
            return
        before, self._today = self._today, today.day
        if before is not None and before < today.day:
            self._due.append((before, None))
            self._called.set()
        elif ended:
            self._due.append((today.day, now))
            self._called.set()

    def start(self) -> None:
        """Begin to wait for the evening."""
        Lasting(self._run, "report").start()

    def stop(self) -> None:
        """End soon; never waits."""
        self._ends.set()
        self._called.set()

    def _run(self) -> None:
        breathe = Breather(self._ends)
        self._guarded(self._recall)
        while True:
            self._called.wait()
            self._called.clear()
            if self._ends.wait(self._settles_s if self._due else 0.0):
                return
            try:
                self.work(breathe)
            except Stopped:
                return

    def work(self, breathe: Breath) -> None:
        """Account for what is due, on the caller's thread."""
        while self._due:
            day, until_at = self._due.popleft()
            self._guarded(partial(self._account, day, until_at, breathe))

    def _guarded(self, step: Callable[[], None]) -> None:
        """Whatever goes wrong is said; the next evening is another one."""
        try:
            step()
        except Stopped:
            raise
        except HistoryTrouble as error:
            log.warning("there is no report: %s", error)
        except Exception as error:  # noqa: BLE001 - a bug of ours costs a report, not the thread
            log.error("there is no report: %s", describe(error))

    def _recall(self) -> None:
        """What was told before the program began; a new home has no file yet, and that is no trouble."""
        if not self._history.path.exists():
            return
        today = datetime.now(self._zone).date()
        known = self._history.reports(today - timedelta(days=KNOWN_DAYS), today + timedelta(days=1))
        if known and self._newest is None:
            self._newest = known[-1]

    def _account(self, day: date, until_at: datetime | None, breathe: Breath) -> None:
        # Only here, so that by day a small Pi has none of it in its memory.
        from pv_heater.report.text import account_text
        from pv_heater.run.home.day_report import report_of_day

        found = report_of_day(self._config, self._history, day, until_at, breathe)
        self._newest = found.as_json()
        self._history.keep_report(day, self._newest)
        if until_at is not None:
            log.info("report: %s", account_text(self._newest), extra={"at": until_at})


class AtOnce:
    """A reporter for simulated time: what is due is accounted for on the loop's own thread."""

    def __init__(self, evening: EveningReport) -> None:
        self._evening = evening

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
        """Note it, and do what is due."""
        self._evening.report(now, decision, reading, forecast)
        self._evening.work(lambda: None)
