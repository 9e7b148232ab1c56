"""What the limits are judged by: each quantity as it was last reported, for as long as a whole reading would count.

A limit is not kept because nobody tells. What is missing is bounded by what is known (a house takes at least what the
grid delivers, an inverter carries at least our own loads); what nothing bounds from above is unknown, and the guards
block. See `core.house.guards`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pv_heater.core.model.lean import passing
from pv_heater.core.model.values import Reading
from pv_heater.core.settings.home import Limits, Site

MOST_PHASES = 3
NOTHING = "nothing would ever heat"
NOT_BY_ITSELF = "nothing would heat by itself"


@passing(frozen=True, slots=True, kw_only=True)
class Quantities:
    """What is known at a step. None: unknown, which is never a limit kept."""

    house_w: float | None = None
    house_at_least_w: float = 0.0
    inverter_load_w: float | None = None
    inverter_at_least_w: float = 0.0
    phase_w: tuple[float, ...] = ()
    """By phase, as far as reported."""
    phases_known: bool = False
    """Whether every phase of the home is reported; also where no grid feeds it."""
    grid_w: float | None = None
    grid_missing: bool = False
    """Its power is unknown though this meter has reported it before."""
    soc_percent: float | None = None
    charge_missing: bool = False
    """There is a battery, and how much it holds has been unknown for longer than a reading counts."""


@passing(frozen=True, slots=True, kw_only=True)
class _Told:
    """What one reading told. None: it did not."""

    reading: Reading
    tick_s: float
    """When it was taken."""
    own_w: float
    """What our own loads drew then."""
    own_by_load_w: Mapping[str, float]
    house_w: float | None
    inverter_w: float | None
    phase_w: tuple[float, ...] | None
    grid_w: float | None
    soc_percent: float | None


class Limited:
    """Remembers each quantity as last reported."""

    def __init__(self, site: Site, limits: Limits, *, phases_at_least: int = 0) -> None:
        """`phases_at_least`: so many the loads' settings speak of."""
        self._site = site
        self._has_grid_limit = has_grid_limit(limits)
        self._phases = phases_at_least
        self._has_battery = self._has_charge = site.battery is not None
        self._since_s: float | None = None
        """When the first reading was taken; None before it."""
        self._grid_told_by: set[str] = set()
        self._house: _Told | None = None
        """The newest reading that told it; the same of those below."""
        self._inverter: _Told | None = None
        self._phase: _Told | None = None
        self._grid: _Told | None = None
        self._soc: _Told | None = None

    def adopt(self, limits: Limits) -> None:
        """Go on with these limits."""
        self._has_grid_limit = has_grid_limit(limits)

    def note(self, reading: Reading, tick_s: float, own_w: float, own_by_load_w: Mapping[str, float]) -> None:
        """A new reading that is believed, and what our own loads drew when it was taken, together and by load."""
        self._since_s = tick_s if self._since_s is None else self._since_s
        self._has_battery = self._has_battery or tells_battery(reading)
        self._has_charge = self._has_charge or reading.battery_soc_percent is not None
        if reading.grid_phase_w and len(reading.grid_phase_w) > self._phases:
            self._phases = min(MOST_PHASES, len(reading.grid_phase_w))
        if reading.grid_w is not None and reading.source not in self._grid_told_by:
            self._grid_told_by.add(reading.source)
        site, has_battery = self._site, self._has_battery
        told = _Told(
            reading=reading,
            tick_s=tick_s,
            own_w=own_w,
            own_by_load_w=own_by_load_w,
            house_w=house_of(reading, site, has_battery=has_battery),
            inverter_w=inverter_of(reading, has_battery=has_battery),
            phase_w=reading.grid_phase_w if tells_phases(reading, site, self._phases) else None,
            grid_w=self._grid_w(reading) if reading.grid_w is None else reading.grid_w,
            soc_percent=reading.battery_soc_percent,
        )
        self._house = self._house if told.house_w is None else told
        self._inverter = self._inverter if told.inverter_w is None else told
        self._phase = self._phase if told.phase_w is None else told
        self._grid = self._grid if told.grid_w is None else told
        self._soc = self._soc if told.soc_percent is None else told

    def at(
        self, tick_s: float, max_age_s: float, reading: Reading | None, whole_w: float | None, commanded_w: float
    ) -> Quantities:
        """What is known at a tick.

        `reading` is the one in force, `whole_w` the house in it, `commanded_w` what our own loads are set to.
        """
        house, inverter, phase, grid, soc = [
            told if told is not None and tick_s - told.tick_s < max_age_s else None
            for told in (self._house, self._inverter, self._phase, self._grid, self._soc)
        ]
        house_w = None if house is None else house.house_w
        if house is not None and house_w is not None and house.reading is not reading:
            house_w += 0.0 if self._tells_house(reading) else max(0.0, commanded_w - house.own_w)
        at_least_w = 0.0 if reading is None else _at_least_w(reading, whole_w)
        inverter_w = None if inverter is None else inverter.inverter_w
        if inverter is not None and inverter_w is not None and commanded_w > inverter.own_w:
            inverter_w += commanded_w - inverter.own_w
        told_phases = () if reading is None else reading.grid_phase_w
        return Quantities(
            house_w=house_w,
            house_at_least_w=commanded_w if commanded_w > at_least_w else at_least_w,
            inverter_load_w=inverter_w,
            inverter_at_least_w=commanded_w,
            phase_w=told_phases if told_phases or phase is None or phase.phase_w is None else phase.phase_w,
            phases_known=phase is not None,
            grid_w=None if grid is None else grid.grid_w,
            grid_missing=grid is None and reading is not None and self._should_tell_grid(reading),
            soc_percent=None if soc is None else soc.soc_percent,
            charge_missing=soc is None and self._has_charge and self._waited_s(tick_s) >= max_age_s,
        )

    def phases_told(self, tick_s: float, max_age_s: float) -> tuple[tuple[float, ...], Mapping[str, float]] | None:
        """(power of each phase, what each of our loads drew then) as last reported; None: unknown."""
        told = self._phase
        if told is None or told.phase_w is None or tick_s - told.tick_s >= max_age_s:
            return None
        return told.phase_w, told.own_by_load_w

    def base_w(self, tick_s: float, max_age_s: float) -> float | None:
        """The house without our own loads as last reported; None: unknown."""
        told = self._house
        if told is None or told.house_w is None or tick_s - told.tick_s >= max_age_s:
            return None
        return max(0.0, told.house_w - told.own_w)

    def _grid_w(self, reading: Reading) -> float | None:
        """What the grid delivers. By the balance of the rest only where the owner's own limit needs it."""
        grid_w = grid_of(reading, self._site)
        if grid_w is not None or not self._has_grid_limit:
            return grid_w
        return balance_of(reading, has_battery=self._has_battery)

    def _waited_s(self, tick_s: float) -> float:
        """For how long readings have come."""
        return 0.0 if self._since_s is None else tick_s - self._since_s

    def _tells_house(self, reading: Reading | None) -> bool:
        return reading is not None and house_of(reading, self._site, has_battery=self._has_battery) is not None

    def _should_tell_grid(self, reading: Reading) -> bool:
        """Whether this meter has reported the grid's power before, or the owner has set a limit of his own for it."""
        return reading.source in self._grid_told_by or self._has_grid_limit


