"""Whether a controller's memory grows: some days of one life, weighed in the middle and at the end."""

from __future__ import annotations

import gc
import json
import tracemalloc
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import FunctionType, ModuleType

from pv_heater.config import load_config
from pv_heater.controller import Controller
from pv_heater.core.types import Inputs
from pv_heater.sim.home import Home, HomeSettings
from pv_heater.sim.sky import recorded_sun_forecast, site_clear_sky
from pv_heater.sim.weather import synthetic_days

START_AT = datetime(2026, 6, 21, tzinfo=UTC)


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


def growth_of(strategy: str, *, days: int = 2, step_s: float = 60.0) -> Growth:
    """Live `days` days of broken clouds with two loads; deterministic but for the allocator of Python."""
    site = {"latitude": 47.05, "longitude": 15.44, "pv": [{"kwp": 6}], "battery": {"capacity_wh": 4800}}
    loads = [{"name": name, "type": "dry_run", "max_power_w": power_w} for name, power_w in (("a", 2000), ("b", 1500))]
    config = load_config({"site": site, "strategy": {"type": strategy}, "loads": loads})
    sky = site_clear_sky(config.site)
    sun = synthetic_days(days, "broken", 1, START_AT, sky)
    forecast = recorded_sun_forecast(sun, sky, 1)
    home, controller = Home(HomeSettings.of_site(config.site, tanks={})), Controller(config)
    drawn_w = {"a": 0.0, "b": 0.0}
    steps = int(sun.end_s / step_s)
    weights: list[tuple[int, int, int]] = []
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
                memory_bytes, _ = tracemalloc.get_traced_memory()
                weights.append((_held_objects(controller), memory_bytes, len(json.dumps(controller.state()))))
    finally:
        tracemalloc.stop()
    objects, memory_bytes, state_bytes = (end - middle for middle, end in zip(*weights, strict=True))
    return Growth(strategy=strategy, objects=objects, memory_bytes=memory_bytes, state_bytes=state_bytes)


def _held_objects(root: object) -> int:
    """How many objects can be reached from `root`; code is not counted."""
    found, waiting = set[int](), [root]
    while waiting:
        item = waiting.pop()
        if id(item) not in found and not isinstance(item, type | ModuleType | FunctionType):
            found.add(id(item))
            waiting += gc.get_referents(item)
    return len(found)
