"""Clock times of the owner as instants, right on the days on which summer time begins or ends too."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo


def instant_of(day: date, at: time, zone: tzinfo) -> datetime:
    """The instant, in UTC, at which the clocks of `zone` show `at` on `day`."""
    return datetime.combine(day, at, zone).astimezone(UTC)


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
