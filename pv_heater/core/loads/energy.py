"""The energy that a load has taken since midnight."""

from __future__ import annotations

from dataclasses import replace

from pv_heater.core.loads.load_step import Memory
from pv_heater.core.model.lean import replaced

MOST_BELIEVED = 1.5
"""A load's meter that says more than this share of its full power, or less than nothing, is not counted as energy."""


def counted(memory: Memory, elapsed_s: float, *, measured_w: float | None, max_power_w: float) -> Memory:
    """With the step that ended: what its own meter said since it went on, else what it was set to."""
    if memory.idle is not None or memory.power_w <= 0:
        return memory
    believed = measured_w is not None and 0.0 <= measured_w <= MOST_BELIEVED * max_power_w
    drawn_w = measured_w if measured_w is not None and believed else memory.power_w
    return replaced(memory, energy_wh=memory.energy_wh + drawn_w * elapsed_s / 3600.0)


def new_day(memory: Memory) -> Memory:
    """With the counts of the day at their beginning."""
    return replace(
        memory,
        closings=0,
        run_from_wh=memory.run_from_wh - memory.energy_wh,
        energy_wh=0.0,
        enough_since_s=None,
        ran_because=None,
    )
