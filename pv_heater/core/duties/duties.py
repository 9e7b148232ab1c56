"""The duties of all loads: what each must do now whatever the sun gives, and how its tank stands.

One look a step, before the sun is shared out. Of several duties of a load the owner's boost names the reason, then
hygiene, the guarantee, and frost; all of them count on, so that heat which one has bought serves the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from pv_heater.core.duties.boost import PlannedBoost
from pv_heater.core.duties.cheapest_quarters import Ahead
from pv_heater.core.duties.context import DutyContext
from pv_heater.core.duties.first_warm_day import is_made_ready
from pv_heater.core.duties.of_load import DutiesAhead, DutiesOfLoad
from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.house.guards import Block
from pv_heater.core.loads.duty import Duty
from pv_heater.core.loads.load_step import Memory
from pv_heater.core.model.lean import passing
from pv_heater.core.model.numbers import group_in, number_in
from pv_heater.core.model.prices import PricePeriod
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.tank import TankStatus
from pv_heater.core.model.words import NO_TIME
from pv_heater.core.settings.home import USUAL_HOUSE_W, Battery
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.start_power import most_within_w

HOUSE_S = 86_400.0
"""Time constant of the mean that is learned."""


@passing(frozen=True, slots=True, kw_only=True)
class DutyConditions:
    """The step as the duties of all loads see it."""

    house: HouseFacts
    may_buy: bool
    """For what the settings ask, not for what the owner asks now; see `DutyContext`."""
    may_drain_w: float
    """The most that the battery may give for heating."""
    may_protect: bool
    """The same for frost protection."""
    headroom_w: float
    """What all controlled loads together may draw below fuse and inverter."""
    prices: Sequence[PricePeriod]
    """As far as they are known."""
    expected_prices: Sequence[PricePeriod]
    """For whoever must buy anyhow; see `Tariff.expected`."""


def may_protect(blocks: Sequence[Block], *, off_grid: bool) -> bool:
    """Whether heat against frost may be bought while these guards of the site block."""
    guards = [block.guard for block in blocks]
    # Without a grid what is bought comes out of the battery, and that must last for the house.
    empty = off_grid and Rule.BATTERY_LOW in guards
    # What a generator gives is the dearest of all, and a small one stalls under a heater.
    return not (Rule.GENERATOR in guards or empty)


def may_buy(blocks: Sequence[Block], *, off_grid: bool) -> bool:
    """Whether other heat that the settings ask for may be bought while these guards of the site block."""
    return may_protect(blocks, off_grid=off_grid) and all(block.guard is not Rule.VACATION for block in blocks)


class Duties:
    """Looks after the duties of every load."""

    def __init__(self, policies: Iterable[LoadSettings], battery: Battery | None, zone: tzinfo) -> None:
        self._battery, self._zone = battery, zone
        self._loads = {policy.name: DutiesOfLoad.of(policy, zone) for policy in policies}
        self.made_ready = frozenset(name for name, load in self._loads.items() if is_made_ready(load.policy))
        """The loads that are made ready before the owner comes home."""
        self._has_tanks = any(load.tank is not None for load in self._loads.values())
        self._house_w = USUAL_HOUSE_W
        self.left_w = 0.0
        """What the last look left of its headroom to others that must run."""

    def adopt(self, policies: Mapping[str, LoadSettings], battery: Battery | None) -> None:
        """Go on with these settings of the same loads; what was counted and what runs stays."""
        self._battery = battery
        self._loads = {name: self._loads[name] for name in policies}
        self.made_ready = frozenset(name for name, policy in policies.items() if is_made_ready(policy))
        for name, load in self._loads.items():
            load.adopt(policies[name])

    def look(
        self, seen: DutyConditions, memories: Mapping[str, Memory], policies: Mapping[str, LoadSettings]
    ) -> dict[str, Duty]:
        """The duties of this step, by load; while the time of day is unknown only boosts and frost.

        `policies`: as now.
        """
        duties: dict[str, Duty] = {}
        house, elapsed_s, forced_w = seen.house, seen.house.elapsed_s, 0.0
        for memory in memories.values():
            if memory.mode is Mode.ON:
                forced_w += memory.power_w
        left_w = seen.headroom_w - forced_w
        if house.base_told_w is not None:
            base_w = house.base_told_w if house.base_told_w > 0 else 0.0
            self._house_w += (base_w - self._house_w) * (elapsed_s / HOUSE_S if elapsed_s < HOUSE_S else 1.0)
        for name, load in self._loads.items():
            memory, load.policy = memories[name], policies[name]
            load.elapsed_s += elapsed_s
            load.told_wh += memory.power_w * elapsed_s / 3600.0
            if not (load.has_duties or load.boost.is_running or load.boost.planned is not None):
                continue
            look = self._duty_of if house.knows_time else self._timeless_duty_of
            duty = look(load, memory, seen, left_w)
            if duty is not None and memory.mode is Mode.AUTO:
                duties[name] = duty
                left_w -= duty.power_w
        self.left_w = left_w
        return duties

    def ahead(self) -> dict[str, DutiesAhead]:
        """What is known of the tanks and guarantees of the days ahead, by load; as of the last look."""
        return {
            name: load.ahead(load.context)
            for name, load in self._loads.items()
            if load.context is not None and (load.has_duties or load.boost.is_running)
        }

    def begin_boost(self, name: str, tick_s: float, for_s: float, to_c: float | None) -> None:
        """Heat a load now, for `for_s` at most and to `to_c` at most (None: its target)."""
        self._loads[name].boost.begin(tick_s, for_s, to_c)

    def plan_boost(self, name: str, at: datetime, for_s: float, to_c: float | None) -> None:
        """The same from `at` on."""
        self._loads[name].boost.plan(PlannedBoost(at=at, for_s=for_s, to_c=to_c))

    def end_boost(self, name: str, *, planned_too: bool) -> None:
        """The owner wants something else of this load; `planned_too`: also later."""
        boost = self._loads[name].boost
        boost.end()
        if planned_too:
            boost.plan(None)
            self._loads[name].gather_notices()

    def raised_c(self, now: datetime) -> dict[str, float]:
        """Loads that the sun may heat beyond their target today, and how far."""
        raised: dict[str, float] = {}
        for name, load in self._loads.items() if self._has_tanks else ():
            raised_c = None if load.hygiene is None else load.hygiene.raised_c(now)
            if raised_c is not None:
                raised[name] = raised_c
        return raised

    def notices(self) -> dict[str, str]:
        """The last thing worth telling of each load that has something to tell."""
        notices: dict[str, str] = {}
        for name, load in self._loads.items():
            if load.notice is not None:
                notices[name] = load.notice
        return notices

    def missed(self) -> dict[str, str]:
        """What the last guarantee of a load lacked, until its next one is due."""
        missed: dict[str, str] = {}
        for name, load in self._loads.items():
            if load.guarantee.missed is not None:
                missed[name] = load.guarantee.missed
        return missed

    def tanks(self, memories: Mapping[str, Memory]) -> dict[str, TankStatus]:
        """How each tank stands at the last look, heated from now on as its load is set."""
        tanks: dict[str, TankStatus] = {}
        for name, load in self._loads.items() if self._has_tanks else ():
            if load.tank is not None and load.context is not None:
                text, record = (load.hygiene.text(), load.hygiene.record()) if load.hygiene else (None, None)
                tanks[name] = load.tank.status_at(load.context, memories[name].credited_w, text, record)
        return tanks

    def state(self, tick_s: float) -> dict[str, Any]:
        """What must survive a restart, by load, and the mean of the house."""
        return {
            "house_w": round(self._house_w, 1),
            "loads": {name: load.state(tick_s) for name, load in self._loads.items()},
        }

    def restore(self, state: Mapping[str, Any], tick_s: float, away_s: float) -> None:
        """Go on `away_s` seconds after `state` was given; anything else is ignored."""
        self._house_w = number_in(state, "house_w") or USUAL_HOUSE_W
        for name, load in self._loads.items():
            load.restore(group_in(group_in(state, "loads"), name), tick_s, away_s)

    def _duty_of(self, load: DutiesOfLoad, memory: Memory, seen: DutyConditions, left_w: float) -> Duty | None:
        context = load.context = self._context_of(load, memory, seen, left_w)
        load.energy_wh, load.elapsed_s, load.told_wh = memory.energy_wh, 0.0, 0.0
        if load.tank is not None:
            load.tank.observe(context)
        load.boost.begin_planned(context.now, context.tick_s)
        boost, guarantee = load.boost.duty(context), load.guarantee.duty(context)
        hygiene, frost = load.hygiene.duty(context) if load.hygiene is not None else None, load.frost.duty(context)
        paid = self._paid(load, context, seen) if load.policy.negative_price_max_wh is not None else None
        load.gather_notices()
        return boost or hygiene or guarantee or frost or paid

    def _paid(self, load: DutiesOfLoad, context: DutyContext, seen: DutyConditions) -> Duty | None:
        """Heat that the grid pays for."""
        reading = seen.house.reading
        is_allowed = reading is not None and context.away_until_at is None
        drained_w = 0.0 if reading is None or reading.battery_w is None else -reading.battery_w
        return load.negative_price.duty(
            context, seen.prices, is_allowed=is_allowed, drained_w=drained_w, may_drain_w=seen.may_drain_w
        )

    def _timeless_duty_of(self, load: DutiesOfLoad, memory: Memory, seen: DutyConditions, left_w: float) -> Duty | None:
        """The duties that need no time of day. The others wait; what is given meanwhile counts for them later."""
        load.energy_wh = memory.energy_wh if load.energy_wh is None else load.energy_wh
        if load.policy.daily_min_wh is not None or load.policy.hot_water is not None:
            load.notice = f"its guarantee and hygiene wait: {NO_TIME}"
        if not load.boost.is_running and load.policy.frost_c is None:
            return None
        context = self._context_of(load, memory, seen, left_w)
        return load.boost.duty(context) or load.frost.duty(context)

    def _context_of(self, load: DutiesOfLoad, memory: Memory, seen: DutyConditions, left_w: float) -> DutyContext:
        """The step as this load sees it. Its count of the day begins anew at midnight."""
        before_wh = memory.energy_wh if load.energy_wh is None else load.energy_wh
        policy, house, reading = load.policy, seen.house, seen.house.reading
        return DutyContext(
            policy=policy,
            now=house.now,
            tick_s=house.tick_s,
            elapsed_s=load.elapsed_s,
            given_wh=memory.energy_wh - before_wh if memory.energy_wh >= before_wh else memory.energy_wh,
            told_wh=load.told_wh,
            temperature_c=house.load_c.get(policy.name),
            drew_nothing=memory.idle is not None,
            may_buy=seen.may_buy and (house.vacation_until_at is None or policy.name in self.made_ready),
            may_protect=seen.may_protect,
            most_w=most_within_w(policy, left_w),
            ahead=Ahead(
                forecast=house.forecast,
                prices=seen.expected_prices,
                house_w=self._house_w,
                battery=self._battery,
                soc_percent=None if reading is None else reading.battery_soc_percent,
                zone=self._zone,
            ),
            away_until_at=house.vacation_until_at,
        )
