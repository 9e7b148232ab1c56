"""What one step costs: function calls, and time of the processor, in homes with one, four and twelve loads.

A program of its own that needs nothing but the package, so that another checkout can be measured beside this one, in
turns (`paired`): on a machine that does other things as well only such a pair says what a change was worth.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from pv_heater.config.load import load_config
from pv_heater.controller import Controller
from pv_heater.core.model.values import Inputs, Reading
from pv_heater.sim.home import Home, HomeSettings
from pv_heater.sim.weather import recorded_sun_forecast, site_clear_sky, synthetic_days

LOADS = (1, 4, 12)
WARM_UP, COUNTED, TIMED = 100, 50, 1300
"""Steps. Among those that are timed are two that plan the day anew."""
ROUNDS = 3
MIDNIGHT = datetime(2026, 6, 21, tzinfo=UTC)
FROM_S = 10 * 3600.0
"""After that midnight: the sun stands high, and clouds come and go."""
SITE = {"latitude": 47.05, "longitude": 15.44, "pv": [{"kwp": 6}], "battery": {"capacity_wh": 4800}}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCost:
    """Of a step with a new reading, by the strategy `plan`."""

    loads: int
    calls: float
    """Of functions, those built into the language included; the mean."""
    ms: float
    """The median."""
    plan_ms: float
    """How much longer a step takes in which the plan of the day is made anew."""

    def as_line(self) -> str:
        """For people."""
        return f"{self.loads:2} loads {self.calls:5.0f} calls {self.ms:6.3f} ms, {self.plan_ms:.2f} ms more for a plan"


class _BrokenDay:
    """A home on a day of broken clouds, second by second."""

    def __init__(self, loads: int) -> None:
        rows = [{"name": f"load_{number}", "type": "dry_run", "max_power_w": 2000 / loads} for number in range(loads)]
        self.config = load_config({"site": SITE, "loads": rows})
        sky = site_clear_sky(self.config.site)
        self._sun = synthetic_days(1, "broken", 1, MIDNIGHT, sky)
        self.forecast = recorded_sun_forecast(self._sun, sky, 1)
        home = HomeSettings.of_site(self.config.site, start_percent=70.0, tanks={})
        self._home = Home(replace(home, interval_s=1.0))
        self.at_s = FROM_S

    def next_reading(self, drawn_w: Mapping[str, float]) -> Reading:
        """What the meter says a second later; the loads draw `drawn_w` meanwhile."""
        for from_s, to_s, sun_w, use_w in self._sun.stretches(self.at_s, self.at_s + 1.0):
            self._home.advance(from_s, to_s, sun_w, use_w, drawn_w)
        self.at_s += 1.0
        return self._home.reading(MIDNIGHT + timedelta(seconds=self.at_s))


def step_cost(loads: int, timed: int = TIMED) -> StepCost:
    """Live through some minutes with so many loads; the times are those of the last `timed` steps."""
    day, calls = _BrokenDay(loads), 0
    controller, drawn_w, plan = Controller(day.config), dict[str, float](), None
    times_ms: list[float] = []
    plans_ms: list[float] = []

    def count(_: object, event: str, __: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    for number in range(WARM_UP + COUNTED + timed):
        reading = day.next_reading(drawn_w)
        now, inputs, is_counted = reading.taken_at, Inputs(tick_s=day.at_s), 0 <= number - WARM_UP < COUNTED
        started_s = time.thread_time()
        if is_counted:
            sys.setprofile(count)
        decision = controller.step(now, reading, day.forecast, inputs)
        sys.setprofile(None)
        took_ms = 1000.0 * (time.thread_time() - started_s)
        if number >= WARM_UP + COUNTED:
            (times_ms if decision.plan is plan else plans_ms).append(took_ms)
        plan, drawn_w = decision.plan, {name: setpoint.power_w for name, setpoint in decision.setpoints.items()}
    ms = median(times_ms or [0.0])
    # The end of counting is a call too.
    return StepCost(loads=loads, calls=calls / COUNTED - 1, ms=ms, plan_ms=min(plans_ms, default=ms) - ms)


def paired(folders: Sequence[Path], rounds: int = ROUNDS) -> list[list[StepCost]]:
    """Of each checkout in `folders`, in turns; the least of so many rounds, since what else runs only adds to it."""
    best: list[dict[int, StepCost]] = [{} for _ in folders]
    for _ in range(rounds):
        for costs, folder in zip(best, folders, strict=True):
            for cost in _of_checkout(folder):
                known = costs.setdefault(cost.loads, cost)
                ms, plan_ms = min(known.ms, cost.ms), min(known.plan_ms, cost.plan_ms)
                costs[cost.loads] = replace(known, ms=ms, plan_ms=plan_ms)
    return [list(costs.values()) for costs in best]


def _of_checkout(folder: Path) -> list[StepCost]:
    """This file, run on the package in `folder`. Raises RuntimeError with what it said where it cannot."""
    if not (folder / "pv_heater" / "controller.py").is_file():
        raise RuntimeError(f"{folder} is no checkout: it has no pv_heater/controller.py")
    environment = {**os.environ, "PYTHONPATH": str(folder.resolve())}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).resolve())], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{folder} cannot be measured: {done.stderr.strip().splitlines()[-1]}")
    return [StepCost(**row) for row in json.loads(done.stdout)]


if __name__ == "__main__":
    print(json.dumps([asdict(step_cost(loads)) for loads in LOADS]))  # noqa: T201 - `_of_checkout` reads it
