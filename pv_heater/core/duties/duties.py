"""The duties of all loads: what each must do now whatever the sun gives, and how its tank stands.

One look a step, before the sun is shared out. Of several duties of a load the owner's boost names the reason, then
hygiene, the guarantee, and frost; all of them count on, so that heat which one has bought serves the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, tzinfo
from math import inf
from typing import Any

from pv_heater.core.duties.boost import BoostOf, PlannedBoost
from pv_heater.core.duties.cheapest_quarters import Ahead
from pv_heater.core.duties.context import DutyContext
from pv_heater.core.duties.first_warm_day import is_made_ready
from pv_heater.core.duties.frost import Frost
from pv_heater.core.duties.guarantee import Due, Guarantee
from pv_heater.core.duties.legionella import Hygiene
from pv_heater.core.duties.negative_price import NegativePrice
from pv_heater.core.duties.tank import USUAL_TAKEN_W, Tank
from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.house.guards import Block
from pv_heater.core.loads.duty import Duty
from pv_heater.core.loads.load_step import Memory
from pv_heater.core.model.lean import dataclass, passing
from pv_heater.core.model.numbers import group_in, number_in
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.tank import TankStatus
from pv_heater.core.model.values import PricePeriod
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


@dataclass(slots=True)
class _OfLoad:
    """The duties of one load, each with what it remembers."""

    policy: LoadSettings
    guarantee: Guarantee
    hygiene: Hygiene | None
    frost: Frost
    boost: BoostOf
    negative_price: NegativePrice
    tank: Tank | None
    energy_wh: float | None = None
    """Its count of the day at the last look; None before the first."""
    elapsed_s: float = 0.0
    """Time since the last look."""
    told_wh: float = 0.0
    context: DutyContext | None = None
    said: dict[str, str] = field(default_factory=dict)
    """The last notice of each part."""
    notice: str | None = None
    has_duties: bool = False
    """Whether the settings ask for anything; the owner may always ask for a boost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DutiesAhead:
    """What is known of one load's tank and guarantee for the day ahead."""

    to_go_wh: float | None
    """Until its tank is full; None: not known."""
    tank_wh: float
    """What a cold tank takes; without end where there is none."""
    taken_w: float
    """Hot water that is drawn, on average."""
    dues: tuple[Due, ...]
    """What its guarantee asks for, in order of time."""
    may_buy: bool
    """False while nothing may be bought for it."""


