"""The counts of the calendar day. A clock that is set may leave the day and come back: it finds them as they were."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from pv_heater.core.loads.day_count import DayCount
from pv_heater.core.loads.home_loads import HomeLoads
from pv_heater.core.model.lean import dataclass
from pv_heater.core.rules.load_record import NO_COUNTS, RecordCounts
from pv_heater.core.rules.rules import Rules


@dataclass(frozen=True, slots=True)
class _Left:
    day: date
    sums: Mapping[str, Any]
    loads: Mapping[str, tuple[float, int]]
    records: Mapping[str, RecordCounts]


class Days:
    """Remembers the day before the present one."""

    def __init__(self, loads: HomeLoads, sums: DayCount, rules: Rules) -> None:
        self._loads, self._sums, self._rules = loads, sums, rules
        self._left: _Left | None = None
        self._known: _Left | None = None

    def leave(self, before: date | None, day: date | None) -> None:
        """`day` begins after `before`, whose counts are still there."""
        self._known = self._left if self._left is not None and self._left.day == day else None
        self._left = None
        if before is not None and before != day:
            records = {name: record.day_counts for name, record in self._rules.records.items()}
            self._left = _Left(before, self._sums.state(), self._loads.day_counts(), records)

    def begin(self) -> None:
        """The counts of the day begin at nothing, or where they were when it was left."""
        known = self._known
        self._sums.begin_day()
        for name, record in self._rules.records.items():
            record.begin_day(NO_COUNTS if known is None else known.records.get(name, NO_COUNTS))
        if known is not None:
            self._sums.restore(known.sums)
            self._loads.take_day_counts(known.loads)
