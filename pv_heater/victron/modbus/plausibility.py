"""Which values of a GX device can be believed. Pure.

Over Modbus a value that the GX device does not have reads as 0, and one that does not fit its register comes out as
another number. So a lone 0 needs a second witness, and the powers have to add up. What is not believed is left out;
where a house computed from the rest could look too small there is no reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pv_heater.core.model.lean import dataclass
from pv_heater.errors import BadReply
from pv_heater.io.system.log import Complain
from pv_heater.victron.ac_source import NO_INPUT
from pv_heater.victron.modbus.registers import System

_SLACK_W = 150.0
_SLACK_SHARE = 0.1
"""How far the powers may be off without meaning anything: a Multi measures to some 50 to 100 W, devices are read up
to a second apart, and up to a tenth of the greatest flow is lost in conversion. Only ever held against an exact 0."""
_WRAPPED_W = 16_000.0
"""Off by more than this is neither a delay nor a loss in a home: a 16-bit register has lost 65536 W. Which one, only a
second witness can tell: 65536 W more or less make the sum right for several."""
_LASTING_W = 500.0
_LASTING_SHARE = 0.25
"""More than any loss or unmeasured small consumer: a current clamp or a shunt the wrong way round, a source that nobody
measures. It is said, no more: nobody can say which value it is, and a wind turbine is not a fault."""
_WITNESS_W = 150.0
_EMPTY_PERCENT = 5.0
"""A state of charge that was this low may have become 0; no battery gets there from more within seconds."""
_BLOCK_V = 12.8
_EMPTY_BLOCK_V = 12.0
"""Volts of a nominal 12 V of battery: below 12.0 lead and lithium iron phosphate (3.0 V a cell) are empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What else is known, to judge a 0 by. None: nobody who could tell."""

    grid_meter_w: float | None = None
    """What the one grid meter measures itself."""
    tracker_w: float | None = None
    """PV power of all solar chargers, by their own word."""
    soc_before_percent: float | None = None
    """The last state of charge that was believed."""
    off_grid: bool = False
    """The owner says there is no grid."""
    has_battery: bool = True
    """The owner told of a battery."""
    without_inverter: bool = False
    """Its driver is lost or hangs: what the system says of consumption is not the house."""
    has_grid_meter: bool = True
    """A device of its own measures the grid."""
    drew_on: tuple[bool, ...] = (False, False, False)
    """The phases on which the house has drawn before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """What of a `System` can be believed; None is left out."""

    pv_w: float | None
    consumption_w: float | None
    grid_w: float | None
    battery_w: float | None
    battery_v: float | None
    battery_soc_percent: float | None


def missing_at_start(system: System, witness: Witness) -> str | None:
    """What still reads as 0 although it cannot be, in words; None when nothing does.

    In its first seconds a GX device serves zeros for what it has not heard of yet. To be asked only then: later a 0 is
    judged by itself.
    """
    zeros = []
    if witness.has_battery and (not system.battery_v or not system.battery_soc_percent):
        zeros.append("battery")
    if not witness.off_grid and system.active_input != NO_INPUT and system.grid_w == 0:
        zeros.append("grid")
    if system.consumption_w == 0:
        zeros.append("consumption")
    return " and ".join(zeros) or None


def believed(system: System, witness: Witness, complain: Complain) -> Believed:
    """The values that can be believed; raises BadReply when too little is left or the battery's monitor is lost."""
    soc_percent = _soc_percent(system, witness, complain)
    if witness.without_inverter:
        system = replace(system, consumption_w=None, consumption_phase_w=None)
    powers = _powers(system)
    doubts = _contradictions(system, witness) or _imbalances(system, witness)
    lost = set(doubts) | {name for name in _expected(system) if powers[name] is None}
    if witness.without_inverter:
        _require_others(lost - {"consumption"}, powers, witness)
    else:
        _require_enough(lost, powers)
    for name, why in doubts.items():
        power_w = powers[name]
        if power_w is not None:  # a part of it may have been left out before
            complain(f"GX: {name} power reads {power_w:.0f} W, but {why}; it is left out")
            powers[name] = None
    return Believed(
        pv_w=_not_below_0(powers["pv"]),
        consumption_w=_not_below_0(powers["consumption"]),
        grid_w=powers["grid"],
        battery_w=powers["battery"],
        battery_v=system.battery_v or None,
        battery_soc_percent=soc_percent,
    )


def _not_below_0(power_w: float | None) -> float | None:
    """What PV inverters draw at night is not production."""
    return None if power_w is None else max(0.0, power_w)


def unaccounted_w(system: System) -> float | None:
    """What comes in and goes nowhere; below 0, what is used and comes from nowhere. None when too little is known."""
    known = {name: power_w for name, power_w in _powers(system).items() if power_w is not None}
    if {"pv", "consumption"} - set(known) or not {"grid", "battery"} & set(known):
        return None
    supply_w = known["pv"] + known.get("grid", 0.0) + system.genset_w
    return supply_w - known["consumption"] - known.get("battery", 0.0) - system.dc_load_w


def is_off_balance(system: System) -> bool:
    """Whether the powers are so far from adding up that it has a reason, when it lasts."""
    off_w = unaccounted_w(system)
    greatest_w = max((abs(power_w) for power_w in _powers(system).values() if power_w is not None), default=0.0)
    return off_w is not None and abs(off_w) > _LASTING_W + _LASTING_SHARE * greatest_w


