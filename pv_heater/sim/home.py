"""The software home: panels, battery, inverter, grid and tanks, as far as a controller can feel them.

Everything is counted at the AC side. Powers are watts, energies watt-hours; `Ledger` says what became of the energy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from math import exp, inf
from typing import Self

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.steering import Steering
from pv_heater.core.model.usual_battery import (
    CHARGE_EFFICIENCY,
    DISCHARGE_EFFICIENCY,
    IMPORT_COST,
    STORED_WORTH,
    TAPER_FROM_PERCENT,
)
from pv_heater.core.model.values import Reading
from pv_heater.core.settings.home import Site
from pv_heater.sim.battery import Battery
from pv_heater.sim.tank import Tank, TankSettings

LONGEST_STEP_S = 10.0
"""Longest step in which thermostats, limits and trackers may change."""
EVEN_STEP_S = 60.0
"""Longest step when they do not: what a tank loses is linear for no longer."""
RECOVERY_S = 10.0
"""Time constant with which a throttled tracker finds back to full power. In Victron's own recording of four throttled
chargers (venus-docker, simulation `bct`) power was back about ten seconds after release."""
THROTTLED_FROM_W = 20.0
"""A smaller gap between possible and produced power is not reported as throttling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """Between two seconds somebody else steers the battery."""

    from_s: float
    to_s: float
    steering: Steering | None
    """As the meter tells it; None: it does not."""
    battery_w: float | None = None
    """What the battery takes whatever sun and house do, below 0 gives; None: it follows them."""


