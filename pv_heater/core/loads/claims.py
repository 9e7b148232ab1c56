"""What a load may ask the allocator for, as it stands."""

from __future__ import annotations

from pv_heater.core.loads.allocator import Claim
from pv_heater.core.loads.duty import Duty
from pv_heater.core.loads.load_step import Memory, delay_left_s, dwell_left_s, rest_left_s, start_delay_s
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.values import Phase
from pv_heater.core.settings.load import LoadSettings


def claim_of(
    policy: LoadSettings,
    memory: Memory,
    tick_s: float,
    *,
    usable: bool,
    wish: Mode | None,
    wish_w: float | None = None,
    own_w: float,
    duty: Duty | None = None,
) -> Claim:
    """One load's claim. `usable`: neither hot nor faulty; `own_w`: what it drew lately.

    `wish` is its rule's answer, `wish_w` the power that goes with an on; None: all it has.
    """
    takes = usable and takes_surplus(policy, memory, tick_s)
    running = memory.phase is Phase.HEATING
    at_once = running or starts_at_once(policy, memory, tick_s)
    if wish is Mode.ON and takes and at_once:
        kept_w = policy.max_power_w if wish_w is None else wish_w  # whatever is spare
    elif duty is not None and running and memory.idle is None:
        kept_w = memory.power_w
    else:
        kept_w = held_w(policy, memory, tick_s) if running else 0.0
    return Claim(
        policy=policy,
        available=takes and wish is None and duty is None,
        running=running,
        held_w=kept_w,
        starts_at_once=at_once,
        own_w=own_w,
        power_w=memory.power_w,
    )


def takes_surplus(policy: LoadSettings, memory: Memory, tick_s: float) -> bool:
    """Whether a share of the surplus would be used: automatic, healthy, not full and not at rest."""
    if memory.mode is not Mode.AUTO or memory.fault is not None or memory.phase is Phase.FULL:
        return False
    if memory.idle is not None:
        return False
    if memory.phase is Phase.HEATING:
        return True
    return memory.closings < policy.max_closings_per_day and rest_left_s(policy, memory, tick_s) <= 0


def starts_at_once(policy: LoadSettings, memory: Memory, tick_s: float) -> bool:
    """Whether an idle load that is given power draws it now; False while its start delay has still to run."""
    if start_delay_s(policy, memory, tick_s) <= 0:
        return True
    return memory.phase is Phase.ARMED and delay_left_s(policy, memory, tick_s) <= 0


def held_w(policy: LoadSettings, memory: Memory, tick_s: float) -> float:
    """Power that flows whatever the surplus: forced on, or as little as possible while the minimum on time runs."""
    if memory.phase is not Phase.HEATING or memory.idle is not None:
        return 0.0
    if memory.mode is Mode.ON:
        return memory.power_w
    held = not policy.interruptible or dwell_left_s(policy, memory, tick_s) > 0
    return policy.least_power_w if held else 0.0
