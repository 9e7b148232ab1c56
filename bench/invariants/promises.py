"""What must hold in every step, whatever the house, the weather and the faults: judged from outside the controller.

Each promise is worked out anew from what the controller was told and what it answered, not from how it decides.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from math import inf, isfinite
from zoneinfo import ZoneInfo

from bench.invariants.forbidden import ROUNDING, Blocks, Forbidden, temperature_block
from pv_heater.config.model import Config
from pv_heater.core.house.sun import sun_elevation_deg
from pv_heater.core.model.lean import to_jsonable
from pv_heater.core.model.requests import Boost, ClearFault, Force, Mode, Vacation
from pv_heater.core.model.values import Decision, Inputs, LoadState, Phase, Reading
from pv_heater.core.settings.load import BatteryShare, LoadSettings

FORCE_DEFAULT_S = 7200.0
"""A forced mode without a duration ends after two hours."""
LOWEST_SUN_DEG = -1.0
"""Heating begins half an hour after sunrise; astral's horizon and a polar noon leave a degree of doubt."""
RELEASED_LATER = frozenset({"soft_fuse", "inverter", "too_hot", "grid_lost"})
"""Safety guards that go on blocking beyond the limit that is judged here: until their release threshold, and while what
they need is unknown."""


DUTIES = frozenset({"guarantee", "hygiene", "timer", "boost", "negative_price"})
"""Rules under which a load runs whatever the sun gives: they pass the energy guards, as a forced mode does."""
FOR_PROFIT = frozenset({"negative_price"})
BOUGHT = FOR_PROFIT | {"guarantee", "hygiene"}
"""Those that the settings ask for, and for which nothing is bought while nobody is at home."""


@dataclass(slots=True)
class _Course:
    """What a load has done so far, as seen from outside."""

    on: bool = False
    since_s: float = 0.0
    """When it went on, if it is."""
    opened_s: float = -inf
    closings: int = 0
    faulty: bool = False
    paid_w: float = 0.0
    """What it draws since the last step because the price is negative."""
    paid_wh: float = 0.0
    """What it has had so today."""
    mode: Mode = Mode.AUTO
    until_s: float = inf


