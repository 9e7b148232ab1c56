"""Whether the loads obey: what they were told, beside what their own meters and the house show."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pv_heater.core.actuator_faults import Actuator, ActuatorFaults
from pv_heater.core.house_steps import HouseSteps
from pv_heater.core.never_off import NeverOff
from pv_heater.core.policy import LoadPolicy
from pv_heater.core.told import Told
from pv_heater.core.types import Reading


class Actuators:
    """One for the home. A fault that it finds becomes the load's health, a doubt is only told."""

    def __init__(self, policies: Mapping[str, LoadPolicy], pretended: Collection[str]) -> None:
        """`pretended` loads switch nothing, so that no meter can see them."""
        judged = (policy for name, policy in policies.items() if name not in pretended and policy.obeys)
        real = {policy.name: Actuator.of(policy) for policy in judged}
        self._told = Told()
        self._names = frozenset(real)
        self._measured = ActuatorFaults(real)
        self._steps = HouseSteps()
        self._never_off = NeverOff()

    def faults(self, new: tuple[Reading, float] | None, cleared: Collection[str]) -> dict[str, str]:
        """What a new reading and the tick at which it was taken prove; None: there is none that may be used.

        For the loads in `cleared` everything begins anew.
        """
        self._measured.forget(cleared)
        self._never_off.forget(cleared)
        if new is None:
            return {}
        reading, taken_tick_s = new
        found = self._measured.find(reading, taken_tick_s, self._told)
        before = self._steps.last
        step = self._steps.observe(reading, taken_tick_s, self._told, self._names)
        if self._steps.last is not None and self._steps.last is not before:
            found = self._never_off.find(self._steps.last, step) | found
        return found

    def with_doubts(self, notices: Mapping[str, str]) -> dict[str, str]:
        """What the owner should know of each load: the notices there are, and what is odd and no fault yet."""
        joined = dict(notices)
        for name, doubt in (self._never_off.doubts | self._measured.doubts).items():
            joined[name] = f"{joined[name]}; {doubt}" if name in joined else doubt
        return joined

    def remember(self, tick_s: float, told_w: Mapping[str, float], unreachable: Collection[str]) -> None:
        """From now on the loads are told this; of those out of reach nobody knows what they do."""
        known = self._names.difference(unreachable)
        self._told.remember(tick_s, {name: power_w for name, power_w in told_w.items() if name in known})
