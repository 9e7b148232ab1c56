"""A load that obeys at once, and the tools of a simulated home."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pv_heater.core.model.values import Setpoint
from pv_heater.core.settings.home import Battery, Site
from pv_heater.ports import Clock, Tools


class Obedient:
    """Satisfies `ports.Load`: draws what it is told."""

    def __init__(self, name: str = "heater", power_w: float = 0.0) -> None:
        self.name = name
        self._power_w = power_w
        self.closed = False

    def apply(self, setpoint: Setpoint, tick_s: float) -> float | None:
        self._power_w = setpoint.power_w
        return None

    def safe(self, tick_s: float) -> float | None:
        self._power_w = 0.0
        return None

    def trip(self) -> None:
        self._power_w = 0.0

    def reset(self) -> None:
        """Never tripped for good."""

    def trouble(self) -> None:
        """Always within reach."""

    def power_w(self) -> float:
        return self._power_w

    def close(self) -> None:
        self.closed = True


GRAZ = Site(
    latitude=47.05,
    longitude=15.44,
    timezone="Europe/Vienna",
    feed_in=False,
    battery=Battery(capacity_wh=4800, max_charge_w=2400),
)


def no_pins() -> Any:
    raise AssertionError("a simulation needs no pins")


def tools_for(clock: Clock, site: Site = GRAZ) -> Tools:
    return Tools(clock=clock, site=site, state_dir=Path(), pins=no_pins)
