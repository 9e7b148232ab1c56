"""Which loads draw nothing although they are set to: their thermostat has opened, or a fuse, cable or element broke.

Two proofs, and no guess. A load with a meter of its own reads next to nothing. Without one, the whole house draws
less than this load alone would: then it cannot be drawing, whatever else runs. The first must be seen in two readings,
the second in all of five minutes.
"""

from __future__ import annotations

from collections.abc import Mapping

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import Reading

SETTLED_S = 20.0
"""A reading counts for a load that was on this long before it was taken: servos travel 1 s, networked dimmers answer
within a few, and the meter's clock may differ from ours by as much again."""
LEAST_SPAN_S = 5.0
"""Time between the first and the last reading that show it: two samples of a fast meter could be one hiccup."""
RETEST_S = 1800.0
"""Half an hour. A tank of 150 l loses the 1 K of its thermostat in about three hours, or at once when hot water is
drawn; testing twice an hour stays below the 25 closings a day that a relay gets by default."""

SHARE_DRAWN = 0.25
"""A load that measures less of its power than this draws nothing. The least that something in order draws is a
three-phase element on its last phase, a third; the most that nothing draws are the watts of some electronics."""
LOW_SHARE = 0.1
"""In the lowest tenth of a regulator's range an error of its curve or its knob can mean that nothing flows."""
LONG_SPAN_S = 300.0
"""There, and where only the house tells it, it must be seen for as long as a load usually stays on at least: a reading
of the house is not a measurement of the load, and waiting costs others a few minutes."""

SHARE_OF_HOUSE = 0.5
"""The house draws less than this share of all that its loads were set to: one of them draws nothing. An uncalibrated
regulator at low mains voltage still draws more."""
SHARE_IN_DOUBT = 0.7
"""Which one: a load that drew would draw at least this share of what it was set to; the house draws less than that."""
LEAST_TOLD_W = 300.0
"""Without a meter of its own, smaller loads are lost in the coming and going of the house."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """A load found to draw nothing."""

    because: str
    until_s: float
    """The tick at which it is given another chance."""

    def ends(self, tick_s: float, power_w: float, measured_w: float | None) -> bool:
        """Whether that is over: its time is up, or it is on (`power_w` above 0) and measured to draw."""
        draws = measured_w is not None and power_w > 0 and abs(measured_w) >= SHARE_DRAWN * power_w
        return draws or tick_s >= self.until_s


class IdleLoads:
    """Watches, reading by reading, whether the loads draw what they are set to."""

    def __init__(self, max_power_w: Mapping[str, float]) -> None:
        """`max_power_w`: every load's full power."""
        self._max_power_w = max_power_w
        self._first_s: dict[str, float] = {}
        """When the first reading of an unbroken row was taken that shows this load drawing nothing."""
        self._still_idle: set[str] = set()
        """Loads found idle that no reading since has shown to draw, or possibly to draw."""
        self._drew: dict[str, bool] = {}
        """Loads that seemed to draw since the program began; False: not since they were last found idle."""

    def find(self, reading: Reading, taken_tick_s: float, told_w: Mapping[str, float]) -> dict[str, str]:
        """Loads that this new reading proves to draw nothing, each with the reason.

        `told_w` is the least each load was set to in the `SETTLED_S` before the reading was taken.
        """
        showing: dict[str, str] = {}
        unmeasured_w: dict[str, float] = {}
        for name, power_w in told_w.items():
            if power_w <= 0:
                continue
            if name not in reading.load_w:
                unmeasured_w[name] = power_w
                may_draw = reading.consumption_w is not None and reading.consumption_w >= SHARE_IN_DOUBT * power_w
            else:  # whichever way round its clamp is
                drawn_w = abs(reading.load_w[name])
                may_draw = drawn_w >= SHARE_DRAWN * power_w
                if not may_draw:
                    showing[name] = f"draws nothing, {drawn_w:.0f} W of {power_w:.0f} W"
            if may_draw:
                self._drew[name] = True
                if name in self._still_idle:
                    self._still_idle.remove(name)
        if unmeasured_w:
            showing |= _unmeasured_idle(reading, unmeasured_w, told_w)
        if not showing:
            self._first_s = {}
            return {}
        self._first_s = {name: self._first_s.get(name, taken_tick_s) for name in showing}
        found = {
            name: f"{numbers}: {self._likely(name)}"
            for name, numbers in showing.items()
            if taken_tick_s - self._first_s[name] >= self._span_s(name, told_w[name], measured=name in reading.load_w)
        }
        for name in found:
            del self._first_s[name]
            self._still_idle.add(name)
            if name in self._drew:
                self._drew[name] = False
        return found

    def _span_s(self, name: str, power_w: float, *, measured: bool) -> float:
        if power_w < LOW_SHARE * self._max_power_w[name]:
            return LONG_SPAN_S
        return LEAST_SPAN_S if measured or name in self._still_idle else LONG_SPAN_S

    def _likely(self, name: str) -> str:
        if name not in self._drew:
            return "thermostat open, or its fuse or cable"
        return "the thermostat has opened" if self._drew[name] else "the thermostat is still open"


def _unmeasured_idle(
    reading: Reading, unmeasured_w: Mapping[str, float], told_w: Mapping[str, float]
) -> dict[str, str]:
    """By what the whole house draws; two of about the same power are never told apart."""
    if reading.consumption_w is None:
        return {}
    house_w = reading.consumption_w
    if reading.load_w:
        house_w -= sum([reading.load_w.get(name, 0.0) for name in told_w if told_w[name] > 0])
    if house_w >= SHARE_OF_HOUSE * sum(unmeasured_w.values()):
        return {}
    return {
        name: f"draws nothing, the house used {house_w:.0f} W while it alone was set to {power_w:.0f} W"
        for name, power_w in unmeasured_w.items()
        if power_w >= LEAST_TOLD_W and house_w < SHARE_IN_DOUBT * power_w
    }
