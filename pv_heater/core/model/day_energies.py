"""What a day has come to so far, as energies: the same figures for log, page, history and whoever embeds the core."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from pv_heater.core.model.lean import passing


class Lost(StrEnum):
    """Why sun was lost that a load could have taken."""

    BATTERY_RESERVE = "battery_reserve"
    """Power was kept for the battery, or its charge was too low."""
    LOAD_FULL = "load_full"
    LOAD_OFF_BY_OWNER = "load_off_by_owner"
    """Forced off, or on vacation."""
    RULE = "rule"
    """The owner's plan: a rule, a timer, another load first, the hours of heating, a forced power."""
    MIN_OFF = "min_off"
    """A load rested after a stop, or its starts of the day were used up."""
    HEATER_TOO_SMALL = "heater_too_small"
    """Every load that could run was at full power."""
    TOO_LITTLE = "too_little"
    """Less than a load needs."""
    NOT_SEEN = "not_seen"
    """Not visible yet, or not for long enough: chargers throttled, a start delay ran, a regulator was on its way."""
    NO_READING = "no_reading"
    """The meter was late or not believed, or the time unknown."""
    LIMIT = "limit"
    """Fuse, inverter, a grid that is lost or delivers, a generator, somebody else who moves the battery."""
    FAULT = "fault"
    """A load was in fault, out of reach, or its probe lost."""


@passing(frozen=True, slots=True, kw_only=True)
class LoadDay:
    """One load since midnight."""

    energy_wh: float
    """What it has taken, as `LoadState.energy_wh`."""
    sun_wh: float
    """The part of it that came from the sun, not by way of the battery; at most `energy_wh`."""
    starts: int


@passing(frozen=True, slots=True, kw_only=True)
class DayEnergies:
    """Since midnight, local time. What no reading told of is in none of the sums, but for `LoadDay.energy_wh`.

    Made at every step, so it is written plainly (`core.model.passing`); nobody may change one.
    """

    day: date | None
    """None: the time of day was never known."""
    caught_wh: float
    """Sun that went straight into the loads."""
    lost_wh: Mapping[Lost, float]
    """Sun that nobody used, by why the loads did not take it."""
    hidden_wh: float
    """The part of what was lost that nobody measured, since chargers throttled: estimated by the forecast."""
    bought_wh: float
    """What the grid gave for the loads."""
    battery_drain_wh: float
    """What the battery gave for the loads."""
    feed_in_wh: float
    """All that went to the grid, what the battery sold included."""
    pv_wh: float
    house_wh: float
    """The house without the loads."""
    seen_s: float
    """For so many seconds since midnight there was a reading."""
    bought_money: float | None = None
    """What the energy in `bought_wh` cost, in the owner's currency; below 0 it was paid for. Only what was bought while
    its price was known; None: none was."""
    saved_money: float | None = None
    """What the energy in `caught_wh` would have cost from the grid, less what it would have earned where it may be
    sold; likewise."""
    pv_possible_w: float | None
    """What the sun could give now: more than it does where chargers throttle; None: not known."""
    loads: Mapping[str, LoadDay]

    @property
    def possible_wh(self) -> float:
        """Sun that the loads could have had at best: what they caught, and what was lost."""
        return self.caught_wh + sum(self.lost_wh.values())

    def as_json(self) -> dict[str, Any]:
        """As plain JSON types, energies to a tenth of a Wh. Caught and lost are what possible is, also when rounded."""
        caught_wh = round(self.caught_wh, 1)
        lost_wh = {str(cause): round(energy_wh, 1) for cause, energy_wh in self.lost_wh.items() if energy_wh >= 0.05}
        return {
            "date": None if self.day is None else self.day.isoformat(),
            "caught_wh": caught_wh,
            "possible_wh": round(caught_wh + sum(lost_wh.values()), 1),
            "lost_wh": lost_wh,
            "bought_wh": round(self.bought_wh, 1),
            "feed_in_wh": round(self.feed_in_wh, 1),
            "pv_wh": round(self.pv_wh, 1),
            "house_wh": round(self.house_wh, 1),
            "battery_drain_wh": round(self.battery_drain_wh, 1),
            "bought_money": None if self.bought_money is None else round(self.bought_money, 4),
            "saved_money": None if self.saved_money is None else round(self.saved_money, 4),
            "seen_s": round(self.seen_s),
            "loads": {
                name: {"energy_wh": round(load.energy_wh, 1), "sun_wh": round(load.sun_wh, 1), "starts": load.starts}
                for name, load in self.loads.items()
            },
        }
