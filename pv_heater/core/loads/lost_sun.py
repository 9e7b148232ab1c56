"""Why sun was lost: what each load that could have taken it was waiting for. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pv_heater.core.model.day_energies import Lost
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.values import Decision, LoadState, Phase
from pv_heater.core.settings.load import LoadSettings

FULL_POWER_SHARE = 0.97
"""Of its full power a load has this much, or it could still take more."""

BY_RULE: Mapping[str, Lost] = {
    Rule.CLOCK: Lost.NO_READING,
    Rule.NO_READING: Lost.NO_READING,
    Rule.SLOW_SOURCE: Lost.NO_READING,
    Rule.STALE: Lost.NO_READING,
    Rule.GRID_LOST: Lost.LIMIT,
    Rule.SOFT_FUSE: Lost.LIMIT,
    Rule.INVERTER: Lost.LIMIT,
    Rule.GENERATOR: Lost.LIMIT,
    Rule.GRID_DRAW: Lost.LIMIT,
    Rule.HEADROOM: Lost.LIMIT,
    Rule.CEILING: Lost.LIMIT,
    Rule.STEERED: Lost.LIMIT,
    Rule.BATTERY_LOW: Lost.BATTERY_RESERVE,
    Rule.VACATION: Lost.LOAD_OFF_BY_OWNER,
    Rule.FORCED_OFF: Lost.LOAD_OFF_BY_OWNER,
    Rule.FORCED_ON: Lost.RULE,
    Rule.NIGHT: Lost.RULE,
    Rule.RULE: Lost.RULE,
    Rule.AFTER: Lost.RULE,
    Rule.TIMER: Lost.RULE,
    Rule.GUARANTEE: Lost.RULE,
    Rule.NEGATIVE_PRICE: Lost.RULE,
    Rule.HYGIENE: Lost.RULE,
    Rule.FROST: Lost.RULE,
    Rule.BOOST: Lost.RULE,
    Rule.RUN_TO_END: Lost.LOAD_FULL,
    Rule.FULL: Lost.LOAD_FULL,
    Rule.TOO_HOT: Lost.LOAD_FULL,
    Rule.HARDWARE: Lost.FAULT,
    Rule.PROBE_LOST: Lost.FAULT,
    Rule.UNREACHABLE: Lost.FAULT,
    Rule.MIN_OFF: Lost.MIN_OFF,
    Rule.MAX_CLOSINGS: Lost.MIN_OFF,
    Rule.SWITCHING: Lost.NOT_SEEN,
    Rule.START_DELAY: Lost.NOT_SEEN,
    Rule.TRIAL: Lost.NOT_SEEN,
}
"""What decided over a load -> why sun was lost meanwhile. A strategy's own rule is not here, nor is `min_on`."""


def lost_by_cause(
    lost_w: float, decision: Decision, policies: Mapping[str, LoadSettings], *, for_battery_w: float
) -> list[tuple[Lost, float]]:
    """`lost_w` shared out: each load answers for what it could have taken, in their order; those that have had enough
    come last. What no load could have taken was too much for them. The parts add up to `lost_w`.

    `for_battery_w` is what the strategy held back for the battery.
    """
    rest_w, parts = lost_w, []
    rooms = [
        (_cause(policies[name], state, decision, lost_w, for_battery_w), policies[name], state.power_w)
        for name, state in decision.loads.items()
    ]
    for cause, policy, power_w in sorted(rooms, key=lambda row: row[0] is Lost.LOAD_FULL):
        if power_w >= FULL_POWER_SHARE * policy.max_power_w:
            continue
        part_w = min(rest_w, policy.max_power_w - power_w)
        parts.append((cause, part_w))
        rest_w -= part_w
        if rest_w <= 0:
            return parts
    return [*parts, (Lost.HEATER_TOO_SMALL, rest_w)]


def _cause(policy: LoadSettings, state: LoadState, decision: Decision, lost_w: float, for_battery_w: float) -> Lost:
    """Why this load did not take more."""
    if state.mode is Mode.OFF:
        return Lost.LOAD_OFF_BY_OWNER
    if state.phase is Phase.FAULT:
        return Lost.FAULT
    if state.phase is Phase.FULL:
        return Lost.LOAD_FULL
    if state.phase is Phase.ARMED:
        return Lost.NOT_SEEN
    known = BY_RULE.get(state.rule)
    if known is None and decision.blocked_by is not None and state.phase is not Phase.HEATING:
        known = BY_RULE.get(decision.blocked_by)
    if known is not None:
        return known
    if state.phase is Phase.COOLDOWN:
        return Lost.MIN_OFF
    if for_battery_w > 0:
        return Lost.BATTERY_RESERVE
    too_little = state.phase is Phase.OFF and state.power_w + lost_w < policy.least_power_w
    return Lost.TOO_LITTLE if too_little else Lost.NOT_SEEN
