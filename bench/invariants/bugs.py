"""The bugs that are planted to see whether the promises notice: each puts one wrong function or number into the core.

`planted` goes through them. A new promise gets its bug here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pv_heater.controller import Controller
from pv_heater.core.duties import duties, first_warm_day, negative_price
from pv_heater.core.house import guards
from pv_heater.core.house import reading_age as evidence
from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.loads import allocator, home_loads
from pv_heater.core.loads import load_step as timers
from pv_heater.core.loads import target_power as wants
from pv_heater.core.loads.load_step import LoadStep, Memory
from pv_heater.core.model.prices import PricePeriod
from pv_heater.core.model.requests import ClearFault, Mode
from pv_heater.core.model.values import Inputs
from pv_heater.core.settings.load import LoadSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One bug."""

    plant: Callable[[], None]
    """Does it, for the rest of this process."""
    promise: str
    """What the sentence of the promise that must find it says."""


def _everywhere(original: Any, wrong: Any) -> None:
    """Put `wrong` wherever the package has `original` under a name of a module. Raises LookupError if nowhere."""
    places = [
        (module, name)
        for module in list(sys.modules.values())
        if getattr(module, "__name__", "").startswith("pv_heater.")
        for name, value in list(vars(module).items())
        if value is original
    ]
    if not places:
        raise LookupError(f"{original!r} is nowhere in the package any more")
    for module, name in places:
        setattr(module, name, wrong)


def _guard(guard: guards.Guard, wrong: guards.Guard | None) -> Callable[[], None]:
    """This guard of the site is another, or is forgotten (None)."""

    def plant() -> None:
        if guard not in guards.SITE_GUARDS:
            raise LookupError(f"{guard!r} is no guard of the site any more")
        changed = [wrong if each is guard else each for each in guards.SITE_GUARDS]
        guards.SITE_GUARDS = tuple(each for each in changed if each is not None)

    return plant


def _mild(guard: guards.Guard) -> guards.Guard:
    """The guard, but it always waits out the minimum on time."""

    def wrong(*seen: Any) -> guards.Block | None:
        block = guard(*seen)
        return None if block is None else replace(block, at_once=False)

    return wrong


def _first_phase(house: HouseFacts, site: Any, limits: Any, held: Any) -> guards.Block | None:
    known = replace(house.known, phase_w=house.known.phase_w[:1])
    return guards.soft_fuse(replace(house, known=known), site, limits, held)


def _twice_the_inverter(house: HouseFacts, site: Any, limits: Any, held: Any) -> guards.Block | None:
    known = house.known
    half_w = None if known.inverter_load_w is None else known.inverter_load_w / 2
    known = replace(known, inverter_load_w=half_w, inverter_at_least_w=known.inverter_at_least_w / 2)
    return guards.inverter(replace(house, known=known), site, limits, held)


def _too_hot_late() -> None:
    right = guards.load_block

    def wrong(policy: Any, load_c: Mapping[str, float], *, was_hot: bool) -> guards.Block | None:
        if policy.max_c is not None:
            load_c = {name: warm_c - policy.hysteresis_c for name, warm_c in load_c.items()}
        return right(policy, load_c, was_hot=was_hot)

    _everywhere(right, wrong)


def _lost_probe_is_fine() -> None:
    right = guards.load_block

    def wrong(policy: Any, load_c: Mapping[str, float], *, was_hot: bool) -> guards.Block | None:
        return right(policy, load_c, was_hot=was_hot) if policy.name in load_c else None

    _everywhere(right, wrong)


def _held_is_forgotten() -> None:
    right = allocator.allot

    def wrong(budget: Any, claims: Sequence[Any], *more: Any) -> Any:
        held_w = sum(claim.held_w for claim in claims if isinstance(claim, allocator.Claim))
        return right(replace(budget, power_w=budget.power_w + held_w), claims, *more)

    _everywhere(right, wrong)


def _each_has_all() -> None:
    """The second load is offered what the first has taken."""
    right = allocator.allot

    def wrong(budget: Any, claims: Sequence[Any], *more: Any) -> Any:
        shares: dict[str, Any] = {}
        for claim in claims:
            shares |= right(budget, [claim], *more)
        return shares

    _everywhere(right, wrong)


