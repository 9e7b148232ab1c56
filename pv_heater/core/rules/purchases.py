"""What a rule may buy: for some energy a day it passes night, a low battery and the grid's delivery."""

from __future__ import annotations

from collections.abc import Mapping

from pv_heater.core.loads.duty import Duty
from pv_heater.core.loads.step_context import Blocks
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.rules.load_record import LoadRecord
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.start_power import most_within_w

PASSES = frozenset({Rule.NIGHT, Rule.BATTERY_LOW, Rule.GRID_DRAW})
"""The guards that it passes."""


def may_buy_wh(policy: LoadSettings, record: LoadRecord) -> float | None:
    """What a load's rule may still buy today; None: it may not buy at all."""
    most_wh = policy.rule_buy_daily_max_wh
    return None if most_wh is None else max(0.0, most_wh - record.bought_today_wh)


def purchases(
    asked_w: Mapping[str, float],
    because: Mapping[str, str],
    policies: Mapping[str, LoadSettings],
    records: Mapping[str, LoadRecord],
    blocks: Blocks,
    tick_s: float,
    left_w: float,
) -> dict[str, Duty]:
    """The loads whose rule says on, with `asked_w`, and may buy what the guards refuse it.

    `left_w` is what fuse and inverter leave them. A grid that is lost, a generator, an unknown house and everything
    about safety stay in front.
    """
    duties: dict[str, Duty] = {}
    energy = [block.guard for block in blocks.site if not block.safety]
    if not energy or any(guard not in PASSES for guard in energy):
        return duties
    for name, power_w in asked_w.items():
        policy, record = policies[name], records[name]
        bought_w, may_wh = most_within_w(policy, min(power_w, left_w)), may_buy_wh(policy, record)
        if not may_wh or bought_w <= 0 or name in blocks.held_back:
            continue
        text = f"{because[name]}; it may buy {may_wh:.0f} Wh more today"
        until_s = tick_s + max(0.0, policy.rule_on_max_s - record.ruled_s)
        duties[name] = Duty(rule=Rule.RULE, because=text, until_s=until_s, power_w=bought_w, until_full=True)
        left_w -= bought_w
    return duties
