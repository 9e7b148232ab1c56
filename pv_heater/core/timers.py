"""The times that every load is given, between a start and a stop and after one. In monotonic seconds."""

from __future__ import annotations

from pv_heater.core.policy import LoadPolicy
from pv_heater.core.situation import Memory


def dwell_left_s(policy: LoadPolicy, memory: Memory, tick_s: float) -> float:
    """What is left of the minimum on time of a load that is on; 0 or less when it is over."""
    return memory.since_s + policy.min_on_s - tick_s


def rest_left_s(policy: LoadPolicy, memory: Memory, tick_s: float) -> float:
    """What is left of the minimum off time of a load that is off; 0 or less when it is over or there was none."""
    return 0.0 if memory.opened_s is None else memory.opened_s + policy.min_off_s - tick_s


def delay_left_s(policy: LoadPolicy, memory: Memory, tick_s: float) -> float:
    """What is left of the start delay of an armed load; 0 or less when it is over."""
    return policy.start_delay_s - (tick_s - memory.since_s)
