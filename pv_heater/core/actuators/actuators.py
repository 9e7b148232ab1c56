"""Whether the loads obey: what they were set to, beside what their own meters and the house show."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pv_heater.core.actuators.faults import Actuator, ActuatorFaults
from pv_heater.core.actuators.learned_curve import CurveLessons
from pv_heater.core.actuators.setpoint_history import News, SetpointHistory
from pv_heater.core.actuators.stuck_on import HouseSteps, NeverOff
from pv_heater.core.settings.load import LoadSettings


class Actuators:
    """One for the home. A fault that it finds becomes the load's health, a doubt is only told."""

    def __init__(self, policies: Mapping[str, LoadSettings], pretended: Collection[str]) -> None:
        """`pretended` loads switch nothing, so that no meter can see them."""
        judged = (policy for name, policy in policies.items() if name not in pretended and policy.obeys)
        real = {policy.name: Actuator.of(policy) for policy in judged}
        self._told = SetpointHistory()
        self._names = frozenset(real)
        self._measured = ActuatorFaults(real)
        self._steps = HouseSteps()
        self._never_off = NeverOff()
        self._lessons = CurveLessons({name: policies[name] for name in real})
        self._least_w = {name: policies[name].least_power_w for name in real}
        self._texts: dict[str, str] = {}
        self._texts_of = 0
        """`lessons` when they were put into words."""

    def adopt(self, policies: Mapping[str, LoadSettings]) -> None:
        """Go on with these settings of the same loads."""
        self._least_w = {name: policies[name].least_power_w for name in self._least_w}

    def faults(self, new: News | None, cleared: Collection[str], tick_s: float) -> dict[str, str]:
        """What a new reading proves; None: there is none that may be used.

        For the loads in `cleared` everything begins anew.
        """
        if cleared:
            self._measured.forget(cleared)
            self._never_off.forget(cleared)
        if new is None:
            return {}
        self._told.forget_old(tick_s)
        found = self._measured.find(new, self._told)
        if self._names <= new.reading.load_w.keys():
            # Each has a meter of its own: the house tells nothing more of them.
            self._steps.last = None
            self._lessons.forget_house()
        else:
            found = self._shown_by_house(new) | found
        if not found:
            self._lessons.own(new, self._told)
        return found

    def _shown_by_house(self, new: News) -> dict[str, str]:
        """What the house shows of the loads that no meter measures alone."""
        before = self._steps.last
        step = self._steps.observe(new, self._told, self._names)
        if self._steps.last is None or self._steps.last is before:
            return {}
        self._lessons.house(self._steps.last, step, throttled=new.reading.pv_throttled is True)
        return self._never_off.find(self._steps.last, step)

    def told_w(self, name: str, power_w: float) -> float:
        """What a load must be set to, to draw that, by what was learned of its curve."""
        curve = self._lessons.curves.get(name)
        if curve is None or power_w <= 0 or curve.is_straight:
            return power_w
        told_w = curve.told_w(power_w)
        return told_w if told_w == power_w else max(told_w, self._least_w[name])

    def drawn_w(self, name: str, power_w: float) -> float:
        """What a load draws that is to draw that: less where it cannot give as much."""
        curve = self._lessons.curves.get(name)
        if curve is None or power_w <= 0 or curve.is_straight:
            return power_w
        return curve.drawn_w(self.told_w(name, power_w))

    def learned(self) -> dict[str, str]:
        """What was learned of the curves, in words."""
        if self._texts_of != self._lessons.count:
            self._texts, self._texts_of = self._lessons.texts(), self._lessons.count
        return self._texts

    @property
    def lessons(self) -> int:
        """Another number whenever the same power may have to be set in another way than before."""
        return self._lessons.count

    def state(self) -> dict[str, Any]:
        """What was learned, as plain JSON types."""
        return self._lessons.state()

    def restore(self, state: Any) -> None:
        """Take back what an earlier `state` gave."""
        self._lessons.restore(state)

    def with_doubts(self, notices: Mapping[str, str]) -> Mapping[str, str]:
        """What the owner should know of each load: the notices there are, and what is odd and no fault yet."""
        if not (self._never_off.has_doubts or self._measured.has_doubts):
            return notices
        joined = dict(notices)
        for name, doubt in (self._never_off.doubts | self._measured.doubts).items():
            joined[name] = f"{joined[name]}; {doubt}" if name in joined else doubt
        return joined

    def remember(self, tick_s: float, power_w: Mapping[str, float], unreachable: Collection[str]) -> None:
        """From now on the loads are to draw this; of those out of reach nobody knows what they do."""
        known = self._names.difference(unreachable)
        self._told.remember(
            tick_s,
            {
                name: self.told_w(name, wanted_w) if wanted_w > 0 else wanted_w
                for name, wanted_w in power_w.items()
                if name in known
            },
        )
