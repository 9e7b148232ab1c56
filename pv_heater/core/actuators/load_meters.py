"""What the loads' own meters say, as far as it tells about what the loads are set to now.

A plug that is asked every 10 s repeats the 0 W from before the load went on; taken for the present, that looks like
an open thermostat. So a value counts only once the load has settled on what it was set to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pv_heater.core.model.lean import passing
from pv_heater.core.model.values import Reading

SETTLED_S = 10.0
"""A value counts if it was taken this long after the load was last set to something else: a device behind a network
confirms within 5 s, and a plug's own mean of a few seconds must have passed."""


@passing(frozen=True, slots=True, kw_only=True)
class Measured:
    """The power of one load by its own meter."""

    power_w: float
    taken_s: float
    """The tick at which it was taken."""


@passing(frozen=True, slots=True, kw_only=True)
class MeasuredLoads:
    """What is measured of the loads at a step: by meters of their own, and by that of the house."""

    own: Mapping[str, Measured]
    house_w: Mapping[str, float]
    """What the house's meter says of them; empty where it is too old or not believed."""
    taken_s: float
    """The tick at which `house_w` was taken."""

    def of(self, name: str) -> Measured | None:
        """Of one load, its own meter first; None: nothing."""
        if name in self.own or name not in self.house_w:
            return self.own.get(name)
        return Measured(power_w=self.house_w[name], taken_s=self.taken_s)


class OwnMeters:
    """Remembers since when each load is set to what it is set to, and believes its meter by that."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[float, float]] = {}
        """Load to what it is set to, W, and the tick since when."""
        self.known: Mapping[str, Measured] = {}
        """What counts in this step, by load."""

    def observe(self, tick_s: float, load_w: Mapping[str, float], age_s: Mapping[str, float]) -> None:
        """Take note of what the meters say at this step, and of how old that is (0 where not told)."""
        known = {}
        for name, power_w in load_w.items():
            taken_s = tick_s - max(0.0, age_s.get(name, 0.0))
            if name not in self._told or taken_s >= self._told[name][1] + SETTLED_S:
                known[name] = Measured(power_w=power_w, taken_s=taken_s)
        self.known = known

    def remember_told(self, tick_s: float, power_w: Mapping[str, float]) -> None:
        """Note what each load is set to from `tick_s` on."""
        for name, told_w in power_w.items():
            if name not in self._told or self._told[name][0] != told_w:
                self._told[name] = (told_w, tick_s)

    def added_to(self, reading: Reading, taken_s: float) -> Reading:
        """The reading, taken at the tick `taken_s`, with what these meters say of the same time; theirs wins.

        A load that was set to something else since the reading was taken is left as the reading has it.
        """
        same = {
            name: measured.power_w
            for name, measured in self.known.items()
            if name not in self._told or taken_s >= self._told[name][1]
        }
        return replace(reading, load_w={**reading.load_w, **same}) if same else reading
