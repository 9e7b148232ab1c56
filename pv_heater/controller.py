"""The embedding API: settings, core and strategy behind one `step`.

No network, no files written, no GPIO, no clock: the same state and the same calls give the same decisions, in any
process and at any speed. The live loop, dry run, replay, simulation and bench all go through this one call.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from pv_heater.config import Config, load_config
from pv_heater.core import machine
from pv_heater.core.allocator import Claim, Share, allot
from pv_heater.core.drawing import RETEST_S, Idle
from pv_heater.core.grounds import basis_of, in_force, thresholds_of
from pv_heater.core.guards import Block, Watched, headroom_w, load_block
from pv_heater.core.margins import offered_w
from pv_heater.core.outcome import decision_of
from pv_heater.core.saved import SCHEMA, Saved, load_as_json
from pv_heater.core.settings import BatteryShare, LoadPolicy
from pv_heater.core.situation import Memory, Situation
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

MOST_BELIEVED = 1.5
"""A load's meter that says more than this share of its full power, or less than nothing, is not counted as energy."""


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
        self._day: date | None = None
        self._midnight_at: datetime | None = None
        self._last_now: datetime | None = None
        self._derived_tick_s = 0.0
        self._tick_shift_s = 0.0
        self._last_tick_s: float | None = None
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
        tick_s, elapsed_s = self._advance_time(now, inputs.tick_s)
        if self._saved is not None:
            self._take_back(self._saved, now, tick_s)
            self._saved = self._given_state = None
        self._start_day(now, elapsed_s)
        cleared = self._obey(inputs.commands, tick_s)
        self._watch.observe(reading, now, tick_s)
        self._note_idle(tick_s)
        commanded_w = sum(memory.credited_w for memory in self._memories.values())
        watched = self._watch.look(
            now,
            tick_s,
            commanded_w=commanded_w,
            clock_trusted=inputs.clock_trusted,
            vacation_until_at=self._vacation_until_at,
        )
        blocks = self._watch.blocks(watched)
        view = self._view(now, tick_s, commanded_w, forecast)
        budget = self._budget(view, blocks)
        hot = {name: self._temperature_block(policy, tick_s) for name, policy in self._policies.items()}
        own_w = self._watch.own_by_load_w()
        shares = allot(
            budget,
            [self._claim(row, tick_s, own_w, hot, inputs) for row in self._rows],
            self._watch.phase_headroom_w(tick_s, {name: policy.phase for name, policy in self._policies.items()}),
        )
        outcomes = {
            name: machine.advance(
                policy,
                self._memories[name],
                self._situation(
                    policy, tick_s, elapsed_s, watched, blocks, hot[name], budget, shares[name], inputs, name in cleared
                ),
            )
            for name, policy in self._policies.items()
        }
        self._memories = {name: outcome.memory for name, outcome in outcomes.items()}
        self._watch.remember_own(
            tick_s,
            {name: memory.credited_w for name, memory in self._memories.items() if name not in self._pretended},
        )
        self._thresholds = in_force(self._thresholds, watched.max_reading_age_s)
        basis = basis_of(
            watched,
            view,
            forecast,
            budget=budget,
            allotted_w={name: share.power_w for name, share in shares.items()},
            commanded_w=commanded_w,
            stale_share=self._watch.share(tick_s),
        )
        return decision_of(outcomes, blocks, budget, now, tick_s, self._zone, basis, self._thresholds)

    def state(self) -> dict[str, Any]:
        """Modes, timers, energies and what was learned, as plain JSON types, versioned."""
        tick_s = self._last_tick_s or 0.0
        if self._given_state is not None:
            return dict(self._given_state)  # not one step yet: nothing has changed
        return {
            "schema": SCHEMA,
            "saved_at": self._last_now.isoformat() if self._last_now else None,
            "day": self._day.isoformat() if self._day else None,
            "vacation_until_at": self._vacation_until_at.isoformat() if self._vacation_until_at else None,
            "loads": self._absent | {name: load_as_json(memory, tick_s) for name, memory in self._memories.items()},
            "strategy": {"type": self._strategy_word, "learned": self._strategy.state()},
        }

    def _advance_time(self, now: datetime, tick_s: float | None) -> tuple[float, float]:
        """(monotonic seconds, seconds since the previous step)."""
        if tick_s is None:
            if self._last_now is not None:
                self._derived_tick_s += max(0.0, (now - self._last_now).total_seconds())
            tick_s = self._derived_tick_s
        tick_s += self._tick_shift_s
        if self._last_tick_s is not None and tick_s < self._last_tick_s:
            # Another zero point, of a caller that started anew: ages and forced modes must go on from where they were.
            self._tick_shift_s += self._last_tick_s - tick_s
            tick_s = self._last_tick_s
        elapsed_s = 0.0 if self._last_tick_s is None else tick_s - self._last_tick_s
        self._last_now, self._last_tick_s = now, tick_s
        return tick_s, elapsed_s

    def _start_day(self, now: datetime, elapsed_s: float) -> None:
        """Count the energy of the step that ended, and begin the counts anew at local midnight."""
        self._memories = {
            name: replace(memory, energy_wh=memory.energy_wh + self._drawn_w(name, memory) * elapsed_s / 3600.0)
            if memory.credited_w > 0
            else memory
            for name, memory in self._memories.items()
        }
        today = now.astimezone(self._zone).date()
        if self._day is not None and today != self._day:
            self._memories = {
                name: replace(memory, closings=0, energy_wh=0.0) for name, memory in self._memories.items()
            }
        if self._midnight_at is None or today != self._day:
            self._midnight_at = datetime.combine(today + timedelta(days=1), time(0), self._zone).astimezone(UTC)
        self._day = today

    def _drawn_w(self, name: str, memory: Memory) -> float:
        """What a load that is on draws: as its own meter says since it went on, else as it is set."""
        measured_w = self._watch.measured_w(name, self._last_tick_s or 0.0, since_s=memory.since_s)
        believed = measured_w is not None and 0.0 <= measured_w <= MOST_BELIEVED * self._policies[name].max_power_w
        return measured_w if measured_w is not None and believed else memory.power_w

    def _note_idle(self, tick_s: float) -> None:
        """Remember which loads turn out to draw nothing: their watts count no more, and others may have their share."""
        for name, because in self._watch.found_idle(tick_s).items():
            idle = Idle(because=because, until_s=tick_s + RETEST_S)
            self._memories[name] = replace(self._memories[name], idle=idle)

    def _obey(self, commands: Sequence[Command], tick_s: float) -> set[str]:
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
                self._force(command, tick_s)
        return cleared

    def _force(self, command: Force, tick_s: float) -> None:
        if command.mode is Mode.AUTO:
            until_s, forced_w = None, None
        else:
            for_s = FORCE_DEFAULT_S if command.for_s is None else command.for_s
            until_s, forced_w = tick_s + min(FORCE_LONGEST_S, max(0.0, for_s)), command.power_w
        self._memories[command.load] = replace(
            self._memories[command.load], mode=command.mode, mode_until_s=until_s, forced_w=forced_w
        )

    def _view(self, now: datetime, tick_s: float, commanded_w: float, forecast: Forecast | None) -> View | None:
        """The picture for the strategy; None without a fresh reading."""
        automatic = [
            policy
            for name, policy in self._policies.items()
            if self._memories[name].mode is Mode.AUTO and self._memories[name].fault is None
        ]
        shares = [row for row in self._rows if isinstance(row, BatteryShare)]
        return self._watch.view(
            now,
            tick_s,
            forecast=forecast,
            commanded_w=commanded_w,
            capacity_w=sum(policy.max_power_w for policy in automatic),
            least_w=min((policy.least_power_w for policy in automatic), default=0.0),
            battery_target_percent=shares[0].until_percent if shares else None,
        )

    def _budget(self, view: View | None, blocks: Sequence[Block]) -> Budget:
        """The strategy's answer, kept below what fuse and inverter can carry."""
        if view is None:
            return Budget(power_w=0.0, rule="no_reading", because=blocks[0].because if blocks else "no reading")
        budget = self._strategy.budget(view)
        most_w = headroom_w(view.base_w, view.site, view.limits)
        # Loads above a battery row may take what was held back for it; that must fit as well.
        budget = replace(budget, battery_w=min(budget.battery_w, max(0.0, most_w - budget.power_w)))
        if not budget.power_w > most_w:  # a strategy's NaN is no more than any number, and ends as 0 W
            return budget
        because = f"{most_w:.0f} W are left below the fuse or the inverter's limit; {budget.because}"
        return replace(budget, power_w=most_w, rule="headroom", because=because)

    def _claim(
        self,
        row: LoadPolicy | BatteryShare,
        tick_s: float,
        own_w: Mapping[str, float],
        hot: Mapping[str, Block | None],
        inputs: Inputs,
    ) -> Claim | BatteryShare:
        if isinstance(row, BatteryShare):
            return row
        memory, wish = self._memories[row.name], inputs.wishes.get(row.name)
        usable = hot[row.name] is None and inputs.health.get(row.name, "ok") == "ok"
        takes = usable and machine.takes_surplus(row, memory, tick_s)
        running = memory.phase is Phase.HEATING
        starts_at_once = machine.starts_at_once(row, memory, tick_s)
        held_w = machine.held_w(row, memory, tick_s)
        if wish is Mode.ON and takes and (running or starts_at_once):
            held_w = row.max_power_w  # its rule asks for all it has, whatever is spare
        return Claim(
            policy=row,
            available=takes and wish is None,
            running=running,
            held_w=held_w,
            starts_at_once=starts_at_once,
            own_w=own_w.get(row.name, 0.0),
        )

    def _temperature_block(self, policy: LoadPolicy, tick_s: float) -> Block | None:
        """The load's own safety guard; remembered, since it releases later than it blocks."""
        reading = self._watch.fresh(tick_s)
        load_c = reading.load_c if reading is not None else {}
        memory = self._memories[policy.name]
        hot = load_block(policy, load_c, was_hot=memory.hot)
        self._memories[policy.name] = replace(memory, hot=hot is not None and hot.guard == "too_hot")
        return hot

    def _situation(
        self,
        policy: LoadPolicy,
        tick_s: float,
        elapsed_s: float,
        watched: Watched,
        blocks: Sequence[Block],
        hot: Block | None,
        budget: Budget,
        share: Share,
        inputs: Inputs,
        cleared: bool,
    ) -> Situation:
        name = policy.name
        reading = self._watch.fresh(tick_s)
        load_c = reading.load_c if reading is not None else {}
        energy = _energy_block(blocks, running=self._memories[name].phase is Phase.HEATING)
        share_w, rule, because = share.power_w, budget.rule, budget.because
        if share.rule is not None:
            rule, because = share.rule, f"{share.because}; {budget.because}"
        wish = inputs.wishes.get(name)
        if wish is Mode.OFF and energy is None:
            energy = Block(guard="rule", safety=False, at_once=False, because="its rule says off")
        elif wish is Mode.ON:
            share_w, rule, because = policy.max_power_w, "rule", "its rule says on"
        return Situation(
            tick_s=tick_s,
            elapsed_s=elapsed_s,
            safety=next((block for block in blocks if block.safety), hot),
            energy=energy,
            allotted_w=share_w,
            offered_w=offered_w(budget, share.offered_w),
            stale_share=self._watch.share(tick_s),
            rule=rule,
            because=because,
            margins=budget.margins,
            health=inputs.health.get(name, "ok"),
            cleared=cleared,
            temperature_c=load_c.get(name),
            measured_w=self._watch.measured_w(name, tick_s),
            midnight_s=_tick_of(self._midnight_at, watched.now, tick_s),
            daylight_ends_s=_tick_of(watched.daylight_changes_at, watched.now, tick_s) if watched.daylight else None,
        )

    def _take_back(self, saved: Saved, now: datetime, tick_s: float) -> None:
        """Turn saved ages into ticks, now that the first step tells what time it is."""
        away_s = saved.away_s(now)
        for name, load in saved.loads.items():
            if name in self._memories:
                self._memories[name] = load.memory(tick_s, away_s)
        self._day = saved.day
        self._vacation_until_at = saved.vacation_until_at


def _energy_block(blocks: Sequence[Block], *, running: bool) -> Block | None:
    """The first names the reason; for a load that runs, one that ends it now comes before one that can wait."""
    energy = [block for block in blocks if not block.safety]
    urgent = [block for block in energy if block.at_once] if running else []
    return next(iter(urgent or energy), None)


def _tick_of(at: datetime | None, now: datetime, tick_s: float) -> float | None:
    """The tick at which the wall clock will show `at`."""
    return None if at is None else tick_s + (at - now).total_seconds()
