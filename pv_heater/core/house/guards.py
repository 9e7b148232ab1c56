"""Reasons not to heat. Guards stand in front of every strategy; the first that blocks names the reason.

*Safety* guards let nothing pass, act at once and ignore minimum times. *Energy* guards hold back automatic
heating; a load forced on passes them. Each has a release threshold, so that none chatters around its limit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

from pv_heater.core.house.company.meanings import bought_by
from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.house.limited import tells_battery
from pv_heater.core.house.reading_age import is_local
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.values import Reading
from pv_heater.core.model.words import NO_TIME
from pv_heater.core.settings.home import Limits, Site
from pv_heater.core.settings.load import LoadSettings

SLOWEST_REGULATED_S = 300.0
"""A source slower than this is not regulated on: a cloud passes several times between two samples."""
GRID_ALARM_FACTOR = 5.0
"""A grid draw this many times the limit ends minimum on times as well."""
RELEASE_SHARE = 0.9
"""Power limits release below this share of themselves."""
DAYLIGHT_FROM_W, DAYLIGHT_KEPT_W = 50.0, 20.0
"""Measured PV power that proves day where the time is unknown: no moon and no meter's noise gives as much."""
GRID_SHOWS_W = 30.0
"""A grid that takes or gives this much is there; less may be a meter's own noise."""
GRID_TEXT = "the grid's power"
DONE_STATES = frozenset({"absorption", "float", "storage", "equalize"})
"""A charger in one of these has filled its battery, or nearly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A guard's no."""

    guard: Rule
    safety: bool
    at_once: bool
    """True: automatic loads go off now; False: minimum on times are waited out."""
    because: str
    margins: Mapping[str, float] = field(default_factory=dict)
    """How far it is to the release threshold, such as ``{"battery_soc_percent": 2.0}``; see `core.loads.explain`."""


Held = frozenset[Rule]
"""Names of the guards that blocked at the previous step: those need their release threshold."""

Guard = Callable[[HouseFacts, Site, Limits, Held], Block | None]


def _safety(guard: Rule, because: str, **margins: float) -> Block:
    return Block(guard=guard, safety=True, at_once=True, because=because, margins=margins)


def _energy(guard: Rule, because: str, *, at_once: bool = False, **margins: float) -> Block:
    return Block(guard=guard, safety=False, at_once=at_once, because=because, margins=margins)


def _limit(limit: float, guard: Rule, held: Held) -> float:
    return limit * RELEASE_SHARE if guard in held else limit


def grid_lost(house: HouseFacts, site: Site, _limits: Limits, held: Held) -> Block | None:
    """The grid is gone at a home that has one: keep the battery for the house."""
    if site.off_grid:
        return None
    reading = house.reading
    if reading is not None and reading.grid_connected is False:
        by_fuel = reading.ac_source == "generator"
        return _safety(Rule.GRID_LOST, "the grid is gone, a generator runs" if by_fuel else "the grid is gone")
    if Rule.GRID_LOST in held and not _grid_is_there(reading):
        return _safety(Rule.GRID_LOST, "the grid was gone when last heard of, and nothing says that it is back")
    return None


def _grid_is_there(reading: Reading | None) -> bool:
    if reading is None:
        return False
    carries = reading.grid_w is not None and abs(reading.grid_w) >= GRID_SHOWS_W
    return reading.grid_connected is True or reading.ac_source in ("grid", "shore") or carries


def soft_fuse(house: HouseFacts, _site: Site, limits: Limits, held: Held) -> Block | None:
    """The house, or one phase of the grid, carries more than its owner allows, or what it carries is unknown."""
    return _house_fuse(house, limits.max_house_w, held) or _phase_fuse(house, limits.max_phase_w, held)


def _house_fuse(house: HouseFacts, limit_w: float | None, held: Held) -> Block | None:
    known = house.known
    if limit_w is None:
        return None
    drawn_w = max(known.house_at_least_w, known.house_w or 0.0)
    if drawn_w > _limit(limit_w, Rule.SOFT_FUSE, held):
        text = f"the house draws {drawn_w:.0f} W, the limit is {limit_w:.0f} W"
        return _safety(Rule.SOFT_FUSE, text, house_w=RELEASE_SHARE * limit_w - drawn_w)
    if known.house_w is None:
        return _safety(Rule.SOFT_FUSE, f"max_house_w is set, but {_unknown(house, 'what the house draws')}")
    return None


def _phase_fuse(house: HouseFacts, limit_w: float | None, held: Held) -> Block | None:
    known = house.known
    if limit_w is None:
        return None
    for number, phase_w in enumerate(known.phase_w, 1):
        if phase_w > _limit(limit_w, Rule.SOFT_FUSE, held):
            text = f"phase {number} draws {phase_w:.0f} W, the limit is {limit_w:.0f} W"
            return _safety(Rule.SOFT_FUSE, text, grid_phase_w=RELEASE_SHARE * limit_w - phase_w)
    if not known.phases_known:
        what = "every phase" if known.phase_w else "phases"
        return _safety(Rule.SOFT_FUSE, f"max_phase_w is set, but {_unknown(house, what)}")
    return None


