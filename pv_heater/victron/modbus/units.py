"""Which Modbus unit ids the devices behind a GX device have: found few at a time, kept on disk, or named by the owner.

The unit id of a device is its instance up to 247; higher instances are mapped to ids counted down from 247 and to a few
fixed ones around 223 (Victron's dbus_modbustcp). `UnitSearch` finds them; `UnitsFile` keeps them, because a grid meter
that is lost must be missed after a restart too; `misnamed` asks whether an id that the owner named by hand is what he
says: a wrong one would be missed in silence.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from pv_heater.io.system.state_file import UnreadableState, read_object, write_atomically
from pv_heater.victron.modbus.block_reader import BlockReader

MOST_UNIT = 247
_LIKELY = (*range(30, 36), *range(215, 248), *range(20, 46))
"""Where grid meters are, because one that is lost must be missed; mapped ids (solar chargers); then PV inverters."""
_SYSTEM_UNIT = 100
_MAPPED = tuple(range(215, MOST_UNIT + 1))
"""Ids of high instances, which all Multis and Quattros have."""
EVERYWHERE = tuple(dict.fromkeys([*_LIKELY, *(unit for unit in range(MOST_UNIT + 1) if unit != _SYSTEM_UNIT)]))

log = logging.getLogger(__name__)
_NAME = "gx_modbus_units.json"
_OTHERS = {259: "a battery monitor", 3303: "a temperature sensor"}


class Kind(StrEnum):
    """A device that is looked for."""

    GRID_METER = "grid_meter"
    SOLAR_CHARGER = "solar_charger"
    MULTI_RS = "multi_rs"
    PV_INVERTER = "pv_inverter"
    INVERTER = "inverter"


_SETTINGS = {
    "solar_charger_units": (Kind.SOLAR_CHARGER, Kind.MULTI_RS),
    "pv_inverter_units": (Kind.PV_INVERTER,),
    "grid_meter_units": (Kind.GRID_METER,),
}


_NAMES = {kind: f"a {kind.replace('_', ' ')}" for kind in Kind} | {
    Kind.MULTI_RS: "a Multi RS",
    Kind.PV_INVERTER: "a PV inverter",
    Kind.INVERTER: "a Multi or Quattro",
}


PROBED = {
    Kind.GRID_METER: 2600,
    Kind.SOLAR_CHARGER: 789,
    Kind.MULTI_RS: 4543,
    Kind.PV_INVERTER: 1026,
    Kind.INVERTER: 31,
}
"""A register that only this kind of device has."""


class UnitSearch:
    """Walks the candidates of every kind, again and again; remembers what was found.

    `fixed` are the ids that the owner gave, by kind; a kind that is absent there is looked for everywhere.
    """

    def __init__(self, fixed: Mapping[Kind, Iterable[int]]) -> None:
        self._fixed = {kind: tuple(dict.fromkeys(units)) for kind, units in fixed.items()}
        self._allowed = dict.fromkeys(Kind, EVERYWHERE) | {Kind.INVERTER: _MAPPED} | self._fixed
        self._candidates = [(kind, unit) for unit in EVERYWHERE for kind in Kind if unit in self._allowed[kind]]
        self._next = 0
        self.rounds = 0
        """How often all candidates have been asked."""
        self._found: dict[Kind, list[int]] = {kind: [] for kind in Kind}

    def known(self, kind: Kind) -> tuple[int, ...]:
        """The units of that kind that have answered, in the order they were found."""
        return tuple(self._found[kind])

    def next_candidates(self, count: int) -> list[tuple[Kind, int]]:
        """Up to `count` candidates to ask next; none of those that are known. Never more than one round of them."""
        chosen: list[tuple[Kind, int]] = []
        for _ in range(len(self._candidates)):
            if len(chosen) == count:
                break
            kind, unit = self._candidates[self._next]
            self._next += 1
            if self._next == len(self._candidates):
                self._next, self.rounds = 0, self.rounds + 1
            if unit not in self._found[kind]:
                chosen.append((kind, unit))
        return chosen

    def add(self, kind: Kind, unit: int) -> None:
        """That unit is of that kind; ignored where the owner's list says otherwise."""
        if unit in self._allowed[kind] and unit not in self._found[kind]:
            self._found[kind].append(unit)

    def drop(self, kind: Kind, unit: int) -> None:
        """That unit was of that kind, and another has taken its place; the owner's list stands."""
        if kind not in self._fixed and unit in self._found[kind]:
            self._found[kind].remove(unit)

    def is_given(self, kind: Kind) -> bool:
        """Whether the owner named the units of that kind."""
        return kind in self._fixed

    def unknown(self, kind: Kind) -> list[int]:
        """The candidates of one kind that are not known, the likely ones first."""
        return [unit for unit in EVERYWHERE if unit in self._allowed[kind] and unit not in self._found[kind]]

    def begin_anew(self) -> None:
        """Something was lost, and may be back elsewhere: all candidates again, the likely ones first, and quickly."""
        self._next = self.rounds = 0

    def forget(self) -> None:
        """Begin anew: this is another GX device."""
        self._next = self.rounds = 0
        self._found = {kind: [] for kind in Kind}

    def as_jsonable(self) -> dict[str, Any]:
        """What was found, as plain JSON types."""
        return {kind.value: list(units) for kind, units in self._found.items()}

    def restore(self, found: Any) -> None:
        """Take back what `as_jsonable` gave; whatever else it may be is ignored."""
        if not isinstance(found, Mapping):
            return
        for kind in Kind:
            units = found.get(kind.value)
            for unit in units if isinstance(units, list) else ():
                if isinstance(unit, int) and not isinstance(unit, bool):
                    self.add(kind, unit)


class UnitsFile:
    """One small JSON file in `folder`. Whatever is wrong with it is logged, never raised."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME
        self._failed = False

    @property
    def path(self) -> Path:
        """Where it is, for a message that tells how to forget a device."""
        return self._path

    def load(self, owner: str) -> Any:
        """What was kept for `owner` (a GX device's serial number); None when there is nothing."""
        try:
            kept = read_object(self._path)
            return kept["units"] if kept is not None and kept["gx"] == owner else None
        except (UnreadableState, KeyError) as error:
            log.warning(
                "The known Modbus units in %s cannot be used (%s); they are looked for again.", self._path, error
            )
            return None

    def save(self, owner: str, units: Any) -> None:
        """Replace what is kept."""
        try:
            write_atomically(self._path, json.dumps({"gx": owner, "units": units}, indent=1) + "\n")
            self._failed = False
        except OSError as error:
            if not self._failed:
                log.warning("The known Modbus units cannot be kept in %s: %s.", self._path, error)
            self._failed = True


def name_of(kind: Kind, unit: int) -> str:
    """For messages: ``solar charger (unit 226)``."""
    return f"{_NAMES[kind].removeprefix('a ')} (unit {unit})"


def misnamed(blocks: BlockReader, given: Mapping[Kind, tuple[int, ...]]) -> str | None:
    """Which unit is something else than its setting says; None when none is. Raises SourceError.

    A unit where nothing answers is not a mistake: its device may be off, or start later.
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
