"""What a load's own meter says of its actuator: does it obey? A fault stops the load, a doubt is only told.

Told apart: it draws though it is off (welded relay, shorted triac or SSR), it draws more than it was set to, it draws
the same whatever it is set to (servo or knob stuck), it draws a part of what it was set to (a broken element, a missing
phase). A load that draws nothing is none of these; see `core.actuators.idle`. Nothing is judged from one reading, and
only readings count that were taken when the load had been set to the same for `SETTLED_S`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from math import inf
from typing import Self

from pv_heater.core.actuators.idle import SETTLED_S, SHARE_DRAWN
from pv_heater.core.actuators.setpoint_history import News, SetpointHistory
from pv_heater.core.model.lean import dataclass
from pv_heater.core.settings.load import LoadSettings

SPAN_S = 30.0
"""Between the first and the last reading that show it. A meter that means over half a minute has forgotten by then
what the load drew before."""

OFF_SHARE = 0.05
LEAST_OFF_W = 25.0
"""Off, a load may draw this share of its full power, and at least this much: a dimmer's or a smart plug's own
electronics take 1 to 10 W, the capacitor of a triac's snubber 2 to 5 W, and clamps err by some watts near zero."""

LEAST_MORE_W = 150.0
MORE_SHARE = 0.15
"""More than it was set to by these is a fault where that power is certain: 253 V, the most that EN 50160 allows, give a
heater of 230 V a fifth more, but no house that feeds 230 V stays there, and 241 V give a tenth."""
MORE_SHARE_UNMEASURED = 0.3
"""As a share of full power, for a regulator whose curve nobody measured: a straight line where it is a phase cut errs
by a sixth of full power, a knob with a bent track by as much again."""

MOST_BELIEVED = 10.0
"""Times full power: no wire carries that."""

STEPS_OF_STUCK = 3
STEP_SHARE = 0.1
STUCK_SHARE_TOLD = 0.4
STUCK_SHARE_DRAWN = 0.05
LEAST_STUCK_W = 50.0
"""Stuck: told at least three times another power, each a tenth of full power away, over two fifths of it in all, and
what it draws stayed within a twentieth. The flat ends of a real regulator are a tenth of the knob each."""

PART_SHARE = 0.75
PART_SPAN_S = 60.0
"""A part of what was told: two of three equal elements are two thirds, one of two is half. A heater at 207 V, the least
that EN 50160 allows, still draws four fifths."""


@dataclass(frozen=True, kw_only=True)
class Actuator:
    """What can be expected of an output. Without slots, since it keeps what it worked out once."""

    max_power_w: float | None
    """None while nobody knows it, and it is to be learned: then only its being off can be judged."""
    adjustable: bool
    """Whether a knob, triac or dimmer stands between contact and load."""
    exact: bool
    """Whether the told power is certain: nothing to adjust, whole elements, or a curve that was measured."""

    @classmethod
    def of(cls, policy: LoadSettings) -> Self:
        """By the settings of the load; any kind may have a ``curve``, a servo its own."""
        knobs = (policy, getattr(policy, "servo", None))
        exact = not policy.adjustable or any(getattr(knob, "curve", None) is not None for knob in knobs)
        known = not policy.learn_power
        return cls(
            max_power_w=policy.max_power_w if known else None,
            adjustable=policy.adjustable and known,
            exact=exact and known,
        )

    @cached_property
    def most_believed_w(self) -> float:
        """A meter that says more counts in another unit."""
        return inf if self.max_power_w is None else MOST_BELIEVED * self.max_power_w

    @cached_property
    def most_off_w(self) -> float:
        """More than this is not only electronics."""
        return LEAST_OFF_W if self.max_power_w is None else max(LEAST_OFF_W, OFF_SHARE * self.max_power_w)

    @cached_property
    def moved_w(self) -> float:
        """What it draws has moved by more than this: it is not stuck."""
        return LEAST_STUCK_W if self.max_power_w is None else max(LEAST_STUCK_W, STUCK_SHARE_DRAWN * self.max_power_w)

    def most_w(self, told_w: float) -> float:
        """More than this at `told_w` is not a tolerance any more; at 0 W only electronics may draw."""
        if told_w <= 0:
            return self.most_off_w
        if self.max_power_w is None:
            return inf
        more_w = MORE_SHARE * told_w if self.exact else MORE_SHARE_UNMEASURED * self.max_power_w
        return told_w + (more_w if more_w > LEAST_MORE_W else LEAST_MORE_W)


@dataclass(slots=True)
class _Course:
    """What was told and drawn since it last moved."""

    told_w: list[float]
    """One entry a plateau."""
    least_w: float
    most_w: float
    """What it drew."""


