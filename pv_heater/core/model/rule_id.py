"""The ids of what can decide over a load: guards, the owner, duties, and the timers of the machine.

A strategy's own words (``bucket``, ``plan`` ...) are not among them: each strategy names its own.
"""

from __future__ import annotations

from enum import StrEnum


class Rule(StrEnum):
    """What decided, as an id for programs; for people `cli.rule_words` says it."""

    __hash__ = str.__hash__  # that of Enum is a function of Python's own, and a set would not find a plain word

    CLOCK = "clock"
    GRID_LOST = "grid_lost"
    SOFT_FUSE = "soft_fuse"
    INVERTER = "inverter"
    NO_READING = "no_reading"
    SLOW_SOURCE = "slow_source"
    GENERATOR = "generator"
    VACATION = "vacation"
    NIGHT = "night"
    BATTERY_LOW = "battery_low"
    GRID_DRAW = "grid_draw"
    """So far the guards of the whole site."""
    HARDWARE = "hardware"
    TOO_HOT = "too_hot"
    PROBE_LOST = "probe_lost"
    UNREACHABLE = "unreachable"
    """So far what stands against one load: a fault, its temperature, a device that does not answer."""
    FORCED_ON = "forced_on"
    FORCED_OFF = "forced_off"
    RULE = "rule"
    """The owner's condition or rule file."""
    AFTER = "after"
    """Another load has to have had enough first."""
    TIMER = "timer"
    BOOST = "boost"
    HYGIENE = "hygiene"
    GUARANTEE = "guarantee"
    NEGATIVE_PRICE = "negative_price"
    FROST = "frost"
    RUN_TO_END = "run_to_end"
    FULL = "full"
    """So far the owner's word, what he plans for a load, and that it has had enough."""
    MIN_ON = "min_on"
    MIN_OFF = "min_off"
    START_DELAY = "start_delay"
    SWITCHING = "switching"
    MAX_CLOSINGS = "max_closings"
    """So far the machine's own timers and counts."""
    STALE = "stale"
    """The reading is late: power is taken back before it is too old."""
    TRIAL = "trial"
    """A step that shows which of two measurements of the house is right."""
    HEADROOM = "headroom"
    """What fuse and inverter can carry."""
    STEERED = "steered"
    """What counts while somebody else steers the battery; see `core.house.company`."""
    CEILING = "ceiling"
    """What reaches house and loads without the grid; see `core.house.ceiling`."""


SAFETY_RULES = frozenset({Rule.GRID_LOST, Rule.SOFT_FUSE, Rule.INVERTER, Rule.HARDWARE, Rule.TOO_HOT, Rule.PROBE_LOST})
"""What docs and drawings call safety. How a contact opens the machine says itself: `core.model.values.Stop`."""
