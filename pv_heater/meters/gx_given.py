"""Units that the owner named by hand: is there what he says? A wrong one would be missed in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pv_heater.meters.gx_block_reader import BlockReader
from pv_heater.meters.gx_units import Kind

PROBED = {
    Kind.GRID_METER: 2600,
    Kind.SOLAR_CHARGER: 789,
    Kind.MULTI_RS: 4543,
    Kind.PV_INVERTER: 1026,
    Kind.INVERTER: 31,
}
"""A register that only this kind of device has."""
_NAMES = {kind: f"a {kind.replace('_', ' ')}" for kind in Kind} | {
    Kind.MULTI_RS: "a Multi RS",
    Kind.PV_INVERTER: "a PV inverter",
    Kind.INVERTER: "a Multi or Quattro",
}
_OTHERS = {259: "a battery monitor", 3303: "a temperature sensor"}
_SETTINGS = {
    "solar_charger_units": (Kind.SOLAR_CHARGER, Kind.MULTI_RS),
    "pv_inverter_units": (Kind.PV_INVERTER,),
    "grid_meter_units": (Kind.GRID_METER,),
}


def name_of(kind: Kind, unit: int) -> str:
    """For messages: ``solar charger (unit 226)``."""
    return f"{_NAMES[kind].removeprefix('a ')} (unit {unit})"


def misnamed(blocks: BlockReader, given: Mapping[Kind, tuple[int, ...]]) -> str | None:
    """Which unit is something else than its setting says; None when none is. Raises SourceError.

    A unit where nothing answers is no mistake: its device may be off, or start later.
    """
    for setting, unit, kinds in _named(given):
        if any(blocks.answers(unit, PROBED[kind]) for kind in kinds):
            continue
        others = {PROBED[kind]: _NAMES[kind] for kind in Kind if kind not in kinds} | _OTHERS
        found = next((name for address, name in others.items() if blocks.answers(unit, address)), None)
        if found is not None:
            return f"{setting} names unit {unit}, but that is {found}; leave the setting out, and it is found"
    return None


def _named(given: Mapping[Kind, tuple[int, ...]]) -> Iterator[tuple[str, int, tuple[Kind, ...]]]:
    for setting, kinds in _SETTINGS.items():
        for unit in given.get(kinds[0], ()):
            yield setting, unit, kinds
