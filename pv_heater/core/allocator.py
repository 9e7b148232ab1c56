"""Shares one budget out among the loads, first to last; what one cannot use passes on to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pv_heater.core.settings import BatteryShare, LoadPolicy
from pv_heater.core.surplus import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one load may ask for in this step."""

    policy: LoadPolicy
    available: bool
    """False while it cannot take automatic power: full, at rest, faulty, forced or blocked."""
    running: bool
    """It is on, so a dead band less keeps it on."""
    held_w: float
    """Power it keeps whatever the budget says, because its minimum on time runs."""


def allot(budget: Budget, claims: Sequence[Claim | BatteryShare]) -> dict[str, float]:
    """Watts for each load by name; 0 for those that get none.

    Loads above a battery row may also take what the strategy held back for the battery. A minimum on time is
    honoured before priority: its power flows anyway.
    """
    loads = [claim for claim in claims if isinstance(claim, Claim)]
    battery_in_list = len(loads) < len(claims)
    pool_w = budget.power_w + (budget.battery_w if battery_in_list else 0.0) - sum(claim.held_w for claim in loads)
    battery_left_w = budget.battery_w
    shares: dict[str, float] = {}
    for claim in claims:
        if isinstance(claim, BatteryShare):
            pool_w -= battery_left_w
            continue
        share_w = _share(claim, max(0.0, pool_w + claim.held_w))
        shares[claim.policy.name] = share_w
        pool_w -= max(0.0, share_w - claim.held_w)
    return shares


def _share(claim: Claim, offered_w: float) -> float:
    """The part of `offered_w` this load can use: nothing below its least power."""
    if not claim.available:
        return 0.0
    policy = claim.policy
    slack_w = policy.dead_band_w if claim.running and not policy.adjustable else 0.0
    if offered_w + slack_w < policy.least_power_w:
        return 0.0
    return min(policy.max_power_w, max(offered_w, policy.least_power_w - slack_w))
