"""Which values of a GX device can be believed. Pure.

Over Modbus a value that the GX device does not have reads as 0, and one that does not fit its register comes out as
another number. So a lone 0 needs a second witness, and the powers have to add up. What is not believed is left out;
with two of them left out the reading is worth nothing, because a house computed from the rest would look too small.
"""

from __future__ import annotations

from dataclasses import dataclass

from pv_heater.errors import BadReply
from pv_heater.meters.gx_registers import System
from pv_heater.meters.plausible import Complain

GRID_LIKE = frozenset({1, 3})
"""Active inputs with a grid behind them: grid and shore."""
NO_INPUT = 240
_SLACK_W = 150.0
_SLACK_SHARE = 0.1
"""How far the powers may be off without meaning anything: a Multi measures to some 50 to 100 W, devices are read up
to a second apart, and up to a tenth of the greatest flow is lost in conversion. Only ever held against an exact 0."""
_WRAPPED_W = 16_000.0
"""Off by more than this is no delay and no loss in a home: a 16-bit register has lost 65536 W. Which one, only a second
witness can tell: 65536 W more or less make the sum right for several."""
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
    has_monitor = bool(system.battery_v)
    powers = {
        "pv": _sum(system.pv_dc_w, system.pv_ac_w),
        "consumption": system.consumption_w,
        "grid": None if system.active_input == NO_INPUT else system.grid_w,
        "battery": system.battery_w if has_monitor else None,
    }
    doubted = _contradicted(system, witness) or _unbalanced(powers, system, witness)
    expected = {"pv", "consumption"}
    expected |= set() if system.active_input == NO_INPUT else {"grid"}
    expected |= {"battery"} if has_monitor else set()
    lost = doubted | {name for name in expected if powers[name] is None}
    if len(lost) > 1 or system.consumption_w is None:  # without it, nothing checks the others
        raise BadReply(f"GX: {' and '.join(sorted(lost))} power cannot be right ({_listed(powers)}).")
    for name in doubted:
        complain(f"GX: {name} power {powers[name]:.0f} W does not fit the rest ({_listed(powers)}); it is left out")
        powers[name] = None
    return Believed(
        pv_w=powers["pv"],
        consumption_w=powers["consumption"],
        grid_w=powers["grid"],
        battery_w=powers["battery"],
        battery_v=system.battery_v if has_monitor else None,
        battery_soc_percent=soc_percent,
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
        complain(f"GX: the state of charge is 0 % at {battery_v:.1f} V, which is no empty battery; it is left out")
    return None


def _is_empty(battery_v: float) -> bool:
    """Whether a battery with this voltage may be empty; not at 0 V, which no battery has."""
    blocks = max(1, round(battery_v / _BLOCK_V))
    return 0 < battery_v / blocks < _EMPTY_BLOCK_V


def _contradicted(system: System, witness: Witness) -> set[str]:
    """Values that the device which measures them contradicts."""
    doubted = set()
    meter_w, tracker_w = witness.grid_meter_w, witness.tracker_w
    grid_w, pv_w = system.grid_w, system.pv_dc_w
    if meter_w is not None and grid_w == 0 and abs(meter_w) > _WITNESS_W:
        doubted.add("grid")
    if tracker_w is not None and pv_w is not None:
        is_lone_zero = pv_w == 0 and tracker_w > _WITNESS_W
        if is_lone_zero or abs(tracker_w - pv_w) > _WRAPPED_W:
            doubted.add("pv")
    return doubted


def _unbalanced(powers: dict[str, float | None], system: System, witness: Witness) -> set[str]:
    """Values because of which what comes in is not what goes out."""
    known = {name: power_w for name, power_w in powers.items() if power_w is not None}
    if {"pv", "consumption"} - set(known) or not {"grid", "battery"} & set(known):
        return set()
    supply_w = known["pv"] + known.get("grid", 0.0) + system.genset_w
    spare_w = supply_w - known.get("battery", 0.0) - known["consumption"] - system.dc_load_w
    if abs(spare_w) > _WRAPPED_W:
        return set(known)  # any of them may be the one
    if abs(spare_w) <= _SLACK_W + _SLACK_SHARE * max(map(abs, known.values())):
        return set()
    zeros = {name for name, power_w in known.items() if power_w == 0} - _confirmed_zeros(witness)
    # Sun would only make too much more, and a house that draws something only too little less.
    return zeros - ({"pv"} if spare_w > 0 else {"consumption"})


def _confirmed_zeros(witness: Witness) -> set[str]:
    confirmed = set()
    if witness.grid_meter_w is not None and abs(witness.grid_meter_w) <= _WITNESS_W:
        confirmed.add("grid")
    if witness.tracker_w is not None and witness.tracker_w <= _WITNESS_W:
        confirmed.add("pv")
    return confirmed


def _sum(first_w: float | None, second_w: float | None) -> float | None:
    return None if first_w is None or second_w is None else first_w + second_w


def _listed(powers: dict[str, float | None]) -> str:
    return ", ".join(
        f"{name} {'unknown' if power_w is None else f'{power_w:.0f} W'}" for name, power_w in powers.items()
    )
