"""A load that waits until another has had enough: since when that has, and what is said until then."""

from __future__ import annotations

from pv_heater.core.house.guards import Block
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.settings.load import After

HEATS_AGAIN_S = 600.0
"""A load that had enough has it no longer once it heats again for this long: the test whether a thermostat is still
open takes half as long at most."""


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
