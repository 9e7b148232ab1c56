"""What a home does, as exact devices would see it, and what of it the drivers' last words hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import exp

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.steering import Steering
from pv_heater.sim.chain_faults import ShownCharge


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The home from `from_s` on, as exact devices would see it. Powers are watts, with the signs of a Reading."""

    from_s: float
    charger_w: tuple[float, float]
    throttled: bool
    grid_w: float
    battery_w: float
    soc_percent: float
    output_w: float
    """Drawn behind the inverter, from its output."""
    input_w: float
    """Drawn beside it, on the grid's side."""
    dc_w: float
    """Drawn by DC loads, as far as a meter of their own sees them."""
    source: str
    """What feeds the AC input, see `Reading.ac_source`."""
    settling_w: float = 0.0
    """What the grid still bears of the last step at `from_s`; the inverter takes it over."""
    settling_s: float = 1.0
    """Time constant with which it does."""
    steering: Steering | None = None
    """Who else steers the battery."""

    @property
    def through_w(self) -> float:
        """What goes from the grid into the inverter, below 0 out of it."""
        return self.grid_w - self.input_w

    def at(self, second: float) -> Truth:
        """The same some time later, with that much of the last step settled."""
        if not self.settling_w:
            return self
        left_w = self.settling_w * exp(-max(0.0, second - self.from_s) / self.settling_s)
        return replace(self, grid_w=self.grid_w + left_w, battery_w=self.battery_w + left_w)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the calculation has at one moment: each driver's last word, None for one that is lost."""

    by_device: Mapping[str, Truth | None]
    said_s: Mapping[str, float]
    """When each looked last."""
    moved: frozenset[str]
    """Devices that have a new address by now."""
    knows_inverter: bool
    shown: ShownCharge | None

    @property
    def inverter(self) -> Truth | None:
        """The inverter's word, as far as the calculation knows it."""
        return self.by_device["vebus"] if self.knows_inverter else None

    @property
    def soc_percent(self) -> float | None:
        """The state of charge that is shown."""
        if self.shown is not None:
            return self.shown.percent
        battery = self.by_device["battery"]
        return battery.soc_percent if battery is not None else None

    @property
    def consumption_w(self) -> float | None:
        """The house as the calculation adds it up: what the output gives, and what the grid gives beside the input.

        Without the inverter its output is missing from the sum, and what remains still looks like a house. None
        without a grid meter, which the readers do not believe.
        """
        vebus, grid = self.inverter, self.by_device["grid"]
        if grid is None:
            return None
        if vebus is None:
            return max(0.0, grid.grid_w)
        if vebus.source not in ("grid", "shore"):
            return max(0.0, vebus.output_w) + max(0.0, vebus.input_w)
        return max(0.0, vebus.output_w) + max(0.0, grid.grid_w - vebus.through_w)
