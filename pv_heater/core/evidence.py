"""How much a reading is worth: what is new, how old it is, and what our own loads drew when it was taken.

Age = what it was when the reading first came (never below 0) + monotonic time since, so that a jump of the wall
clock changes nothing after that.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pv_heater.core.types import Reading

LEAST_AGE_LOCAL_S = 30.0
LEAST_AGE_VRM_S = 180.0
MOST_AGE_S = 900.0
"""Bounds of the automatic age limit: a local meter's hiccup, three of VRM's fastest log intervals, a quarter hour."""
INTERVALS_OF_AGE = 3.0
USUAL_INTERVAL_S = 60.0
"""Assumed while nothing is known of the source's pace: VRM's fastest log interval."""
KEPT_SPACINGS = 5
HISTORY_S = 1200.0


VRM_SOURCE = "vrm"
"""Readings of the portal are minutes old by nature; every other source is in the house."""


def is_local(source: str) -> bool:
    """Whether a reading's source is in the house, and not behind the portal."""
    return not source.startswith(VRM_SOURCE)


class Evidence:
    """The reading in force and what surrounds it."""

    def __init__(self, *, max_reading_age_s: float | None, local_source: bool) -> None:
        self._fixed_max_age_s = max_reading_age_s
        self._local_source = local_source
        self._spacings: list[float] = []
        self._own: list[tuple[float, dict[str, float]]] = []
        self._first_seen_s = 0.0
        self._first_age_s = 0.0
        self._drawn_w: dict[str, float] = {}
        self.reading: Reading | None = None
        self.is_new = False
        self.max_age_s = self._age_limit_s()
        """The age at which automatic loads go off."""

    def observe(self, reading: Reading | None, now: datetime, tick_s: float) -> None:
        """Take note of what the meter says at this step; None or a repeated reading adds nothing."""
        self.is_new = reading is not None and self._is_news(reading, tick_s)
        if reading is None or not self.is_new:
            return
        if self.reading is not None and self.reading.source != reading.source:
            self._spacings = []
        elif self.reading is not None:
            spacing_s = (reading.taken_at - self.reading.taken_at).total_seconds()
            if spacing_s > 0:
                self._spacings = [*self._spacings, spacing_s][-KEPT_SPACINGS:]
        self.reading = reading
        self._first_seen_s = tick_s
        self._first_age_s = max(0.0, (now - reading.taken_at).total_seconds())
        # Both hold until the next reading, and are asked for several times a step.
        self.max_age_s = self._age_limit_s()
        self._drawn_w = self._drawn_when_taken_w(reading)

    def age_s(self, tick_s: float) -> float | None:
        """Age of the reading in force; None when there is none."""
        return None if self.reading is None else self._first_age_s + tick_s - self._first_seen_s

    @property
    def taken_tick_s(self) -> float:
        """The tick at which the reading in force was taken."""
        return self._first_seen_s - self._first_age_s

    def share(self, tick_s: float) -> float:
        """1 while the source is on time, then falling to 0 where the reading reaches its age limit.

        Silence is counted from the moment the reading came, not from when it was taken: VRM's readings are a
        minute old on arrival every time, and that is no reason to heat less.
        """
        age_s = self.age_s(tick_s)
        if age_s is None:
            return 0.0
        limit_s = self.max_age_s
        hold_until_s = self._first_age_s + limit_s / INTERVALS_OF_AGE
        if age_s <= hold_until_s and age_s < limit_s:
            return 1.0
        if age_s >= limit_s or hold_until_s >= limit_s:
            return 0.0
        return (limit_s - age_s) / (limit_s - hold_until_s)

    def remember_own(self, tick_s: float, power_w: Mapping[str, float]) -> None:
        """Note what each load is set to draw from `tick_s` on."""
        if not self._own or self._own[-1][1] != power_w:
            self._own.append((tick_s, dict(power_w)))
        while len(self._own) > 1 and self._own[1][0] < tick_s - HISTORY_S:
            del self._own[0]

    def own_w(self) -> float:
        """What our loads drew together when the reading was taken."""
        return sum(self._drawn_w.values())

    def own_by_load_w(self) -> Mapping[str, float]:
        """What each load drew when the reading was taken: as measured, else as it was set then."""
        return self._drawn_w

    def least_own_w(self, over_s: float) -> dict[str, float]:
        """The least each load was set to in the `over_s` seconds before the reading was taken; 0 where not known."""
        taken_s = self.taken_tick_s
        in_force: list[dict[str, float]] = []  # the latest first
        for since_s, power_w in reversed(self._own):
            if since_s < taken_s:
                in_force.append(power_w)
                if since_s <= taken_s - over_s:
                    break
        else:
            in_force.append({})  # what was in force before is not known
        return {name: min(power_w.get(name, 0.0) for power_w in in_force) for name in in_force[0]}

    def disown(self, name: str) -> None:
        """This load turned out to draw nothing: what it was set to so far counts as 0."""
        self._own = [(since_s, {**power_w, name: 0.0}) for since_s, power_w in self._own]
        if self.reading is not None:
            self._drawn_w = self._drawn_when_taken_w(self.reading)

    def _drawn_when_taken_w(self, reading: Reading) -> dict[str, float]:
        taken_s = self.taken_tick_s
        set_w = next((power_w for since_s, power_w in reversed(self._own) if since_s < taken_s), {})
        return {**set_w, **reading.load_w}

    def _age_limit_s(self) -> float:
        if self._fixed_max_age_s is not None:
            return self._fixed_max_age_s
        # Two sources may take turns, a local one and the portal: the limit is that of the one in force.
        local = self._local_source and (self.reading is None or is_local(self.reading.source))
        least_s = LEAST_AGE_LOCAL_S if local else LEAST_AGE_VRM_S
        return min(MOST_AGE_S, max(least_s, INTERVALS_OF_AGE * self._interval_s))

    @property
    def _interval_s(self) -> float:
        if self.reading is not None and self.reading.interval_s is not None:
            return self.reading.interval_s
        return min(self._spacings) if self._spacings else USUAL_INTERVAL_S

    def _is_news(self, reading: Reading, tick_s: float) -> bool:
        known = self.reading
        if known is None or reading.source != known.source or reading.taken_at > known.taken_at:
            return True
        # A source whose clock was set back would otherwise be ignored for ever.
        age_s = self.age_s(tick_s)
        return reading.taken_at < known.taken_at and age_s is not None and age_s >= self.max_age_s
