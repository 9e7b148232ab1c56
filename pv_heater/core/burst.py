"""A part of full power by whole mains cycles: which cycles are let through, spread as evenly as can be.

Each decision is the nearest to what is owed, the rest is carried over (error diffusion, as Bresenham draws a line): so
the energy is never more than half a unit off, however long it runs and however small the part is. Whole cycles keep
both half waves alike: no direct current in the transformer down the street.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MOST_REPAID_UNITS = 100.0
"""What flowed too much is repaid by as many units at most: after a long hang the account begins anew."""
MOST_MADE_UP_UNITS = 5.0
"""What flowed too little is made up for as far as late wake-ups go; after a hang the sun it was meant for is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """The account of one solid-state relay. A unit is the shortest time it is on or off: one or more whole cycles."""

    on: bool = False
    """Whether the unit under way is let through."""
    owed_units: float = 0.0
    """What was asked for and did not flow yet; below 0 it flowed too much."""


def next_unit(burst: Burst, share: float, lasted_units: float = 1.0) -> Burst:
    """What comes after the unit under way, of which `lasted_units` passed: 1, more where somebody slept.

    `share` is the part of full power wanted, 0 to 1; at 0 nothing is on and nothing owed, at 1 nothing is off.
    """
    if share <= 0:
        return Burst()
    owed = burst.owed_units + (share - burst.on) * lasted_units
    owed = min(max(owed, -MOST_REPAID_UNITS), MOST_MADE_UP_UNITS)
    return replace(burst, on=share >= 1 or owed + share >= 0.5, owed_units=owed)
