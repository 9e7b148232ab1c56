"""The embedding API: settings, core and strategy behind one `step`.

No network, no files written, no GPIO, no clock: the same state and the same calls give the same decisions, in any
process and at any speed. The live loop, dry run, replay, simulation and bench all go through this one call.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from pv_heater.config.load import Config, load_config
from pv_heater.core.actuators.actuators import Actuators
from pv_heater.core.actuators.learned_power import LearnedPowers
from pv_heater.core.actuators.load_meters import OwnMeters
from pv_heater.core.commands import Commands
from pv_heater.core.decision import decision_of, in_force, thresholds_of, trace_of
from pv_heater.core.duties.duties import Duties, Seen
from pv_heater.core.house.guards import Block, GuardView
from pv_heater.core.house.headroom import below_headroom, headroom_w
from pv_heater.core.house.observer import HouseObserver
from pv_heater.core.house.reading_age import is_local
from pv_heater.core.house.surplus import Budget, Strategy, View
from pv_heater.core.house.tariff import Tariff
from pv_heater.core.house.trial import Trial
from pv_heater.core.loads.allocator import allot
from pv_heater.core.loads.home_loads import HomeLoads
from pv_heater.core.loads.saved import SCHEMA, Saved
from pv_heater.core.loads.step_context import StepContext
from pv_heater.core.model.checks import in_utc
from pv_heater.core.model.local_time import LocalDay, StepTime
from pv_heater.core.model.numbers import group_in
from pv_heater.core.model.power_balance import house_w
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.values import NO_INPUTS, Decision, Forecast, Inputs, News, Reading
from pv_heater.core.rules.rules import Rules, answered
from pv_heater.core.settings.load import BatteryShare, LoadSettings


class Controller:
    """Decides. Built from a configuration file or mapping; see `step`."""

    def __init__(
        self,
        config: Config,
        state: Mapping[str, Any] | None = None,
        *,
        pretended: Collection[str] = (),
        calibrating: Collection[str] = (),
    ) -> None:
        """`pretended` loads have no effect on the house that the readings are of: a dry run, a replay.

        What a load draws whose curve is being measured (`calibrating`) proves nothing against it.
        """
        self._pretended = frozenset(pretended)
        rows = [row if isinstance(row, BatteryShare) else row.settings for row in config.loads]
        self._loads = HomeLoads(rows, max_changes_per_minute=config.limits.max_changes_per_minute)
        policies = self._loads.policies
        self._actuators = Actuators(policies, self._pretended.union(calibrating))
        self._phases = {name: policy.phase for name, policy in policies.items()}
        battery_rows = [row for row in rows if isinstance(row, BatteryShare)]
        self._battery_target_percent = battery_rows[0].until_percent if battery_rows else None
        self._own_meters = OwnMeters()
        self._powers = LearnedPowers([name for name, policy in policies.items() if policy.learn_power])
        self._strategy_word = config.strategy.type
        self._strategy: Strategy = config.strategy.build()
        self._zone = ZoneInfo(config.site.timezone)
        self._watch = HouseObserver(
            config.site,
            config.limits,
            self._zone,
            local_source=any(is_local(row.type) for row in config.meter),
            max_power_w={name: policy.max_power_w for name, policy in policies.items()},
            phases_at_least=max([phase for phase in self._phases.values() if phase is not None], default=0),
        )
        self._rules = Rules(policies, config.site, self._zone)
        self._tariff = Tariff(config.tariff, self._zone)
        self._trial = Trial()
        self._site, self._limits = config.site, config.limits
        self._duties = Duties(policies.values(), config.site.battery, self._zone)
        self._thresholds = thresholds_of(config.site, config.limits, policies.values())
        self._orders = Commands(self._loads, self._duties)
        self._time = StepTime()
        self._day = LocalDay(self._zone)
        self._given_state = state
        self._saved = Saved.parse(state) if state is not None else None
        self._absent: dict[str, str] = {}
        """Saved faults of loads that the settings do not name now: they must be there when the load comes back."""
        self.remarks: tuple[str, ...] = ()
        """Sentences for the owner: what of the saved state could not be used."""
        if self._saved is not None:
            saved, parts = self._saved, self._saved.parts
            self.remarks = saved.remarks
            self._absent = {
                name: load.fault for name, load in saved.loads.items() if name not in policies and load.fault
            }
            if saved.strategy_type == self._strategy_word:
                self._strategy.restore(group_in(group_in(parts, "strategy"), "learned"))
            self._powers.restore(parts.get("powers"))
            self._watch.measured_twice.restore(parts.get("house"))
            self._use_learned_powers()

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

        May be called every 0.2 to 300 s, and with the same reading again: a repeated `taken_at` is no new evidence.
        `reading` None: the meter said nothing, the last reading goes on ageing.
        """
        inputs, now = inputs or NO_INPUTS, in_utc("now", now)
        knows_time = inputs.clock_trusted is not False
        tick_s = self._begin(now, inputs.tick_s, knows_time=knows_time)
        cleared = self._orders.obey(inputs.commands, tick_s)

        reading = self._with_own_meters(reading, now, inputs)
        self._watch.observe(reading, now, tick_s, distrusted_because=inputs.distrusted_because)
        news = self._watch.new_reading(tick_s)
        disobeying = self._actuators.faults(news, cleared)
        if disobeying:
            inputs = replace(inputs, health={**inputs.health, **disobeying})
        self._loads.note_idle(self._watch.found_idle(tick_s), tick_s)
        if news is not None:
            self._learn_powers(news)
        commanded_w = sum(self._loads.credited_w().values())
        watched = self._watch.look(
            now,
            tick_s,
            commanded_w=commanded_w,
            least_on_w=self._loads.least_on_w,
            clock_trusted=inputs.clock_trusted,
            vacation_until_at=self._orders.vacation_until_at,
        )
        blocks = self._watch.blocks(watched)
        load_c = {**(watched.reading.load_c if watched.reading is not None else {}), **inputs.load_c}
        hot = self._loads.temperature_blocks(load_c)
        told_now = now if knows_time else None
        self._loads.keep_timers(told_now, self._zone, tick_s, away=self._orders.away(told_now))
        held_back = self._loads.held_back(tick_s)
        self._look_after_duties(watched, blocks, forecast, load_c, inputs)

        own_w = self._watch.own_by_load_w()
        self._rules.look(
            now, tick_s, watched.reading, forecast, own_w, self._loads.memories, load_c, knows_time=knows_time
        )
        answers = self._rules.answers(inputs)
        inputs = answered(inputs, answers)

        view = self._view(watched, forecast, commanded_w, inputs)
        budget = self._budget(watched, view, blocks)
        claims = self._loads.claims(tick_s, own_w, hot, held_back, inputs)
        shares = allot(budget, claims, self._watch.phase_headroom_w(tick_s, self._phases))

        circumstances = self._circumstances(watched, blocks, budget, load_c)
        outcomes = self._loads.advance(circumstances, shares, hot, held_back, inputs, cleared)
        self._rules.note(outcomes, tick_s)
        self._remember_own(inputs.unreachable)
        trace = trace_of(
            watched,
            view,
            forecast,
            budget=budget,
            load_c=load_c,
            allotted_w={name: share.power_w for name, share in shares.items()},
            commanded_w=commanded_w,
            stale_share=circumstances.stale_share,
            answers=answers,
            house_twice_w={str(way): power_w for way, power_w in self._watch.measured_twice.house_w.items()},
        )
        learned = self._actuators.learned()
        if learned:
            trace = replace(trace, learned=learned)
        self._thresholds = in_force(self._thresholds, watched.max_reading_age_s)
        tanks = self._duties.tanks(self._loads.memories)
        notices = self._actuators.with_doubts(self._duties.notices())
        return decision_of(
            outcomes,
            blocks,
            budget,
            now,
            tick_s,
            self._zone,
            trace,
            self._thresholds,
            tanks=tanks,
            notices=notices,
            house_notices=tuple([text for text in (self._watch.measured_twice.notice, budget.notice) if text]),
            told_w=self._actuators.told_w,
        )

    def state(self) -> dict[str, Any]:
        """Modes, timers, energies and what was learned, as plain JSON types, versioned."""
        if self._given_state is not None:
            return dict(self._given_state)  # not one step yet: nothing has changed
        now, day, vacation_until_at = self._time.now, self._day.day, self._orders.vacation_until_at
        return {
            "schema": SCHEMA,
            "saved_at": now.isoformat() if now else None,
            "day": day.isoformat() if day else None,
            "vacation_until_at": vacation_until_at.isoformat() if vacation_until_at else None,
            "faults": self._absent | self._loads.faults(),
            "loads": self._loads.as_json(self._time.tick_s),
            "powers": self._powers.state(),
            "house": self._watch.measured_twice.state(),
            "duties": self._duties.state(self._time.tick_s),
            "rules": self._rules.as_json(self._time.tick_s),
            "curves": self._actuators.state(),
            "strategy": {"type": self._strategy_word, "learned": self._strategy.state()},
        }

    @property
    def policies(self) -> Mapping[str, LoadSettings]:
        """The settings of each load, in their order; a power that was learned is in them."""
        return self._loads.policies

    @property
    def rules(self) -> Rules:
        """The owner's conditions, and the picture of the home that they and rule files go by."""
        return self._rules

    def _begin(self, now: datetime, given_s: float | None, *, knows_time: bool) -> float:
        """Move on in time; what was saved, now that it is known how old it is, and what is counted follow."""
        time = self._time
        is_first = time.now is None
        time.advance(now, given_s)
        if is_first:
            self._loads.begin(time.tick_s)
        if self._saved is not None:
            saved, away_s = self._saved, self._saved.longest_away_s(now)
            self._loads.take_back(saved.of(self._loads.policies), time.tick_s, saved.away_s(now))
            self._duties.restore(group_in(saved.parts, "duties"), time.tick_s, away_s)
            self._rules.take_back(saved.parts.get("rules"), time.tick_s, away_s)
            self._actuators.restore(saved.parts.get("curves"))
            self._day.day, self._orders.vacation_until_at = saved.day, saved.vacation_until_at
            self._saved = self._given_state = None
        new_day = self._day.has_changed(now, time.tick_s, knows_time=knows_time)
        self._loads.count(time.elapsed_s, self._measured_w, new_day=new_day)
        self._rules.passed(time.elapsed_s, new_day=new_day)
        return time.tick_s

    def _learn_powers(self, news: News) -> None:
        """Take note of what a new reading says of loads whose power nobody stated."""
        self._powers.observe(house_w(news.reading), news.earliest_tick_s, news.reading.load_w)
        self._use_learned_powers()

    def _use_learned_powers(self) -> None:
        for name, policy in self._loads.policies.items():
            power_w = self._powers.power_w(name) if policy.learn_power else None
            if power_w is not None and power_w != policy.max_power_w:
                self._loads.learn_power(name, power_w)
                self._thresholds = thresholds_of(self._site, self._limits, self._loads.policies.values())

    def _measured_w(self, name: str, since_s: float) -> float | None:
        """What a load's own meter said since the tick `since_s`; None without one."""
        known = self._own_meters.known.get(name)
        return self._watch.measured_w(name, since_s, tick_s=self._time.tick_s) if known is None else known.power_w

    def _with_own_meters(self, reading: Reading | None, now: datetime, inputs: Inputs) -> Reading | None:
        """The reading, with what meters of the loads' own say of the time when it was taken."""
        tick_s, own = self._time.tick_s, self._own_meters
        own.observe(tick_s, inputs.load_w, inputs.load_w_age_s)
        if reading is None:
            return None
        return own.added_to(reading, tick_s - max(0.0, (now - reading.taken_at).total_seconds()))

    def _look_after_duties(
        self,
        watched: GuardView,
        blocks: Sequence[Block],
        forecast: Forecast | None,
        load_c: Mapping[str, float],
        inputs: Inputs,
    ) -> None:
        """What each load must do in this step, whatever the sun gives."""
        time, base_w = self._time, self._watch.base_w(watched, self._time.tick_s)
        guards = [block.guard for block in blocks]
        # Without a grid what is bought comes out of the battery, and that must last for the house.
        empty = self._site.off_grid and Rule.BATTERY_LOW in guards
        # What a generator gives is the dearest of all, and a small one stalls under a heater.
        away_or_fuel = Rule.VACATION in guards or Rule.GENERATOR in guards
        seen = Seen(
            now=watched.now,
            tick_s=time.tick_s,
            elapsed_s=time.elapsed_s,
            clock_trusted=watched.knows_time,
            may_buy=not away_or_fuel and not empty,
            load_c=load_c,
            base_w=base_w,
            soc_percent=watched.reading.battery_soc_percent if watched.reading is not None else None,
            headroom_w=headroom_w(base_w, self._site, self._limits),
            forecast=forecast,
            prices=inputs.prices or self._tariff.prices_ahead(self._day.day),
        )
        duties = self._duties.look(seen, self._loads.memories, self._loads.policies)
        self._loads.put_on_duty(duties, self._duties.raised_c(watched.now) if watched.knows_time else {})

    def _view(self, watched: GuardView, forecast: Forecast | None, commanded_w: float, inputs: Inputs) -> View | None:
        """The picture for the strategy; None without a fresh reading."""
        automatic = self._loads.automatic()
        return self._watch.view(
            watched,
            self._time.tick_s,
            forecast=forecast,
            commanded_w=commanded_w,
            capacity_w=sum([policy.max_power_w for policy in automatic]),
            least_w=min([policy.least_power_w for policy in automatic], default=0.0),
            next_load=self._loads.next_to_start(self._time.tick_s, inputs.wishes),
            automatic_is_on=self._loads.any_on(automatic),
            wanted_wh=self._loads.wanted_wh(automatic),
            battery_target_percent=self._battery_target_percent,
            prices=inputs.prices or self._tariff.prices_of(self._day.day),
            only_held=self._loads.only_held,
        )

    def _budget(self, watched: GuardView, view: View | None, blocks: Sequence[Block]) -> Budget:
        """The strategy's answer, kept below what fuse and inverter can carry."""
        if view is None:
            return Budget(power_w=0.0, rule=Rule.NO_READING, because=blocks[0].because if blocks else "no reading")
        most_w = headroom_w(self._watch.base_w(watched, view.tick_s), view.site, view.limits)
        budget = self._trial.widened(self._strategy.budget(view), view, self._watch.measured_twice)
        return below_headroom(self._watch.ceiling.lowered(budget, view.base_w), most_w)

    def _circumstances(
        self, watched: GuardView, blocks: Sequence[Block], budget: Budget, load_c: Mapping[str, float]
    ) -> StepContext:
        time = self._time
        return StepContext(
            tick_s=time.tick_s,
            elapsed_s=time.elapsed_s,
            blocks=blocks,
            budget=budget,
            stale_share=self._watch.share(time.tick_s),
            reading_age_s=watched.reading_age_s,
            max_reading_age_s=watched.max_reading_age_s,
            measured={**self._watch.measured(time.tick_s), **self._own_meters.known},
            load_c=load_c,
            midnight_s=self._day.midnight_s(watched.now, time.tick_s),
            daylight_ends_s=time.tick_at(watched.daylight_changes_at)
            if watched.daylight and watched.knows_time
            else None,
        )

    def _remember_own(self, unreachable: Collection[str]) -> None:
        """From now on the house feels what the loads are set to, but for those only pretended or out of reach."""
        unfelt = self._pretended.union(unreachable)
        credited_w = self._loads.credited_w().items()
        felt_w = {name: self._actuators.drawn_w(name, power_w) for name, power_w in credited_w if name not in unfelt}
        self._watch.remember_own(self._time.tick_s, felt_w)
        self._powers.remember_told(self._time.tick_s, felt_w)
        told_w = {name: memory.power_w for name, memory in self._loads.memories.items()}
        self._own_meters.remember_told(self._time.tick_s, told_w)
        self._actuators.remember(self._time.tick_s, told_w, unreachable)
