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

from pv_heater.config import Config, load_config
from pv_heater.core import energy, machine
from pv_heater.core.allocator import Claim, Share, allot
from pv_heater.core.circumstances import Circumstances
from pv_heater.core.claims import claim_of
from pv_heater.core.drawing import RETEST_S, Idle
from pv_heater.core.grounds import basis_of, in_force, thresholds_of
from pv_heater.core.guards import Block, Watched, load_block
from pv_heater.core.headroom import headroom_w
from pv_heater.core.outcome import decision_of
from pv_heater.core.saved import SCHEMA, Saved, load_as_json
from pv_heater.core.settings import BatteryShare, LoadPolicy
from pv_heater.core.situation import Memory, Outcome
from pv_heater.core.step_time import LocalDay, StepTime
from pv_heater.core.surplus import Budget, Strategy, View
from pv_heater.core.types import (
    FORCE_LONGEST_S,
    NO_INPUTS,
    ClearFault,
    Command,
    Decision,
    Force,
    Forecast,
    Inputs,
    Mode,
    Phase,
    Reading,
    Vacation,
    in_utc,
)
from pv_heater.core.watch import Watch

FORCE_DEFAULT_S = 7200.0
"""A forced mode without a duration: long enough for a bath, short enough to be forgotten without harm."""