class Home:
    """Integrates the physics; told from outside what the sun could give, the house uses and the heaters are set to."""

    def __init__(self, settings: HomeSettings, *, local_start_s: float = 0.0) -> None:
        """`local_start_s`: seconds since local midnight at second 0, for the hours at which people draw water."""
        self._settings = settings
        self._local_start_s = local_start_s
        self._tanks = {name: Tank(tank) for name, tank in settings.tanks.items() if tank is not None}
        percent_wh = settings.capacity_wh / 100.0
        self._start_wh = settings.start_percent * percent_wh
        self._battery = Battery(
            capacity_wh=settings.capacity_wh,
            start_wh=self._start_wh,
            reserve_wh=settings.reserve_percent * percent_wh,
            max_charge_w=settings.max_charge_w,
            taper_from_wh=settings.taper_from_percent * percent_wh,
            charge_efficiency=settings.charge_efficiency,
            discharge_efficiency=settings.discharge_efficiency,
        )
        self._sale_w = inf if settings.feed_in else 0.0
        self._inverter_w = settings.inverter_max_w if settings.inverter_max_w is not None else inf
        self._output_w: float | None = None
        self._flows = _Flows()
        self._totals = _Totals()
        self._heat_ws: dict[str, float] = {}
        self._heat_w: dict[str, float] = {}
        self._throttled = False
        self._spell: Spell | None = None

    def advance(self, from_s: float, to_s: float, sun_w: float, house_w: float, heater_w: Mapping[str, float]) -> None:
        """Live from `from_s` to `to_s` with constant inputs; the same second twice only settles the powers."""
        while True:
            step_s = min(EVEN_STEP_S, to_s - from_s)
            self._spell = next((row for row in self._settings.spells if row.from_s <= from_s < row.to_s), None)
            if step_s > LONGEST_STEP_S and not self._is_even(from_s, step_s, sun_w, house_w, heater_w):
                step_s = LONGEST_STEP_S
            self._step(from_s, step_s, sun_w, house_w, heater_w)
            from_s += step_s
            if from_s >= to_s:
                return

    def reading(self, at: datetime) -> Reading:
        """What the meter says at `at`, the end of the last `advance`."""
        settings, flows = self._settings, self._flows
        grid_w = None if settings.off_grid else flows.missing_w - flows.export_w
        return Reading(
            taken_at=at,
            source="software home",
            pv_w=flows.pv_w,
            consumption_w=flows.load_w - (flows.missing_w if settings.off_grid else 0.0),
            grid_w=grid_w,
            grid_phase_w=() if grid_w is None else (grid_w,),
            battery_w=flows.charge_w - flows.discharge_w,
            # A GX device and the VRM portal give tenths, so a battery on its last Wh does read 100 %.
            battery_soc_percent=round(self.soc_percent, 1),
            pv_throttled=self._throttled if settings.tells_throttling else None,
            feed_in_allowed=settings.feed_in,
            grid_connected=not settings.off_grid,
            load_w=dict(self._heat_w) if settings.tells_loads else {},
            load_c=self.tank_c if settings.tells_loads else {},
            steering=None if self._spell is None else self._spell.steering,
            interval_s=settings.interval_s,
        )

    @property
    def soc_percent(self) -> float:
        """State of charge, 0 to 100."""
        return 100.0 * self._battery.stored_wh / self._settings.capacity_wh

    @property
    def tank_c(self) -> dict[str, float]:
        """How warm each tank is."""
        return {name: tank.temperature_c for name, tank in self._tanks.items()}

    @property
    def ledger(self) -> Ledger:
        """Energies so far."""
        totals, off_grid = self._totals, self._settings.off_grid
        missing_wh = totals.missing_ws / 3600.0
        return Ledger(
            heat_wh={name: heat_ws / 3600.0 for name, heat_ws in self._heat_ws.items()},
            grid_import_wh=0.0 if off_grid else missing_wh,
            grid_export_wh=totals.export_ws / 3600.0,
            unused_wh=totals.unused_ws / 3600.0,
            unserved_wh=missing_wh if off_grid else 0.0,
            battery_start_wh=self._start_wh,
            battery_end_wh=self._battery.stored_wh,
            pv_wh=totals.pv_ws / 3600.0,
            house_wh=totals.house_ws / 3600.0,
        )

    def _is_even(
        self, from_s: float, step_s: float, sun_w: float, house_w: float, heater_w: Mapping[str, float]
    ) -> bool:
        """Whether powers stay what they are for `step_s`: no thermostat, reserve, taper or recovery changes them."""
        if self._settings.spells:
            return False
        load_w = house_w
        for name, power_w in heater_w.items():
            tank = self._tanks.get(name)
            if tank is None:
                load_w += power_w
            elif tank.is_even(self._local_start_s + from_s, step_s, power_w):
                load_w += tank.take_w(power_w)
            else:
                return False
        through_w = min(sun_w, load_w, self._inverter_w)
        if not self._battery.is_even(step_s, sun_w - through_w, min(load_w, self._inverter_w) - through_w):
            return False
        if self._output_w is None:
            return True
        return self._output_w >= min(sun_w, self._wanted_w(load_w, self._battery.charge_limit_w(step_s)))

    def _step(self, from_s: float, step_s: float, sun_w: float, house_w: float, heater_w: Mapping[str, float]) -> None:
        battery, flows, totals = self._battery, self._flows, self._totals
        load_w = house_w + self._heat(from_s, step_s, heater_w)
        charge_limit_w = battery.charge_limit_w(step_s)
        pv_w = self._produce_w(step_s, sun_w, self._wanted_w(load_w, charge_limit_w))
        to_load_w = min(pv_w, load_w, self._inverter_w)
        flows.pv_w, flows.load_w = pv_w, load_w
        flows.charge_w = min(pv_w - to_load_w, charge_limit_w)
        flows.discharge_w = min(load_w - to_load_w, self._inverter_w - to_load_w, battery.discharge_limit_w(step_s))
        if self._spell is not None and self._spell.battery_w is not None:
            flows.charge_w = min(max(0.0, self._spell.battery_w), charge_limit_w)
            flows.discharge_w = min(max(0.0, -self._spell.battery_w), battery.discharge_limit_w(step_s))
        missing_w = load_w + flows.charge_w - pv_w - flows.discharge_w
        flows.missing_w, flows.export_w = max(0.0, missing_w), max(0.0, -missing_w)
        battery.pass_time(step_s, flows.charge_w, flows.discharge_w)
        totals.pv_ws += pv_w * step_s
        totals.house_ws += house_w * step_s
        totals.missing_ws += flows.missing_w * step_s
        totals.export_ws += flows.export_w * step_s
        totals.unused_ws += (sun_w - pv_w) * step_s

    def _wanted_w(self, load_w: float, charge_limit_w: float) -> float:
        """Most that house, grid and battery take from the panels."""
        return min(load_w + self._sale_w, self._inverter_w) + charge_limit_w

    def _heat(self, from_s: float, step_s: float, heater_w: Mapping[str, float]) -> float:
        """What the heaters draw together: as set, but nothing behind an open thermostat."""
        total_w = 0.0
        for name, power_w in heater_w.items():
            tank = self._tanks.get(name)
            taken_w = power_w
            if tank is not None:
                taken_w = tank.take_w(power_w)
                tank.advance(self._local_start_s + from_s, step_s, taken_w)
            self._heat_w[name] = taken_w
            self._heat_ws[name] = self._heat_ws.get(name, 0.0) + taken_w * step_s
            total_w += taken_w
        return total_w

    def _produce_w(self, step_s: float, sun_w: float, wanted_w: float) -> float:
        """What the panels give: all the sun, less what nobody wants, less what a tracker has not yet found again."""
        mean_w = end_w = sun_w
        if self._output_w is not None and self._output_w < sun_w:
            gap_w = sun_w - self._output_w
            decay = exp(-step_s / RECOVERY_S)
            end_w = sun_w - gap_w * decay
            mean_w = sun_w - gap_w * (RECOVERY_S / step_s * (1.0 - decay) if step_s > 0 else 1.0)
        pv_w = min(mean_w, wanted_w)
        output_w = min(end_w, wanted_w)
        # None while the trackers follow the sun: then the next cloud edge is taken at once.
        self._output_w = output_w if sun_w - output_w > 1.0 else None
        self._throttled = sun_w - output_w > THROTTLED_FROM_W
        return pv_w


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeSettings:
    """What the home is made of, and what its meter can tell."""

    capacity_wh: float = 4800.0
    max_charge_w: float = 2400.0
    reserve_percent: float = 20.0
    start_percent: float = 50.0
    taper_from_percent: float = TAPER_FROM_PERCENT
    """State of charge from which the battery takes less and less, nothing at 100 %; 100 is full power to the end."""
    charge_efficiency: float = CHARGE_EFFICIENCY
    discharge_efficiency: float = DISCHARGE_EFFICIENCY
    inverter_max_w: float | None = None
    """Most that sun and battery together deliver to the AC side; None: no limit."""
    feed_in: bool = False
    off_grid: bool = False
    spells: Sequence[Spell] = ()
    """When somebody else steers the battery."""
    tanks: Mapping[str, TankSettings | None] = field(default_factory=dict)
    """By load; None, or no entry, is water without end."""
    interval_s: float = 10.0
    """The pace the meter claims."""
    tells_throttling: bool = True
    tells_loads: bool = True
    """Whether readings carry power and temperature of each load."""

    @classmethod
    def of_site(cls, site: Site, *, start_percent: float = 50.0, tanks: Mapping[str, TankSettings | None]) -> Self:
        """The owner's home: battery and inverter as configured, else as defaulted here."""
        plain = cls()
        battery = site.battery
        return cls(
            capacity_wh=battery.capacity_wh if battery else plain.capacity_wh,
            max_charge_w=battery.charge_limit_w if battery else plain.max_charge_w,
            reserve_percent=battery.reserve_percent if battery else plain.reserve_percent,
            start_percent=start_percent,
            inverter_max_w=site.inverter.max_w if site.inverter else None,
            feed_in=bool(site.feed_in) and not site.off_grid,
            off_grid=site.off_grid,
            tanks=tanks,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Energies since the beginning, in Wh."""

    heat_wh: Mapping[str, float]
    """By load, as really drawn."""
    grid_import_wh: float
    grid_export_wh: float
    unused_wh: float
    """Sun that the panels could have given and nobody took."""
    unserved_wh: float
    """Off grid only: what the house wanted and neither sun nor battery could give."""
    battery_start_wh: float
    battery_end_wh: float
    pv_wh: float
    """Produced, not available."""
    house_wh: float
    """The house without the controlled loads."""

    @property
    def heat_total_wh(self) -> float:
        """Of all loads together."""
        return sum(self.heat_wh.values())

    def value_wh(self) -> float:
        """What the time was worth: heat, plus what is left in the battery, minus twice what was bought or missing."""
        return (
            self.heat_total_wh
            + STORED_WORTH * self.battery_end_wh
            - IMPORT_COST * (self.grid_import_wh + self.unserved_wh)
        )


@dataclass(slots=True)
class _Flows:
    """Mean powers of the last step."""

    pv_w: float = 0.0
    load_w: float = 0.0
    charge_w: float = 0.0
    discharge_w: float = 0.0
    missing_w: float = 0.0
    """What neither sun nor battery gives: imported, or off grid not served."""
    export_w: float = 0.0


@dataclass(slots=True)
class _Totals:
    """Energies so far, in watt-seconds."""

    pv_ws: float = 0.0
    house_ws: float = 0.0
    missing_ws: float = 0.0
    export_ws: float = 0.0
    unused_ws: float = 0.0
