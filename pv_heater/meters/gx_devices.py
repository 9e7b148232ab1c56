"""The devices behind a GX device: finds their units, asks them, and misses those that are lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

from pv_heater.errors import BadReply
from pv_heater.io.modbus import UNKNOWN_REGISTER, Refused
from pv_heater.meters.charger_words import charger_word, hardest
from pv_heater.meters.gx_block_reader import BlockReader
from pv_heater.meters.gx_limits import (
    ESS_ACTIVE,
    FEED_IN,
    PV_INVERTER,
    FeedIn,
    feed_in_of,
    inverter_held_back,
)
from pv_heater.meters.gx_reading import Sight
from pv_heater.meters.gx_registers import (
    CHARGER,
    CHARGER_STATE,
    CHARGER_TRACKERS,
    GRID_METER,
    MULTI_RS_MODE,
    MULTI_RS_TRACKERS,
    Charger,
    charger_of,
    grid_meter_w,
)
from pv_heater.meters.gx_units import Kind, UnitSearch
from pv_heater.meters.gx_units_file import UnitsFile

log = logging.getLogger(__name__)

_PROBES_AT_FIRST = 8
"""A poll: some 1000 candidates are asked in two minutes, the likely ones within ten seconds."""
_PROBES_LATER = 1
_SLOW_S = 10.0
"""For what changes rarely: settings, charging states, and whether a device that was lost is back."""
_PROBED = {Kind.GRID_METER: 2600, Kind.SOLAR_CHARGER: 789, Kind.MULTI_RS: 4543, Kind.PV_INVERTER: 1026}
"""A register that only this kind of device has."""


class GxDevices:
    """For use by one thread. `fixed` are the units that the owner gave, by kind."""

    def __init__(
        self,
        blocks: BlockReader,
        fixed: Mapping[Kind, Iterable[int]],
        file: UnitsFile,
        monotonic_s: Callable[[], float],
    ) -> None:
        self._blocks = blocks
        self._fixed = {kind: tuple(units) for kind, units in fixed.items()}
        self._search = UnitSearch(self._fixed)
        self._file = file
        self._monotonic_s = monotonic_s
        self._owner: str | None = None
        self._lost_until_s: dict[tuple[Kind, int], float] = {}
        self._slow_due_s = float("-inf")
        self._charger_state: str | None = None
        self._feed_in: FeedIn | None = None
        self._inverters_held_back: tuple[bool | None, ...] = ()

    def look(self, system_unit: int, *, owner: str, on_battery: bool) -> Sight:
        """What the devices say; `owner` is the GX device's serial number, `on_battery` that no grid is connected.

        Raises BadReply when a grid meter that was set or seen is gone: without it the GX device computes a grid power
        that can show an export while the house imports. On battery there is neither, and the meter may have died with
        the grid. Raises SourceError.
        """
        self._belong_to(owner)
        grid_meter_w = None if on_battery else self._grid_meter_w()
        kinds = (Kind.SOLAR_CHARGER, Kind.MULTI_RS)
        chargers = [self._charger(kind, unit) for kind in kinds for unit in self._search.known(kind)]
        self._look_slowly(system_unit)
        return Sight(
            grid_meter_w=grid_meter_w,
            chargers=tuple(charger for charger in chargers if charger is not None),
            all_chargers_answer=None not in chargers,
            charger_state=self._charger_state,
            feed_in=self._feed_in,
            inverters_held_back=self._inverters_held_back,
            has_charger=bool(chargers),
            has_pv_inverter=bool(self._search.known(Kind.PV_INVERTER)),
        )

    def search_on(self) -> None:
        """Ask the next few units whether they are a device that we want; what is new is kept. Raises SourceError."""
        count = _PROBES_LATER if self._search.rounds else _PROBES_AT_FIRST
        for kind, unit in self._search.next_candidates(count):
            if self._blocks.answers(unit, _PROBED[kind]):
                self._search.add(kind, unit)
                log.info("GX: found a %s at unit %d.", kind.replace("_", " "), unit)
                self._slow_due_s = float("-inf")
                if self._owner is not None:
                    self._file.save(self._owner, self._search.as_jsonable())

    def _belong_to(self, owner: str) -> None:
        """Take back what was found behind the GX device with this serial number; forget what another one has."""
        if owner == self._owner:
            return
        self._owner = owner
        self._search.forget()
        for kind in (Kind.GRID_METER, Kind.PV_INVERTER):
            for unit in self._fixed.get(kind, ()):
                self._search.add(kind, unit)
        self._search.restore(self._file.load(owner))

    def _grid_meter_w(self) -> float | None:
        powers_w = []
        for unit in self._search.known(Kind.GRID_METER):
            try:
                powers_w.append(grid_meter_w(self._blocks.read(unit, GRID_METER)))
            except Refused as error:
                raise BadReply(
                    f"GX: the grid meter (unit {unit}) is lost (exception {error.code}); without it grid power is not "
                    "measured and cannot be trusted. If it was removed for good, set grid_meter_units, or delete "
                    f"{self._file.path}."
                ) from None
        return powers_w[0] if len(powers_w) == 1 else None

    def _look_slowly(self, system_unit: int) -> None:
        """Every ten seconds: the feed-in settings, what chargers say they do, and the limits of PV inverters."""
        if self._monotonic_s() < self._slow_due_s:
            return
        words = self._blocks.read_or_nothing(system_unit, FEED_IN)
        self._feed_in = feed_in_of(words, ess_runs=self._ess_runs(system_unit))
        chargers, inverters = (self._search.known(kind) for kind in (Kind.SOLAR_CHARGER, Kind.PV_INVERTER))
        states = [self._blocks.read_or_nothing(unit, CHARGER_STATE).get(775) for unit in chargers]
        self._charger_state = hardest(charger_word(state) for state in states if state is not None)
        limiting = self._feed_in is not None and self._feed_in.limiting
        self._inverters_held_back = tuple(
            inverter_held_back(self._blocks.read_or_nothing(unit, PV_INVERTER), limiting=limiting) for unit in inverters
        )
        self._slow_due_s = self._monotonic_s() + _SLOW_S

    def _charger(self, kind: Kind, unit: int) -> Charger | None:
        """None for a charger that is gone; it is asked again after ten seconds."""
        if self._monotonic_s() < self._lost_until_s.get((kind, unit), float("-inf")):
            return None
        try:
            if kind is Kind.MULTI_RS:
                mode = self._blocks.read(unit, MULTI_RS_MODE)
                trackers = self._blocks.read_or_nothing(unit, MULTI_RS_TRACKERS)
                return Charger(pv_w=None, modes=(*mode.values(), *trackers.values()))
            words = self._blocks.read(unit, CHARGER)
            trackers = {} if words.get(791) else self._blocks.read_or_nothing(unit, CHARGER_TRACKERS)
            return charger_of(words, trackers)
        except Refused:
            self._lost_until_s[kind, unit] = self._monotonic_s() + _SLOW_S
            return None

    def _ess_runs(self, system_unit: int) -> bool:
        """Only where 2709 has a service behind it; firmware that does not know the register gets the benefit."""
        try:
            self._blocks.read(system_unit, ESS_ACTIVE)
        except Refused as error:
            return error.code == UNKNOWN_REGISTER
        return True
