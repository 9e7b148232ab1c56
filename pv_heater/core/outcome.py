"""What a step came to, in the words and the clock of the owner."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from pv_heater.core.basis import Basis, Thresholds
from pv_heater.core.guards import Block
from pv_heater.core.situation import Outcome
from pv_heater.core.surplus import Budget
from pv_heater.core.tank_status import TankStatus
from pv_heater.core.types import OFF, Decision, LoadState, Setpoint

FURTHEST_S = 3e9
"""No instant further away than 95 years is told: the calendar ends somewhere."""


def decision_of(
    outcomes: Mapping[str, Outcome],
    blocks: Sequence[Block],
    budget: Budget,
    now: datetime,
    tick_s: float,
    zone: tzinfo,
    inputs: Basis,
    thresholds: Thresholds,
    *,
    tanks: Mapping[str, TankStatus],
    notices: Mapping[str, str],
    house_notices: tuple[str, ...],
    told_w: Callable[[str, float], float],
) -> Decision:
    """The decision at `now` (tick `tick_s`); instants are told in `zone`. For `tanks` and `notices` see `LoadState`,
    for `house_notices` `Decision.notices`.

    `told_w` answers what a load, by its name, must be told to draw so much.
    """

    def instant(at_s: float) -> datetime:
        away_s = at_s - tick_s
        if not -FURTHEST_S <= away_s <= FURTHEST_S:
            away_s = max(-FURTHEST_S, min(FURTHEST_S, away_s))
        return (now + timedelta(seconds=away_s)).astimezone(zone)

    def load_state(name: str, outcome: Outcome) -> LoadState:
        memory, duty = outcome.memory, outcome.duty
        until_s = memory.mode_until_s if duty is None else duty.until_s
        return LoadState(
            phase=memory.phase,
            stop=outcome.stop,
            mode=memory.mode,
            until_at=None if until_s is None else instant(until_s),
            power_w=memory.power_w,
            rule=outcome.rule,
            because=outcome.because,
            margins=outcome.margins,
            since_at=instant(memory.since_s),
            next_change_at=None if outcome.next_change_s is None else instant(outcome.next_change_s),
            energy_wh=memory.energy_wh,
            starts=memory.closings,
            temperature_c=outcome.temperature_c,
            rests_until_at=None if outcome.rests_until_s is None else instant(outcome.rests_until_s),
            tank=tanks.get(name),
            notice=notices.get(name),
        )

    states = {name: load_state(name, outcome) for name, outcome in outcomes.items()}
    first = blocks[0] if blocks else None
    return Decision(
        setpoints={
            name: Setpoint(on=True, power_w=told_w(name, state.power_w)) if state.power_w > 0 else OFF
            for name, state in states.items()
        },
        loads=states,
        blocked_by=first.guard if first else None,
        because=first.because if first else budget.because,
        margins={name: round(value, 1) for name, value in first.margins.items()} if first else {},
        inputs=inputs,
        thresholds=thresholds,
        notices=house_notices,
        outlook=budget.outlook,
    )
