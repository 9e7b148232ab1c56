"""What a step puts before the loads: in part before all of them alike, in part before one.

Before one only stands the load that it waits for (`after:`): since when that has had enough, and what is said until
then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pv_heater.core.actuators.load_meters import Measured
from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.house.guards import Block
from pv_heater.core.house.surplus import Budget, View
from pv_heater.core.loads.allocator import Share
from pv_heater.core.loads.duty import Duty
from pv_heater.core.loads.explain import offered_w
from pv_heater.core.loads.load_step import LoadStep
from pv_heater.core.model.passing import passing
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.values import Inputs
from pv_heater.core.settings.load import After, LoadSettings


@passing(frozen=True, slots=True, kw_only=True)
class Blocks:
    """What stands against heating in one step."""

    site: Sequence[Block]
    """The guards that block the whole site, most serious first."""
    hot: Mapping[str, Block | None]
    """By load, its own safety guard."""
    held_back: Mapping[str, Block]
    """By load, what its owner's plan for it says against running by itself now; without those that may."""


@passing(frozen=True, slots=True, kw_only=True)
class StepContext:
    """What all loads are faced with in one step. For the fields of the same name see `LoadStep`."""

    house: HouseFacts
    blocks: Blocks
    inputs: Inputs
    """Those of the house, with what all rules together want as the loads' wishes."""
    view: View | None
    """What the strategy saw; None without a reading that may be used."""
    budget: Budget
    measured: Mapping[str, Measured]
    """What the loads' own meters say, by load."""
    midnight_s: float | None
    daylight_ends_s: float | None

    def of(
        self, policy: LoadSettings, share: Share, *, running: bool, duty: Duty | None, raised_c: float | None
    ) -> LoadStep:
        """What one load is faced with: its share, and what stands for and against it. `raised_c`: see `LoadStep`."""
        name, house, inputs, budget = policy.name, self.house, self.inputs, self.budget
        # Most of these name no load in most steps.
        wish = inputs.wishes.get(name) if inputs.wishes else None
        unreachable = inputs.unreachable.get(name) if inputs.unreachable else None
        held_back = self.blocks.held_back.get(name) if self.blocks.held_back else None
        energy = self._energy_block(running=running) if self.blocks.site else None
        if energy is None:
            energy = held_back
        if unreachable is not None:
            energy = Block(guard=Rule.UNREACHABLE, safety=False, at_once=True, because=unreachable)
        rule: str
        share_w, rule, because = share.power_w, budget.rule, budget.because
        if share.rule is not None:
            rule, because = share.rule, f"{share.because}; {budget.because}"
        is_worded = share.rule is not None
        # The reading is late, so that less is heated on it with every second.
        if 0 < house.stale_share < 1 and wish is None:
            age = f"reading {house.reading_age_s:.0f} s old"
            if running:
                rule, is_worded = Rule.STALE, True
                because = f"{age}: power is taken back until {house.max_reading_age_s:.0f} s"
            else:
                because = f"{age}, believed until {house.max_reading_age_s:.0f} s; {because}"
        if wish is Mode.OFF and energy is None:
            energy = Block(
                guard=Rule.RULE,
                safety=False,
                at_once=False,
                because=inputs.wish_because.get(name) or "its rule says off",
            )
        elif wish is Mode.ON:
            share_w, rule, because = policy.max_power_w, Rule.RULE, inputs.wish_because.get(name) or "its rule says on"
        site, hot = self.blocks.site, self.blocks.hot[name]
        return LoadStep(
            tick_s=house.tick_s,
            elapsed_s=house.elapsed_s,
            safety=next((block for block in site if block.safety), hot) if site else hot,
            energy=energy,
            allotted_w=share_w,
            offered_w=offered_w(budget, share.offered_w),
            stale_share=house.stale_share,
            rule=rule,
            because=because,
            is_worded=is_worded,
            margins=budget.margins,
            health=inputs.health.get(name, "ok") if inputs.health else "ok",
            cleared=name in house.cleared,
            # What does not answer would be counted as heated.
            duty=duty if unreachable is None else None,
            raised_c=raised_c,
            temperature_c=house.load_c.get(name) if house.load_c else None,
            measured=self.measured.get(name) if self.measured else None,
            midnight_s=self.midnight_s,
            daylight_ends_s=self.daylight_ends_s,
        )

    def _energy_block(self, *, running: bool) -> Block | None:
        """The first names the reason; for a load that runs, one that ends it now comes before one that can wait."""
        energy = [block for block in self.blocks.site if not block.safety]
        urgent = [block for block in energy if block.at_once] if running else []
        return next(iter(urgent or energy), None)


HEATS_AGAIN_S = 600.0
"""A load that had enough has it no longer once it heats again for so long: the test whether a thermostat is still open
takes half as long at most."""


def enough_since_s(
    before_s: float | None, tick_s: float, *, enough: bool, heating_since_s: float | None
) -> float | None:
    """Since when a load has had enough; None while it has not.

    `before_s` is the answer at the step before, `enough` whether it has now, `heating_since_s` since when it heats.
    What had enough and cools down has it until it heats again: before, there was no sun for it anyway.
    """
    if enough:
        return tick_s if before_s is None else before_s
    if heating_since_s is not None and tick_s - heating_since_s > HEATS_AGAIN_S:
        return None
    return before_s


def after_block(after: After, since_s: float | None, tick_s: float) -> Block | None:
    """What holds back a load that waits for another, which has had enough since `since_s`; None: nothing."""
    if since_s is None:
        text = f"it waits until {after.load} has had enough today"
        return Block(guard=Rule.AFTER, safety=False, at_once=False, because=text)
    left_s = since_s + after.for_s - tick_s
    if left_s <= 0:
        return None
    text = f"{after.load} has had enough for {tick_s - since_s:.0f} s of {after.for_s:.0f} s"
    return Block(guard=Rule.AFTER, safety=False, at_once=False, because=text, margins={"wait_s": left_s})
