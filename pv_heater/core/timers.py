"""The times that every load is given, between a start and a stop and after one. In monotonic seconds."""

from __future__ import annotations

from dataclasses import replace

from pv_heater.core.policy import LoadPolicy
from pv_heater.core.situation import Memory

POOR_RUN_S = 90.0
"""A run that ends for want of sun with less heat than so long at full power was not worth a closing: 50 Wh of 2 kW."""
PATIENCE_S = 30.0
"""After one of these the surplus must last so long before the next start; twice as long after each further one."""
MOST_POOR_RUNS = 5
FORGIVEN_S = 1800.0
"""Each half hour off makes up for one of them; a run with more heat makes up for all."""


def dwell_left_s(policy: LoadPolicy, memory: Memory, tick_s: float) -> float:
    """What is left of the minimum on time of a load that is on; 0 or less when it is over."""
    return memory.since_s + policy.min_on_s - tick_s


def rest_left_s(policy: LoadPolicy, memory: Memory, tick_s: float) -> float:
    """What is left of the minimum off time of a load that is off; 0 or less when it is over or there was none."""
    return 0.0 if memory.opened_s is None else memory.opened_s + policy.min_off_s - tick_s


def delay_left_s(policy: LoadPolicy, memory: Memory, tick_s: float) -> float:
    """What is left of the start delay of an armed load; 0 or less when it is over."""
    return start_delay_s(policy, memory, tick_s) - (tick_s - memory.since_s)


def start_delay_s(policy: LoadPolicy, memory: Memory, tick_s: float) -> float:
    """How long the surplus must last before a start: as set, and longer after poor runs.

    A start needs the prospect of some minutes; a kettle or a car with a rhythm of its own is no such prospect. Not for
    loads without a minimum on time, whose switching costs nothing.
    """
    poor_runs = poor_runs_now(policy, memory, tick_s)
    return policy.start_delay_s if poor_runs < 1 else max(policy.start_delay_s, PATIENCE_S * 2.0 ** (poor_runs - 1))


def poor_runs_now(policy: LoadPolicy, memory: Memory, tick_s: float) -> int:
    """How many poor runs in a row still count."""
    if memory.opened_s is None or policy.min_on_s <= 0:
        return 0
    return max(0, memory.poor_runs - int((tick_s - memory.opened_s) / FORGIVEN_S))


def with_run_ended(policy: LoadPolicy, memory: Memory, tick_s: float, *, for_want_of_sun: bool) -> Memory:
    """The memory of a load whose run ends now, before its phase changes."""
    if (memory.energy_wh - memory.run_from_wh) * 3600.0 >= POOR_RUN_S * policy.max_power_w:
        return replace(memory, poor_runs=0)
    if not for_want_of_sun:
        return memory
    return replace(memory, poor_runs=min(MOST_POOR_RUNS, poor_runs_now(policy, memory, tick_s) + 1))
