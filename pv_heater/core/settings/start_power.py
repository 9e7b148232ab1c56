"""The least power with which a load starts, stays on, or runs at one of its levels."""

from __future__ import annotations

from pv_heater.core.settings.load import LoadSettings

START_FACTOR = 1.2
"""An adjustable load starts at a fifth more than its least power, and at no less than its dead band: as much as the
battery may give by default, so that a full one can begin to search for sun that throttled chargers hide."""


def needed_w(policy: LoadSettings, *, running: bool) -> float:
    """The least share with which a load starts, or stays on: the start asks for more, so that noise does not switch."""
    if policy.adjustable:
        if running:
            return policy.min_power_w
        start_w, band_w, most_w = START_FACTOR * policy.min_power_w, policy.dead_band_w, policy.max_power_w
        start_w = band_w if band_w >= start_w else start_w
        return most_w if most_w < start_w else start_w
    return policy.least_power_w - (_kept_on_w(policy, policy.least_power_w) if running else 0.0)


def level_w(policy: LoadSettings, power_w: float, before_w: float) -> float:
    """The highest level of a load with levels that `power_w` carries; 0 where that is none.

    `before_w` is what it runs at: that level, and those below it, are kept on a dead band less.
    """
    best_w = lower_w = 0.0
    for at_w in policy.levels_w:
        if power_w >= at_w - (_kept_on_w(policy, at_w - lower_w) if at_w <= before_w else 0.0):
            best_w = at_w
        lower_w = at_w
    return best_w


def _kept_on_w(policy: LoadSettings, step_w: float) -> float:
    """How much may be missing to a step that is on: were it the whole step, it would stay on with nothing spare."""
    return min(policy.dead_band_w, step_w / 2)
