"""Random days in random houses with random faults: what must never happen, counted; and whether memory grows.

A controller's memory is weighed in the middle and at the end of some days of one life (`growth_of`).
"""

from __future__ import annotations

import gc
import json
import signal
import tracemalloc
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, islice
from types import FunctionType, ModuleType

from bench.invariants.strange_days import LIVED_H, StrangeDay, live_strange_day
from pv_heater.config.load import load_config
from pv_heater.controller import Controller
from pv_heater.core.model.values import Inputs
from pv_heater.sim.home import Home, HomeSettings
from pv_heater.sim.weather import recorded_sun_forecast, site_clear_sky, synthetic_days
from pv_heater.strategies import STRATEGIES

START_AT = datetime(2026, 6, 21, tzinfo=UTC)
Progress = Callable[[int, int], None]
"""Gets how many days are done, and of how many."""
SHOWN = 20
"""Broken days that are printed for people; --json has all."""
MOST_OBJECTS = 30
"""That a controller may hold more at the end of a long life than in its middle: a number here, a text there."""
MOST_MEMORY_BYTES = 40_000
"""And its process: a number kept at each of the 1,440 steps between, and its place in a list, would be 46 kB."""
MOST_STATE_BYTES = 300
"""And its saved state: longer numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenDay:
    """A day on which a promise was broken."""

    seed: str
    """``SEED DAY``: `live_strange_day` lives the day again."""
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariants:
    """What came of all days."""

    days: int
    seed: int
    steps: int
    heated_steps: int
    """Steps in which any load was on."""
    days_by_strategy: dict[str, int]
    growths: tuple[Growth, ...]
    """Of each strategy, in a long life without faults."""
    broken_days: tuple[BrokenDay, ...]
    real_days: int = 0
    """How many days were half an hour, second by second, in a home that is measured as homes are."""
    interrupted: bool = False
    """Ended by Ctrl-C before all that was asked for; what it has until then counts."""

    @property
    def kept(self) -> bool:
        """Whether every promise was."""
        return not self.broken_days and not any(grows(growth) for growth in self.growths)

    def as_lines(self) -> list[str]:
        """For people."""
        strategies = ", ".join(f"{count} {word}" for word, count in sorted(self.days_by_strategy.items()))
        lines = [
            f"{self.days} days, seed {self.seed}: {self.steps} steps, in {self.heated_steps} of them a load was on.",
            f"Days by strategy: {strategies}. Every day was lived twice; {self.real_days} were half an hour, second by "
            "second, in a home that is measured as homes are.",
        ]
        for day in self.broken_days[:SHOWN]:
            lines += [f"Day {day.seed!r} broke {len(day.broken)}:", *(f"  {sentence}" for sentence in day.broken)]
        lines += [
            f"A second day of {growth.strategy}: {growth.objects:+} objects held, {growth.memory_bytes:+} bytes of "
            f"memory, {growth.state_bytes:+} bytes of state{': it grows' if grows(growth) else ''}."
            for growth in self.growths
        ]
        lines.append(f"Days with a broken promise: {len(self.broken_days)}.")
        if self.interrupted:
            lines.append("Interrupted: that is what was lived until then.")
        return lines


def measure(
    days: int,
    seed: int,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    weighed: Sequence[str] = tuple(STRATEGIES),
    hours: float = LIVED_H,
    least_steps: int | None = None,
) -> Invariants:
    """Live `days` days, each twice, in `jobs` processes; whatever `jobs`, the days give the same.

    `weighed` names the strategies that are lived at length to see whether they grow; of each day `hours` are lived.
    With `least_steps` it ends with the day that brings so many, however many days that takes. Ctrl-C ends it early.
    """
    numbers = range(days) if least_steps is None else count()
    steps = heated_steps = real_days = number = 0
    strategies: Counter[str] = Counter()
    broken: list[BrokenDay] = []
    interrupted = False
    try:
        for number, day in enumerate(_lived((f"{seed} {each}" for each in numbers), jobs, hours), 1):
            steps += day.steps
            heated_steps += day.heated_steps
            strategies[day.strategy] += 1
            real_days += day.is_real
            if day.broken:
                broken.append(BrokenDay(seed=f"{seed} {number - 1}", broken=day.broken))
            if progress is not None:
                progress(*((number, days) if least_steps is None else (min(steps, least_steps), least_steps)))
            if least_steps is not None and steps >= least_steps:
                break
    except KeyboardInterrupt:
        interrupted, weighed = True, ()
    return Invariants(
        days=number,
        seed=seed,
        steps=steps,
        heated_steps=heated_steps,
        days_by_strategy=dict(strategies),
        real_days=real_days,
        growths=tuple(growth_of(strategy) for strategy in weighed),
        broken_days=tuple(broken),
        interrupted=interrupted,
    )


def live_twice(seed: str, hours: float = LIVED_H) -> StrangeDay:
    """The day of `seed`; that it does not answer the same the second time counts as broken."""
    first, second = live_strange_day(seed, hours=hours), live_strange_day(seed, hours=hours)
    if first == second:
        return first
    return replace(first, broken=(*first.broken, "the same calls gave other decisions the second time"))


def grows(growth: Growth) -> bool:
    """Whether that is more than chance."""
    return (
        growth.objects > MOST_OBJECTS
        or growth.memory_bytes > MOST_MEMORY_BYTES
        or growth.state_bytes > MOST_STATE_BYTES
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What a controller held more at the end than in the middle of its life."""

    strategy: str
    objects: int
    """Everything that can be reached from it. Exact: nothing may be added once all caches are full."""
    memory_bytes: int
    """Of the whole process; Python's allocator makes it vary by some 20 kB."""
    state_bytes: int
    """Of its saved state, as JSON."""


