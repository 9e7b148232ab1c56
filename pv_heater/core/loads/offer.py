"""What a step puts before one load: its share of the budget, and what stands for and against its running."""

from __future__ import annotations

from pv_heater.core.house.guards import Block
from pv_heater.core.loads.allocator import Share
from pv_heater.core.loads.duty import Duty
from pv_heater.core.loads.load_step import LoadStep, Memory
from pv_heater.core.loads.step_context import StepContext
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.values import Phase
from pv_heater.core.settings.load import LoadSettings


def offer(
    context: StepContext,
    policy: LoadSettings,
    memory: Memory,
    share: Share,
    *,
    duty: Duty | None,
    raised_c: float | None,
) -> LoadStep:
    """What one load is faced with in this step. `duty`, `raised_c`: see `LoadStep`."""
    name, house, inputs, budget = policy.name, context.house, context.inputs, context.budget
    site, hot = context.blocks.site, context.blocks.hot.get(name) if context.blocks.hot else None
    running = memory.phase is Phase.HEATING
    # Most of these name no load in most steps.
    wish = inputs.wishes.get(name) if inputs.wishes else None
    is_reached = not inputs.unreachable or name not in inputs.unreachable
    rule, because, is_worded = _reason(context, name, share, wish, running=running)
    offered_w = share.offered_w
    if offered_w <= 0 and budget.power_w <= 0:
        # The allocator shares out nothing below 0; how much is missing to 0, a strategy tells as its margin.
        offered_w += min(0.0, budget.margins.get("surplus_w", 0.0))
    return LoadStep(
        context=context,
        house=house,
        safety=next((block for block in site if block.safety), hot) if site else hot,
        energy=_energy_block(context, name, wish, running=running),
        allotted_w=inputs.wish_power_w.get(name, policy.max_power_w) if wish is Mode.ON else share.power_w,
        offered_w=offered_w,
        rule=rule,
        because=because,
        is_worded=is_worded,
        health=inputs.health.get(name, "ok") if inputs.health else "ok",
        cleared=name in house.cleared,
        # What does not answer would be counted as heated.
        duty=duty if is_reached else None,
        raised_c=raised_c,
        temperature_c=house.load_c.get(name) if house.load_c else None,
        measured=None if policy.interruptible and memory.idle is None else context.measured.of(name),
    )


def _reason(
    context: StepContext, name: str, share: Share, wish: Mode | None, *, running: bool
) -> tuple[str, str, bool]:
    """(rule, sentence, whether that says what the load needs and what is left for it) of its share."""
    house, budget, is_worded = context.house, context.budget, share.rule is not None
    if wish is Mode.ON:
        return Rule.RULE, context.inputs.wish_because.get(name) or "its rule says on", is_worded
    rule, because = budget.rule, budget.because
    if share.rule is not None:
        rule, because = share.rule, f"{share.because}; {budget.because}"
    if wish is not None or not 0 < house.stale_share < 1:
        return rule, because, is_worded
    # The reading is late, so that less is heated on it with every second.
    age = f"reading {house.reading_age_s:.0f} s old"
    if running:
        return Rule.STALE, f"{age}: power is taken back until {house.max_reading_age_s:.0f} s", True
    return rule, f"{age}, believed until {house.max_reading_age_s:.0f} s; {because}", is_worded


def _energy_block(context: StepContext, name: str, wish: Mode | None, *, running: bool) -> Block | None:
    """What says no to automatic heating: the device, the site, its owner's plan, its rule; the first names the reason.

    Of the site's guards one that ends it now comes, for a load that runs, before one that can wait.
    """
    blocks, inputs = context.blocks, context.inputs
    if inputs.unreachable and name in inputs.unreachable:
        return Block(guard=Rule.UNREACHABLE, safety=False, at_once=True, because=inputs.unreachable[name])
    energy = [block for block in blocks.site if not block.safety] if blocks.site else []
    if energy:
        return next((block for block in energy if running and block.at_once), energy[0])
    if blocks.held_back and name in blocks.held_back:
        return blocks.held_back[name]
    if wish is Mode.OFF:
        because = inputs.wish_because.get(name) or "its rule says off"
        return Block(guard=Rule.RULE, safety=False, at_once=False, because=because)
    return None
