"""`learn_power:` - what an on/off load really draws, learned from the step in the house when it goes on or off.

A kettle that goes on in the same minute spoils one step, not the middle of several: three must agree before the
assumption is given up, and nine are kept, so that a new element is known after five.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from statistics import median
from typing import Any

from pv_heater.core.actuators.load_meters import SETTLED_S
from pv_heater.core.model.lean import dataclass

ASSUMED_W = 2000.0
"""Assumed of a load that nobody knows: the usual element of a small water heater. Too much only starts it later."""
STEPS_KEPT = 9
STEPS_NEEDED = 3
SHARE_APART, LEAST_APART_W = 0.15, 40.0
"""Steps agree that are within this share of their middle: the mains' voltage gives 10 %, the house hums by some W."""
LEAST_STEP_W, MOST_STEP_W = 30.0, 20_000.0
LONGEST_GAP_S = 200.0
"""Between the readings before and after: three of VRM's fastest. In more time the house itself changes too much."""
OTHERS_STILL_W = 100.0
"""The step is lost when other loads were set to change by more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The house at a reading, when all loads had settled."""

    taken_s: float
    house_w: float
    told_w: Mapping[str, float]


class LearnedPowers:
    """The steps of each load that is to be learned, and what they say."""

    def __init__(self, names: Collection[str]) -> None:
        """`names`: the loads to learn about."""
        self._steps: dict[str, list[float]] = {name: [] for name in names}
        self._told_w: dict[str, float] = {}
        self._told_since_s = 0.0
        self._before: _Seen | None = None
        self.are_learned = bool(self._steps)
        """Whether there is any load to learn about."""

    def remember_told(self, tick_s: float, told_w: Mapping[str, float]) -> None:
        """Note what the loads are set to from `tick_s` on, as far as the house feels it."""
        if told_w != self._told_w:
            self._told_w, self._told_since_s = dict(told_w), tick_s

    def observe(self, house_w: float | None, taken_s: float, load_w: Mapping[str, float]) -> None:
        """A new reading, taken at the tick `taken_s`: the whole house, and what loads were measured alone."""
        if not self._steps or house_w is None or taken_s < self._told_since_s + SETTLED_S:
            return
        now, before = _Seen(taken_s=taken_s, house_w=house_w, told_w=self._told_w), self._before
        self._before = now
        if before is None or not 0 < taken_s - before.taken_s <= LONGEST_GAP_S:
            return
        changed = [name for name in self._steps if _is_on(now, name) != _is_on(before, name)]
        if len(changed) != 1:
            return
        name = changed[0]
        others = [other for other in now.told_w.keys() | before.told_w.keys() if other != name]
        change_w = {other: now.told_w.get(other, 0.0) - before.told_w.get(other, 0.0) for other in others}
        if sum(abs(watts) for watts in change_w.values()) > OTHERS_STILL_W:
            return
        step_w = house_w - before.house_w - sum(change_w.values())
        if name in load_w and _is_on(now, name):
            step_w = abs(load_w[name])
        self._note(name, step_w if _is_on(now, name) else -step_w)

    def power_w(self, name: str) -> float | None:
        """What the load draws; None until enough steps agree."""
        return agreed_w(self._steps.get(name, ()))

    def starts(self, name: str) -> int:
        """How many steps that rests on."""
        return len(self._steps.get(name, ()))

    def state(self) -> dict[str, Any]:
        """The steps, as plain JSON types."""
        return {name: list(steps) for name, steps in self._steps.items()}

    def restore(self, state: object) -> None:
        """Take back what `state` gave; what is not a list of powers is left out, the steps come again."""
        for name, steps in state.items() if isinstance(state, Mapping) else ():
            if name in self._steps and isinstance(steps, list):
                for step_w in steps:
                    if isinstance(step_w, int | float) and not isinstance(step_w, bool):
                        self._note(name, float(step_w))

    def _note(self, name: str, step_w: float) -> None:
        if LEAST_STEP_W <= step_w <= MOST_STEP_W:
            self._steps[name] = [*self._steps[name], round(step_w, 1)][-STEPS_KEPT:]


def agreed_w(steps_w: Sequence[float]) -> float | None:
    """The power on which most of these steps agree; None while they are too few, or tell different things."""
    if len(steps_w) < STEPS_NEEDED:
        return None
    middle_w = median(steps_w)
    apart_w = max(LEAST_APART_W, SHARE_APART * middle_w)
    agreeing = [step_w for step_w in steps_w if abs(step_w - middle_w) <= apart_w]
    if len(agreeing) < max(STEPS_NEEDED, len(steps_w) / 2):
        return None
    return round(sum(agreeing) / len(agreeing))


def _is_on(seen: _Seen, name: str) -> bool:
    return seen.told_w.get(name, 0.0) > 0