class Controller:
    """Decides. Built from a configuration file or mapping; see `step`."""

    def __init__(
        self, config: Config, state: Mapping[str, Any] | None = None, *, pretended: Collection[str] = ()
    ) -> None:
        """`pretended` loads have no effect on the house that the readings are of: a dry run, a replay."""
        self._pretended = frozenset(pretended)
        self._rows: tuple[LoadPolicy | BatteryShare, ...] = tuple(
            row if isinstance(row, BatteryShare) else row.settings for row in config.loads
        )
        self._policies = {row.name: row for row in self._rows if isinstance(row, LoadPolicy)}
        self._phases = {name: policy.phase for name, policy in self._policies.items()}
        self._battery_target_percent = next(
            (row.until_percent for row in self._rows if isinstance(row, BatteryShare)), None
        )
        self._strategy_word = config.strategy.type
        self._strategy: Strategy = config.strategy.build()
        self._zone = ZoneInfo(config.site.timezone)
        self._watch = Watch(
            config.site,
            config.limits,
            self._zone,
            local_source=bool(config.meter) and config.meter[0].type != "vrm",
            max_power_w={name: policy.max_power_w for name, policy in self._policies.items()},
        )
        self._thresholds = thresholds_of(config.site, config.limits, self._policies.values())
        self._memories = {name: Memory() for name in self._policies}
        self._vacation_until_at: datetime | None = None
        self._time = StepTime()
        self._day = LocalDay(self._zone)
        self._given_state = state
        self._saved = Saved.parse(state) if state is not None else None
        self._absent: dict[str, Any] = {}
        """Saved faults of loads that the settings do not name now: they must be there when the load comes back."""
        if self._saved is not None and state is not None:
            gone = [name for name, load in self._saved.loads.items() if name not in self._memories and load.fault]
            self._absent = {name: state["loads"][name] for name in gone}
            if self._saved.strategy_type == self._strategy_word:
                self._strategy.restore(self._saved.learned)

    @classmethod
    def from_config(cls, source: str | Path | Mapping[str, Any], state: Mapping[str, Any] | None = None) -> Self:
        """Build from a file or a mapping with the same keys; `state` is what `state()` gave earlier.

        Raises ConfigError with every problem at once, ValueError for a state that is none.
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
        self._begin(now, inputs.tick_s)
        cleared = self._obey(inputs.commands)
        self._observe(reading, now)
        commanded_w = sum([memory.credited_w for memory in self._memories.values()])
        watched = self._watch.look(
            now,
            self._time.tick_s,
            commanded_w=commanded_w,
            clock_trusted=inputs.clock_trusted,
            vacation_until_at=self._vacation_until_at,
        )
        blocks = self._watch.blocks(watched)
        hot = {name: self._temperature_block(policy, watched.reading) for name, policy in self._policies.items()}
        view = self._view(watched, forecast, commanded_w)
        budget = self._budget(view, blocks)
        shares = allot(budget, self._claims(hot, inputs), self._watch.phase_headroom_w(watched, self._phases))
        outcomes = self._advance(self._circumstances(watched, blocks, budget), shares, hot, inputs, cleared)
        basis = basis_of(
            watched,
            view,
            forecast,
            budget=budget,
            allotted_w={name: share.power_w for name, share in shares.items()},
            commanded_w=commanded_w,
            stale_share=self._watch.share(self._time.tick_s),
        )
        self._thresholds = in_force(self._thresholds, watched.max_reading_age_s)
        return decision_of(outcomes, blocks, budget, now, self._time.tick_s, self._zone, basis, self._thresholds)

    def state(self) -> dict[str, Any]:
        """Modes, timers, energies and what was learned, as plain JSON types, versioned."""
        if self._given_state is not None:
            return dict(self._given_state)  # not one step yet: nothing has changed
        now, day, tick_s = self._time.now, self._day.day, self._time.tick_s
        return {
            "schema": SCHEMA,
            "saved_at": now.isoformat() if now else None,
            "day": day.isoformat() if day else None,
            "vacation_until_at": self._vacation_until_at.isoformat() if self._vacation_until_at else None,
            "loads": self._absent | {name: load_as_json(memory, tick_s) for name, memory in self._memories.items()},
            "strategy": {"type": self._strategy_word, "learned": self._strategy.state()},
        }

    def _begin(self, now: datetime, tick_s: float | None) -> None:
        """Move on in time: what was saved and what is counted follow."""
        time = self._time
        time.advance(now, tick_s)
        if self._saved is not None:
            self._take_back(self._saved, now)
            self._saved = self._given_state = None
        for name, memory in self._memories.items():
            if memory.credited_w > 0:
                measured_w = self._watch.measured_w(name, time.tick_s, since_s=memory.since_s)
                max_w = self._policies[name].max_power_w
                self._memories[name] = energy.counted(memory, time.elapsed_s, measured_w=measured_w, max_power_w=max_w)
        if self._day.has_changed(now):
            self._memories = {name: energy.new_day(memory) for name, memory in self._memories.items()}

    def _take_back(self, saved: Saved, now: datetime) -> None:
        """Turn saved ages into ticks, now that the first step tells what time it is."""
        away_s = saved.away_s(now)
        for name, load in saved.loads.items():
            if name in self._memories:
                self._memories[name] = load.memory(self._time.tick_s, away_s)
        self._day.day = saved.day
        self._vacation_until_at = saved.vacation_until_at

    def _obey(self, commands: Sequence[Command]) -> set[str]:
        """Apply commands; the names of loads whose fault is to be cleared. Unknown loads raise ValueError."""
        cleared = set()
        for command in commands:
            if isinstance(command, Vacation):
                self._vacation_until_at = command.until_at
                continue
            if command.load not in self._memories:
                raise ValueError(f"there is no load {command.load!r}; there is {', '.join(self._memories)}")
            if isinstance(command, ClearFault):
                cleared.add(command.load)
            else:
                self._force(command)
        return cleared

    def _force(self, command: Force) -> None:
        if command.mode is Mode.AUTO:
            until_s, forced_w = None, None
        else:
            for_s = FORCE_DEFAULT_S if command.for_s is None else command.for_s
            until_s, forced_w = self._time.tick_s + min(FORCE_LONGEST_S, max(0.0, for_s)), command.power_w
        self._memories[command.load] = replace(
            self._memories[command.load], mode=command.mode, mode_until_s=until_s, forced_w=forced_w
        )

    def _observe(self, reading: Reading | None, now: datetime) -> None:
        """Take in what the meter says. Loads found to draw nothing count no more: others may have their share."""
        tick_s = self._time.tick_s
        self._watch.observe(reading, now, tick_s)
        for name, because in self._watch.found_idle(tick_s).items():
            idle = Idle(because=because, until_s=tick_s + RETEST_S)
            self._memories[name] = replace(self._memories[name], idle=idle)

    def _temperature_block(self, policy: LoadPolicy, reading: Reading | None) -> Block | None:
        """The load's own safety guard; remembered, since it releases later than it blocks."""
        memory = self._memories[policy.name]
        hot = load_block(policy, reading.load_c if reading is not None else {}, was_hot=memory.hot)
        is_hot = hot is not None and hot.guard == "too_hot"
        if is_hot is not memory.hot:
            self._memories[policy.name] = replace(memory, hot=is_hot)
        return hot

    def _view(self, watched: Watched, forecast: Forecast | None, commanded_w: float) -> View | None:
        """The picture for the strategy; None without a fresh reading."""
        automatic = [
            policy
            for name, policy in self._policies.items()
            if self._memories[name].mode is Mode.AUTO and self._memories[name].fault is None
        ]
        return self._watch.view(
            watched,
            self._time.tick_s,
            forecast=forecast,
            commanded_w=commanded_w,
            capacity_w=sum([policy.max_power_w for policy in automatic]),
            least_w=min([policy.least_power_w for policy in automatic], default=0.0),
            battery_target_percent=self._battery_target_percent,
        )

    def _budget(self, view: View | None, blocks: Sequence[Block]) -> Budget:
        """The strategy's answer, kept below what fuse and inverter can carry."""
        if view is None:
            return Budget(power_w=0.0, rule="no_reading", because=blocks[0].because if blocks else "no reading")
        budget = self._strategy.budget(view)
        most_w = headroom_w(view.base_w, view.site, view.limits)
        # Loads above a battery row may take what was held back for it; that must fit as well.
        battery_w = min(budget.battery_w, max(0.0, most_w - budget.power_w))
        if battery_w != budget.battery_w:
            budget = replace(budget, battery_w=battery_w)
        if not budget.power_w > most_w:  # a strategy's NaN is no more than any number, and ends as 0 W
            return budget
        because = f"{most_w:.0f} W are left below the fuse or the inverter's limit; {budget.because}"
        return replace(budget, power_w=most_w, rule="headroom", because=because)

    def _claims(self, hot: Mapping[str, Block | None], inputs: Inputs) -> list[Claim | BatteryShare]:
        """What every row of the list may ask for."""
        own_w = self._watch.own_by_load_w()
        return [
            row
            if isinstance(row, BatteryShare)
            else claim_of(
                row,
                self._memories[row.name],
                self._time.tick_s,
                usable=hot[row.name] is None and inputs.health.get(row.name, "ok") == "ok",
                wish=inputs.wishes.get(row.name),
                own_w=own_w.get(row.name, 0.0),
            )
            for row in self._rows
        ]

    def _circumstances(self, watched: Watched, blocks: Sequence[Block], budget: Budget) -> Circumstances:
        time, reading = self._time, watched.reading
        return Circumstances(
            tick_s=time.tick_s,
            elapsed_s=time.elapsed_s,
            blocks=blocks,
            budget=budget,
            stale_share=self._watch.share(time.tick_s),
            load_w={} if reading is None else reading.load_w,
            load_c={} if reading is None else reading.load_c,
            midnight_s=time.tick_at(self._day.midnight_at),
            daylight_ends_s=time.tick_at(watched.daylight_changes_at) if watched.daylight else None,
        )

    def _advance(
        self,
        circumstances: Circumstances,
        shares: Mapping[str, Share],
        hot: Mapping[str, Block | None],
        inputs: Inputs,
        cleared: Collection[str],
    ) -> dict[str, Outcome]:
        """Every load takes its step; what it is set to from now on is remembered."""
        outcomes = {}
        for name, policy in self._policies.items():
            memory = self._memories[name]
            situation = circumstances.of(
                policy,
                shares[name],
                hot=hot[name],
                running=memory.phase is Phase.HEATING,
                wish=inputs.wishes.get(name),
                health=inputs.health.get(name, "ok"),
                cleared=name in cleared,
            )
            outcomes[name] = machine.advance(policy, memory, situation)
        self._memories = {name: outcome.memory for name, outcome in outcomes.items()}
        felt_w = {name: memory.credited_w for name, memory in self._memories.items() if name not in self._pretended}
        self._watch.remember_own(self._time.tick_s, felt_w)
        return outcomes
