"""What the whole house did when one load that has no meter of its own was told another power."""

from __future__ import annotations

from collections.abc import Collection

from pv_heater.core.drawing import SETTLED_S
from pv_heater.core.evidence import News
from pv_heater.core.passing import passing
from pv_heater.core.setpoint_history import SetpointHistory
from pv_heater.core.surplus import house_w

LONGEST_APART_S = 180.0
"""Between the readings before and after: two of a slow portal. Within longer the house changes by itself."""


@passing(frozen=True, slots=True, kw_only=True)
class Sample:
    """The house at a reading that was taken when all unmeasured loads had been told the same for `SETTLED_S`."""

    taken_tick_s: float
    house_w: float
    """Without the loads that are measured."""
    told_w: dict[str, float]


@passing(frozen=True, slots=True, kw_only=True)
class HouseStep:
    """One load was told another power, all others the same."""

    name: str
    before: Sample
    after: Sample

    @property
    def told_w(self) -> float:
        """The change that it was told."""
        return self.after.told_w[self.name] - self.before.told_w[self.name]

    @property
    def share(self) -> float:
        """How much of that the house shows: about 1 where the load obeyed, 0 where nothing happened."""
        return (self.after.house_w - self.before.house_w) / self.told_w


class HouseSteps:
    """Compares each settled reading with the one before."""

    def __init__(self) -> None:
        self.last: Sample | None = None
        """The newest settled reading."""

    def observe(self, news: News, told: SetpointHistory, names: Collection[str]) -> HouseStep | None:
        """The step that this new reading shows, if it does; `names` are the loads of the home."""
        reading, taken_tick_s = news.reading, news.taken_tick_s
        whole_w = house_w(reading)
        unmeasured = [name for name in names if name not in reading.load_w]
        told_w = told.steady_w(unmeasured, news.earliest_tick_s - SETTLED_S, taken_tick_s)
        if whole_w is None or told_w is None:
            return None
        measured_w = sum([reading.load_w.get(name, 0.0) for name in names])
        before, self.last = (
            self.last,
            Sample(taken_tick_s=taken_tick_s, house_w=whole_w - measured_w, told_w=told_w),
        )
        if before is None or taken_tick_s - before.taken_tick_s > LONGEST_APART_S:
            return None
        if before.told_w.keys() != told_w.keys():
            return None
        changed = [name for name in told_w if told_w[name] != before.told_w[name]]
        return HouseStep(name=changed[0], before=before, after=self.last) if len(changed) == 1 else None
