"""What others do with the battery: what still counts as surplus then, what the battery is entitled to, what is said.

Victron's Dynamic ESS buys, holds and sells for a price; ESS charges by a schedule, or saves an empty battery. Then the
battery's power tells neither surplus nor want, and an export may be the battery's. What can be believed is the house's
own sum, sun less use, and what is left once grid and battery have had theirs. `MEANINGS` says which of them counts for
what is done. Whatever is not known or contradicts itself heats less, never more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from enum import Enum

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.steering import WHO, By, Does, Steering
from pv_heater.core.model.values import Reading
from pv_heater.core.model.words import kilowatts

MOVES_W = 50.0
"""A battery that takes or gives less is left alone."""


class Share(Enum):
    """What of the surplus counts."""

    AS_EVER = "as ever"
    """Nobody moves the battery against sun and use."""
    SUN = "sun"
    """Sun beyond house and DC loads, never what the grid takes."""
    LEFT = "left"
    """Nor more than battery and grid leave: the battery comes first."""


class Entitled(Enum):
    """The charge up to which the battery comes before the loads."""

    OURS = "ours"
    """As the strategy plans it."""
    PLANNED = "planned"
    """The highest that is planned, now or later; not told, as the strategy plans it."""
    WHAT_IT_HAS = "what it has"
    """Whoever steers it gives it what it is to have."""
    TARGET = "target"
    """That of who steers it; not told, a full one."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one thing that is done means; `text` has {who}, {power}, {charge}, {until}."""

    share: Share
    entitled: Entitled
    text: str


BUYS = Meaning(Share.LEFT, Entitled.WHAT_IT_HAS, "{who} buys {power} for the battery{until}; nothing heats from it")
SELLS = Meaning(Share.SUN, Entitled.WHAT_IT_HAS, "{who} sells {power} from the battery{until}; not counted as sun")
MEANINGS: Mapping[tuple[By, Does], Meaning] = {
    (By.DYNAMIC_ESS, Does.FOLLOWS): Meaning(
        Share.AS_EVER,
        Entitled.PLANNED,
        "{who} lets the battery follow sun and use{until}; its plan{charge} counts, not ours",
    ),
    (By.DYNAMIC_ESS, Does.CHARGES): Meaning(
        Share.LEFT, Entitled.WHAT_IT_HAS, "{who} charges the battery{charge}{until}; only what that leaves is spare"
    ),
    (By.DYNAMIC_ESS, Does.HOLDS): Meaning(
        Share.SUN, Entitled.WHAT_IT_HAS, "{who} holds the battery{charge}{until}; sun beyond the house is spare"
    ),
    (By.DYNAMIC_ESS, Does.SELLS): Meaning(
        Share.SUN, Entitled.WHAT_IT_HAS, "{who} discharges the battery by {power}{until}; not counted as sun"
    ),
    (By.DYNAMIC_ESS, Does.UNKNOWN): Meaning(
        Share.LEFT,
        Entitled.OURS,
        "{who} steers the battery, how is not told; only what battery and grid leave is spare",
    ),
    (By.SCHEDULED_CHARGING, Does.CHARGES): Meaning(
        Share.LEFT, Entitled.TARGET, "{who} fills the battery{charge}; it comes first"
    ),
    (By.SCHEDULED_CHARGING, Does.HOLDS): Meaning(
        Share.SUN, Entitled.WHAT_IT_HAS, "{who} holds the battery{charge}; sun beyond the house is spare"
    ),
    (By.SUSTAIN, Does.CHARGES): Meaning(
        Share.LEFT, Entitled.TARGET, "{who} sustains an empty battery from the grid; the battery comes first"
    ),
    (By.RECHARGE, Does.CHARGES): Meaning(
        Share.LEFT, Entitled.TARGET, "{who} recharges an empty battery; the battery comes first"
    ),
    (By.EXTERNAL_CONTROL, Does.UNKNOWN): Meaning(
        Share.SUN,
        Entitled.OURS,
        "ESS is under external control: who moves the battery is not told; sun beyond the house is spare",
    ),
    (By.KEEP_CHARGED, Does.HOLDS): Meaning(
        Share.AS_EVER, Entitled.TARGET, "{who} keeps the battery charged; it comes first, and the grid bridges clouds"
    ),
}  # fmt: skip
"""The whole truth. What is not in it is taken for `STRANGE`."""
STRANGE = Meaning(
    Share.LEFT,
    Entitled.OURS,
    "{who} does with the battery what is not understood; only what that leaves is spare",
)
LOADS_TEXT = "Opportunity Loads is on: what its loads take counts as the house; give each load to one of the two"
ENDS: Mapping[By, str] = {
    By.DYNAMIC_ESS: "Dynamic ESS no longer steers the battery",
    By.SCHEDULED_CHARGING: "scheduled charging has ended",
    By.SUSTAIN: "ESS no longer sustains the battery",
    By.RECHARGE: "ESS has recharged the battery",
    By.EXTERNAL_CONTROL: "ESS is no longer under external control",
    By.KEEP_CHARGED: "ESS no longer keeps the battery charged",
}
LOADS_END = "Opportunity Loads is off"


