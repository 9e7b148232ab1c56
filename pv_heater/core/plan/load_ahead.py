"""What one load may, must and can take in the quarters ahead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from math import inf

from pv_heater.core.duties.first_warm_day import is_made_ready
from pv_heater.core.duties.of_load import DutiesAhead
from pv_heater.core.duties.tank import USUAL_TAKEN_W
from pv_heater.core.house.ahead.quarters import Stretch
from pv_heater.core.loads.duty import BOOST, HYGIENE, Duty
from pv_heater.core.loads.load_step import Memory
from pv_heater.core.loads.step_context import StepContext
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.values import Phase
from pv_heater.core.settings.home import READY_WITHIN
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.start_power import level_w
from pv_heater.core.settings.timers import timer_now

NEVER_AT = datetime.max.replace(tzinfo=UTC)
FORESEEN = frozenset({Rule.NIGHT, Rule.BATTERY_LOW, Rule.VACATION})
"""Guards whose end the plan knows itself. Of all others nobody knows it: they hold for the present quarter."""


@dataclass(slots=True, kw_only=True)
class LoadAhead:
    """One load, and what it has had so far on the way through the quarters."""

    policy: LoadSettings
    mode: Mode
    mode_until_at: datetime
    forced_w: float
    never: bool
    """It has a fault: only its owner ends that."""
    idle_until_at: datetime
    """It does not run by itself before."""
    duty_until_at: datetime
    """It runs with `duty_w` until then, or until its tank is full."""
    duty_w: float
    today_wh: float
    """What it may still take today."""
    tomorrow_wh: float
    to_go_wh: float
    """What its tank takes until it is full; without end where nothing is known of it."""
    tank_wh: float
    """What it takes when it is cold."""
    taken_w: float
    """Hot water that is drawn, on average."""
    running: bool
    had_wh: float = 0.0
    """What it has had today, from midnight on."""
    duty_rule: Rule | None = None
    """What it runs for until `duty_until_at`."""

    def pass_time(self, hours: float) -> None:
        """Hot water is drawn."""
        self.to_go_wh = min(self.tank_wh, self.to_go_wh + self.taken_w * hours)

    def begin_tomorrow(self) -> None:
        """Midnight: all counts of the day begin anew."""
        self.today_wh, self.had_wh = self.tomorrow_wh, 0.0

    @property
    def has_enough(self) -> bool:
        """Whether another load that waits for this one may run."""
        least_wh = self.policy.daily_min_wh
        return min(self.today_wh, self.to_go_wh) <= 0 or (least_wh is not None and self.had_wh >= least_wh)

    @property
    def by_sun_from_at(self) -> datetime:
        """From when on nothing but a surplus can switch it on."""
        return self.duty_until_at if self.mode is Mode.AUTO and not self.policy.timers else NEVER_AT

    def must_w(self, quarter: Stretch, zone: tzinfo, away_until_at: datetime) -> float | None:
        """What it draws in that quarter whatever the sun gives, 0 for off; None: what it gets of the surplus."""
        at = quarter.start_at
        if self.never or (self.mode is Mode.OFF and at < self.mode_until_at):
            return 0.0
        if self.mode is Mode.ON and at < self.mode_until_at:
            return min(self.forced_w, self.to_go_wh / quarter.hours)
        if at < self.duty_until_at:
            return min(self.duty_w, self.to_go_wh / quarter.hours)
        timer = timer_now(self.policy.timers, at, zone) if self.policy.timers else None
        if timer is not None and not timer.on:
            return 0.0
        if timer is not None and at >= away_until_at:
            return self._at_most_w(self.policy.max_power_w, quarter.hours)
        return 0.0 if at < self.idle_until_at else None

    def asked_by(self, at: datetime, zone: tzinfo, away_until_at: datetime) -> Rule | None:
        """What switches it on at that instant whatever the sun gives; None: nothing does. See `must_w`."""
        if self.mode is Mode.ON and at < self.mode_until_at:
            return Rule.FORCED_ON
        if at < self.duty_until_at:
            return self.duty_rule
        timer = timer_now(self.policy.timers, at, zone) if self.policy.timers else None
        return Rule.TIMER if timer is not None and timer.on and at >= away_until_at else None

    def automatic_w(self, offered_w: float, hours: float) -> float:
        """What it makes of that share of the surplus, as a mean of the quarter."""
        policy = self.policy
        if offered_w <= 0 or offered_w < (policy.stop_w if self.running else policy.start_w):
            self.running = False
            return 0.0
        if policy.adjustable:
            power_w = policy.least_power_w if offered_w < policy.least_power_w else offered_w
            power_w = power_w if power_w < policy.max_power_w else policy.max_power_w
        else:
            power_w = level_w(policy, offered_w, policy.least_power_w if self.running else 0.0)
        self.running = power_w > 0
        return self._at_most_w(power_w, hours)

    def take(self, energy_wh: float) -> None:
        """It has had so much."""
        self.had_wh += energy_wh
        self.today_wh = self.today_wh - energy_wh if self.today_wh > energy_wh else 0.0
        self.to_go_wh = self.to_go_wh - energy_wh if self.to_go_wh > energy_wh else 0.0

    def _at_most_w(self, power_w: float, hours: float) -> float:
        left_w = (self.to_go_wh if self.to_go_wh < self.today_wh else self.today_wh) / hours
        return left_w if left_w < power_w else power_w


def load_ahead(
    policy: LoadSettings, memory: Memory, context: StepContext, duty: Duty | None, ahead: DutiesAhead | None
) -> LoadAhead:
    """What is known of one load now. `duty`: what it must do now; `ahead`: its tank, None without one."""
    house, name = context.house, policy.name
    now, quarter_end_at = house.now, house.now + timedelta(minutes=15)

    def instant(at_s: float | None) -> datetime:
        away_s = 0.0 if at_s is None else min(3e6, max(0.0, at_s - house.tick_s))
        return now + timedelta(seconds=away_s)

    is_held = (
        context.inputs.wishes.get(name) is Mode.OFF
        or name in context.inputs.unreachable
        or context.blocks.hot.get(name) is not None
        or any(block.guard not in FORESEEN for block in context.blocks.site)
    )
    wished_on = context.inputs.wishes.get(name) is Mode.ON and not is_held
    of_owner = duty is not None and duty.rule in (BOOST, HYGIENE)
    forced_w = policy.max_power_w if memory.forced_w is None else memory.forced_w
    daily_wh = inf if policy.daily_max_wh is None else policy.daily_max_wh
    run_wh = inf if policy.run_s is None else policy.max_power_w * policy.run_s / 3600.0
    to_go_wh, tank_wh, taken_w = _tank(memory, ahead)
    away_until_at = now if house.vacation_until_at is None else house.vacation_until_at
    if house.vacation_until_at is not None and is_made_ready(policy):
        away_until_at -= READY_WITHIN
    return LoadAhead(
        policy=policy,
        mode=memory.mode,
        mode_until_at=instant(inf if memory.for_good else memory.mode_until_s),
        forced_w=min(policy.max_power_w, max(policy.least_power_w, forced_w)),
        never=memory.fault is not None,
        idle_until_at=max(away_until_at, quarter_end_at if is_held else now),
        duty_until_at=instant(duty.until_s) if duty is not None and of_owner else quarter_end_at if wished_on else now,
        duty_w=duty.power_w if duty is not None and of_owner else policy.max_power_w,
        duty_rule=duty.rule if duty is not None and of_owner else Rule.RULE if wished_on else None,
        today_wh=0.0 if memory.ran_because is not None else min(run_wh, max(0.0, daily_wh - memory.energy_wh)),
        tomorrow_wh=min(run_wh, daily_wh),
        to_go_wh=to_go_wh,
        tank_wh=tank_wh,
        taken_w=taken_w,
        running=memory.phase is Phase.HEATING,
        had_wh=memory.energy_wh,
    )


def _tank(memory: Memory, ahead: DutiesAhead | None) -> tuple[float, float, float]:
    """(energy until the tank is full, until a cold one is, what is drawn on average)."""
    if ahead is not None and ahead.to_go_wh is not None:
        return ahead.to_go_wh, ahead.tank_wh, ahead.taken_w
    if memory.idle is not None:
        # Its thermostat is open, so it takes what is drawn from now on; how large it is nobody knows.
        return 0.0, inf if ahead is None else ahead.tank_wh, USUAL_TAKEN_W if ahead is None else ahead.taken_w
    return inf, inf, 0.0


def waits_for(load: LoadAhead, others: Mapping[str, LoadAhead]) -> bool:
    """Whether another load must have had enough first."""
    after = load.policy.after
    return after is not None and after.load in others and not others[after.load].has_enough
