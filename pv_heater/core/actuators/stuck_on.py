"""Without a meter of its own: a load that the house shows to be on, and never to go off again.

That is a welded relay or a shorted triac, and all that the house can prove. Compared is what the whole house did when
one such load was set to another power (`HouseSteps`). The first switch-off that changes nothing is a doubt, since
another load may have begun just then; the third is a fault.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from pv_heater.core.actuators.idle import SETTLED_S
from pv_heater.core.actuators.setpoint_history import News, SetpointHistory
from pv_heater.core.model.lean import dataclass, passing
from pv_heater.core.model.power_balance import house_w

LONGEST_APART_S = 180.0
"""Between the readings before and after: two of a slow portal. Within longer the house changes by itself."""
LEAST_STEP_W = 300.0
"""Smaller steps are lost in the coming and going of a house."""
SHARE_SHOWN = 0.5
"""The house shows at least this share of a step: it was obeyed. An uncalibrated regulator gives no less."""
SHARE_HIDDEN = 0.3
"""The house shows less: it was not, or another load hid it."""
SWITCH_OFFS = 3
"""A heat pump that starts ten times a day hides one switch-off of a hundred and fifty, three in a row once in more
than three million."""


class NeverOff:
    """Fed with every settled reading and with the step it shows, if any."""

    def __init__(self) -> None:
        self._runs: dict[str, _Run] = {}

    @property
    def has_doubts(self) -> bool:
        """Whether there may be any: only of loads that the house showed to go on."""
        return bool(self._runs)

    @property
    def doubts(self) -> dict[str, str]:
        """Loads that may still be on, by one switch-off that the house did not show."""
        return {
            name: f"the house did not fall when its {run.power_w:.0f} W were switched off; it may still be on"
            for name, run in self._runs.items()
            if run.missed
        }

    def find(self, sample: Sample, step: HouseStep | None) -> dict[str, str]:
        """Loads found to be on though they were switched off, with the sentence for their owner."""
        if step is None and not self._runs:
            return {}  # as mostly
        self._exonerate(sample)
        for name, told_w in sample.told_w.items():
            run = self._runs.get(name)
            if run is not None and told_w > 0 and not run.missed:
                self._follow(name, run, told_w, sample.house_w - told_w)
        if step is None or abs(step.told_w) < LEAST_STEP_W:
            return {}
        if step.before.told_w[step.name] <= 0:
            self._switched_on(step)
        elif step.after.told_w[step.name] <= 0:
            return self._switched_off(step)
        return {}

    def forget(self, names: Collection[str]) -> None:
        """Begin anew for these."""
        for name in names:
            self._runs.pop(name, None)

    def _exonerate(self, sample: Sample) -> None:
        """A house that draws less than the load alone would: it is off."""
        for name in [name for name, told_w in sample.told_w.items() if told_w <= 0 and name in self._runs]:
            if sample.house_w < SHARE_SHOWN * self._runs[name].power_w:
                del self._runs[name]

    def _follow(self, name: str, run: _Run, told_w: float, others_w: float) -> None:
        least_w, most_w = min(run.least_w, others_w), max(run.most_w, others_w)
        if most_w - least_w >= SHARE_HIDDEN * max(run.power_w, told_w):
            del self._runs[name]
        else:
            self._runs[name] = replace(run, power_w=told_w, least_w=least_w, most_w=most_w)

    def _switched_on(self, step: HouseStep) -> None:
        run, others_w = self._runs.get(step.name), step.after.house_w - step.told_w
        if step.share >= SHARE_SHOWN:
            self._runs[step.name] = _Run(power_w=step.told_w, least_w=others_w, most_w=others_w)
        elif run is not None and not run.missed:
            del self._runs[step.name]

    def _switched_off(self, step: HouseStep) -> dict[str, str]:
        name, run = step.name, self._runs.get(step.name)
        if run is None:
            return {}
        if step.share >= SHARE_HIDDEN:
            del self._runs[name]
            return {}
        run = self._runs[name] = replace(run, missed=run.missed + 1)
        if run.missed < SWITCH_OFFS:
            return {}
        return {
            name: f"the house did not fall at {run.missed} switch-offs of its {run.power_w:.0f} W: a welded relay or a "
            f"shorted triac; cut its power at the fuse, then look"
        }


class HouseSteps:
    """Compares each settled reading with the one before."""

    def __init__(self) -> None:
        self.last: Sample | None = None
        """The newest settled reading."""

    def observe(self, news: News, told: SetpointHistory, names: Collection[str]) -> HouseStep | None:
        """The step that this new reading shows, if it does; `names` are the loads of the home."""
        reading, taken_tick_s = news.reading, news.taken_tick_s
        whole_w, load_w = house_w(reading), reading.load_w
        unmeasured = [name for name in names if name not in load_w] if load_w else names
        told_w = told.steady_w(unmeasured, news.earliest_tick_s - SETTLED_S, taken_tick_s)
        if whole_w is None or told_w is None:
            return None
        measured_w = sum([load_w.get(name, 0.0) for name in names]) if load_w else 0.0
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


@passing(frozen=True, slots=True, kw_only=True)
class Sample:
    """The house at a reading that was taken when all unmeasured loads had been set to the same for `SETTLED_S`."""

    taken_tick_s: float
    house_w: float
    """Without the loads that are measured."""
    told_w: dict[str, float]


@passing(frozen=True, slots=True, kw_only=True)
class HouseStep:
    """One load was set to another power, all others the same."""

    name: str
    before: Sample
    after: Sample

    @property
    def told_w(self) -> float:
        """The change that it was set to."""
        return self.after.told_w[self.name] - self.before.told_w[self.name]

    @property
    def share(self) -> float:
        """How much of that the house shows: about 1 where the load obeyed, 0 where nothing happened."""
        return (self.after.house_w - self.before.house_w) / self.told_w


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What is known of one load since it was last seen to go on."""

    power_w: float
    """What it was last set to."""
    least_w: float
    most_w: float
    """The house without that: where it moves by itself, a thermostat may have opened, and nothing is proven."""
    missed: int = 0
    """Switch-offs in a row that the house did not show."""