class ActuatorFaults:
    """Watches the loads that have a meter of their own, reading by reading."""

    def __init__(self, actuators: Mapping[str, Actuator]) -> None:
        self._actuators = actuators
        self._since_s: dict[tuple[str, str], float] = {}
        """By load and kind: when the first reading of an unbroken row was taken that shows it."""
        self._courses: dict[str, _Course] = {}
        self._doubts: dict[tuple[str, str], str] = {}
        """By load and kind."""

    @property
    def has_doubts(self) -> bool:
        """Whether there are any, as is rare."""
        return bool(self._doubts)

    @property
    def doubts(self) -> dict[str, str]:
        """What is odd and no danger, by load."""
        return {name: text for (name, _), text in self._doubts.items()}

    def find(self, news: News, told: SetpointHistory) -> dict[str, str]:
        """Loads that this new reading proves to disobey, each with the sentence for its owner.

        A reading that may have been taken before a load was last told something proves nothing of that load.
        """
        found = {}
        reading, taken_tick_s = news.reading, news.taken_tick_s
        from_s = news.earliest_tick_s - SETTLED_S
        settled_w = told.settled_w(from_s, taken_tick_s)
        for name, actuator in self._actuators.items():
            if settled_w is None:
                least_w, most_w = told.range_w(name, from_s, taken_tick_s)
            else:
                least_w = most_w = settled_w.get(name)
            if name not in reading.load_w or least_w is None or most_w is None:
                if self._courses or self._since_s or self._doubts:
                    self.forget([name])
                continue
            drawn_w = abs(reading.load_w[name])  # a clamp the wrong way round measures as well
            is_followed = name in self._courses or self._since_s or self._doubts
            if most_w <= 0 and drawn_w <= actuator.most_off_w and not is_followed:
                continue  # off, as most loads mostly are
            because = self._draws_more(name, actuator, most_w, drawn_w, taken_tick_s)
            if least_w == most_w:
                because = self._stuck(name, actuator, most_w, drawn_w) or because
                self._doubt_part(name, actuator, most_w, drawn_w, taken_tick_s)
            if because is not None:
                found[name] = because
        return found

    def forget(self, names: Collection[str]) -> None:
        """Begin anew for these: their owner cleared the fault, or what they are set to and draw is not known."""
        for name in names if self._courses or self._since_s or self._doubts else ():
            self._courses.pop(name, None)
            for kept in (self._since_s, self._doubts):
                for key in [key for key in kept if key[0] == name]:
                    kept.pop(key)

    def _lasts(self, name: str, kind: str, shows: bool, taken_tick_s: float, span_s: float) -> bool:
        """Whether an unbroken row of readings shows this for `span_s`."""
        if not shows:
            if self._since_s:
                self._since_s.pop((name, kind), None)
            return False
        return taken_tick_s - self._since_s.setdefault((name, kind), taken_tick_s) >= span_s

    def _draws_more(self, name: str, actuator: Actuator, told_w: float, drawn_w: float, taken_s: float) -> str | None:
        """The most it was set to in the settling time counts, so that a ramp or a late device is not a fault."""
        shows = actuator.most_w(told_w) < drawn_w <= actuator.most_believed_w
        if not shows and not self._since_s:
            return None
        off = self._lasts(name, "off", shows and told_w <= 0, taken_s, SPAN_S)
        more = self._lasts(name, "more", shows and told_w > 0, taken_s, SPAN_S)
        parts = "triac or SSR" if actuator.adjustable else "contact"
        if off:
            return (
                f"it draws {drawn_w:.0f} W though it is off: a welded relay or a shorted {parts}; cut its power at the "
                f"fuse, then look"
            )
        if more:
            return f"it draws {drawn_w:.0f} W though it was set to {told_w:.0f} W: a shorted {parts}, or a wrong curve"
        return None

    def _stuck(self, name: str, actuator: Actuator, told_w: float, drawn_w: float) -> str | None:
        """The same draw at powers far apart; a fault where it draws more than it was set to, else a doubt."""
        full_w = actuator.max_power_w
        if not actuator.adjustable or full_w is None:
            return None
        course = self._courses.get(name)
        draws = told_w > 0 and drawn_w > actuator.most_off_w
        if course is not None and draws:
            least_w = drawn_w if drawn_w < course.least_w else course.least_w
            most_w = drawn_w if drawn_w > course.most_w else course.most_w
            if most_w - least_w > actuator.moved_w:
                course = None
            else:
                course.least_w, course.most_w = least_w, most_w
        if course is None or not draws:
            self._begin_course(name, told_w, drawn_w, draws=draws)
            return None
        if abs(told_w - course.told_w[-1]) >= STEP_SHARE * full_w:
            course.told_w.append(told_w)
        if len(course.told_w) <= STEPS_OF_STUCK:
            return None
        low_w, high_w = min(course.told_w), max(course.told_w)
        if high_w - low_w < STUCK_SHARE_TOLD * full_w:
            return None
        text = f"it stays at {drawn_w:.0f} W, set between {low_w:.0f} and {high_w:.0f} W: its servo or knob is stuck"
        if drawn_w - low_w >= STEP_SHARE * full_w:
            return text
        # Less than set harms nobody, and a dimmer with a limit of its own does just this.
        self._doubts.setdefault((name, "stuck"), text + ", or a limit of the device holds it")
        return None

    def _begin_course(self, name: str, told_w: float, drawn_w: float, *, draws: bool) -> None:
        """It moved, or draws nothing: what it did before proves no more that it is stuck."""
        if draws:
            self._courses[name] = _Course(told_w=[told_w], least_w=drawn_w, most_w=drawn_w)
        elif name in self._courses:
            del self._courses[name]
        if self._doubts:
            self._doubts.pop((name, "stuck"), None)

    def _doubt_part(self, name: str, actuator: Actuator, told_w: float, drawn_w: float, taken_s: float) -> None:
        """A part of what it was set to, where that is certain."""
        shows = actuator.exact and SHARE_DRAWN * told_w < drawn_w < PART_SHARE * told_w
        if not shows and not self._since_s and not self._doubts:
            return
        if self._lasts(name, "part", shows, taken_s, PART_SPAN_S):
            text = f"it draws {drawn_w:.0f} of {told_w:.0f} W: one of its elements, a phase or a fuse may have failed"
            self._doubts.setdefault((name, "part"), text)
        elif not shows and told_w > 0:
            self._doubts.pop((name, "part"), None)
