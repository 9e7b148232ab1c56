"""The share with which a load starts or stays on, and the level that a share carries."""

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
