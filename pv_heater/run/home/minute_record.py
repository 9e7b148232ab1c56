"""What a power cut may cost: the day's counts, and what waits for the history, on the disk every minute.

The state is saved at each change and every quarter of an hour, the history as often. Both are dear to a card, one page
a minute is not. At a start the counts of the three are put together, and none goes back.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pv_heater.core.model.day_energies import DayEnergies
from pv_heater.core.model.numbers import group_in
from pv_heater.core.model.values import Decision, Forecast, Reading
from pv_heater.io.alive.threads import Lasting
from pv_heater.io.two_slots import TwoSlots

log = logging.getLogger(__name__)

FILE_NAME = "last_minute.bin"
EVERY_S = 60.0
"""While a load draws."""
QUIET_S = 300.0
"""While none does: what is left to count is the house, and the nights are long."""


class MinuteRecord:
    """A reporter; the disk is waited for on a thread of its own."""

    def __init__(
        self,
        folder: Path,
        monotonic_s: Callable[[], float],
        waiting: Callable[[], Mapping[str, Any] | None] = lambda: None,
    ) -> None:
        """`folder` is the state folder; `waiting` says what the history has not written yet."""
        self._slots = TwoSlots(folder / FILE_NAME)
        self._waiting = waiting
        found = self._slots.found or {}
        self._kept: Mapping[str, Any] | None = group_in(found, "today") or None
        self.left = group_in(found, "waiting")
        """What waited when the program before ended; empty where nothing did."""
        self._monotonic_s = monotonic_s
        self._look_s = 0.0
        self._handed: DayEnergies | None = None
        self._handed_s = 0.0
        self._pending: DayEnergies | None = None
        self._ready = threading.Condition()
        self._ends = False
        self._failed = False
        self._thread = Lasting(self._run, "minute")

    def kept(self) -> Mapping[str, Any] | None:
        """The figures on the disk, as `DayEnergies.as_json`; None before there were any. From any thread."""
        return self._kept

    def days(self, from_day: date, to_day: date) -> Sequence[Mapping[str, Any]]:
        """The same, as `HistoryReader.days` tells them."""
        kept = self._kept
        return [kept] if kept and from_day.isoformat() <= str(kept.get("date")) <= to_day.isoformat() else []

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
        """Hand the counts over once a minute."""
        del now, reading, forecast
        now_s = self._monotonic_s()
        if now_s < self._look_s or decision.today is None or decision.today.day is None:
            return
        self._look_s = now_s + EVERY_S
        was = self._handed
        is_quiet = was is not None and was.day == decision.today.day and _taken_wh(was) == _taken_wh(decision.today)
        if not is_quiet or now_s - self._handed_s >= QUIET_S:
            self._handed, self._handed_s = decision.today, now_s
            self._hand_over(decision.today)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End soon; never waits. The state is saved after it, with the last counts."""
        with self._ready:
            self._ends = True
            self._ready.notify_all()

    def _hand_over(self, today: DayEnergies) -> None:
        with self._ready:
            self._pending = today
            self._ready.notify_all()

    def _run(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._pending is not None or self._ends)
                today, self._pending = self._pending, None
            if today is None:
                return
            self._write(today.as_json())

    def _write(self, figures: Mapping[str, Any]) -> None:
        try:
            self._put({"today": figures})
        except (OSError, ValueError) as error:
            if not self._failed:
                log.warning(
                    "%s cannot be written: %s; a power cut would cost some minutes of the day's counts, and other "
                    "systems are told no newer totals",
                    FILE_NAME, getattr(error, "strerror", None) or error,
                )  # fmt: skip
            self._failed = True
            return
        self._kept, self._failed = figures, False

    def _put(self, record: Mapping[str, Any]) -> None:
        """With what waits, where there is room for it: the counts matter more."""
        waiting = self._waiting()
        if waiting is not None:
            with suppress(ValueError):
                self._slots.write({**record, "waiting": waiting})
                return
        self._slots.write(record)


def _taken_wh(today: DayEnergies) -> float:
    return sum(load.energy_wh for load in today.loads.values())
