"""The embedding API: settings, core and strategy behind one `step`.

No network, no files written, no GPIO, no clock: the same state and the same calls give the same decisions, in any
process and at any speed. The live loop, dry run, replay, simulation and bench all go through this one call.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from pv_heater.config.load import Config, load_config
from pv_heater.core.actuators.actuators import Actuators
from pv_heater.core.commands import Commands
from pv_heater.core.decision import decision_of, in_force, thresholds_of, trace_of
from pv_heater.core.duties.duties import Duties, DutyConditions, may_buy, may_protect
from pv_heater.core.duties.first_warm_day import of_site_and_loads
from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.house.headroom import below_headroom, headroom_w
from pv_heater.core.house.observer import HouseObserver
from pv_heater.core.house.reading_age import is_local
from pv_heater.core.house.surplus import Budget, Strategy, View, with_settings
from pv_heater.core.house.tariff import Tariff
from pv_heater.core.house.trial import Trial
from pv_heater.core.kept_state import KeptState
from pv_heater.core.loads.allocator import Share, allot
from pv_heater.core.loads.day_count import DayCount
from pv_heater.core.loads.home_loads import NO_BLOCKS, HomeLoads
from pv_heater.core.loads.load_step import Outcome
from pv_heater.core.loads.step_context import Blocks, StepContext
from pv_heater.core.model.checks import in_utc
from pv_heater.core.model.local_time import LocalDay, StepTime
from pv_heater.core.model.prices import PricePeriod, price_at
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.trace import Thresholds
from pv_heater.core.model.values import NO_INPUTS, Decision, Forecast, Inputs, Reading, Setpoint
from pv_heater.core.own_draw import OwnDraw
from pv_heater.core.plan.planner import Planner
from pv_heater.core.rules.days import Days
from pv_heater.core.rules.purchases import purchases
from pv_heater.core.rules.rules import Rules
from pv_heater.core.settings.load import BatteryShare, LoadSettings
from pv_heater.core.vacations import Vacations

NOBODY = frozenset[str]()


class Controller:
    """Decides. Built from a configuration file or mapping; see `step`."""

    def __init__(
        self,
        config: Config,
        state: Mapping[str, Any] | None = None,
        *,
        pretended: Collection[str] = (),
        calibrating: Collection[str] = (),
        foresees: bool = True,
    ) -> None:
        """`pretended` loads have no effect on the house that the readings are of: a dry run, a replay.

        What a load draws whose curve is being measured (`calibrating`) proves nothing against it. `foresees` False: no
        decision has a plan, and rules know nothing of one; days that nobody looks ahead on take two thirds of the time.
        """
        pretended = frozenset(pretended)
        rows = [row if isinstance(row, BatteryShare) else row.settings for row in config.loads]
        self._loads = HomeLoads(rows, max_changes_per_minute=config.limits.max_changes_per_minute)
        policies = self._loads.policies
        self._actuators = Actuators(policies, pretended.union(calibrating))
        self._phases = {name: policy.phase for name, policy in policies.items()}
        self._strategy_word = config.strategy.type
        self._strategy: Strategy = config.strategy.build()
        self._zone = ZoneInfo(config.site.timezone)
        self._watch = _observer_of(config, policies, self._zone)
        self._own = OwnDraw(self._loads, self._actuators, self._watch, pretended=pretended)
        self._rules = Rules(policies, config.site, self._zone, config.values)
        self._tariff = Tariff(config.fixed_tariff, self._zone)
        self.prices: tuple[PricePeriod, ...] = ()
        """What a kWh costs today and tomorrow as of the latest step: the market's prices, else the settings'."""
        self._trial = Trial()
        self._site, self._limits = config.site, config.limits
        self._duties = Duties(policies.values(), config.site.battery, self._zone)
        self._foresees = foresees
        self._planner = Planner(
            config.site, config.limits, self._zone, loads=self._loads, duties=self._duties, strategy=self._strategy
        )
        self._vacations = Vacations(config.vacation, self._zone)
        self._orders = Commands(self._loads, self._duties, self._vacations)
        self._time, self._day = StepTime(), LocalDay(self._zone)
        self._day_count = DayCount()
        self._days = Days(self._loads, self._day_count, self._rules)
        self._setpoints_before: Mapping[str, Setpoint] = {}
        self._taken_wh: Mapping[str, float] = {}
        """What each load took in the step that ended."""
        self._kept = KeptState(
            state, loads=self._loads, own=self._own, actuators=self._actuators, watch=self._watch,
            duties=self._duties, rules=self._rules, vacations=self._vacations, day_count=self._day_count,
        )  # fmt: skip
        self._kept.take_learned(self._strategy, self._strategy_word)
        self._thresholds = self._thresholds_now()

    @classmethod
    def from_config(cls, source: str | Path | Mapping[str, Any], state: Mapping[str, Any] | None = None) -> Self:
        """Build from a file or a mapping with the same keys; `state` is what `state()` gave earlier.

        A damaged state is used as far as it can be read, faults first; see `remarks` and `core.loads.saved`. Raises
        ConfigError with every problem at once, ValueError for a state that is none (no schema in it).
        """
        return cls(load_config(source), state)

    def step(
        self, now: datetime, reading: Reading | None, forecast: Forecast | None, inputs: Inputs | None = None
    ) -> Decision:
        """Decide what every load does from `now` on.

        May be called every 0.2 to 300 s, and with the same reading again: a repeated `taken_at` adds nothing.
        `reading` None: the meter said nothing, the last reading goes on ageing.
        """
        house = self._observe(in_utc("now", now), reading, forecast, inputs or NO_INPUTS)
        blocks = self._guard(house)
        context = self._ask(house, blocks)
        outcomes, shares = self._share(context)
        return self._conclude(context, outcomes, shares)

    def adopt(self, config: Config) -> None:
        """Go on with other values of live settings (`core.model.setting`), from the next step on.

        Modes, timers, faults, energies and what was learned stay. `config` names the same loads, in any order, with the
        same outputs; `config.live.with_live` makes one of a file that may have changed in other ways too.
        """
        rows = [row if isinstance(row, BatteryShare) else row.settings for row in config.loads]
        self._loads.adopt(rows, max_changes_per_minute=config.limits.max_changes_per_minute)
        policies = self._loads.policies
        self._actuators.adopt(policies)
        self._rules.adopt(policies)
        self._duties.adopt(policies, config.site.battery)
        self._vacations.adopt(config.vacation)
        self._watch.adopt(config.site, config.limits, policies)
        self._strategy = with_settings(self._strategy, config.strategy.settings, config.strategy.build)
        self._tariff = Tariff(config.fixed_tariff, self._zone)
        self._planner.adopt(config.site, config.limits, self._strategy)
        self._site, self._limits = config.site, config.limits
        self._own.forget()
        self._thresholds = self._thresholds_now()

    def state(self) -> dict[str, Any]:
        """Modes, timers, energies and what was learned, as plain JSON types, versioned."""
        return self._kept.as_json(self._time.now, self._day.day, self._time.tick_s, self._strategy, self._strategy_word)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences for the owner: what of the saved state could not be used."""
        return self._kept.remarks

    @property
    def policies(self) -> Mapping[str, LoadSettings]:
        """The settings of each load, in their order; a power that was learned is in them."""
        return self._loads.policies

    @property
    def rules(self) -> Rules:
        """The owner's conditions, and the picture of the home that they and rule files go by."""
        return self._rules

    def _observe(self, now: datetime, reading: Reading | None, forecast: Forecast | None, inputs: Inputs) -> HouseFacts:
        """What is known of the house now; commands are obeyed, and what a new reading teaches is learned."""
        tick_s = self._begin(now, inputs)
        cleared = self._orders.obey(inputs.commands, now, tick_s) if inputs.commands else NOBODY
        seen = self._own.with_meters(reading, now, tick_s, inputs)
        self._watch.observe(seen, now, tick_s, distrusted_because=inputs.distrusted_because)
        news = self._watch.news
        disobeying = self._actuators.faults(news, cleared, tick_s)
        if disobeying:
            inputs = replace(inputs, health={**inputs.health, **disobeying})
        if news is not None and (idle := self._watch.found_idle(news)):
            self._loads.note_idle(idle, tick_s)
            self._own.forget()
        if news is not None and self._own.powers.are_learned and self._own.learn(news):
            self._thresholds = self._thresholds_now()
        commanded_w, least_on_w = self._loads.set_now_w()
        return self._watch.look(
            self._time,
            now,
            forecast,
            inputs,
            cleared=cleared,
            commanded_w=commanded_w,
            least_on_w=least_on_w,
            vacation_until_at=self._vacations.until_at(None if inputs.clock_trusted is False else now),
        )

    def _guard(self, house: HouseFacts) -> Blocks:
        """What stands against heating: of the whole site, of one load, of its owner's plan."""
        tick_s, policies = house.tick_s, self._loads.policies
        site, away = self._watch.blocks(house), NO_BLOCKS
        if house.vacation_until_at is not None:
            site, away = of_site_and_loads(site, house, self._duties.made_ready, policies)
        hot = self._loads.temperature_blocks(house.load_c)
        known_at = house.now if house.knows_time else None
        self._loads.keep_timers(known_at, self._zone, tick_s, away=house.vacation_until_at is not None)
        return Blocks(site=site, hot=hot, held_back=self._loads.held_back(tick_s, away))

    def _ask(self, house: HouseFacts, blocks: Blocks) -> StepContext:
        """What duties, rules and the strategy have to say to that."""
        loads, inputs = self._loads, house.inputs
        day = self._day.day if house.knows_time else None
        prices, expected_prices = self._tariff.prices(day, inputs.prices), self._tariff.expected(day, inputs.prices)
        self.prices = prices
        most_w = headroom_w(house.base_told_w, self._site, self._limits)
        off_grid = self._site.off_grid
        seen = DutyConditions(
            house=house,
            may_buy=not blocks.site or may_buy(blocks.site, off_grid=off_grid),
            may_protect=not blocks.site or may_protect(blocks.site, off_grid=off_grid),
            may_drain_w=self._limits.max_battery_discharge_w,
            headroom_w=most_w,
            prices=prices,
            expected_prices=expected_prices,
        )
        duties = self._duties.look(seen, loads.memories, loads.policies)
        raised_c = self._duties.raised_c(house.now) if house.knows_time else {}
        loads.put_on_duty(duties, raised_c)
        inputs = self._rules.look(house, loads.memories, self._planner.plan, prices)
        if inputs.wish_power_w and seen.may_buy and house.vacation_until_at is None:
            asked_w, because, records = inputs.wish_power_w, inputs.wish_because, self._rules.records
            bought = purchases(asked_w, because, loads.policies, records, blocks, house.tick_s, self._duties.left_w)
            loads.put_on_duty({**bought, **duties}, raised_c)
        view = self._watch.view(
            house,
            loads.automatic(house.tick_s, inputs.wishes),
            battery_target_percent=self._loads.battery_target_percent,
            prices=prices,
        )
        return StepContext(
            house=house,
            blocks=blocks,
            inputs=inputs,
            view=view,
            budget=_no_budget(blocks) if view is None else below_headroom(self._budget(view), most_w),
            prices=prices,
            expected_prices=expected_prices,
            price=price_at(prices, house.now) if prices else None,
            measured=self._watch.measured(house.tick_s, self._own.meters.known),
            midnight_s=self._day.midnight_s(house.now, house.tick_s),
            daylight_ends_s=self._time.tick_at(house.daylight_changes_at)
            if house.daylight and house.knows_time
            else None,
        )

    def _budget(self, view: View) -> Budget:
        """The strategy's answer, raised for a trial, and kept below what reaches the loads without the grid."""
        budget = self._strategy.budget(view)
        if not view.is_steered:
            budget = self._trial.widened(budget, view, self._watch.measured_twice)
        if view.house.knows_time:
            view.ahead.learn(view.house, view.reading, sun_hides=view.sun_hides)
        budget = self._watch.ceiling.lowered(budget, view.house.base_w)
        return budget if view.steering is None else self._watch.steered.lowered(budget, view)

    def _share(self, context: StepContext) -> tuple[dict[str, Outcome], dict[str, Share]]:
        """Each load's share of the budget, and what its machine makes of it."""
        headroom_w_by_phase = self._watch.phase_headroom_w(context.house.tick_s, self._phases)
        shares = allot(context.budget, self._loads.claims(context), headroom_w_by_phase)
        return self._loads.advance(context, shares), shares

    def _conclude(self, context: StepContext, outcomes: Mapping[str, Outcome], shares: Mapping[str, Share]) -> Decision:
        """The decision in the owner's words; what must be known of it in the next step is remembered."""
        house, watch, twice_w = context.house, self._watch, self._watch.measured_twice.house_w
        self._rules.note(outcomes, house.tick_s)
        self._own.remember(house.tick_s, house.inputs.unreachable)
        trace = trace_of(
            context,
            allotted_w={name: share.power_w for name, share in shares.items()},
            answers=self._rules.latest,
            house_twice_w={str(way): power_w for way, power_w in twice_w.items()} if twice_w else {},
            learned=self._actuators.learned(),
            steering=watch.steered.steering,
            steering_because=None if watch.steered.steering is None else watch.steered.because,
        )
        self._thresholds = in_force(self._thresholds, house)
        counts, policies = self._day_count, self._loads.policies
        feed_in = context.view is not None and context.view.feed_in
        counts.count(
            house, self._taken_wh, policies, expected_w=trace.forecast_pv_w, feed_in=feed_in, price=context.price
        )
        decision = decision_of(
            outcomes,
            context,
            self._zone,
            trace,
            self._thresholds,
            tanks=self._duties.tanks(self._loads.memories),
            notices=self._actuators.with_doubts(self._duties.notices()),
            missed=self._duties.missed(),
            house_notices=(
                *[text for text in (watch.measured_twice.notice, context.budget.notice) if text],
                *watch.steered.notices,
            ),
            told_w=self._actuators.told_w,
            setpoints_before=self._setpoints_before,
            today=counts.today(self._day.day, self._loads.memories),
            plan=self._planner.look(context) if self._foresees else None,
        )
        self._setpoints_before = decision.setpoints
        counts.note(decision, for_battery_w=context.budget.battery_w)
        return decision

    def _begin(self, now: datetime, inputs: Inputs) -> float:
        """Move on in time; what was saved, now that it is known how old it is, and what is counted follow."""
        knows_time = inputs.clock_trusted is not False
        time = self._time
        is_first = time.now is None
        time.advance(now, inputs.tick_s)
        if is_first:
            self._loads.begin(time.tick_s)
        if self._kept.is_waiting:
            self._day.day = self._kept.take_back(now, time.tick_s)
        before = self._day.day
        new_day = self._day.has_changed(now, time.tick_s, knows_time=knows_time)
        if new_day:
            self._days.leave(before, self._day.day)
        measured = self._watch.measured(time.tick_s, self._own.meters.known)
        self._taken_wh = self._loads.count(time.elapsed_s, measured, new_day=new_day)
        self._rules.passed(time.elapsed_s)
        if new_day:
            self._days.begin()
        return time.tick_s

    def _thresholds_now(self) -> Thresholds:
        return thresholds_of(self._site, self._limits, self._loads.policies.values())


def _observer_of(config: Config, policies: Mapping[str, LoadSettings], zone: ZoneInfo) -> HouseObserver:
    """What looks at the house, by the settings."""
    local_source = any(is_local(row.type) for row in config.meter)
    return HouseObserver(config.site, config.limits, zone, local_source=local_source, policies=policies)


def _no_budget(blocks: Blocks) -> Budget:
    """Nothing is known of the house: nothing is spent."""
    because = blocks.site[0].because if blocks.site else "no reading"
    return Budget(power_w=0.0, rule=Rule.NO_READING, because=because)