def tells_battery(reading: Reading) -> bool:
    """Whether a reading speaks of a battery."""
    return reading.battery_w is not None or reading.battery_soc_percent is not None or reading.battery_v is not None


def tells_phases(reading: Reading, site: Site, phases: int) -> bool:
    """Whether every one of so many phases is reported; where no grid feeds the home none carries anything."""
    return len(reading.grid_phase_w) >= (phases or 1) or _no_grid(reading, site)


def house_of(reading: Reading, site: Site, *, has_battery: bool) -> float | None:
    """What the house draws, where nothing of it is guessed; None: unknown."""
    if reading.consumption_w is not None:
        return reading.consumption_w
    grid_w = reading.grid_w if reading.grid_w is not None else 0.0 if _no_grid(reading, site) else None
    battery_w = reading.battery_w if reading.battery_w is not None else None if has_battery else 0.0
    if reading.pv_w is None or grid_w is None or battery_w is None:
        return None
    return reading.pv_w + grid_w - battery_w


def inverter_of(reading: Reading, *, has_battery: bool) -> float | None:
    """The most that runs through the inverter; None: unknown. What the grid delivers does not pass it."""
    grid_w = reading.grid_w or 0.0
    if reading.consumption_w is not None:
        return reading.consumption_w - (grid_w if grid_w > 0 else 0.0)
    battery_w = reading.battery_w if reading.battery_w is not None else None if has_battery else 0.0
    if reading.pv_w is None or battery_w is None:
        return None
    return reading.pv_w - battery_w + (grid_w if grid_w < 0 else 0.0)


