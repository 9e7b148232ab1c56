"""Which devices behind a GX device hang, as their voltages and currents tell over Modbus."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

from pv_heater.victron.modbus.block_reader import BlockReader
from pv_heater.victron.modbus.registers import (
    CHARGER_OWN,
    GRID_METER,
    GRID_METER_OWN,
    INVERTER,
    Charger,
    grid_meter_w,
    inverter_claims_w,
)
from pv_heater.victron.modbus.units import Kind, name_of
from pv_heater.victron.mqtt.lost_devices import Driver, HungDrivers

_EVERY_S = 5.0
"""How often it is looked whether the voltages of a device still move."""
_HUNG_S = 60.0
"""Twice as long as over MQTT: registers are rounded, and a charger that hangs ends readings here."""
_GRID_CLAIM = 10.0
"""ESS holds the grid near 50 W: a tenth of what a charger has to claim is enough."""


class HungDevices:
    """For use by one thread."""

    def __init__(self, blocks: BlockReader, monotonic_s: Callable[[], float]) -> None:
        self._blocks = blocks
        self._monotonic_s = monotonic_s
        self._due_s = float("-inf")
        self._drivers = HungDrivers(_HUNG_S)
        self._inverters: frozenset[str] = frozenset()
        self.hung: frozenset[str] = frozenset()
        """Names of the devices that hang: ``solar charger (unit 226)``."""

    @property
    def inverter_hangs(self) -> bool:
        """Whether one of them is an inverter."""
        return bool(self.hung & self._inverters)

    def look(
        self,
        chargers: Mapping[tuple[Kind, int], Charger | None],
        house: Hashable,
        *,
        grid_meters: Iterable[int],
        inverters: Iterable[int],
    ) -> None:
        """Look again, if it is time; `house` are values of the system. Raises SourceError."""
        if self._monotonic_s() < self._due_s:
            return
        self._due_s = self._monotonic_s() + _EVERY_S
        of_inverters = tuple(self._of_inverters(inverters))
        self._inverters = frozenset(driver.name for driver in of_inverters)
        drivers = (*self._of_chargers(chargers), *self._of_grid_meters(grid_meters), *of_inverters)
        self.hung = self._drivers.hung(drivers, house, self._monotonic_s())

    def _of_chargers(self, chargers: Mapping[tuple[Kind, int], Charger | None]) -> Iterator[Driver]:
        for (kind, unit), charger in chargers.items():
            own = {} if charger is None else self._blocks.read_or_nothing(unit, CHARGER_OWN)
            if own and charger is not None and charger.pv_w is not None:
                values = (charger.pv_w, *sorted(own.items()))
                yield Driver(name=name_of(kind, unit), values=values, claimed_w=charger.pv_w)

    def _of_grid_meters(self, units: Iterable[int]) -> Iterator[Driver]:
        for unit in units:
            own = self._blocks.read_or_nothing(unit, GRID_METER_OWN)
            words = self._blocks.read_or_nothing(unit, GRID_METER) if own else {}
            if words:
                values = (*sorted(own.items()), *sorted(words.items()))
                claimed_w = _GRID_CLAIM * abs(grid_meter_w(words) or 0.0)
                yield Driver(name=name_of(Kind.GRID_METER, unit), values=values, claimed_w=claimed_w)

    def _of_inverters(self, units: Iterable[int]) -> Iterator[Driver]:
        for unit in units:
            words = self._blocks.read_or_nothing(unit, INVERTER)
            if words:
                yield Driver(
                    name=name_of(Kind.INVERTER, unit),
                    values=tuple(sorted(words.items())),
                    claimed_w=inverter_claims_w(words),
                )
