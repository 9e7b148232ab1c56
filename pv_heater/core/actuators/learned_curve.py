"""What a regulator really gives, learned from what is measured when it is set to another power.

The curve stays as it was measured, or assumed; learned is a correction in watts at five powers, straight between them
(`LearnedCurve`). It moves slowly, never by more than a share of the power, and only by readings that settled, that
nothing disturbs, and that the next reading confirms (`CurveLessons`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from pv_heater.core.actuators.idle import SETTLED_S, SHARE_DRAWN
from pv_heater.core.actuators.setpoint_history import News, SetpointHistory
from pv_heater.core.actuators.stuck_on import HouseStep, Sample
from pv_heater.core.model.lean import passing
from pv_heater.core.model.numbers import number_of
from pv_heater.core.settings.load import LoadSettings

NODES = 5
RATE = 0.15
"""Of each error this much is taken over: half of it after four steps, nine tenths after fifteen. One step that a kettle
spoiled does little."""
LARGEST_SHARE = 0.3
"""Never corrected by more than this share of the power: an element at 253 V or an assumed curve is no further off, and
what is, is for `calibrate` and the faults of actuators."""
DEAD_SHARE, LEAST_DEAD_W = 0.015, 20.0
"""Smaller errors teach nothing: meters err by that much."""
LARGEST_ERROR_SHARE = 0.4
"""A larger error is something else in the house, or a fault."""
ALONE = 0.1
"""How much one power differs by itself, beside a change of all in common."""
AGREEING = 3
"""So many steps in a row must err to the same side: coming and going errs to both."""
STEADY_W = 50.0
"""The reading before and the one after say the same within this: nothing else came or went."""
LEAST_STEP_W = 300.0
"""Smaller steps are lost in the coming and going of a house."""


class LearnedCurve:
    """For one load with a regulator. Told powers are 0 to `max_power_w`."""

    def __init__(self, max_power_w: float) -> None:
        self._max_power_w = max_power_w
        self._offsets_w = [0.0] * (NODES + 1)
        """What it gives beyond what it is set to, at 0, 1/5, ... of full power; always 0 at 0."""
        self.is_straight = True
        """It gives what it is set to, as far as is known."""
        self._steps = 0
        self._text, self._text_of = "", 0
        """In words, and after how many steps."""
        self._errors: dict[int, list[float]] = {}
        """Of the latest steps that ended or began nearest to each of the powers, as a share of the step."""

    def drawn_w(self, told_w: float) -> float:
        """What it gives when it is told that."""
        if self.is_straight:
            return told_w
        return told_w + sum([weight * self._offsets_w[node] for node, weight in self._weights(told_w)])

    def told_w(self, power_w: float) -> float:
        """What it must be set to, to give that; full power where it cannot give as much."""
        if power_w <= 0 or self.is_straight:
            return power_w
        table = [(node * self._max_power_w / NODES, offset_w) for node, offset_w in enumerate(self._offsets_w)]
        for (low_w, low), (high_w, high) in pairwise(table):
            if power_w <= high_w + high:
                share = (power_w - low_w - low) / (high_w + high - low_w - low)
                return min(self._max_power_w, low_w + share * (high_w - low_w))
        return self._max_power_w

    def learn(self, before_w: float, after_w: float, measured_w: float) -> None:
        """It was told `before_w`, then `after_w` (0 is off), and what it draws changed by `measured_w`."""
        error_w = measured_w - (self.drawn_w(after_w) - self.drawn_w(before_w))
        step_w = abs(after_w - before_w)
        if abs(error_w) > LARGEST_ERROR_SHARE * step_w:
            return
        is_small = abs(error_w) <= max(LEAST_DEAD_W, DEAD_SHARE * self._max_power_w)
        share = 0.0 if is_small else error_w / (after_w - before_w)
        nearest = max(self._weights(max(before_w, after_w)), key=lambda weight: weight[1])[0]
        errors = self._errors[nearest] = [*self._errors.get(nearest, ()), share][-AGREEING:]
        agree = len(errors) == AGREEING and (min(errors) > 0 or max(errors) < 0)
        if is_small or not agree:
            return
        seen = [0.0] * (NODES + 1)
        for sign, told_w in ((1.0, after_w), (-1.0, before_w)):
            for node, weight in self._weights(told_w):
                seen[node] += sign * weight
        # As likely as all nodes by the same share of their power is a change of the element or of the mains.
        in_common = sum(weight * node / NODES for node, weight in enumerate(seen))
        moves = [in_common * node / NODES + ALONE * weight for node, weight in enumerate(seen)]
        size = sum(weight * move for weight, move in zip(seen, moves, strict=True))
        for node, move in enumerate(moves):
            self._offsets_w[node] += RATE * error_w * move / size
        self._steps += 1
        self._bound()

    def text(self) -> str | None:
        """For the owner: where it differs most; None while there is nothing to tell."""
        if not self._steps:
            return None
        if self._text_of == self._steps:
            return self._text
        node = max(range(1, NODES + 1), key=lambda node: abs(self._offsets_w[node]))
        told_w = node * self._max_power_w / NODES
        given_w = told_w + self._offsets_w[node]
        self._text = f"set to {told_w:.0f} W it gives {given_w:.0f} W, learned from {self._steps} steps and corrected"
        self._text_of = self._steps
        return self._text

    def state(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {"max_power_w": self._max_power_w, "offsets_w": list(self._offsets_w), "steps": self._steps}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave; of another heater, or damaged, it is forgotten."""
        offsets: Sequence[Any] = state.get("offsets_w", ())
        numbers = [number_of(value) for value in offsets] if isinstance(offsets, list) else []
        steps = state.get("steps")
        if state.get("max_power_w") != self._max_power_w or len(numbers) != NODES + 1 or not isinstance(steps, int):
            return
        known = [number for number in numbers if number is not None]
        if len(known) == len(numbers):
            self._offsets_w, self._steps, self._text_of = known, steps, 0
            self._bound()

    def _weights(self, told_w: float) -> list[tuple[int, float]]:
        """The two nodes around a power, with their shares."""
        place = min(max(told_w / self._max_power_w, 0.0), 1.0) * NODES
        low = min(int(place), NODES - 1)
        return [(low, 1.0 - (place - low)), (low + 1, place - low)]

    def _bound(self) -> None:
        """Within its largest share, and so that more told is never less given."""
        self._offsets_w[0] = 0.0
        least_rise_w = 0.1 * self._max_power_w / NODES
        given_w = 0.0
        for node in range(1, NODES + 1):
            told_w = node * self._max_power_w / NODES
            most_w = LARGEST_SHARE * told_w
            offset_w = min(max(self._offsets_w[node], -most_w), most_w)
            given_w = max(told_w + offset_w, given_w + least_rise_w)
            self._offsets_w[node] = given_w - told_w
        self.is_straight = not any(self._offsets_w)


