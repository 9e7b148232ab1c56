"""What our own loads draw: as meters of theirs say, as was learned, and as readings to come will show it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from pv_heater.core.actuators.actuators import Actuators
from pv_heater.core.actuators.learned_power import LearnedPowers
from pv_heater.core.actuators.load_meters import OwnMeters
from pv_heater.core.actuators.setpoint_history import News
from pv_heater.core.house.observer import HouseObserver
from pv_heater.core.loads.home_loads import HomeLoads
from pv_heater.core.model.power_balance import house_w
from pv_heater.core.model.values import Inputs, Reading


class OwnDraw:
    """Tells the loads what they draw where that is learned, and the house what it may be taken to feel of them."""

    def __init__(
        self, loads: HomeLoads, actuators: Actuators, watch: HouseObserver, *, pretended: frozenset[str]
    ) -> None:
        """`pretended` loads have no effect on the house that the readings are of."""
        self._loads, self._actuators, self._watch = loads, actuators, watch
        self._pretended = pretended
        self.meters = OwnMeters()
        self.powers = LearnedPowers([name for name, policy in loads.policies.items() if policy.learn_power])
        self._set_by: object = None
        """Beside what they are set to, what decides what the loads draw; None: all of it is to be remembered anew."""

    def with_meters(self, reading: Reading | None, now: datetime, tick_s: float, inputs: Inputs) -> Reading | None:
        """The reading, with what meters of the loads' own say of the time when it was taken."""
        own = self.meters
        if not inputs.load_w and not own.known:
            return reading
        own.observe(tick_s, inputs.load_w, inputs.load_w_age_s)
        if reading is None:
            return None
        return own.added_to(reading, tick_s - max(0.0, (now - reading.taken_at).total_seconds()))

    def learn(self, news: News) -> bool:
        """Learn from it; whether a load is known to draw something else from now on."""
        self.powers.observe(house_w(news.reading), news.earliest_tick_s, news.reading.load_w)
        return self._use_learned()

    def forget(self) -> None:
        """What was remembered of the loads counts no more."""
        self._set_by = None

    def remember(self, tick_s: float, unreachable: Collection[str]) -> None:
        """From now on the house feels what the loads are set to, but for those only pretended or out of reach."""
        set_by = frozenset(unreachable), self._actuators.lessons
        if set_by == self._set_by and not self._loads.were_set:  # as in most steps
            return
        self._set_by = set_by
        unfelt = self._pretended.union(unreachable)
        felt_w = {
            name: self._actuators.drawn_w(name, power_w) if power_w > 0 else power_w
            for name, power_w in self._loads.credited_w().items()
            if name not in unfelt
        }
        self._watch.remember_own(tick_s, felt_w)
        self.powers.remember_told(tick_s, felt_w)
        told_w = {name: memory.power_w for name, memory in self._loads.memories.items()}
        self.meters.remember_told(tick_s, told_w)
        self._actuators.remember(tick_s, told_w, unreachable)

    def state(self) -> dict[str, Any]:
        """What was learned."""
        return self.powers.state()

    def restore(self, saved: object) -> bool:
        """Take back what `state` gave; whether a load is known to draw something else now."""
        self.powers.restore(saved)
        return self._use_learned()

    def _use_learned(self) -> bool:
        found = False
        for name, policy in self._loads.policies.items():
            power_w = self.powers.power_w(name) if policy.learn_power else None
            if power_w is not None and power_w != policy.max_power_w:
                self._loads.learn_power(name, power_w)
                found = True
        return found