def growth_of(strategy: str, *, days: int = 2, step_s: float = 60.0, foresees: bool = True) -> Growth:
    """Live `days` days of broken clouds with two loads; deterministic but for the allocator of Python.

    `foresees` is that of `Controller`.
    """
    site = {"latitude": 47.05, "longitude": 15.44, "pv": [{"kwp": 6}], "battery": {"capacity_wh": 4800}}
    loads = [{"name": name, "type": "dry_run", "max_power_w": power_w} for name, power_w in (("a", 2000), ("b", 1500))]
    config = load_config({"site": site, "strategy": {"type": strategy}, "loads": loads})
    sky = site_clear_sky(config.site)
    sun = synthetic_days(days, "broken", 1, START_AT, sky)
    forecast = recorded_sun_forecast(sun, sky, 1)
    home, controller = Home(HomeSettings.of_site(config.site, tanks={})), Controller(config, foresees=foresees)
    drawn_w = {"a": 0.0, "b": 0.0}
    steps = int(sun.end_s / step_s)
    weights: list[tuple[int, int, int]] = []
    gc.collect()  # or what Python keeps for tuples to come is used first, and nobody sees it
    tracemalloc.start()
    try:
        for step in range(1, steps + 1):
            at_s = step * step_s
            for from_s, to_s, sun_w, use_w in sun.stretches(at_s - step_s, at_s):
                home.advance(from_s, to_s, sun_w, use_w, drawn_w)
            now = START_AT + timedelta(seconds=at_s)
            decision = controller.step(now, home.reading(now), forecast, Inputs(tick_s=at_s))
            drawn_w = {name: setpoint.power_w for name, setpoint in decision.setpoints.items()}
            if step in (steps // 2, steps):
                gc.collect()
                weights.append((_held_objects(controller), _core_bytes(), len(json.dumps(controller.state()))))
    finally:
        tracemalloc.stop()
    objects, memory_bytes, state_bytes = (end - middle for middle, end in zip(*weights, strict=True))
    return Growth(strategy=strategy, objects=objects, memory_bytes=memory_bytes, state_bytes=state_bytes)


def _core_bytes() -> int:
    """What the core holds of the memory traced: other threads of the process may take and give back what they like."""
    rooms = [tracemalloc.Filter(True, f"*/pv_heater/{room}") for room in ("core/*", "strategies/*", "controller.py")]
    return sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces(rooms).traces)


def _lived(seeds: Iterator[str], jobs: int, hours: float) -> Iterator[StrangeDay]:
    """Each day, in order."""
    live = partial(live_twice, hours=hours)
    if jobs == 1:
        yield from map(live, seeds)
        return
    # Ctrl-C reaches all of them: it is for this process, which waits until the days under way are over.
    deaf = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)
    with ProcessPoolExecutor(jobs, initializer=deaf) as pool:
        asked = deque(pool.submit(live, seed) for seed in islice(seeds, 4 * jobs))
        try:
            while asked:
                yield asked.popleft().result()
                asked.extend(pool.submit(live, seed) for seed in islice(seeds, 1))
        finally:
            pool.shutdown(cancel_futures=True)


def _held_objects(root: object) -> int:
    """How many objects can be reached from `root`; code is not counted."""
    found, waiting = set[int](), [root]
    while waiting:
        item = waiting.pop()
        if id(item) not in found and not isinstance(item, type | ModuleType | FunctionType):
            found.add(id(item))
            waiting += gc.get_referents(item)
    return len(found)