def inverter(house: HouseFacts, site: Site, _limits: Limits, held: Held) -> Block | None:
    """A heater behind the inverter is shed before the inverter trips, or where its load is unknown."""
    if site.inverter is None or site.inverter.loads_on == "in":
        return None
    known, most_w = house.known, site.inverter.max_w
    load_w = max(known.inverter_at_least_w, known.inverter_load_w or 0.0)
    if load_w > _limit(most_w, Rule.INVERTER, held):
        text = f"the inverter carries {load_w:.0f} W, it can do {most_w:.0f} W"
        return _safety(Rule.INVERTER, text, inverter_load_w=RELEASE_SHARE * most_w - load_w)
    if known.inverter_load_w is None:
        return _safety(Rule.INVERTER, f"inverter.max_w is set, but {_unknown(house, 'what the inverter carries')}")
    return None


def _unknown(house: HouseFacts, what: str) -> str:
    """Why something is unknown: the meter is silent, not believed, or does not report just that."""
    block = _without_reading(house)
    return f"no meter reports {what}" if block is None else block


def no_reading(house: HouseFacts, _site: Site, _limits: Limits, _held: Held) -> Block | None:
    """Nothing is known of the house, or only what was long ago, or nothing that can be believed."""
    because = _without_reading(house)
    return None if because is None else _energy(Rule.NO_READING, because, at_once=True)


def _without_reading(house: HouseFacts) -> str | None:
    """Why there is no reading to go by; None where there is one."""
    if house.inputs.distrusted_because is not None:
        return f"the meter is not believed: {house.inputs.distrusted_because}"
    refused = f"; it says {house.refused_because}, which cannot be" if house.refused_because else ""
    if house.reading_age_s is None:
        return f"the meter has not answered yet{refused}"
    if house.reading_age_s >= house.max_reading_age_s:
        age = f"{house.reading_age_s:.0f} s old, the limit is {house.max_reading_age_s:.0f} s"
        return f"the last reading is {age}{refused}"
    return None


def generator(house: HouseFacts, _site: Site, _limits: Limits, _held: Held) -> Block | None:
    """A generator feeds the house: what it gives or charges looks like surplus and is fuel, not sun.

    At once, because a small one stalls under a heater. Shore power is a grid to this guard.
    """
    if house.reading is not None and house.reading.ac_source == "generator":
        return _energy(Rule.GENERATOR, "a generator runs: its power is fuel, not sun", at_once=True)
    return None


def slow_source(house: HouseFacts, _site: Site, _limits: Limits, _held: Held) -> Block | None:
    """The site logs too rarely to regulate on."""
    interval_s = house.source_interval_s
    if interval_s is not None and interval_s > SLOWEST_REGULATED_S:
        return _energy(
            Rule.SLOW_SOURCE,
            f"the site sends a sample every {interval_s / 60:.0f} min only; set the GX device's log interval to 1 min",
            at_once=True,
            interval_s=SLOWEST_REGULATED_S - interval_s,
        )
    return None


def vacation(house: HouseFacts, _site: Site, _limits: Limits, _held: Held) -> Block | None:
    """Nobody is home."""
    until_at = house.vacation_until_at
    if until_at is not None and not house.knows_time:
        return _energy(Rule.VACATION, f"vacation until {until_at:%Y-%m-%d %H:%M %Z}, and {NO_TIME}")
    if until_at is not None and house.now < until_at:
        left_s = (until_at - house.now).total_seconds()
        return _energy(Rule.VACATION, "nobody is home (vacation)", wait_s=left_s)
    return None


def clock(house: HouseFacts, site: Site, _limits: Limits, held: Held) -> Block | None:
    """The time of day is unknown: loads heat by themselves only while measured sun proves that it is day.

    Nothing else needs a wall clock: surplus, minimum times and forced modes run on monotonic time. Readings of the
    portal do, because nobody could say how old they are.
    """
    if house.knows_time:
        return None
    reading = house.reading
    if reading is not None and not is_local(reading.source):
        return _energy(Rule.CLOCK, f"{NO_TIME}, and with it the age of what the portal says", at_once=True)
    if house.always_allowed or _sun_w(reading, site) >= (DAYLIGHT_FROM_W if Rule.CLOCK in held else DAYLIGHT_KEPT_W):
        return None
    return _energy(
        Rule.CLOCK, f"{NO_TIME}; by itself it heats while PV gives {DAYLIGHT_FROM_W:.0f} W, which proves day"
    )


def _sun_w(reading: Reading | None, site: Site) -> float:
    """What the sun surely gives: PV as measured, or the export of a home in which nothing else could give it."""
    if reading is None:
        return 0.0
    if reading.pv_w is not None:
        return reading.pv_w
    may_discharge = site.battery is not None or tells_battery(reading)
    return 0.0 if reading.grid_w is None or may_discharge else -reading.grid_w