def _powers(system: System) -> dict[str, float | None]:
    return {
        "pv": None if system.pv_dc_w is None or system.pv_ac_w is None else system.pv_dc_w + system.pv_ac_w,
        "consumption": system.consumption_w,
        "grid": None if system.active_input == NO_INPUT else system.grid_w,
        # Without a voltage there is no battery monitor, and the power is that of the chargers.
        "battery": system.battery_w if system.battery_v else None,
    }


def _expected(system: System) -> set[str]:
    grid = set() if system.active_input == NO_INPUT else {"grid"}
    return {"pv", "consumption"} | grid | ({"battery"} if system.battery_v else set())


def _require_enough(lost: set[str], powers: Mapping[str, float | None]) -> None:
    """Raise BadReply where a surplus computed from what is left could be too large.

    With the consumption known, the house cannot look too small. Without it the others have to be whole, and have to
    be checked by the balance, which a consumption that reads 0 fails; one that cannot be read checks nothing.
    """
    no_consumption = "consumption" in lost and (len(lost) > 1 or powers["consumption"] is None)
    if no_consumption or {"pv", "grid"} <= lost:
        texts = (f"{name} {'unknown' if w is None else f'{w:.0f} W'}" for name, w in powers.items())
        raise BadReply(f"GX: {' and '.join(sorted(lost))} power cannot be right ({', '.join(texts)}).")


def _require_others(lost: set[str], powers: Mapping[str, float | None], witness: Witness) -> None:
    """Raise BadReply where the inverter is gone and the balance of the others cannot stand in for consumption."""
    missing = lost | ({"battery"} if powers["battery"] is None else set())
    if not witness.has_grid_meter and not witness.off_grid:
        missing |= {"grid"}
    if missing:
        raise BadReply(
            f"GX: the inverter is lost or hangs, and with it consumption; {' and '.join(sorted(missing))} power is not "
            "measured by another device either. Look after the cable to the inverter, or restart the GX device."
        )


def _soc_percent(system: System, witness: Witness, complain: Complain) -> float | None:
    percent, before_percent, battery_v = system.battery_soc_percent, witness.soc_before_percent, system.battery_v or 0.0
    may_be_empty = _is_empty(battery_v) or (before_percent is not None and before_percent <= _EMPTY_PERCENT)
    if percent or (percent == 0 and may_be_empty):
        return percent
    if before_percent is not None:
        now = "unknown" if percent is None else "0 %"
        raise BadReply(
            f"GX: the state of charge was {before_percent:.0f} % and is {now} now, at {battery_v:.1f} V: the battery "
            "monitor is lost, and the battery power is only that of the chargers."
        )
    if percent == 0 and battery_v:
        complain(f"GX: the state of charge is 0 % at {battery_v:.1f} V, which no empty battery shows; it is left out")
    return None


def _is_empty(battery_v: float) -> bool:
    """Whether a battery with this voltage may be empty; not at 0 V, which no battery has."""
    blocks = max(1, round(battery_v / _BLOCK_V))
    return 0 < battery_v / blocks < _EMPTY_BLOCK_V


def _contradictions(system: System, witness: Witness) -> dict[str, str]:
    """Values that the device which measures them contradicts, and what it says."""
    doubts = {}
    meter_w, tracker_w = witness.grid_meter_w, witness.tracker_w
    if meter_w is not None and system.grid_w == 0 and abs(meter_w) > _WITNESS_W:
        doubts["grid"] = f"the grid meter itself says {meter_w:.0f} W"
    if tracker_w is not None and system.pv_dc_w is not None:
        is_lone_zero = system.pv_dc_w == 0 and tracker_w > _WITNESS_W
        if is_lone_zero or abs(tracker_w - system.pv_dc_w) > _WRAPPED_W:
            doubts["pv"] = f"the solar chargers say {tracker_w:.0f} W"
    return doubts


def _imbalances(system: System, witness: Witness) -> dict[str, str]:
    """Values because of which what comes in may not be what goes out."""
    off_w = unaccounted_w(system)
    known = {name: power_w for name, power_w in _powers(system).items() if power_w is not None}
    if off_w is None or abs(off_w) <= _SLACK_W + _SLACK_SHARE * max(map(abs, known.values())):
        return {}
    suspects = set(known)  # a wrapped register may be any of them
    if abs(off_w) <= _WRAPPED_W:
        zeros = {name for name, power_w in known.items() if power_w == 0}
        phases_w = system.consumption_phase_w or ()
        if any(had and power_w == 0 for had, power_w in zip(witness.drew_on, phases_w, strict=False)):
            zeros.add("consumption")  # a phase that is lost reads 0, and the sum lacks it
        # Sun would only make too much more, and a house that draws something only too little less.
        suspects = zeros - _confirmed_zeros(witness) - ({"pv"} if off_w > 0 else {"consumption"})
    return dict.fromkeys(suspects, f"{abs(off_w):.0f} W are not accounted for")


def _confirmed_zeros(witness: Witness) -> set[str]:
    confirmed = set()
    if witness.grid_meter_w is not None and abs(witness.grid_meter_w) <= _WITNESS_W:
        confirmed.add("grid")
    if witness.tracker_w is not None and witness.tracker_w <= _WITNESS_W:
        confirmed.add("pv")
    return confirmed
