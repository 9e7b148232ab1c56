"""How long the control thread is busy: a step, one tick beside the network, and simulated times without a pause."""

from __future__ import annotations

import time
from calendar import monthrange
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.cost.footprint_homes import home_settings
from bench.cost.step_cost import StepCost, paired
from pv_heater.config.load import load_config
from pv_heater.controller import Controller
from pv_heater.core.house.surplus import Budget
from pv_heater.core.loads.allocator import Claim, allot
from pv_heater.core.settings.load import LoadSettings
from pv_heater.errors import NotRunning
from pv_heater.run.loop import Loop
from pv_heater.run.outputs import Outputs, full_powers_w
from pv_heater.run.tick_sources import TickSources
from pv_heater.run.transition_log import TransitionLog
from pv_heater.sim.clock import SimClock
from pv_heater.sim.feed import DailyForecastFeed
from pv_heater.sim.recording_meter import RecordingMeter
from pv_heater.sim.weather import recorded_sun_forecast, site_clear_sky, synthetic_days

if TYPE_CHECKING:
    from bench.cost.latency import Latency

PROJECT = Path(__file__).parents[2]
TICKS = 2000
LOADS = 12
START_AT = datetime(2026, 6, 21, tzinfo=UTC)
DAY_S = 86_400.0
PLAYED_DAYS = 3
NOON_S = 11 * 3600.0
"""Seconds after midnight UTC at the bench's home: the sun stands high and ticks have the most to do."""

Progress = Callable[[int, int], None]
"""Gets how much is done, and of how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Times on this machine; those of steps, day and year are of the processor, whatever else it has to do."""

    steps: tuple[StepCost, ...]
    against: tuple[StepCost, ...]
    """The same steps by another checkout, measured in turns; empty where none was named."""
    tick_median_ms: float
    tick_p99_ms: float
    allotment_median_ms: float
    """One budget shared out among twelve loads on three phases."""
    allotment_p99_ms: float
    day_s: float
    """A day at 10 s steps with the software home, on mock pins with the real adapters."""
    year_s: float
    """A year of minutes with the software home, dry, by `PLAYED_DAYS` of each month."""
    latency: Latency | None
    no_latency_because: str | None
    portal_latency: Latency | None
    no_portal_latency_because: str | None

    def as_lines(self) -> list[str]:
        """For people."""
        lines = ["a step with a new reading:", *(f"  {cost.as_line()}" for cost in self.steps)]
        if self.against:
            lines += ["  by the other checkout, in turns:", *(f"  {cost.as_line()}" for cost in self.against)]
        return [
            *lines,
            f"one tick beside the network: median {self.tick_median_ms:.2f} ms, 99 % under {self.tick_p99_ms:.2f} ms",
            f"a budget shared out among {LOADS} loads: median {self.allotment_median_ms:.3f} ms, "
            f"99 % under {self.allotment_p99_ms:.3f} ms",
            f"a simulated day at 10 s steps: {self.day_s:.2f} s",
            f"a simulated year of minutes: {self.year_s:.1f} s, by {PLAYED_DAYS} days of each month",
            *(self.latency.as_lines() if self.latency else [f"no latency was measured: {self.no_latency_because}"]),
            *(
                self.portal_latency.as_lines()
                if self.portal_latency
                else [f"no latency of the portal was measured: {self.no_portal_latency_because}"]
            ),
        ]


def measure(progress: Progress, *, against: Path | None = None, latency_s: float = 15.0) -> Speed:
    """Takes a minute or two; `progress` is told of the months of the year, the longest part of it.

    `against`: the folder of another checkout, whose steps are measured in turns with ours. Raises RuntimeError where
    it cannot be measured.
    """
    steps = paired([PROJECT, *([] if against is None else [against])])
    latency, no_latency_because = _latency(latency_s)
    portal_latency, no_portal_latency_because = _latency(latency_s, portal=True)
    with TemporaryDirectory() as folder:
        ticks_ms, allotments_ms = _ticks_ms(Path(folder)), _allotments_ms()
        return Speed(
            steps=tuple(steps[0]),
            against=tuple(steps[1]) if against is not None else (),
            tick_median_ms=median(ticks_ms),
            tick_p99_ms=quantiles(ticks_ms, n=100)[98],
            allotment_median_ms=median(allotments_ms),
            allotment_p99_ms=quantiles(allotments_ms, n=100)[98],
            day_s=_day_s(Path(folder)),
            year_s=_year_s(Path(folder), progress),
            latency=latency,
            no_latency_because=no_latency_because,
            portal_latency=portal_latency,
            no_portal_latency_because=no_portal_latency_because,
        )


