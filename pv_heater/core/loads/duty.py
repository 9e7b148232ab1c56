"""A duty: a load must run now for a reason of its own, whatever the sun gives.

It passes the energy guards as a forced mode does, and nothing else: safety and an owner's `off` come first, and a
load that draws nothing is not kept on. Whoever sets a duty ends it: each has a longest time and a most energy.
"""

from __future__ import annotations

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.rule_id import Rule

GUARANTEE = Rule.GUARANTEE
"""Enough energy or temperature by an hour."""
HYGIENE = Rule.HYGIENE
"""Hot enough for long enough against legionella."""
TIMER = Rule.TIMER
"""The owner's hours of the week."""
NEGATIVE_PRICE = Rule.NEGATIVE_PRICE
"""The grid pays for what it delivers."""
BOOST = Rule.BOOST
"""The owner wants it hot now."""
FROST = Rule.FROST
"""It must not freeze."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What a load must do now, and until when at the latest."""

    rule: Rule
    """The id of what decided, such as ``guarantee``."""
    because: str
    until_s: float
    """The tick at which it ends at the latest."""
    power_w: float
    """What it asks for, above 0; the load makes of it what it can do."""
    until_full: bool = False
    """True: it ends as well once the load has had enough, by its own target or daily maximum."""
