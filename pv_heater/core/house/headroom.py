"""What fuse, phases and inverter can still carry: loads are given no more, so that no guard has to shed them again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pv_heater.core.house.guards import RELEASE_SHARE
from pv_heater.core.house.surplus import Budget
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.settings.home import Limits, Site


def headroom_w(base_w: float | None, site: Site, limits: Limits) -> float:
    """What controlled loads may draw before fuse or inverter guard would block; unlimited without such a limit.

    `base_w` is the house without them; None: unknown, and then nothing is left.
    """
    ceilings = [] if limits.max_house_w is None else [limits.max_house_w]
    if site.inverter is not None and site.inverter.loads_on == "out":
        ceilings.append(site.inverter.max_w)
    if not ceilings:
        return math.inf
    if base_w is None:
        return 0.0
    return max(0.0, RELEASE_SHARE * min(ceilings) - base_w)


def below_headroom(budget: Budget, most_w: float) -> Budget:
    """The strategy's answer, cut to what fuse and inverter can carry."""
    if budget.power_w < most_w == math.inf:
        return budget
    # Loads above a battery row may take what was held back for it; that must fit as well.
    battery_w = min(budget.battery_w, max(0.0, most_w - budget.power_w))
    if battery_w != budget.battery_w:
        budget = replace(budget, battery_w=battery_w)
    if not budget.power_w > most_w:  # a strategy's NaN is no more than any number, and ends as 0 W
        return budget
    because = f"{most_w:.0f} W are left below the fuse or the inverter's limit; {budget.because}"
    return replace(budget, power_w=most_w, rule=Rule.HEADROOM, because=because)


def phase_headroom_w(
    phase_w: Sequence[float], limits: Limits, own_w: Mapping[str, float], phases: Mapping[str, int | None]
) -> tuple[float, ...]:
    """What each measured phase can carry below its soft fuse; empty without a limit or without such a meter.

    `own_w` is what each load drew when `phase_w` was taken, `phases` the phase it hangs on, None where nobody
    knows. Loads known to hang on a phase are not counted in it, so that they may be shared out anew. Below 0 the
    phase carries too much.
    """
    if limits.max_phase_w is None:
        return ()
    ceiling_w = RELEASE_SHARE * limits.max_phase_w
    return tuple(
        ceiling_w - carried_w + sum(watts for name, watts in own_w.items() if phases.get(name) == number)
        for number, carried_w in enumerate(phase_w, 1)
    )