class CurveLessons:
    """For all loads whose power is set by a regulator."""

    def __init__(self, policies: Mapping[str, LoadSettings]) -> None:
        self.curves = {
            name: LearnedCurve(policy.max_power_w)
            for name, policy in policies.items()
            if policy.adjustable and not policy.learn_power
        }
        self.count = 0
        """Of the lessons so far, each of which may have changed a curve."""
        self._plateaus: dict[str, _Plateau] = {}
        self._before: Sample | None = None
        self._was_steady = False
        self._pending: HouseStep | None = None

    def own(self, news: News, told: SetpointHistory) -> None:
        """A new reading: loads with a meter of their own, each power once, when two readings agree on it."""
        reading, from_s = news.reading, news.earliest_tick_s - SETTLED_S
        settled_w = told.settled_w(from_s, news.taken_tick_s)
        for name, curve in self.curves.items():
            if name not in reading.load_w:
                continue
            if settled_w is None:
                least_w, most_w = told.range_w(name, from_s, news.taken_tick_s)
            else:
                least_w = most_w = settled_w.get(name)
            if most_w is None or least_w != most_w or most_w < LEAST_STEP_W:
                continue
            drawn_w, known = abs(reading.load_w[name]), self._plateaus.get(name)
            if drawn_w < SHARE_DRAWN * most_w:
                continue
            same = known is not None and known.told_w == most_w and abs(known.drawn_w - drawn_w) <= STEADY_W
            if known is not None and same and not known.taught:
                curve.learn(0.0, most_w, drawn_w)
                self.count += 1
            self._plateaus[name] = _Plateau(told_w=most_w, drawn_w=drawn_w, taught=same)

    def house(self, sample: Sample, step: HouseStep | None, *, throttled: bool) -> None:
        """A new settled reading, and the step it shows: one that stood still before and after it may teach."""
        before, pending = self._before, self._pending
        steady = before is not None and before.told_w == sample.told_w
        steady = steady and before is not None and abs(before.house_w - sample.house_w) <= STEADY_W
        if pending is not None and steady and not throttled:
            told_w = pending.before.told_w[pending.name], pending.after.told_w[pending.name]
            self.curves[pending.name].learn(*told_w, pending.share * pending.told_w)
            self.count += 1
        usable = step is not None and step.name in self.curves and abs(step.told_w) >= LEAST_STEP_W
        self._pending = step if usable and self._was_steady and not throttled else None
        self._before, self._was_steady = sample, steady

    def forget_house(self) -> None:
        """What the house showed before says nothing about its next reading."""
        self._before, self._was_steady, self._pending = None, False, None

    def texts(self) -> dict[str, str]:
        """What was learned that the owner should know, by load."""
        return {name: text for name, curve in self.curves.items() if (text := curve.text()) is not None}

    def state(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {name: curve.state() for name, curve in self.curves.items()}

    def restore(self, state: Any) -> None:
        """Take back what `state` gave; what is damaged, or of a load that is no more, is left."""
        if not isinstance(state, Mapping):
            return
        self.count += 1
        for name, curve in self.curves.items():
            if isinstance(state.get(name), Mapping):
                curve.restore(state[name])


@passing(frozen=True, slots=True, kw_only=True)
class _Plateau:
    """What a measured load drew at one told power."""

    told_w: float
    drawn_w: float
    taught: bool
