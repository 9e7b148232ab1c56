"""Clock times of the owner as instants, right on the days on which summer time begins or ends too.

A step has two times: monotonic seconds for every delay (`StepTime`), and the owner's local day for every count
(`LocalDay`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAY_S = 86_400.0
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def instant_of(day: date, at: time, zone: tzinfo) -> datetime:
    """The instant, in UTC, at which the clocks of `zone` show `at` on `day`."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def local_instant(text: str, zone: tzinfo) -> datetime:
    """``2026-12-24`` (as it begins) or ``2026-12-24T18:00`` in `zone`, unless it names another. Raises ValueError."""
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=zone) if at.tzinfo is None else at


def midnight_at(day: date, zone: tzinfo) -> datetime:
    """The instant, in UTC, at which `day` begins in `zone`."""
    return instant_of(day, time(0), zone)


def next_at(now: datetime, at: time, zone: tzinfo) -> datetime:
    """The next instant after `now` at which the clocks show `at`, in UTC."""
    today = now.astimezone(zone).date()
    instant = instant_of(today, at, zone)
    return instant if instant > now else instant_of(today + timedelta(days=1), at, zone)


def window_at(now: datetime, start: time, end: time, zone: tzinfo) -> tuple[date, datetime] | None:
    """(the day it began on, its end) of the daily window that holds `now`; None outside. Same times: the whole day."""
    today = now.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        ends_on = day if start < end else day + timedelta(days=1)
        if instant_of(day, start, zone) <= now < (end_at := instant_of(ends_on, end, zone)):
            return day, end_at
    return None


class StepTime:
    """Where the present step stands in monotonic time. That never goes back, whatever the caller's clocks do."""

    def __init__(self) -> None:
        self.now: datetime | None = None
        """The wall clock of the latest step; None before the first."""
        self.tick_s = 0.0
        """Monotonic seconds of the latest step."""
        self.elapsed_s = 0.0
        """Seconds between the latest step and the one before; 0 at the first."""
        self._derived_s = 0.0
        self._shift_s = 0.0

    def advance(self, now: datetime, given_s: float | None) -> None:
        """Begin a step; `given_s` None: as many seconds have passed as the wall clock advanced."""
        if given_s is None:
            if self.now is not None:
                self._derived_s += max(0.0, (now - self.now).total_seconds())
            given_s = self._derived_s
        tick_s = given_s + self._shift_s
        if self.now is None:
            self.tick_s = tick_s
        elif tick_s < self.tick_s:
            # Another zero point, of a caller that started anew: ages and forced modes must go on from where they were.
            self._shift_s += self.tick_s - tick_s
            tick_s = self.tick_s
        self.elapsed_s = tick_s - self.tick_s
        self.now, self.tick_s = now, tick_s

    def tick_at(self, at: datetime | None) -> float | None:
        """The tick at which the wall clock will show `at`; None for None."""
        return None if at is None or self.now is None else self.tick_s + (at - self.now).total_seconds()


class LocalDay:
    """The owner's calendar day, whose midnight begins all daily counts anew."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self.day: date | None = None
        """The day that the counts belong to; None before the first step of a home without a saved state."""
        self.midnight_at: datetime | None = None
        """When the next day begins, in UTC; None before the first step."""
        self._begin_at: datetime | None = None
        self._unknown_since_s: float | None = None
        """Since when the counts run without a calendar; None while the time of day is known."""

    def has_changed(self, now: datetime, tick_s: float = 0.0, *, knows_time: bool = True) -> bool:
        """Whether `now` lies in another day than the counts so far, which from now on belong to the day of `now`.

        Where the time of day is unknown, a day is 24 hours of `tick_s`; the calendar counts again once it is known.
        """
        if not knows_time:
            return self._has_lasted(tick_s)
        self._unknown_since_s = None
        if self.midnight_at is not None and self._begin_at is not None and self._begin_at <= now < self.midnight_at:
            return False
        before, self.day = self.day, now.astimezone(self._zone).date()
        self._begin_at = midnight_at(self.day, self._zone)
        self.midnight_at = midnight_at(self.day + timedelta(days=1), self._zone)
        return before is not None and before != self.day

    def midnight_s(self, now: datetime, tick_s: float) -> float | None:
        """The tick at which the next day begins; None before the first step."""
        if self._unknown_since_s is not None:
            return self._unknown_since_s + DAY_S
        return None if self.midnight_at is None else tick_s + (self.midnight_at - now).total_seconds()

    def _has_lasted(self, tick_s: float) -> bool:
        if self._unknown_since_s is None:
            self._unknown_since_s = tick_s
        if tick_s - self._unknown_since_s < DAY_S:
            return False
        self._unknown_since_s = tick_s
        return True