def meaning_of(steering: Steering) -> Meaning:
    """What it means; only of one that says who."""
    return MEANINGS.get((steering.by, steering.does), STRANGE) if steering.by is not None else STRANGE


def moves_battery(steering: Steering | None) -> bool:
    """Whether the battery's power tells nothing, since somebody moves it against sun and use."""
    return steering is not None and steering.by is not None and meaning_of(steering).share is not Share.AS_EVER


def contradicts(steering: Steering, reading: Reading) -> bool:
    """Whether the battery does what is not said of it."""
    return steering.does is Does.SELLS and (reading.battery_w or 0.0) > MOVES_W


def entitled_percent(steering: Steering | None, reading: Reading) -> float | None:
    """The charge up to which the battery comes first; None leaves it to the strategy."""
    if steering is None or steering.by is None or contradicts(steering, reading):
        return None
    entitled = meaning_of(steering).entitled
    if entitled is Entitled.PLANNED:
        return steering.planned_percent
    if entitled is Entitled.TARGET:
        return 100.0 if steering.target_percent is None else steering.target_percent
    return reading.battery_soc_percent if entitled is Entitled.WHAT_IT_HAS else None


def sentence(steering: Steering, reading: Reading, zone: tzinfo) -> str:
    """What is done, and what that means, with the numbers of the reading."""
    battery_w, grid_w, does = reading.battery_w, reading.grid_w or 0.0, steering.does
    text, power_w = meaning_of(steering).text, None if battery_w is None else abs(battery_w)
    if does is Does.CHARGES and steering.by is By.DYNAMIC_ESS and is_bought(reading):
        text, power_w = BUYS.text, min(grid_w, battery_w or 0.0)
    elif does is Does.SELLS and grid_w < -MOVES_W and (battery_w or 0.0) < -MOVES_W:
        text, power_w = SELLS.text, min(-grid_w, -(battery_w or 0.0))
    if power_w is None:
        power_w = abs(steering.charge_w) if steering.charge_w is not None else None
    percent = steering.planned_percent if does is Does.FOLLOWS else steering.target_percent
    towards = " at" if does is Does.HOLDS else " of" if does is Does.FOLLOWS else " to"
    return text.format(
        who=WHO[steering.by] if steering.by is not None else "somebody",
        power="an unknown power" if power_w is None else kilowatts(power_w),
        charge="" if percent is None else f"{towards} {percent:.0f} %",
        until="" if steering.until_at is None else f" until {_clock(steering.until_at, reading.taken_at, zone)}",
    )


def bought_by(reading: Reading) -> str:
    """Who buys for the battery what the grid delivers, as a part of a sentence; empty where nobody is known to."""
    steering = reading.steering
    if steering is None or steering.by is None or steering.does is not Does.CHARGES or not is_bought(reading):
        return ""
    return f", {WHO[steering.by]} buys for the battery"


def _clock(at: datetime, now: datetime, zone: tzinfo) -> str:
    local, today = at.astimezone(zone), now.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%H:%M on %Y-%m-%d}"


def is_bought(reading: Reading, own_rise_w: float = 0.0) -> bool:
    """Whether the battery is charged from the grid, which may still bear `own_rise_w` of a step of our own."""
    return (reading.grid_w or 0.0) - own_rise_w > MOVES_W and (reading.battery_w or 0.0) > MOVES_W
