"""A value that comes by itself: the newest one, its pace, and when it is too old to count. Pure."""

from __future__ import annotations

from datetime import datetime
from statistics import median

from pv_heater.core.house.reading_age import age_limit_s

_USUAL_INTERVAL_S = 10.0
"""Until two values have shown the pace: a third of the least age."""
_KEPT_SPACINGS = 5


class Pace:
    """How far apart values come: the middle one of the last spacings, so that one gap changes nothing."""

    def __init__(self) -> None:
        self._spacings_s: list[float] = []
        self._last_s: float | None = None

    def note(self, came_s: float) -> None:
        """A value came at the monotonic second `came_s`."""
        if self._last_s is not None:
            self._spacings_s = [*self._spacings_s, came_s - self._last_s][-_KEPT_SPACINGS:]
        self._last_s = came_s

    def interval_or(self, unknown_s: float) -> float:
        """Seconds between values, as observed; `unknown_s` before the second one."""
        return median(self._spacings_s) if self._spacings_s else unknown_s

    @property
    def interval_s(self) -> float:
        """Seconds between values, as observed; 10 before the second one."""
        return self.interval_or(_USUAL_INTERVAL_S)

    @property
    def age_limit_s(self) -> float:
        """Three intervals, at least half a minute, at most a quarter of an hour."""
        return age_limit_s(self.interval_s)


class LiveValue:
    """The newest of one kind of value. Not for use by several threads at once."""

    def __init__(self, *, max_age_s: float | None) -> None:
        """`max_age_s` None: by the observed pace."""
        self._max_age_s = max_age_s
        self._pace = Pace()
        self._value: float | None = None
        self._came_s = 0.0
        self._came_at: datetime | None = None

    def put(self, value: float, came_s: float, came_at: datetime) -> None:
        """A new value came, at a monotonic second and by the wall clock."""
        self._pace.note(came_s)
        self._value, self._came_s, self._came_at = value, came_s, came_at

    def fresh(self, now_s: float) -> float | None:
        """The value, None when it has passed its age limit or never came."""
        return self._value if self._value is not None and now_s - self._came_s <= self.age_limit_s else None

    @property
    def age_limit_s(self) -> float:
        """Seconds after which the value does not count."""
        return self._pace.age_limit_s if self._max_age_s is None else self._max_age_s

    @property
    def interval_s(self) -> float:
        """Its observed pace in seconds."""
        return self._pace.interval_s

    @property
    def came_s(self) -> float:
        """The monotonic second of the newest value."""
        return self._came_s

    @property
    def came_at(self) -> datetime | None:
        """When the newest value came, by the wall clock; None before the first."""
        return self._came_at
