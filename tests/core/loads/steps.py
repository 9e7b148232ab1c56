"""What the machine of one load is faced with, without a house around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pv_heater.core.actuators.load_meters import MeasuredLoads
from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.house.least_charge import LeastCharge
from pv_heater.core.house.surplus import Budget
from pv_heater.core.loads.load_step import LoadStep
from pv_heater.core.loads.step_context import Blocks, StepContext
from pv_heater.core.model.values import NO_INPUTS
from tests.builders import NOON


def load_step(
    tick_s: float,
    allotted_w: float,
    *,
    stale_share: float = 1.0,
    margins: Mapping[str, float] | None = None,
    midnight_s: float | None = None,
    because: str = "1000 W more sun than use",
    **changes: Any,
) -> LoadStep:
    """One second after the step before; `changes` are fields of `LoadStep`."""
    house = HouseFacts(
        now=NOON,
        tick_s=tick_s,
        elapsed_s=1.0,
        vacation_until_at=None,
        daylight=True,
        reading=None,
        reading_age_s=0.0,
        max_reading_age_s=60.0,
        least_charge=LeastCharge(percent=25.0, release_percent=26.0),
        stale_share=stale_share,
        source_interval_s=None,
    )
    context = StepContext(
        house=house,
        blocks=Blocks(site=(), hot={}, held_back={}),
        inputs=NO_INPUTS,
        view=None,
        budget=Budget(power_w=allotted_w, rule="balance", because=because, margins=margins or {}),
        measured=MeasuredLoads(own={}, house_w={}, taken_s=0.0),
        midnight_s=midnight_s,
        daylight_ends_s=None,
    )
    values: dict[str, Any] = {
        "safety": None,
        "energy": None,
        "allotted_w": allotted_w,
        "rule": "balance",
        "because": because,
    }
    return LoadStep(context=context, house=house, **(values | changes))
