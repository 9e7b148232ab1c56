"""The power at which a load starts or stays on, and what it can run at."""

from __future__ import annotations

from pv_heater.core.settings.load import LoadSettings


def needed_w(policy: LoadSettings, *, running: bool) -> float:
    """The least share with which a load starts, or stays on while it is `running`."""
    return policy.stop_w if running else policy.start_w


def level_w(policy: LoadSettings, power_w: float, before_w: float) -> float:
    """The highest level of a load with levels that `power_w` carries; 0 where that is none.

    `before_w` is what it runs at: that level, and those below it, are kept on a dead band less.
    """
    best_w = lower_w = 0.0
    for at_w in policy.levels_w:
        if power_w >= at_w - (policy.kept_on_w(at_w - lower_w) if at_w <= before_w else 0.0):
            best_w = at_w
        lower_w = at_w
    return best_w


def possible_w(policy: LoadSettings, power_w: float) -> float:
    """The power nearest to `power_w` that this load can run at."""
    if not policy.adjustable:
        return min(policy.levels_w, key=lambda at_w: abs(at_w - power_w))
    return min(policy.max_power_w, max(policy.least_power_w, power_w))


def most_within_w(policy: LoadSettings, left_w: float) -> float:
    """The most it can run at within `left_w`; 0 where that is less than its least."""
    if policy.adjustable:
        most_w = min(policy.max_power_w, left_w)
        return most_w if most_w >= policy.least_power_w else 0.0
    return max((at_w for at_w in policy.levels_w if at_w <= left_w), default=0.0)
