"""A day through the real loop as fast as it goes, for what-if and for the benches: its pace, and what its loads did."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pv_heater.core.house.sun import SunCourse
from pv_heater.core.model.values import OFF, Decision, Forecast, Reading
from pv_heater.core.settings.home import Site
from pv_heater.run.loop import Loop
from pv_heater.sim.clock import SimClock

TICK_S = 10.0
"""The loop's pace. A tick a second would cost ten times as much and see the same readings."""
DARK_TICK_S = 60.0
"""Its pace while the sun is well below the horizon: little is decided then, and half of all ticks are saved."""
DARK_BELOW_DEG = -3.0


def live_through(loop: Loop, clock: SimClock, site: Site, until_s: float, *, light_tick_s: float = TICK_S) -> None:
    """Tick until the end of the day, quickly by night."""
    course = SunCourse(site.latitude or 0.0, site.longitude or 0.0)
    while clock.monotonic_s() < until_s:
        loop.tick()
        clock.wait_until(min(until_s, clock.monotonic_s() + pace_s(course, clock.now(), light_tick_s)))
    loop.make_safe()


def pace_s(course: SunCourse, now: datetime, light_tick_s: float) -> float:
    """Seconds until the next look at the home: `light_tick_s` by day, longer by night."""
    return max(DARK_TICK_S, light_tick_s) if course.elevation_deg(now) < DARK_BELOW_DEG else light_tick_s


class Tally:
    """Satisfies `loop.Reporter`: counts starts, and changes of power while heating, of all loads together."""

    def __init__(self, loads: Iterable[str]) -> None:
        self._last = dict.fromkeys(loads, OFF)
        self.closings = 0
        self.moves = 0

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:  # noqa: ARG002
        """Compare with the tick before."""
        for name, last in self._last.items():
            setpoint = decision.setpoints[name]
            self.closings += setpoint.on and not last.on
            self.moves += setpoint.on and last.on and setpoint.power_w != last.power_w
            self._last[name] = setpoint
