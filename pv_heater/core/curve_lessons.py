"""When a measurement may teach the curve of a regulator: settled, undisturbed, and said again by the next reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pv_heater.core.drawing import SETTLED_S, SHARE_DRAWN
from pv_heater.core.evidence import News
from pv_heater.core.house_steps import HouseStep, Sample
from pv_heater.core.learned_curve import LearnedCurve
from pv_heater.core.policy import LoadPolicy
from pv_heater.core.setpoint_history import SetpointHistory

STEADY_W = 50.0
"""The reading before and the one after say the same within this: nothing else came or went."""
LEAST_STEP_W = 300.0
"""Smaller steps are lost in the coming and going of a house."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plateau:
    """What a measured load drew at one told power."""

    told_w: float
    drawn_w: float
    taught: bool


class CurveLessons:
    """For all loads whose power is set by a regulator."""

    def __init__(self, policies: Mapping[str, LoadPolicy]) -> None:
        self.curves = {
            name: LearnedCurve(policy.max_power_w)
            for name, policy in policies.items()
            if policy.adjustable and not policy.learn_power
        }
        self._plateaus: dict[str, _Plateau] = {}
        self._before: Sample | None = None
        self._was_steady = False
        self._pending: HouseStep | None = None

    def own(self, news: News, told: SetpointHistory) -> None:
        """A new reading: loads with a meter of their own, each power once, when two readings agree on it."""
        reading = news.reading
        for name, curve in self.curves.items():
            least_w, most_w = told.range_w(name, news.earliest_tick_s - SETTLED_S, news.taken_tick_s)
            if name not in reading.load_w or most_w is None or least_w != most_w or most_w < LEAST_STEP_W:
                continue
            drawn_w, known = abs(reading.load_w[name]), self._plateaus.get(name)
            if drawn_w < SHARE_DRAWN * most_w:
                continue
            same = known is not None and known.told_w == most_w and abs(known.drawn_w - drawn_w) <= STEADY_W
            if known is not None and same and not known.taught:
                curve.learn(0.0, most_w, drawn_w)
            self._plateaus[name] = _Plateau(told_w=most_w, drawn_w=drawn_w, taught=same)

    def house(self, sample: Sample, step: HouseStep | None, *, throttled: bool) -> None:
        """A new settled reading, and the step it shows: one that stood still before and after it may teach."""
        before, pending = self._before, self._pending
        steady = before is not None and before.told_w == sample.told_w
        steady = steady and before is not None and abs(before.house_w - sample.house_w) <= STEADY_W
        if pending is not None and steady and not throttled:
            told_w = pending.before.told_w[pending.name], pending.after.told_w[pending.name]
            self.curves[pending.name].learn(*told_w, pending.share * pending.told_w)
        usable = step is not None and step.name in self.curves and abs(step.told_w) >= LEAST_STEP_W
        self._pending = step if usable and self._was_steady and not throttled else None
        self._before, self._was_steady = sample, steady

    def texts(self) -> dict[str, str]:
        """What was learned that the owner should know, by load."""
        texts = {name: curve.text() for name, curve in self.curves.items()}
        return {name: text for name, text in texts.items() if text is not None}

    def state(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {name: curve.state() for name, curve in self.curves.items()}

    def restore(self, state: Any) -> None:
        """Take back what `state` told; what is damaged, or of a load that is no more, is left."""
        if not isinstance(state, Mapping):
            return
        for name, curve in self.curves.items():
            if isinstance(state.get(name), Mapping):
                curve.restore(state[name])
