"""What a report is made of: the home, and one day of it as it was recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from pv_heater.core.model.lean import dataclass
from pv_heater.report.causes import Change
from pv_heater.report.foresight import HEATER_SLACK_W, Bucket

Course = Sequence[float | None]
"""A power or a charge, step by step; None: not known."""
HELD_S = 300.0
"""Over a gap of at most this what was there before goes on; a longer one is a hole that nothing is said of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLimits:
    """What a load can be set to."""

    max_power_w: float
    dead_band_w: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedHome:
    """The home as far as a report asks."""

    loads: Mapping[str, LoadLimits]
    capacity_wh: float = 0.0
    """Of the battery; 0 where there is none."""
    max_charge_w: float = 0.0
    reserve_percent: float = 0.0
    slack_w: float = HEATER_SLACK_W
    """What the battery may give while heating."""
    delay_s: float = 0.0
    """So old are readings when they come, and so long are they the newest."""

    def bucket(self, start_percent: float) -> Bucket:
        """The battery with this charge to begin with."""
        percent_wh = self.capacity_wh / 100.0
        return Bucket(
            capacity_wh=self.capacity_wh,
            max_charge_w=self.max_charge_w,
            start_wh=start_percent * percent_wh,
            reserve_wh=self.reserve_percent * percent_wh,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedDay:
    """One day, or its beginning, from midnight on. All courses have the same number of steps."""

    day: date
    step_s: float
    sun_w: Course
    """What the panels could give, as far as that was known: measured, or estimated while chargers throttled."""
    house_w: Course
    """The house without the loads."""
    soc_percent: Course
    load_w: Mapping[str, Course]
    grid_w: Course = ()
    """As measured; empty: nobody knows."""
    pv_w: Course = ()
    """What the panels gave."""
    changes: Sequence[Change] = ()

    @property
    def steps(self) -> int:
        """How many there are."""
        return len(self.sun_w)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """A part of the day without a hole."""

    first: int
    """Its first step."""
    spare_w: Sequence[float]
    """Sun minus house."""
    load_w: Mapping[str, Sequence[float]]
    soc_percent: float | None
    """At its beginning; None: nobody knows."""


def spells_of(recorded: RecordedDay, loads: Sequence[str]) -> Iterator[Spell]:
    """The day without its holes. A load of which nothing was recorded took nothing."""
    held = int(HELD_S / recorded.step_s)
    none = [0.0] * recorded.steps
    known = {name: recorded.load_w.get(name) or none for name in loads}
    columns = [_held(course, held) for course in (recorded.sun_w, recorded.house_w, *known.values())]
    first = 0
    while first < recorded.steps:
        end = first
        while end < recorded.steps and all(column[end] is not None for column in columns):
            end += 1
        if end > first:
            sun, house, *heat = ([value or 0.0 for value in column[first:end]] for column in columns)
            yield Spell(
                first=first,
                spare_w=[a - b for a, b in zip(sun, house, strict=True)],
                load_w=dict(zip(loads, heat, strict=True)),
                soc_percent=_first_known(recorded.soc_percent[first : first + held + 1]),
            )
        first = end + 1


def _held(course: Course, most: int) -> list[float | None]:
    """Gaps of at most `most` steps filled with what was there before."""
    filled, last, since = list(course), None, 0
    for step, value in enumerate(course):
        if value is not None:
            last, since = value, 0
            continue
        since += 1
        if last is not None and since == 1:
            gap = next((at for at in range(step, len(course)) if course[at] is not None), len(course)) - step
            if gap <= most:
                filled[step : step + gap] = [last] * gap
    return filled


def _first_known(course: Course) -> float | None:
    return next((value for value in course if value is not None), None)