class Promises:
    """Sees every step of one controller, and tells what was broken."""

    def __init__(self, config: Config) -> None:
        """`config` is what the controller was built from."""
        self._config = config
        self._zone = ZoneInfo(config.site.timezone)
        self._policies: Mapping[str, LoadSettings] = {policy.name: policy for policy in config.policies}
        self._courses = {name: _Course() for name in self._policies}
        self._day: date | None = None
        self._before_s = 0.0
        """The tick of the step before."""
        in_house = any(row.type != "vrm" for row in config.meter)
        self._forbidden = Forbidden(config.site, config.limits, config.policies, in_house=in_house)

    def check(self, now: datetime, reading: Reading | None, inputs: Inputs, decision: Decision) -> list[str]:
        """A sentence for each promise that this step broke. `inputs.tick_s` must be given and never falls."""
        now, tick_s = now.astimezone(UTC), inputs.tick_s
        if tick_s is None:
            raise ValueError("the promises are judged by the tick: inputs.tick_s must be given")
        news = self._forbidden.note_reading(now, tick_s, reading)
        self._note_commands(inputs, tick_s)
        self._note_day(now)
        blocks = self._forbidden.blocks(now, tick_s, decision)
        broken = list(_of_words(decision))
        if news and reading is not None:
            broken += _of_news(reading, decision)
        broken += self._of_sharing(decision, tick_s, inputs)
        broken += self._of_prices(now, tick_s, inputs, decision)
        for name, policy in self._policies.items():
            for sentence in self._of_load(policy, now, tick_s, decision, blocks):
                broken.append(f"{name}: {sentence}")
            self._note_load(name, tick_s, decision)
        return broken

    def note_restart(self, tick_s: float) -> None:
        """The controller was built anew from its own state: everything is off, and no reading has come yet."""
        for course in self._courses.values():
            if course.on:
                course.on, course.opened_s = False, tick_s
            course.paid_w = 0.0
        self._forbidden.note_restart()

    def _note_commands(self, inputs: Inputs, tick_s: float) -> None:
        for command in inputs.commands:
            if isinstance(command, Vacation):
                self._forbidden.note_vacation(command.until_at)
            elif isinstance(command, Force):
                course = self._courses[command.load]
                for_s = FORCE_DEFAULT_S if command.for_s is None else command.for_s
                endless = command.for_good and self._policies[command.load].forced_without_end
                course.mode = command.mode
                course.until_s = inf if command.mode is Mode.AUTO or endless else tick_s + for_s
            elif isinstance(command, Boost):
                self._courses[command.load].mode, self._courses[command.load].until_s = Mode.AUTO, inf
            elif isinstance(command, ClearFault):
                self._courses[command.load].faulty = False
        for name, course in self._courses.items():
            course.faulty = course.faulty or inputs.health.get(name, "ok") != "ok"
            if tick_s >= course.until_s:
                course.mode, course.until_s = Mode.AUTO, inf

    def _note_day(self, now: datetime) -> None:
        today = now.astimezone(self._zone).date()
        if today != self._day:
            for course in self._courses.values():
                course.closings, course.paid_wh = 0, 0.0
        self._day = today

    def _note_load(self, name: str, tick_s: float, decision: Decision) -> None:
        course, on = self._courses[name], decision.setpoints[name].on
        if on and not course.on:
            course.since_s, course.closings = tick_s, course.closings + 1
        if course.on and not on:
            course.opened_s = tick_s
        course.on = on

    def _of_sharing(self, decision: Decision, tick_s: float, inputs: Inputs) -> Iterator[str]:
        """Automatic loads together take no more than the budget, and what their minimum times and dead bands hold."""
        if any(isinstance(row, BatteryShare) for row in self._config.loads):
            return  # loads above the battery's place may take what was held back for it
        held_w = bands_w = drawn_w = 0.0
        for name, policy in self._policies.items():
            course, power_w = self._courses[name], decision.setpoints[name].power_w
            if decision.loads[name].mode is not Mode.AUTO or inputs.wishes.get(name) is not None:
                continue
            if decision.loads[name].rule in DUTIES:
                continue
            drawn_w += power_w
            if power_w > 0:
                bands_w += policy.dead_band_w
            if course.on and tick_s - course.since_s < policy.min_on_s:
                held_w += policy.least_power_w
        # What is held flows whatever the budget says, so it is the first that the budget pays.
        if drawn_w > max(decision.trace.budget_w, held_w) + bands_w + ROUNDING:
            yield f"automatic loads draw {drawn_w:.0f} W of a budget of {decision.trace.budget_w:.0f} W"

    def _of_prices(self, now: datetime, tick_s: float, inputs: Inputs, decision: Decision) -> Iterator[str]:
        """Nothing is bought for the sake of a negative price where there is none, nor more than its owner allows."""
        elapsed_s, self._before_s = tick_s - self._before_s, tick_s
        for name, policy in self._policies.items():
            course, state = self._courses[name], decision.loads[name]
            course.paid_wh += course.paid_w * elapsed_s / 3600.0
            pays = decision.setpoints[name].on and state.rule == "negative_price"
            if pays and course.paid_wh > (policy.negative_price_max_wh or 0.0) + ROUNDING:
                yield f"{name}: buys at a negative price after {course.paid_wh:.0f} Wh of today"
            course.paid_w = decision.setpoints[name].power_w if pays else 0.0
            price = self._price(now, inputs) if pays else None
            if pays and (price is None or price >= 0):
                yield f"{name}: buys for a negative price though a kWh costs {price}"

    def _price(self, now: datetime, inputs: Inputs) -> float | None:
        """Of a bought kWh: a market's, else the owner's."""
        for row in inputs.prices:
            if row.from_at <= now < row.to_at:
                return row.import_per_kwh
        clock = now.astimezone(self._zone).time()
        for own in self._config.fixed_tariff:
            start, end = own.start, own.end
            if (start <= clock < end) if start < end else (clock >= start or clock < end):
                return own.import_per_kwh
        return None

    def _of_load(
        self, policy: LoadSettings, now: datetime, tick_s: float, decision: Decision, blocks: Blocks
    ) -> Iterator[str]:
        """What one load's answer breaks."""
        name = policy.name
        state, setpoint, course = decision.loads[name], decision.setpoints[name], self._courses[name]
        if setpoint.on != (state.phase is Phase.HEATING) or state.power_w != setpoint.power_w:
            yield f"is {setpoint} in phase {state.phase} with {state.power_w} W"
        if setpoint.on and not policy.least_power_w - ROUNDING <= setpoint.power_w <= policy.max_power_w + ROUNDING:
            yield f"draws {setpoint.power_w} W of {policy.least_power_w} to {policy.max_power_w} W"
        if state.mode is not course.mode:
            yield f"is in mode {state.mode} instead of {course.mode}"
        if course.faulty != (state.phase is Phase.FAULT):
            yield f"is in phase {state.phase} though its fault is {course.faulty}"
        if blocks.away is not None:
            is_spared = blocks.returns and _is_made_ready(policy)
            if not is_spared:
                blocks = replace(blocks, waiting=blocks.away)
            if setpoint.on and state.mode is Mode.AUTO and state.rule in (FOR_PROFIT if is_spared else BOUGHT):
                yield f"buys for {state.rule} though {blocks.away}"
        safety = temperature_block(policy, decision) or blocks.safety
        if setpoint.on:
            yield from self._of_heating(policy, now, tick_s, state, safety, blocks)
        elif course.on:
            at_reserve = state.rule == "battery_low" and self._forbidden.is_at_reserve(decision)
            if not (at_reserve or safety or blocks.at_once or blocks.may_end or _is_for_the_unknown(state, decision)):
                yield from _of_stop(policy, course, tick_s, state)
        elif decision.blocked_by not in RELEASED_LATER and self._should_obey(policy, tick_s, state, safety):
            yield f"is forced on, and off for {state.rule}: {state.because}"

    def _of_heating(
        self, policy: LoadSettings, now: datetime, tick_s: float, state: LoadState, safety: str | None, blocks: Blocks
    ) -> Iterator[str]:
        """What must not be while it is on."""
        course = self._courses[policy.name]
        if safety is not None:
            yield f"heats though {safety}"
        if state.mode is Mode.OFF:
            yield "heats though it is forced off"
        if not course.on and tick_s - course.opened_s < policy.min_off_s - ROUNDING:
            yield f"starts {tick_s - course.opened_s:.1f} s after it went off, min_off_s is {policy.min_off_s:.0f}"
        if state.mode is not Mode.AUTO:
            return
        if state.rule in DUTIES:
            if state.until_at is None or state.until_at <= now:
                yield f"runs for {state.rule} without an end ahead: {state.until_at}"
            return
        if blocks.at_once is not None:
            yield f"heats by itself though {blocks.at_once}"
        if not course.on:
            yield from self._of_start(policy, now, blocks)
        elif blocks.waiting is not None and tick_s - course.since_s > policy.min_on_s + ROUNDING:
            yield f"heats beyond its minimum on time though {blocks.waiting}"

    def _of_start(self, policy: LoadSettings, now: datetime, blocks: Blocks) -> Iterator[str]:
        """What must not be where it starts by itself."""
        site, limits = self._config.site, self._config.limits
        if blocks.energy is not None:
            yield f"starts though {blocks.energy}"
        if self._courses[policy.name].closings >= policy.max_closings_per_day:
            yield f"starts beyond its {policy.max_closings_per_day} closings of the day"
        by_the_sun = "clock" not in (limits.daylight.start.event, limits.daylight.end.event)
        if by_the_sun and blocks.knows_time and site.latitude is not None and site.longitude is not None:
            sun_deg = sun_elevation_deg(site.latitude, site.longitude, now)
            if sun_deg < LOWEST_SUN_DEG:
                yield f"starts with the sun at {sun_deg:.1f} degrees"

    def _should_obey(self, policy: LoadSettings, tick_s: float, state: LoadState, safety: str | None) -> bool:
        """Whether a load that is off is forced on and nothing but our own doing holds it back."""
        course = self._courses[policy.name]
        rested = tick_s - course.opened_s >= policy.min_off_s + ROUNDING
        released = state.rule not in RELEASED_LATER
        return course.mode is Mode.ON and not course.faulty and safety is None and rested and released