def grid_of(reading: Reading, site: Site) -> float | None:
    """What the grid delivers; None: unknown."""
    if reading.grid_w is not None:
        return reading.grid_w
    return 0.0 if _no_grid(reading, site) else None


def balance_of(reading: Reading, *, has_battery: bool) -> float | None:
    """What the grid must deliver by the balance of the rest; None: unknown."""
    battery_w = reading.battery_w if reading.battery_w is not None else None if has_battery else 0.0
    if reading.consumption_w is None or reading.pv_w is None or battery_w is None:
        return None
    return reading.consumption_w + battery_w - reading.pv_w


def never_judged(readings: Sequence[Reading], site: Site, limits: Limits) -> list[str]:
    """Sentences about limits that none of these readings can judge, for who sets up the home.

    What the guards then do is part of each: a limit that nobody can judge is not kept.
    """
    has_battery = site.battery is not None or any(map(tells_battery, readings))
    house = all(house_of(reading, site, has_battery=has_battery) is None for reading in readings)
    carried = all(inverter_of(reading, has_battery=has_battery) is None for reading in readings)
    grid = [balance_of(r, has_battery=has_battery) if grid_of(r, site) is None else 0.0 for r in readings]
    behind = site.inverter is not None and site.inverter.loads_on == "out"
    rows = (
        (limits.max_house_w is not None and house, "max_house_w", "the house's use, or PV, grid and battery", NOTHING),
        (
            limits.max_phase_w is not None and not any(tells_phases(reading, site, 1) for reading in readings),
            "max_phase_w", "phases", NOTHING,
        ),
        (behind and carried, "inverter.max_w", "the house's use, or PV and battery", NOTHING),
        (has_grid_limit(limits) and grid == [None] * len(grid), "max_grid_w", "the grid's power", NOT_BY_ITSELF),
        (
            site.battery is not None and all(reading.battery_soc_percent is None for reading in readings),
            "site.battery", "its charge", NOT_BY_ITSELF,
        ),
    )  # fmt: skip
    return [f"{key} is set, but no meter reports {what}: {effect}" for is_so, key, what, effect in rows if is_so]


def has_grid_limit(limits: Limits) -> bool:
    """Whether the owner has set `max_grid_w`: the default binds nobody whose meter does not know the grid."""
    return bool(limits.max_grid_w != Limits.__dataclass_fields__["max_grid_w"].default)


def _no_grid(reading: Reading, site: Site) -> bool:
    return site.off_grid or reading.ac_source == "none" or reading.grid_connected is False


def _at_least_w(reading: Reading, whole_w: float | None) -> float:
    """What the grid delivers to the house alone, or what is reported of PV, grid and battery, is drawn at least."""
    battery_w, drawn_w = reading.battery_w or 0.0, whole_w or 0.0
    delivered_w = (reading.grid_w or 0.0) - (battery_w if battery_w > 0 else 0.0)
    return delivered_w if delivered_w > drawn_w else drawn_w