def _latency(watch_s: float, *, portal: bool = False) -> tuple[Latency | None, str | None]:
    """The latency, or why there is none: an MQTT client or a broker is missing."""
    try:
        from bench.cost.latency import measure as measure_latency
        from bench.cost.latency import measure_portal

        return (measure_portal if portal else measure_latency)(watch_s), None
    except (ImportError, NotRunning) as error:
        return None, str(error)


def _ticks_ms(folder: Path) -> list[float]:
    """Single ticks from noon on, each after a second of simulated time."""
    times_ms = []
    with _life(folder, days=1, weather="broken", step_s=1.0, dry_run=False) as (clock, loop):
        clock.wait_until(NOON_S)
        for _ in range(TICKS):
            clock.wait_until(clock.monotonic_s() + 1.0)
            started_s = time.perf_counter()
            loop.tick()
            times_ms.append(1000 * (time.perf_counter() - started_s))
    return times_ms


def _allotments_ms() -> list[float]:
    """A budget that runs out in the middle of the list, with a limit on every phase."""
    policies = [LoadSettings(name=f"load_{number}", max_power_w=500, phase=number % 3 + 1) for number in range(LOADS)]
    claims = [Claim(policy=policy, available=True, running=True, held_w=0.0) for policy in policies]
    budget, times_ms = Budget(power_w=3000.0, rule="bench", because="bench"), []
    for _ in range(TICKS):
        started_s = time.perf_counter()
        allot(budget, claims, (4000.0, 4000.0, 4000.0))
        times_ms.append(1000 * (time.perf_counter() - started_s))
    return times_ms


def _day_s(folder: Path) -> float:
    with _life(folder, days=1, weather="broken", step_s=10.0, dry_run=False) as (_, loop):
        started_s = time.process_time()
        loop.run(until_s=DAY_S)
        return time.process_time() - started_s


def _year_s(folder: Path, progress: Progress) -> float:
    """The first days of each month stand for all of it."""
    year_s = 0.0
    for month in range(1, 13):
        start_at = datetime(2026, month, 1, tzinfo=UTC)
        home = _life(folder, days=PLAYED_DAYS, weather="mixed", step_s=60.0, dry_run=True, start_at=start_at)
        with home as (_, loop):
            started_s = time.process_time()
            loop.run(until_s=PLAYED_DAYS * DAY_S)
            year_s += (time.process_time() - started_s) * monthrange(2026, month)[1] / PLAYED_DAYS
        progress(month, 12)
    return year_s


@contextmanager
def _life(
    folder: Path, *, days: int, weather: str, step_s: float, dry_run: bool, start_at: datetime = START_AT
) -> Iterator[tuple[SimClock, Loop]]:
    """The real loop and controller on made-up days, from a midnight on."""
    config = load_config(home_settings(str(folder)))
    sky = site_clear_sky(config.site)
    recording = synthetic_days(days, weather, 1, start_at, sky)
    clock = SimClock(recording.start_at)
    with Outputs(config, clock, folder, dry_run=dry_run) as outputs:
        meter = RecordingMeter(RecordingMeter.Settings(path="", step_s=step_s), outputs.tools, recording)
        meter.connect(outputs.loads)
        loop = Loop(
            controller=Controller(config),
            clock=clock,
            sources=TickSources(
                meter=meter.feed(), forecast=DailyForecastFeed(recorded_sun_forecast(recording, sky, 1), clock)
            ),
            loads=outputs.loads,
            reporters=(TransitionLog(full_powers_w(config)),),
            tick_s=step_s,
        )
        yield clock, loop
        loop.make_safe()
