"""The devices behind a GX device: finds their units, asks them, and misses those that are lost or hang."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable, Mapping

from pv_heater.core.model.steering import Steering
from pv_heater.io.net.modbus import UNKNOWN_REGISTER, Refused
from pv_heater.meters.charger_states import charger_word, hardest
from pv_heater.victron.modbus.block_reader import BlockReader
from pv_heater.victron.modbus.driver_watch import HungDevices
from pv_heater.victron.modbus.limits import (
    ESS_ACTIVE,
    FEED_IN,
    PV_INVERTER,
    FeedIn,
    feed_in_of,
    inverter_held_back,
)
from pv_heater.victron.modbus.reading import DeviceValues
from pv_heater.victron.modbus.registers import (
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
from pv_heater.victron.modbus.steering import OtherBrains
from pv_heater.victron.modbus.units import PROBED, Kind, UnitSearch, UnitsFile, misnamed

log = logging.getLogger(__name__)

_PROBES_AT_FIRST = 8
"""A poll: some 1000 candidates are asked in two minutes, the likely ones within ten seconds."""
_PROBES_LATER = 1
_SEARCH_S = 0.5
"""A search takes no longer than this out of a second; and where the device itself is as slow, it hardly searches."""
_SLOW_S = 10.0
"""For what changes rarely: settings, charging states, and whether a device that was lost is back."""


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
        self._lost: set[tuple[Kind, int]] = set()
        self._lost_until_s: dict[tuple[Kind, int], float] = {}
        self._slow_due_s = float("-inf")
        self._probe_due_s = float("-inf")
        self._charger_state: str | None = None
        self._feed_in: FeedIn | None = None
        self._steering: Steering | None = None
        self._brains = OtherBrains(blocks, monotonic_s)
        self._inverters_held_back: tuple[bool | None, ...] = ()
        self._misnamed: str | None = None
        self._grid_left: list[int] = []
        """Units that were not yet asked whether they are a grid meter, in the present round."""
        self._grid_rounds = 0
        self._watch = HungDevices(blocks, monotonic_s)

    def look(self, system_unit: int, *, owner: str, needs_grid: bool, house: Hashable) -> DeviceValues:
        """What the devices say.

        `owner` is the GX device's serial number, `house` what the system says, which moves while it lives. Without a
        grid meter that was set or seen the GX device computes a grid power that can show an export while the house
        imports: then `DeviceValues.lost_grid_meter` says so. Without `needs_grid` it is not missed: on battery there is
        neither, and the meter may have died with the grid. Raises SourceError.
        """
        self._belong_to(owner)
        self._look_slowly(system_unit)
        grid_w, lost = self._grid_meters() if needs_grid else ((), None)
        kinds = (Kind.SOLAR_CHARGER, Kind.MULTI_RS)
        chargers = {(kind, unit): self._charger(kind, unit) for kind in kinds for unit in self._search.known(kind)}
        self._watch.look(
            chargers,
            house,
            grid_meters=self._search.known(Kind.GRID_METER) if needs_grid else (),
            inverters=self._search.known(Kind.INVERTER),
        )
        return DeviceValues(
            grid_meter_w=grid_w[0] if len(grid_w) == 1 else None,
            has_grid_meter=bool(grid_w),
            lost_grid_meter=lost,
            misnamed=self._misnamed,
            chargers=tuple(charger for charger in chargers.values() if charger is not None),
            all_chargers_answer=None not in chargers.values(),
            charger_state=self._charger_state,
            feed_in=self._feed_in,
            steering=self._steering,
            inverters_held_back=self._inverters_held_back,
            has_charger=bool(chargers),
            has_pv_inverter=bool(self._search.known(Kind.PV_INVERTER)),
            hung=self._watch.hung,
            inverter_hangs=self._watch.inverter_hangs,
        )

    def search_on(self, *, poll_s: float) -> None:
        """Ask the next few units whether they are a device that we want; what is new is kept. Raises SourceError.

        `poll_s` is what the last poll took: behind a slow line one unit is asked in ten seconds, or the search would
        take the time that readings need.
        """
        if self._owner is None:
            return  # nobody knows yet whose devices they are
        began_s = self._monotonic_s()
        is_slow = poll_s > _SEARCH_S
        if is_slow and began_s < self._probe_due_s:
            return
        self._probe_due_s = began_s + _SLOW_S
        count = _PROBES_LATER if self._search.rounds or is_slow else _PROBES_AT_FIRST
        for kind, unit in self._search.next_candidates(count):
            if self._monotonic_s() - began_s > _SEARCH_S:
                return
            if self._blocks.answers(unit, PROBED[kind]):
                self._found(kind, unit)

    def find_grid_meter(self, *, within_s: float) -> bool:
        """Ask for a grid meter where none is known to answer, until one is found or the time is up.

        Once all units were asked in vain, `knows_no_grid_meter` is true, and it begins anew. Raises SourceError.
        """
        began_s = self._monotonic_s()
        self._grid_left = self._grid_left or self._search.unknown(Kind.GRID_METER)
        while self._grid_left and self._monotonic_s() - began_s <= within_s:
            unit = self._grid_left[0]
            answers = self._blocks.answers(unit, PROBED[Kind.GRID_METER])
            self._grid_left.pop(0)
            if answers:
                self._found(Kind.GRID_METER, unit)
                return True
        self._grid_rounds += not self._grid_left
        return False

    @property
    def knows_no_grid_meter(self) -> bool:
        """Whether every unit was asked for one, and none is."""
        return self._grid_rounds > 0 and not self._search.known(Kind.GRID_METER)

    @property
    def may_look_for_grid_meter(self) -> bool:
        """Whether the owner left it to us, and none is known."""
        return not self._search.is_given(Kind.GRID_METER) and not self._search.known(Kind.GRID_METER)

    def _found(self, kind: Kind, unit: int) -> None:
        """Keep it. What was lost of the same kind came back under another id, as after a reboot of the GX device."""
        left = next((lost for lost in self._search.known(kind) if (kind, lost) in self._lost), None)
        self._search.add(kind, unit)
        place = ""
        if left is not None and not self._search.is_given(kind):
            self._search.drop(kind, left)
            self._lost.discard((kind, left))
            place = f", in place of the one at unit {left} that is lost"
        log.info("GX: found a %s at unit %d%s.", kind.replace("_", " "), unit, place)
        self._slow_due_s = float("-inf")
        if self._owner is not None:
            self._file.save(self._owner, self._search.as_jsonable())

    def _belong_to(self, owner: str) -> None:
        """Take back what was found behind the GX device with this serial number; forget what another one has."""
        if owner == self._owner:
            return
        self._misnamed = misnamed(self._blocks, self._fixed)
        self._owner = owner
        self._search.forget()
        self._lost.clear()
        self._grid_left, self._grid_rounds = [], 0
        self._slow_due_s = float("-inf")
        for kind in (Kind.GRID_METER, Kind.PV_INVERTER):
            for unit in self._fixed.get(kind, ()):
                self._search.add(kind, unit)
        self._search.restore(self._file.load(owner))
        for kind in (Kind.SOLAR_CHARGER, Kind.MULTI_RS):
            for unit in self._fixed.get(kind, ()):
                if self._blocks.answers(unit, PROBED[kind]):
                    self._search.add(kind, unit)

    def _grid_meters(self) -> tuple[tuple[float | None, ...], str | None]:
        """The power of those that answer, and why there can be no reading, if so.

        Where several were found one is enough: the GX device takes another when the one it used is lost. Those that
        the owner named are all missed.
        """
        powers_w: list[float | None] = []
        codes: dict[int, int] = {}
        for unit in self._search.known(Kind.GRID_METER):
            try:
                power_w = grid_meter_w(self._blocks.read(unit, GRID_METER))
            except Refused as error:
                codes[unit] = error.code
                self._miss(Kind.GRID_METER, unit)
            else:
                powers_w.append(power_w)
                self._lost.discard((Kind.GRID_METER, unit))
        given = self._search.is_given(Kind.GRID_METER)
        if not codes or (powers_w and not given):
            return tuple(powers_w), None
        unit, code = next(iter(codes.items()))
        advice = "correct grid_meter_units" if given else f"set grid_meter_units, or delete {self._file.path}"
        return tuple(powers_w), (
            f"GX: the grid meter (unit {unit}) is lost (exception {code}); without it grid power is not measured and "
            f"cannot be trusted. If it was removed for good, {advice}."
        )

    def _miss(self, kind: Kind, unit: int) -> None:
        """It does not answer. The first time the search begins anew: it may come back under another id."""
        if (kind, unit) not in self._lost:
            self._lost.add((kind, unit))
            self._search.begin_anew()
            self._grid_left = []

    def _look_slowly(self, system_unit: int) -> None:
        """Every ten seconds: the feed-in settings, who steers the battery, what chargers do, limits of PV inverters."""
        if self._monotonic_s() < self._slow_due_s:
            return
        if self._misnamed is not None:
            self._misnamed = misnamed(self._blocks, self._fixed)
        words = self._blocks.read_or_nothing(system_unit, FEED_IN)
        ess_runs = self._ess_runs(system_unit)
        self._feed_in = feed_in_of(words, ess_runs=ess_runs)
        self._steering = self._brains.look(system_unit, ess_runs=ess_runs)
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
            charger = self._asked(kind, unit)
        except Refused:
            self._lost_until_s[kind, unit] = self._monotonic_s() + _SLOW_S
            self._miss(kind, unit)
            return None
        self._lost.discard((kind, unit))
        return charger

    def _asked(self, kind: Kind, unit: int) -> Charger:
        if kind is Kind.MULTI_RS:
            mode = self._blocks.read(unit, MULTI_RS_MODE)
            trackers = self._blocks.read_or_nothing(unit, MULTI_RS_TRACKERS)
            return Charger(pv_w=None, modes=(*mode.values(), *trackers.values()))
        words = self._blocks.read(unit, CHARGER)
        trackers = {} if words.get(791) else self._blocks.read_or_nothing(unit, CHARGER_TRACKERS)
        return charger_of(words, trackers)

    def _ess_runs(self, system_unit: int) -> bool:
        """Only where 2709 has a service behind it; firmware that does not know the register gets the benefit."""
        try:
            self._blocks.read(system_unit, ESS_ACTIVE)
        except Refused as error:
            return error.code == UNKNOWN_REGISTER
        return True
