"""All loads of the home together: what each remembers, and what happens to it in a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from math import inf
from types import MappingProxyType
from typing import Any, Self

from pv_heater.core.actuators.idle import RETEST_S, Idle
from pv_heater.core.actuators.load_meters import MeasuredLoads
from pv_heater.core.house.guards import Block, load_block
from pv_heater.core.house.surplus import AutomaticLoads
from pv_heater.core.loads import energy, machine
from pv_heater.core.loads.allocator import Claim, Share
from pv_heater.core.loads.claims import claim_of, takes_surplus
from pv_heater.core.loads.dependency import after_block, enough_since_s
from pv_heater.core.loads.duty import Duty
from pv_heater.core.loads.home_timers import HomeTimers
from pv_heater.core.loads.load_step import LoadStep, Memory, Outcome
from pv_heater.core.loads.offer import offer
from pv_heater.core.loads.saved import SavedLoad, load_as_json
from pv_heater.core.loads.step_context import StepContext
from pv_heater.core.loads.switching import Change, Switching
from pv_heater.core.loads.target_power import has_enough
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.values import Phase
from pv_heater.core.settings.load import After, BatteryShare, LoadSettings

NO_BLOCKS: Mapping[str, Block] = MappingProxyType({})


class HomeLoads:
    """The loads in the order of their list, with the memory of each."""

    def __init__(
        self, rows: Sequence[LoadSettings | BatteryShare], *, max_changes_per_minute: int | None = None
    ) -> None:
        """`rows`: the owner's list, the battery's place in it included."""
        self._switching = Switching(max_changes_per_minute)
        self.rows, self._order = tuple(rows), _order(rows)
        """The owner's list."""
        self.battery_target_percent = _battery_target_percent(self.rows)
        """The owner's charge up to which the battery comes first; None without its place in the list."""
        self.policies = {row.name: row for row in self.rows if isinstance(row, LoadSettings)}
        self.memories = {name: Memory() for name in self.policies}
        """What each load remembers now."""
        self._asking = _Asking.of(self.policies)
        self.were_set = True
        """Whether the step changed what loads may be taken to draw."""
        self.duties: Mapping[str, Duty] = {}
        """What loads must do in this step, and why."""
        self._timers = HomeTimers(self.policies)
        self._held_back: Mapping[str, Block] = {}
        self._raised_c: Mapping[str, float] = {}
        self._only_held = False
        """See `AutomaticLoads`; as the step before left it."""

    def adopt(self, rows: Sequence[LoadSettings | BatteryShare], *, max_changes_per_minute: int | None) -> None:
        """Go on with these settings of the same loads, in this order; what each remembers stays as it is."""
        self._switching.adopt(max_changes_per_minute)
        policies = {row.name: row for row in rows if isinstance(row, LoadSettings)}
        for name, policy in policies.items():
            if policy.learn_power:
                policies[name] = replace(policy, max_power_w=self.policies[name].max_power_w)
        self.rows, self.policies, self._order = tuple(rows), policies, _order(rows)
        self._asking = _Asking.of(policies)
        self._timers.adopt(policies)
        self.battery_target_percent = _battery_target_percent(self.rows)
        self.memories = {
            name: self.memories[name] if policy.max_c is not None else replace(self.memories[name], hot=False)
            for name, policy in policies.items()
        }

    def take_back(self, saved: Mapping[str, SavedLoad], tick_s: float, away_s: float) -> None:
        """Go on from what was saved `away_s` seconds ago."""
        for name, load in saved.items():
            if name in self.memories:
                self.memories[name] = load.memory(tick_s, away_s)

    def faults(self) -> dict[str, str]:
        """Why loads are in fault, by load."""
        return {name: memory.fault for name, memory in self.memories.items() if memory.fault is not None}

    def begin(self, tick_s: float) -> None:
        """The first step: what is known of a load begins with it."""
        for name, memory in self.memories.items():
            self.memories[name] = replace(memory, since_s=tick_s, power_since_s=tick_s)

    def as_json(self, tick_s: float) -> dict[str, Any]:
        """Every load's part of the state."""
        return {name: load_as_json(memory, tick_s) for name, memory in self.memories.items()}

    def count(self, elapsed_s: float, measured: MeasuredLoads, *, new_day: bool) -> dict[str, float]:
        """Count the energy of the step that ended; on a new day all counts begin anew. What each load took, Wh.

        What the house's meter said of a load before it was last switched says nothing of the step.
        """
        taken_wh = {}
        for name, memory in self.memories.items():
            if new_day:
                self.memories[name] = energy.new_day(memory)
            elif memory.power_w > 0 and memory.idle is None:
                seen_w, most_w = None, self.policies[name].max_power_w
                if name in measured.own:
                    seen_w = measured.own[name].power_w
                elif name in measured.house_w and measured.taken_s >= memory.since_s:
                    seen_w = measured.house_w[name]
                counted = energy.counted(memory, elapsed_s, measured_w=seen_w, max_power_w=most_w)
                self.memories[name], taken_wh[name] = counted, counted.energy_wh - memory.energy_wh
        return taken_wh

    def day_counts(self) -> dict[str, tuple[float, int]]:
        """Energy, Wh, and starts of the day so far, by load."""
        return {name: (memory.energy_wh, memory.closings) for name, memory in self.memories.items()}

    def take_day_counts(self, counts: Mapping[str, tuple[float, int]]) -> None:
        """Go on with these, on a day that has just begun."""
        for name, (energy_wh, closings) in counts.items():
            memory = self.memories[name]
            self.memories[name] = replace(
                memory,
                closings=closings,
                energy_wh=energy_wh,
                run_from_wh=memory.run_from_wh + energy_wh,
            )

    def free(self, name: str) -> None:
        """Put one load into ``auto``."""
        self.memories[name] = replace(
            self.memories[name], mode=Mode.AUTO, mode_until_s=None, mode_since_s=None, forced_w=None
        )

    def force(self, name: str, mode: Mode, *, tick_s: float, until_s: float | None, power_w: float | None) -> None:
        """Put one load into a forced mode from `tick_s` on; `power_w` None is all it has."""
        memory = self.memories[name]
        since_s = memory.mode_since_s if memory.mode is mode else tick_s
        self.memories[name] = replace(memory, mode=mode, mode_until_s=until_s, mode_since_s=since_s, forced_w=power_w)

    def note_idle(self, found: Mapping[str, str], tick_s: float) -> None:
        """These loads draw nothing, with the reason: they count no more, and others may have their share."""
        for name, because in found.items():
            if not self.policies[name].interruptible:
                continue  # a washing machine that soaks; its run tells its own end
            idle = Idle(because=because, until_s=tick_s + RETEST_S)
            self.memories[name] = replace(self.memories[name], idle=idle)

    def put_on_duty(self, duties: Mapping[str, Duty], raised_c: Mapping[str, float]) -> None:
        """These loads must run in this step, and those whose timers say so; the sun may heat `raised_c` so far."""
        self.duties, self._raised_c = {**self._timers.duties, **duties}, raised_c

    def learn_power(self, name: str, power_w: float) -> None:
        """From now on this load, which is on or off, is known to draw `power_w`."""
        self.policies[name] = replace(self.policies[name], max_power_w=power_w)

    def keep_timers(self, now: datetime | None, zone: tzinfo, tick_s: float, *, away: bool) -> None:
        """What the loads' timers ask at `now`; see `HomeTimers.keep`."""
        if self._timers.names:
            self._timers.keep(self.policies, self.memories, now, zone, tick_s, away=away)

    def credited_w(self) -> dict[str, float]:
        """What each load may be taken to draw, as it is set now."""
        return {name: memory.power_w if memory.idle is None else 0.0 for name, memory in self.memories.items()}

    def set_now_w(self) -> tuple[float, float]:
        """(what all loads may be taken to draw together as they are set now, the least to which that may fall)."""
        commanded_w = least_w = 0.0
        for name, memory in self.memories.items():
            if memory.power_w > 0 and memory.idle is None:
                may_fall = memory.mode is Mode.AUTO and name not in self.duties
                commanded_w += memory.power_w
                least_w += self.policies[name].least_power_w if may_fall else memory.power_w
        return commanded_w, least_w

    def automatic(self, tick_s: float, wishes: Mapping[str, Mode | None]) -> AutomaticLoads:
        """The loads that a strategy has to do with; for `wishes` see `Inputs`."""
        capacity_w = wanted_wh = 0.0
        least_w, is_on = inf, False
        for name, memory in self.memories.items():
            if memory.mode is not Mode.AUTO or memory.fault is not None or name in self.duties:
                continue
            policy = self.policies[name]
            capacity_w += policy.max_power_w
            if policy.daily_max_wh is None:
                wanted_wh = inf
            elif policy.daily_max_wh > memory.energy_wh:
                wanted_wh += policy.daily_max_wh - memory.energy_wh
            is_on = is_on or memory.phase is Phase.HEATING
            if policy.least_power_w < least_w:
                least_w = policy.least_power_w
        return AutomaticLoads(
            capacity_w=capacity_w,
            least_w=0.0 if least_w == inf else least_w,
            next_to_start=self._next_to_start(tick_s, wishes),
            is_on=is_on,
            wanted_wh=wanted_wh,
            only_held=self._only_held,
        )

    def _next_to_start(self, tick_s: float, wishes: Mapping[str, Mode | None]) -> LoadSettings | None:
        """Of the automatic loads that may start now, the one that needs least; None without.

        One that rests or has had enough may not, nor one that its owner's plan holds back, or that its rule
        (`wishes`) holds back or switches anyway.
        """
        least: LoadSettings | None = None
        for name, policy in self.policies.items():
            memory = self.memories[name]
            if (memory.phase is not Phase.OFF and memory.phase is not Phase.ARMED) or name in self.duties:
                continue
            if name in self._held_back or (wishes and wishes.get(name) is not None):
                continue
            if not takes_surplus(policy, memory, tick_s):
                continue
            if least is None or policy.least_power_w < least.least_power_w:
                least = policy
        return least

    def temperature_blocks(self, load_c: Mapping[str, float]) -> dict[str, Block]:
        """The loads' own safety guards, where they block; remembered, since they release later than they block."""
        blocks: dict[str, Block] = {}
        for name in self._asking.for_max_c:
            memory = self.memories[name]
            block = load_block(self.policies[name], load_c, was_hot=memory.hot)
            if block is not None:
                blocks[name] = block
            is_hot = block is not None and block.guard is Rule.TOO_HOT
            if is_hot is not memory.hot:
                self.memories[name] = replace(memory, hot=is_hot)
        return blocks

    def held_back(self, tick_s: float, away: Mapping[str, Block] = NO_BLOCKS) -> dict[str, Block]:
        """What the owner's plan for each load has against its running by itself now; without those that may.

        `away`: what a vacation has against single loads.
        """
        self._held_back = blocks = {**self._timers.blocks, **away}
        for name, after in self._asking.for_another.items() if self._asking.for_another else ():
            if name not in blocks:
                block = after_block(after, self.memories[after.load].enough_since_s, tick_s)
                if block is not None:
                    blocks[name] = block
        return blocks

    def claims(self, context: StepContext) -> list[Claim | None]:
        """What every row of the list may ask for; None is the battery's place in it."""
        house, blocks, inputs = context.house, context.blocks, context.inputs
        return [
            None
            if name is None
            else claim_of(
                self.policies[name],
                self.memories[name],
                house.tick_s,
                usable=name not in blocks.hot
                and (not inputs.health or inputs.health.get(name, "ok") == "ok")
                and name not in inputs.unreachable
                and name not in blocks.held_back,
                wish=inputs.wishes.get(name) if inputs.wishes else None,
                wish_w=inputs.wish_power_w.get(name) if inputs.wish_power_w else None,
                own_w=house.own_by_load_w.get(name, 0.0),
                duty=self.duties.get(name) if self.duties else None,
            )
            for name in self._order
        ]

    def advance(self, context: StepContext, shares: Mapping[str, Share]) -> dict[str, Outcome]:
        """Every load takes its step."""
        duties, raised_c = self.duties, self._raised_c
        load_steps: dict[str, LoadStep] = {}
        outcomes: dict[str, Outcome] = {}
        for name, memory in self.memories.items():
            policy, duty = self.policies[name], duties.get(name) if duties else None
            warmer_c = raised_c.get(name) if raised_c else None
            load_steps[name] = step = offer(context, policy, memory, shares[name], duty=duty, raised_c=warmer_c)
            outcomes[name] = machine.advance(policy, memory, step)
        tick_s = context.house.tick_s
        if self._switching.is_limited:
            for name in self._switching.too_many(self._changes(outcomes), tick_s):
                later = replace(load_steps[name], switch_free_s=self._switching.free_s(tick_s))
                outcomes[name] = machine.advance(self.policies[name], self.memories[name], later)
            self._switching.note(len(self._changes(outcomes)), tick_s)
        heating = held = 0
        self.were_set = False
        for name, outcome in outcomes.items():
            memory, before = outcome.memory, self.memories[name]
            if name in self._asking.waited_for:
                memory = _with_enough(self.policies[name], memory, load_steps[name])
            if memory.power_w != before.power_w or (memory.idle is None) is not (before.idle is None):
                self.were_set = True
            self.memories[name] = memory
            if memory.phase is Phase.HEATING:
                heating += 1
                held += outcome.rule == Rule.MIN_ON
        self._only_held = 0 < heating == held
        return outcomes

    def _changes(self, outcomes: Mapping[str, Outcome]) -> dict[str, Change]:
        """The loads that `outcomes` would switch on or off."""
        changes = {}
        for name, outcome in outcomes.items():
            before, on = self.memories[name], outcome.memory.phase is Phase.HEATING
            if on is not (before.phase is Phase.HEATING):
                changes[name] = Change(on=on, since_s=before.opened_s if on else before.since_s)
        return changes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """Which loads ask for what few loads do, so that the others need not be looked at in each step."""

    for_max_c: tuple[str, ...]
    for_another: Mapping[str, After]
    """They wait for another load."""
    waited_for: frozenset[str]
    """The loads that these wait for."""

    @classmethod
    def of(cls, policies: Mapping[str, LoadSettings]) -> Self:
        """By the settings of all loads."""
        after = {name: policy.after for name, policy in policies.items() if policy.after is not None}
        return cls(
            for_max_c=tuple(name for name, policy in policies.items() if policy.max_c is not None),
            for_another=after,
            waited_for=frozenset(one.load for one in after.values()),
        )


def _with_enough(policy: LoadSettings, memory: Memory, load_step: LoadStep) -> Memory:
    """With since when it has had enough, for the loads that wait for it."""
    since_s = enough_since_s(
        memory.enough_since_s,
        load_step.house.tick_s,
        enough=has_enough(policy, memory, load_step),
        heating_since_s=memory.since_s if memory.phase is Phase.HEATING else None,
    )
    return memory if since_s == memory.enough_since_s else replace(memory, enough_since_s=since_s)


def _order(rows: Sequence[LoadSettings | BatteryShare]) -> list[str | None]:
    """The names of the loads as they are served; None is the battery's place."""
    return [row.name if isinstance(row, LoadSettings) else None for row in rows]


def _battery_target_percent(rows: Sequence[LoadSettings | BatteryShare]) -> float | None:
    return next((row.until_percent for row in rows if isinstance(row, BatteryShare)), None)