def night(house: HouseFacts, _site: Site, _limits: Limits, _held: Held) -> Block | None:
    """Outside the allowed hours, where the time of day is known."""
    if house.daylight or not house.knows_time:
        return None
    if house.daylight_changes_at is None:
        return _energy(Rule.NIGHT, "outside the daylight hours")
    left_s = (house.daylight_changes_at - house.now).total_seconds()
    return _energy(Rule.NIGHT, "outside the daylight hours", wait_s=left_s)


def battery_low(house: HouseFacts, site: Site, _limits: Limits, held: Held) -> Block | None:
    """The battery is below the charge at which automatic heating is allowed, or its charge is unknown."""
    soc = house.known.soc_percent
    if soc is None:
        if not house.known.charge_missing or house.battery_is_full or _charger_is_done(house.reading):
            return None
        return _energy(Rule.BATTERY_LOW, _unknown(house, "the charge of the battery"), at_once=True)
    release = house.least_charge.release_percent
    if soc >= (release if Rule.BATTERY_LOW in held else house.least_charge.percent):
        return None
    reserve = site.battery.reserve_percent if site.battery is not None else 0.0
    return _energy(
        Rule.BATTERY_LOW,
        f"the battery holds {int(soc)} %, heating starts at {round(release, 1):g} %",
        at_once=soc <= reserve,
        battery_soc_percent=release - soc,
    )


def _charger_is_done(reading: Reading | None) -> bool:
    """Whether a charger holds its battery at the end voltage: not low, whatever its charge."""
    return reading is not None and reading.charger_state in DONE_STATES


def grid_draw(house: HouseFacts, _site: Site, limits: Limits, held: Held) -> Block | None:
    """The grid delivers more than the owner allows, or what it delivers is unknown though this meter knew it.

    Any step of a load the grid bears until the inverter has taken it over: that is not a lack of sun. And import that
    less power of our own can end is answered by that; only what remains is blocked.
    """
    known = house.known
    if house.reading is None:
        return None
    if known.grid_missing:
        return _energy(Rule.GRID_DRAW, f"max_grid_w is set, but {_unknown(house, GRID_TEXT)}", at_once=True)
    if known.grid_w is None or house.import_is_answered:
        return None
    own_w = house.own_rise_w if house.reading.grid_w is not None else 0.0
    grid_w = known.grid_w - own_w
    if grid_w <= _limit(limits.max_grid_w, Rule.GRID_DRAW, held):
        return None
    step = f", {own_w:.0f} W of it for our own step" if own_w > 0 else bought_by(house.reading)
    return _energy(
        Rule.GRID_DRAW,
        f"the grid delivers {known.grid_w:.0f} W{step}, the limit is {limits.max_grid_w:.0f} W",
        at_once=grid_w > GRID_ALARM_FACTOR * limits.max_grid_w,
        grid_w=RELEASE_SHARE * limits.max_grid_w - grid_w,
    )


SITE_GUARDS: tuple[Guard, ...] = (
    grid_lost, soft_fuse, inverter, no_reading, slow_source, generator, vacation, clock, night, battery_low, grid_draw,
)  # fmt: skip
"""Guards of the whole site, most serious first."""


def guards_of(site: Site, limits: Limits) -> tuple[Guard, ...]:
    """The guards of a site, without those that its settings leave nothing to judge."""
    idle: set[Guard] = set()
    if site.off_grid:
        idle.add(grid_lost)
    if limits.max_house_w is None and limits.max_phase_w is None:
        idle.add(soft_fuse)
    if site.inverter is None or site.inverter.loads_on == "in":
        idle.add(inverter)
    return tuple(guard for guard in SITE_GUARDS if guard not in idle)


def site_blocks(
    house: HouseFacts, site: Site, limits: Limits, held: Held, guards: Sequence[Guard] = SITE_GUARDS
) -> tuple[Block, ...]:
    """Every guard that blocks the site now, most serious first; `guards` are those of `guards_of`, or all."""
    blocks = []
    for guard in guards:
        block = guard(house, site, limits, held)
        if block is not None:
            blocks.append(block)
    return tuple(blocks)


def load_block(policy: LoadSettings, load_c: Mapping[str, float], *, was_hot: bool) -> Block | None:
    """The temperature guard of one load: at its maximum, or its probe lost; None when it may heat."""
    if policy.max_c is None:
        return None
    temperature_c = load_c.get(policy.name)
    if temperature_c is None:
        return _safety(Rule.PROBE_LOST, f"no temperature of {policy.name}, and max_c needs one")
    limit = policy.max_c - (policy.hysteresis_c if was_hot else 0.0)
    if temperature_c >= limit:
        return _safety(
            Rule.TOO_HOT,
            f"{policy.name} is at {temperature_c:.1f} degC, the limit is {limit:.1f} degC",
            temperature_c=policy.max_c - policy.hysteresis_c - temperature_c,
        )
    return None
