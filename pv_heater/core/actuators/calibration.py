"""A walk of a regulator through its range against the meter: which position to hold next, and what was measured there.

Pure: told every new reading, it answers the position. A load with a meter of its own is measured by that; else each
position is measured between two of the house alone, and counts only when those two agree.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from statistics import fmean

from pv_heater.core.model.lean import dataclass

LEAST_UNREST_W = 30.0
UNREST_SHARE = 0.04
"""Readings of one position, and the house before and after it, agree within this share of full power: a refrigerator
that starts (100 W) is seen, the flicker of a television is not."""
TRIES = 4
"""A position is tried so often before the house counts as too restless."""
NOTHING_SHARE = 0.05
SURE_SHARE = 0.25
"""Less than the first where the position before gave more than the second: full power is looked at again, since a
thermostat that opened looks just so."""
SAME_FULL_SHARE = 0.07
"""Full power at the end against the beginning; beyond, what was measured between belongs to two curves."""


class CalibrationStopped(Exception):
    """The walk cannot go on; the message is a sentence for the owner. What was measured so far stays good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """Hold a position (0: off) for `hold_s`, then take the mean of `readings` readings."""

    percent: float
    hold_s: float
    readings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long things take."""

    warm_up_s: float = 500.0
    """An element draws a percent or two less once it is hot; one predecessor took 500 s, and nothing speaks against."""
    settle_s: float = 6.0
    readings: int = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One reading: the house, and the load by its own meter where it has one."""

    house_w: float | None
    load_w: float | None


_Steps = Generator[Leg, list[Observation], None]
_Watts = Generator[Leg, list[Observation], float]


class Walk:
    """One calibration. `leg` is what to do now; None when it is over."""

    def __init__(
        self,
        percents: Sequence[float],
        max_power_w: float,
        pace: Pace,
        known: Sequence[tuple[float, float]] = (),
    ) -> None:
        """`known` points of an earlier walk are not measured again, but for full power."""
        self.points: dict[float, float] = dict(known)
        """Watts by percent."""
        self._left = [percent for percent in sorted(percents, reverse=True) if 0 < percent < 100]
        self._left = [percent for percent in self._left if percent not in self.points]
        self._full_w = max_power_w
        self._unrest_w = max(LEAST_UNREST_W, UNREST_SHARE * max_power_w)
        self._pace = pace
        self._house_w: float | None = None
        """The house alone, as last measured; None: must be measured first."""
        self._steps = self._walk()
        self.leg: Leg | None = next(self._steps)
        self._seen: list[Observation] = []

    def observe(self, seen: Observation) -> None:
        """A reading that was taken after the leg's `hold_s`. Raises CalibrationStopped."""
        if self.leg is None:
            return
        self._seen.append(seen)
        if len(self._seen) < self.leg.readings:
            return
        seen_before, self._seen = self._seen, []
        try:
            self.leg = self._steps.send(seen_before)
        except StopIteration:
            self.leg = None

    def _walk(self) -> _Steps:
        yield Leg(percent=100.0, hold_s=self._pace.warm_up_s, readings=1)
        full_w = yield from self._power_w(100.0)
        if full_w < SURE_SHARE * self._full_w:
            raise CalibrationStopped(
                f"at full power it draws only {full_w:.0f} W: its thermostat is open, or a fuse; draw hot water first"
            )
        before_w = self.points.setdefault(100.0, full_w)
        self._same_full(full_w, before_w)
        above_w = full_w
        for percent in self._left:
            power_w = yield from self._power_w(percent)
            if power_w < NOTHING_SHARE * full_w and above_w > SURE_SHARE * full_w:
                self._same_full((yield from self._power_w(100.0)), full_w)
            self.points[percent] = max(0.0, power_w)
            above_w = power_w
        self._same_full((yield from self._power_w(100.0)), full_w)
        self.points[0.0] = 0.0

    def _same_full(self, now_w: float, before_w: float) -> None:
        if abs(now_w - before_w) > SAME_FULL_SHARE * before_w:
            raise CalibrationStopped(
                f"full power is now {now_w:.0f} W and was {before_w:.0f} W: the thermostat opened, or the mains "
                f"changed; begin anew with cold water"
            )

    def _power_w(self, percent: float) -> _Watts:
        """What the load draws at that position."""
        for _ in range(TRIES):
            if self._house_w is None:
                self._house_w = self._steady((yield self._hold(0.0)))
            seen = yield self._hold(percent)
            own = [abs(one.load_w) for one in seen if one.load_w is not None]
            if len(own) == len(seen) and max(own) - min(own) <= self._unrest_w:
                return fmean(own)
            with_load_w = self._steady(seen)
            before_w, self._house_w = self._house_w, self._steady((yield self._hold(0.0)))
            if with_load_w is None or before_w is None or self._house_w is None:
                continue
            if abs(self._house_w - before_w) <= self._unrest_w:
                return with_load_w - (before_w + self._house_w) / 2
        raise CalibrationStopped(
            f"the house is too restless: at {percent:g} % four tries did not agree within {self._unrest_w:.0f} W; "
            f"try at a quieter hour"
        )

    def _hold(self, percent: float) -> Leg:
        return Leg(percent=percent, hold_s=self._pace.settle_s, readings=self._pace.readings)

    def _steady(self, seen: Sequence[Observation]) -> float | None:
        """The mean of the house; None where it moved or was not told."""
        watts = [one.house_w for one in seen if one.house_w is not None]
        if len(watts) < len(seen) or max(watts) - min(watts) > self._unrest_w:
            return None
        return fmean(watts)