def _twice_the_age() -> None:
    right = evidence.ReadingAge._age_limit_s
    evidence.ReadingAge._age_limit_s = lambda self: 2.0 * right(self)  # type: ignore[method-assign]


def _silence_is_news() -> None:
    """Every look at the same reading makes it young again."""
    evidence.ReadingAge.age_s = lambda self, tick_s: None if self.reading is None else 0.0  # type: ignore[method-assign]  # noqa: ARG005


def _number(module: Any, name: str, value: Any) -> Callable[[], None]:
    def plant() -> None:
        if not hasattr(module, name):
            raise LookupError(f"{module.__name__} has no {name} any more")
        setattr(module, name, value)

    return plant


def _function(original: Any, wrong: Any) -> Callable[[], None]:
    return lambda: _everywhere(original, wrong)


def _situations(change: Callable[[Memory, LoadStep], tuple[Memory, LoadStep]]) -> Callable[[], None]:
    """What every load is faced with is seen wrongly."""

    def plant() -> None:
        right = wants.target_power

        def wrong(policy: Any, memory: Memory, load_step: LoadStep, full: str | None) -> Any:
            return right(policy, *change(memory, load_step), full)

        _everywhere(right, wrong)

    return plant


def _steps(change: Callable[[Inputs], Inputs]) -> Callable[[], None]:
    """What the controller is told beside the reading is changed on the way."""

    def plant() -> None:
        right = Controller.step

        def wrong(self: Controller, now: Any, reading: Any, forecast: Any, inputs: Inputs | None = None) -> Any:
            return right(self, now, reading, forecast, change(inputs or Inputs()))

        Controller.step = wrong  # type: ignore[method-assign]

    return plant


def _duty_settings(change: Callable[[LoadSettings], LoadSettings]) -> Callable[[], None]:
    """Negative prices are bought at by other settings than the owner's."""

    def plant() -> None:
        right = negative_price.NegativePrice.__init__

        def wrong(self: Any, policy: LoadSettings, zone: Any) -> None:
            right(self, change(policy), zone)

        negative_price.NegativePrice.__init__ = wrong  # type: ignore[method-assign]

    return plant


def _prices(change: Callable[[PricePeriod], PricePeriod]) -> Callable[[], None]:
    """Whoever buys at negative prices sees others."""

    def plant() -> None:
        right = negative_price.NegativePrice.duty

        def wrong(self: Any, context: Any, prices: Sequence[PricePeriod], **seen: Any) -> Any:
            return right(self, context, [change(price) for price in prices], **seen)

        negative_price.NegativePrice.duty = wrong  # type: ignore[method-assign]

    return plant


def _without_clear(inputs: Inputs) -> Inputs:
    kept = tuple(command for command in inputs.commands if not isinstance(command, ClearFault))
    return replace(inputs, commands=kept)


def _ignores_force_off(memory: Memory, load_step: LoadStep) -> tuple[Memory, LoadStep]:
    return (replace(memory, mode=Mode.AUTO) if memory.mode is Mode.OFF else memory), load_step


def _ignores_safety(memory: Memory, load_step: LoadStep) -> tuple[Memory, LoadStep]:
    return (memory, replace(load_step, safety=None)) if memory.mode is Mode.ON else (memory, load_step)


def _forced_for_ever() -> None:
    right = home_loads.HomeLoads.force

    def wrong(self: Any, name: str, mode: Mode, *, tick_s: float, until_s: float | None, power_w: float | None) -> None:
        right(self, name, mode, tick_s=tick_s, until_s=tick_s + 1e9, power_w=power_w)
        del until_s

    home_loads.HomeLoads.force = wrong  # type: ignore[method-assign]


def _every_step_is_a_new_day() -> None:
    right = home_loads.HomeLoads.count

    def wrong(self: Any, elapsed_s: float, measured: Any, *, new_day: bool) -> dict[str, float]:  # noqa: ARG001
        return right(self, elapsed_s, measured, new_day=True)

    home_loads.HomeLoads.count = wrong  # type: ignore[method-assign]