class Duties:
    """Looks after the duties of every load."""

    def __init__(self, policies: Iterable[LoadSettings], battery: Battery | None, zone: tzinfo) -> None:
        self._battery, self._zone = battery, zone
        self._loads = {policy.name: _of_load(policy, zone) for policy in policies}
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
            policy = load.policy = policies[name]
            load.has_duties = _asks_for_duties(policy)
            load.guarantee.adopt(policy)
            load.frost.adopt(policy)
            load.boost.adopt(policy)
            load.negative_price.adopt(policy)
            hot_water = policy.hot_water
            if hot_water is not None and load.tank is not None:
                load.tank.adopt(hot_water, policy.target_c)
            if hot_water is not None and hot_water.hygiene is not None and load.hygiene is not None:
                load.hygiene.adopt(hot_water, hot_water.hygiene)

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
            if not load.has_duties and not load.boost.is_wanted:
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
            name: DutiesAhead(
                to_go_wh=None if load.tank is None else load.tank.to_go_wh(load.context.temperature_c),
                tank_wh=inf if load.tank is None else load.tank.full_wh,
                taken_w=USUAL_TAKEN_W if load.tank is None else load.tank.taken_w,
                dues=load.guarantee.ahead(load.context),
                may_buy=load.context.may_buy if load.context.away_until_at is None else load.context.may_protect,
            )
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
            _gather_notices(self._loads[name])

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
            "loads": {
                name: {
                    "energy_wh": load.energy_wh,
                    "guarantee": load.guarantee.state(),
                    "frost": load.frost.state(),
                    "hygiene": load.hygiene.state() if load.hygiene is not None else None,
                    "boost": load.boost.state(tick_s),
                    "negative_price": load.negative_price.state(),
                    "tank": load.tank.state() if load.tank is not None else None,
                }
                for name, load in self._loads.items()
            },
        }

    def restore(self, state: Mapping[str, Any], tick_s: float, away_s: float) -> None:
        """Go on `away_s` seconds after `state` was given; anything else is ignored."""
        self._house_w = number_in(state, "house_w") or USUAL_HOUSE_W
        for name, load in self._loads.items():
            saved = group_in(group_in(state, "loads"), name)
            load.energy_wh = number_in(saved, "energy_wh")
            load.guarantee.restore(group_in(saved, "guarantee"))
            load.frost.restore(group_in(saved, "frost"))
            load.boost.restore(group_in(saved, "boost"), tick_s, away_s)
            load.negative_price.restore(group_in(saved, "negative_price"))
            if load.hygiene is not None:
                load.hygiene.restore(group_in(saved, "hygiene"))
            if load.tank is not None:
                load.tank.restore(group_in(saved, "tank"), away_s)

    def _duty_of(self, load: _OfLoad, memory: Memory, seen: DutyConditions, left_w: float) -> Duty | None:
        context = load.context = self._context_of(load, memory, seen, left_w)
        load.energy_wh, load.elapsed_s, load.told_wh = memory.energy_wh, 0.0, 0.0
        if load.tank is not None:
            load.tank.observe(context)
        load.boost.begin_planned(context.now, context.tick_s)
        boost, guarantee = load.boost.duty(context), load.guarantee.duty(context)
        hygiene, frost = load.hygiene.duty(context) if load.hygiene is not None else None, load.frost.duty(context)
        paid = self._paid(load, context, seen) if load.policy.negative_price_max_wh is not None else None
        _gather_notices(load)
        return boost or hygiene or guarantee or frost or paid

    def _paid(self, load: _OfLoad, context: DutyContext, seen: DutyConditions) -> Duty | None:
        """Heat that the grid pays for."""
        reading = seen.house.reading
        is_allowed = reading is not None and context.away_until_at is None
        drained_w = 0.0 if reading is None or reading.battery_w is None else -reading.battery_w
        return load.negative_price.duty(
            context, seen.prices, is_allowed=is_allowed, drained_w=drained_w, may_drain_w=seen.may_drain_w
        )

    def _timeless_duty_of(self, load: _OfLoad, memory: Memory, seen: DutyConditions, left_w: float) -> Duty | None:
        """The duties that need no time of day. The others wait; what is given meanwhile counts for them later."""
        load.energy_wh = memory.energy_wh if load.energy_wh is None else load.energy_wh
        if load.policy.daily_min_wh is not None or load.policy.hot_water is not None:
            load.notice = f"its guarantee and hygiene wait: {NO_TIME}"
        if not load.boost.is_running and load.policy.frost_c is None:
            return None
        context = self._context_of(load, memory, seen, left_w)
        return load.boost.duty(context) or load.frost.duty(context)

    def _context_of(self, load: _OfLoad, memory: Memory, seen: DutyConditions, left_w: float) -> DutyContext:
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


def _of_load(policy: LoadSettings, zone: tzinfo) -> _OfLoad:
    hot_water = policy.hot_water
    hygiene = None
    if hot_water is not None and hot_water.hygiene is not None:
        hygiene = Hygiene(hot_water, hot_water.hygiene, zone)
    return _OfLoad(
        policy=policy,
        guarantee=Guarantee(policy, zone),
        frost=Frost(policy, zone),
        hygiene=hygiene,
        boost=BoostOf(policy),
        negative_price=NegativePrice(policy, zone),
        tank=Tank(hot_water, policy.target_c) if hot_water is not None else None,
        has_duties=_asks_for_duties(policy),
    )


def _asks_for_duties(policy: LoadSettings) -> bool:
    asks = (policy.daily_min_wh, policy.hot_water, policy.frost_c, policy.negative_price_max_wh)
    return any(setting is not None for setting in asks)


def _gather_notices(load: _OfLoad) -> None:
    """The newest of what the parts have to tell."""
    parts = {
        "boost": load.boost.notice,
        "guarantee": load.guarantee.notice,
        "frost": load.frost.notice,
        "negative_price": load.negative_price.notice,
    }
    if load.hygiene is not None:
        parts["hygiene"] = load.hygiene.notice
    for part, notice in parts.items():
        if notice is not None and load.said.get(part) != notice:
            load.said[part] = load.notice = notice
