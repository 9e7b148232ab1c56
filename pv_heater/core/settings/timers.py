"""`timers:` - hours of the week in which a load is on, stays off, or may run by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta, tzinfo

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.local_time import WEEK, instant_of, midnight_at
from pv_heater.core.model.setting import SettingProblem, setting

EVERY_DAY = "daily"
ON, OFF, AUTO_ONLY = "on", "off", "auto_only"


def parse_days(text: str) -> frozenset[int]:
    """The days of ``mon-fri``, ``sat, sun``, ``fri-mon`` or ``daily``, 0 is Monday; raises SettingProblem."""
    days: set[int] = set()
    for part in text.lower().replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if part == EVERY_DAY:
            days.update(range(7))
        elif first in WEEK and (last in WEEK or not dash):
            begin = WEEK.index(first)
            length = (WEEK.index(last) - begin) % 7 + 1 if dash else 1
            days.update((begin + step) % 7 for step in range(length))
        else:
            raise SettingProblem(f"must be days such as mon-fri, or sat, sun, or {EVERY_DAY}, not {text!r}")
    return frozenset(days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """The same hours on some days of the week, in the home's own time. Hours that pass midnight belong to the day
    on which they begin; the same time twice is a whole day."""

    days: str = setting("mon-fri, or sat, sun, or daily", default=EVERY_DAY, check=parse_days)
    start: time = setting("from when", key="from")
    end: time = setting("until when; may be after midnight", key="to")
    mode: str = setting(
        "on: it runs, sun or not, until it is full; off: it does not run by itself; "
        "auto_only: it may run by itself in these hours and in no others",
        choices=(ON, OFF, AUTO_ONLY),
    )

    def window(self, day: date, zone: tzinfo) -> tuple[datetime, datetime] | None:
        """(begin, end) of the hours that begin on `day`, in UTC; None on a day that is not one of its days."""
        if day.weekday() not in parse_days(self.days):
            return None
        ends_on = day if self.start < self.end else day + timedelta(days=1)
        begin_at, end_at = instant_of(day, self.start, zone), instant_of(ends_on, self.end, zone)
        if end_at <= begin_at:
            # It begins in the hour that is left out when summer time begins: then it is as long, and later.
            wall = datetime.combine(ends_on, self.end) - datetime.combine(day, self.start)
            end_at = begin_at + wall
        return begin_at, end_at


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerNow:
    """What its timers ask of a load now."""

    on: bool
    """True: run; False: do not run by yourself."""
    until_at: datetime
    because: str


def timer_now(timers: Sequence[Timer], now: datetime, zone: tzinfo) -> TimerNow | None:
    """What the timers ask at `now`; None: nothing. Off comes before on, and on before hours in which it may run."""
    today = now.astimezone(zone).date()
    active = dict(_active(timers, now, today, zone))
    for mode in (OFF, ON):
        if mode in active:
            text = f"its timer says {mode} until {_clock(active[mode], now, zone)}"
            return TimerNow(on=mode == ON, until_at=active[mode], because=text)
    allowed = [timer for timer in timers if timer.mode == AUTO_ONLY]
    if not allowed or AUTO_ONLY in active:
        return None
    opens_at = min(begin_at for begin_at, _ in _windows(allowed, today, zone) if begin_at > now)
    text = f"its timer lets it run by itself from {_clock(opens_at, now, zone)} on"
    return TimerNow(on=False, until_at=opens_at, because=text)


def too_late(last_start: time, now: datetime, zone: tzinfo) -> TimerNow | None:
    """What keeps a load that is off from starting by itself from `last_start` until midnight; None before."""
    local = now.astimezone(zone)
    if local.time() < last_start:
        return None
    midnight = midnight_at(local.date() + timedelta(days=1), zone)
    return TimerNow(on=False, until_at=midnight, because=f"no automatic start after {last_start:%H:%M} (last_start)")


def _active(timers: Sequence[Timer], now: datetime, today: date, zone: tzinfo) -> Iterator[tuple[str, datetime]]:
    """(mode, end) of the windows that hold `now`, the one that ends last at the end."""
    holding = [
        (end_at, timer.mode)
        for timer in timers
        for day in (today - timedelta(days=1), today)
        if (window := timer.window(day, zone)) is not None
        for begin_at, end_at in [window]
        if begin_at <= now < end_at
    ]
    return ((mode, end_at) for end_at, mode in sorted(holding))


def _windows(timers: Sequence[Timer], today: date, zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
    """The windows of today and a week on: every timer is in it."""
    for timer in timers:
        for offset in range(8):
            window = timer.window(today + timedelta(days=offset), zone)
            if window is not None:
                yield window


def _clock(at: datetime, now: datetime, zone: tzinfo) -> str:
    local, today = at.astimezone(zone), now.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == today.date() else f"{WEEK[local.weekday()]} {local:%H:%M}"