def _restarts_rested() -> None:
    right = home_loads.HomeLoads.take_back

    def wrong(self: Any, saved: Any, tick_s: float, away_s: float) -> None:
        rested = {name: replace(load, was_on=False, opened_ago_s=None) for name, load in saved.items()}
        right(self, rested, tick_s, away_s)

    home_loads.HomeLoads.take_back = wrong  # type: ignore[method-assign]


BUGS: Mapping[str, Planted] = {
    "only the first phase is watched": Planted(
        plant=_guard(guards.soft_fuse, _first_phase), promise="heats though the phases draw"
    ),
    "max_c plus hysteresis": Planted(plant=_too_hot_late, promise="heats though it has"),
    "allocator forgets what is held": Planted(plant=_held_is_forgotten, promise="automatic loads draw"),
    "age limit doubled": Planted(plant=_twice_the_age, promise="the youngest reading was taken"),
    "reserve not at once": Planted(
        plant=_guard(guards.battery_low, _mild(guards.battery_low)), promise="heats by itself though the battery holds"
    ),
    "grid alarm at 50 times": Planted(
        plant=_number(guards, "GRID_ALARM_FACTOR", 50.0), promise="heats by itself though the grid delivers"
    ),
    "inverter limit doubled": Planted(
        plant=_guard(guards.inverter, _twice_the_inverter), promise="heats though the inverter carries"
    ),
    "minimum on time ignored": Planted(plant=_function(timers.dwell_left_s, lambda *_: 0.0), promise="min_on_s is"),
    "minimum off time ignored": Planted(plant=_function(timers.rest_left_s, lambda *_: 0.0), promise="min_off_s is"),
    "heats without a reading": Planted(plant=_guard(guards.no_reading, None), promise="there is no young reading"),
    "a reading never ages": Planted(plant=_silence_is_news, promise="the youngest reading was taken"),
    "heats at night": Planted(plant=_guard(guards.night, None), promise="it is night"),
    "heats in a grid loss": Planted(plant=_guard(guards.grid_lost, None), promise="heats though the grid is lost"),
    "heats with a clock nobody set": Planted(
        plant=_guard(guards.clock, None), promise="though the time of day is unknown"
    ),
    "house limit forgotten": Planted(plant=_guard(guards.soft_fuse, None), promise="heats though the house draws"),
    "battery may be empty": Planted(plant=_guard(guards.battery_low, None), promise="though the battery holds"),
    "grid may deliver": Planted(plant=_guard(guards.grid_draw, None), promise="though the grid delivers"),
    "slow meters regulate": Planted(plant=_guard(guards.slow_source, None), promise="a reading comes every"),
    "heats on vacation": Planted(plant=_guard(guards.vacation, None), promise="it is vacation"),
    "a lost probe is no trouble": Planted(plant=_lost_probe_is_fine, promise="heats though its probe is lost"),
    "each load has the whole budget": Planted(plant=_each_has_all, promise="automatic loads draw"),
    "forced off is not obeyed": Planted(plant=_situations(_ignores_force_off), promise="heats though it is forced off"),
    "forced on passes safety": Planted(plant=_situations(_ignores_safety), promise="heats though"),
    "clear does not clear": Planted(
        plant=_steps(_without_clear), promise="is in phase fault though its fault is False"
    ),
    "hardware faults are not seen": Planted(
        plant=_steps(lambda inputs: replace(inputs, health={})), promise="though its fault is True"
    ),
    "forced for ever": Planted(plant=_forced_for_ever, promise="instead of auto"),
    "closings are not counted": Planted(plant=_every_step_is_a_new_day, promise="starts beyond its"),
    "a restart counts as rest": Planted(plant=_restarts_rested, promise="min_off_s is"),
    "negative prices have no bound": Planted(
        plant=_duty_settings(lambda policy: replace(policy, negative_price_max_wh=1e9)),
        promise="buys at a negative price after",
    ),
    "any price is negative": Planted(
        plant=_prices(lambda price: replace(price, import_per_kwh=price.import_per_kwh - 1.0)),
        promise="buys for a negative price though",
    ),
    "buys on vacation": Planted(plant=_function(duties.may_buy, duties.may_protect), promise="though it is vacation"),
    "all are made ready": Planted(
        plant=_function(first_warm_day.is_made_ready, lambda _policy: True), promise="though it is vacation"
    ),
}
"""By name. The first eight once got through."""