def _is_made_ready(policy: LoadSettings) -> bool:
    return policy.daily_min_wh is not None or policy.hot_water is not None


def _is_for_the_unknown(state: LoadState, decision: Decision) -> bool:
    """Whether it is off because what a guard needs has been unknown for too long."""
    trace = decision.trace
    needs = {"battery_low": trace.battery_soc_percent, "grid_draw": trace.grid_w}
    return state.rule == "clock" or (state.rule in needs and needs[state.rule] is None)


def _of_words(decision: Decision) -> Iterator[str]:
    """A decision can be told to people and programs."""
    try:
        json.dumps(to_jsonable(decision), allow_nan=False)
    except ValueError as error:
        yield f"the decision is not JSON: {error}"
    if not decision.because or not all(state.rule and state.because for state in decision.loads.values()):
        yield "a decision or a load gives no reason"
    if not isfinite(decision.trace.budget_w) or decision.trace.budget_w < 0:
        yield f"the budget is {decision.trace.budget_w} W"


def _of_news(reading: Reading, decision: Decision) -> Iterator[str]:
    """The newest reading is the one decided from, while it is young enough."""
    trace = decision.trace
    if trace.reading_source is not None and (trace.grid_w, trace.pv_w) != (reading.grid_w, reading.pv_w):
        yield f"grid {trace.grid_w} W and PV {trace.pv_w} W were used, the newest reading says otherwise: {reading}"


def _of_stop(policy: LoadSettings, course: _Course, tick_s: float, state: LoadState) -> Iterator[str]:
    """What a load that went off now, though nothing forbids it at once, may not have done."""
    ran_s = tick_s - course.since_s
    draws_nothing = state.phase is Phase.FULL and "draws nothing" in state.because
    away = state.rule == "unreachable"
    excused = course.mode is Mode.OFF or course.faulty or draws_nothing or away or state.rule in RELEASED_LATER
    if ran_s < policy.min_on_s - ROUNDING and not excused:
        yield f"goes off after {ran_s:.1f} s, min_on_s is {policy.min_on_s:.0f}: {state.rule}, {state.because}"
