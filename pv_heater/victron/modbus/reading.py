"""What a GX device and the devices behind it say -> Reading. Pure."""

from __future__ import annotations

from datetime import datetime

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.steering import Steering
from pv_heater.core.model.values import Reading
from pv_heater.meters.plausible import total
from pv_heater.victron.ac_source import ac_source, has_grid
from pv_heater.victron.modbus.limits import FeedIn, feed_in_allowed, pv_throttled
from pv_heater.victron.modbus.plausibility import Believed
from pv_heater.victron.modbus.registers import Charger, System

_BATTERY_WORDS = {0: "idle", 1: "charging"}
_DISCHARGING = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceValues:
    """What the devices behind the GX device say themselves."""

    grid_meter_w: float | None = None
    """None without a grid meter, and with several."""
    has_grid_meter: bool = False
    lost_grid_meter: str | None = None
    """Why there can be no reading for want of a grid meter; None while none is missed."""
    misnamed: str | None = None
    """Which setting names a unit that is something else; None when none does."""
    hung: frozenset[str] = frozenset()
    """Devices whose driver hangs, in words: ``solar charger (unit 226)``."""
    inverter_hangs: bool = False
    chargers: tuple[Charger, ...] = ()
    all_chargers_answer: bool = True
    charger_state: str | None = None
    feed_in: FeedIn | None = None
    steering: Steering | None = None
    inverters_held_back: tuple[bool | None, ...] = ()
    has_charger: bool = False
    has_pv_inverter: bool = False

    @property
    def tracker_w(self) -> float | None:
        """PV power of all solar chargers together; None where one does not tell, and without any."""
        powers_w = [charger.pv_w for charger in self.chargers]
        return None if None in powers_w or not self.all_chargers_answer else total(powers_w)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSoFar:
    """What was seen of the plant so far: a phase or a panel does not go away because it reads 0."""

    phases: int = 1
    dc_pv: bool = False
    ac_pv: bool = False
    dc_load: bool = False
    consumption: tuple[bool, ...] = (False, False, False)
    """The phases on which the house has drawn."""
    soc_percent: float | None = None
    """The last state of charge that was believed."""

    def and_now(self, system: System, values: Believed) -> PlantSoFar:
        """The same, with what this poll shows in addition."""
        percent = values.battery_soc_percent
        return PlantSoFar(
            phases=max(self.phases, system.phases_in_use),
            dc_pv=self.dc_pv or bool(system.pv_dc_w),
            ac_pv=self.ac_pv or bool(system.pv_ac_w),
            dc_load=self.dc_load or bool(system.dc_load_w),
            consumption=tuple(
                had or bool(power_w)
                for had, power_w in zip(self.consumption, system.consumption_phase_w or (0.0,) * 3, strict=True)
            ),
            soc_percent=self.soc_percent if percent is None else percent,
        )


def reading_of(
    system: System, values: Believed, sight: DeviceValues, seen: PlantSoFar, *, taken_at: datetime, interval_s: float
) -> Reading:
    """The reading made of what is believed."""
    source = ac_source(None if sight.inverter_hangs else system.active_input, [system.genset_w])
    grid_connected = has_grid(source)
    # On a generator a grid meter shows what is left on its side, or its last value.
    grid_w = values.grid_w if grid_connected is not False else None
    return Reading(
        taken_at=taken_at,
        source="gx_modbus",
        pv_w=values.pv_w,
        consumption_w=values.consumption_w,
        grid_w=grid_w,
        grid_phase_w=() if grid_w is None else (system.grid_phase_w or ())[: seen.phases],
        battery_w=values.battery_w,
        battery_v=values.battery_v,
        battery_soc_percent=values.battery_soc_percent,
        charger_state=_charger_state(system, values, sight),
        pv_throttled=_throttled(sight),
        feed_in_allowed=feed_in_allowed(
            sight.feed_in,
            has_dc_pv=seen.dc_pv or sight.has_charger,
            has_ac_pv=seen.ac_pv or sight.has_pv_inverter,
            grid_connected=grid_connected,
            grid_w=grid_w,
        ),
        grid_connected=grid_connected,
        ac_source=source,
        # Where the device knows of no DC loads it says 0; estimated, they are as good as the inverter's word.
        dc_load_w=system.dc_load_w if seen.dc_load and values.consumption_w is not None else None,
        steering=sight.steering,
        interval_s=interval_s,
    )


def _charger_state(system: System, values: Believed, sight: DeviceValues) -> str | None:
    if values.battery_w is None:
        return sight.charger_state
    if system.battery_state == _DISCHARGING:
        return "discharging"
    return sight.charger_state or _BATTERY_WORDS.get(system.battery_state or 0)


def _throttled(sight: DeviceValues) -> bool | None:
    modes = (mode for charger in sight.chargers for mode in charger.modes)
    throttled = pv_throttled(modes, inverters_held_back=sight.inverters_held_back)
    # That nothing is held back takes the word of all.
    return throttled if throttled or sight.all_chargers_answer else None
