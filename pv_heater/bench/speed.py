"""How long the control thread is busy: one tick beside the network, and a whole simulated day."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from pv_heater.bench.home import home_settings
from pv_heater.config import Config, load_config
from pv_heater.controller import Controller
from pv_heater.loop import Loop
from pv_heater.outputs import Outputs, full_powers_w
from pv_heater.report import TransitionLog
from pv_heater.sim.clock import SimClock
from pv_heater.sim.feed import DailyForecastFeed
from pv_heater.sim.recording import RecordingMeter
from pv_heater.sim.sky import recorded_sun_forecast, site_clear_sky
from pv_heater.sim.weather import synthetic_days

TICKS = 5000
START_AT = datetime(2026, 6, 21, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Times on this machine."""

    tick_median_ms: float
    tick_p99_ms: float
    day_s: float
    """A day at 10 s steps with the software home."""

    def as_lines(self) -> list[str]:
        """For people."""
        return [
            f"one tick beside the network: median {self.tick_median_ms:.2f} ms, 99 % under {self.tick_p99_ms:.2f} ms",
            f"a simulated day at 10 s steps: {self.day_s:.2f} s",
        ]


def measure() -> Speed:
    """Run for about three seconds: a broken-cloud day, made up, on mock pins with the real adapters."""
    with TemporaryDirectory() as folder:
        config = load_config(home_settings(folder))
        started_s = time.perf_counter()
        _day(config, Path(folder), step_s=10.0)
        day_s = time.perf_counter() - started_s
        ticks_ms = _ticks_ms(config, Path(folder))
    return Speed(tick_median_ms=median(ticks_ms), tick_p99_ms=quantiles(ticks_ms, n=100)[98], day_s=day_s)


def _day(config: Config, folder: Path, step_s: float) -> None:
    with _Day(config, folder, step_s) as day:
        day.loop.run(until_s=86_400.0)


def _ticks_ms(config: Config, folder: Path) -> list[float]:
    """Single ticks around noon, each after a second of simulated time."""
    times_ms = []
    with _Day(config, folder, 1.0) as day:
        day.clock.wait_until(11 * 3600.0)
        for _ in range(TICKS):
            day.clock.wait_until(day.clock.monotonic_s() + 1.0)
            started_s = time.perf_counter()
            day.loop.tick()
            times_ms.append(1000 * (time.perf_counter() - started_s))
    return times_ms


class _Day:
    """The real loop, controller and adapters on a made-up day."""

    def __init__(self, config: Config, folder: Path, step_s: float) -> None:
        sky = site_clear_sky(config.site)
        recording = synthetic_days(1, "broken", 1, START_AT, sky)
        self.clock = SimClock(recording.start_at)
        self._outputs = Outputs(config, self.clock, folder, dry_run=False)
        self._outputs.__enter__()
        settings = RecordingMeter.Settings(path="", step_s=step_s)
        meter = RecordingMeter(settings, self._outputs.tools, recording)
        meter.connect(self._outputs.loads)
        self.loop = Loop(
            controller=Controller(config),
            clock=self.clock,
            meter=meter.feed(),
            forecast=DailyForecastFeed(recorded_sun_forecast(recording, sky, 1), self.clock),
            loads=self._outputs.loads,
            reporters=(TransitionLog(full_powers_w(config)),),
            tick_s=step_s,
        )

    def __enter__(self) -> _Day:
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.make_safe()
        self._outputs.__exit__(None, None, None)
