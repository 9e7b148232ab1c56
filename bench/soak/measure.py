"""A long time at a real broker, compressed: does anything grow, and is the heater off whenever the meter is lost?"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.cost.footprint_homes import home_settings
from bench.doubles.brokers import BrokerProcess, installed_broker
from bench.soak.day import Day, troubles_of
from bench.soak.hurried_clock import DatingClock, HurriedClock
from bench.soak.stage import READY_S, Counter, counted_lines, peer, restarts
from bench.soak.watch import Held, SoakWatch
from pv_heater.config.load import load_config
from pv_heater.controller import Controller
from pv_heater.core.model.values import Reading
from pv_heater.io.system.state_file import StateFile
from pv_heater.io.system.worker import Worker
from pv_heater.ports import Tools
from pv_heater.run.journal import Journal
from pv_heater.run.live import STATE_NAME
from pv_heater.run.loop import Loop
from pv_heater.run.meters import HouseMeters, MeterSource
from pv_heater.run.outputs import Outputs, full_powers_w
from pv_heater.run.state_saver import StateSaver
from pv_heater.run.tick_sources import TickSources
from pv_heater.run.transition_log import TransitionLog
from pv_heater.victron.mqtt.conversation import GxPace
from pv_heater.victron.mqtt.meter import GxMqttMeter

Progress = Callable[[int, int], None]
"""Gets how many minutes are done, and of how many."""

MOST_OBJECTS = 3000
"""That may be held more at the end than in the middle: readings in windows, what a day teaches, a fuller journal."""
MOST_MEMORY_MIB = 4.0
"""And resident memory: the allocator's own breathing."""
RECOVERY_S = 6.0
"""Real seconds that readings may stay away after a trouble: paho waits up to four, then everything is asked for."""
_MIDSUMMER = datetime(2026, 6, 21, 11, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Soak:
    """What was seen. Seconds are those of the compressed time."""

    broker: str
    hours: float
    speed: float
    seed: int
    troubles: int
    messages: int
    readings: int
    ticks: int
    start: Held
    middle: Held
    end: Held
    longest_age_s: float
    """Of the reading in use at any tick, outside the planned troubles and the time to recover from them."""
    heater_on_s: float
    heater_on_lost_s: float
    """The longest time that a load was on after the last reading had come."""
    age_limit_s: float
    longest_tick_s: float
    """Between two ticks: how far this machine could not keep pace."""
    log_lines: int

    @property
    def kept(self) -> bool:
        """Whether nothing grew, and the heater was off within the age limit."""
        return not self.grown and self.heater_on_lost_s <= self.age_limit_s + self.longest_tick_s

    @property
    def grown(self) -> list[str]:
        """What is more at the end than it may be."""
        middle, end = self.middle, self.end
        more = {
            "objects": end.objects - middle.objects > MOST_OBJECTS,
            "memory": end.resident_mib - middle.resident_mib > MOST_MEMORY_MIB,
            "threads": end.threads > middle.threads,
            "open files": end.files > middle.files,
        }
        return [name for name, grew in more.items() if grew]

    def as_lines(self) -> list[str]:
        """For people."""
        held = {"start": self.start, "middle": self.middle, "end": self.end}
        return [
            f"{self.hours:g} h at {self.speed:g} times the pace, {self.broker}, seed {self.seed}: "
            f"{self.troubles} troubles, {self.messages} messages, {self.readings} readings, {self.ticks} ticks, "
            f"{self.log_lines} log lines",
            *(
                f"{name}: {each.resident_mib:.1f} MiB, {each.objects} objects, {each.threads} threads, "
                f"{each.files} open files"
                for name, each in held.items()
            ),
            f"longest age of a reading outside planned troubles: {self.longest_age_s:.1f} s "
            f"(longest time between two ticks: {self.longest_tick_s:.1f} s)",
            f"heater on: {self.heater_on_s:.0f} s; at most {self.heater_on_lost_s:.1f} s of it after the last reading, "
            f"limit {self.age_limit_s:.0f} s",
            f"grown: {', '.join(self.grown)}" if self.grown else "nothing grew",
        ]


def measure(hours: float, speed: float, seed: int, progress: Progress) -> Soak:
    """Takes hours / speed. Raises NotRunning when no broker is installed."""
    held = TemporaryDirectory(ignore_cleanup_errors=True)  # the saver may still write when all else has ended
    with installed_broker() as broker, held as folder, counted_lines() as lines:
        clock = HurriedClock(_MIDSUMMER - timedelta(hours=hours / 2), speed)
        troubles = troubles_of(hours, seed)
        watch = SoakWatch(clock, troubles, hours=hours, recovery_s=RECOVERY_S * speed, progress=progress)
        with peer(Day(port=broker.port, hours=hours, speed=speed, seed=seed, began_s=clock.began_s)) as (
            heater_w,
            told,
        ):
            with restarts(broker, troubles, clock):
                readings = _live(Path(folder), broker, clock, speed, hours, watch, heater_w)
            messages = told.recv() if told.poll(READY_S) else 0
    return Soak(
        broker=broker.name, hours=hours, speed=speed, seed=seed, troubles=len(troubles), messages=messages,
        readings=readings, ticks=watch.ticks, start=watch.held[0], middle=watch.held[1], end=watch.held[2],
        longest_age_s=watch.longest_age_s, heater_on_s=watch.heater_on_s, heater_on_lost_s=watch.heater_on_lost_s,
        age_limit_s=watch.age_limit_s, longest_tick_s=watch.longest_tick_s, log_lines=lines.count,
    )  # fmt: skip


def _live(
    folder: Path,
    broker: BrokerProcess,
    clock: HurriedClock,
    speed: float,
    hours: float,
    watch: SoakWatch,
    heater_w: Any,
) -> int:
    """As `live.run_live`, on the hurried clock; how many readings came."""
    home = home_settings(str(folder), relay=f"gpiochip{os.getpid()}/18", servo=f"gpiochip{os.getpid()}/22")
    config = load_config({**home, "meter": {"type": "gx_mqtt", "host": "127.0.0.1", "port": broker.port}})
    came = Counter()
    with ExitStack() as ends:
        outputs = ends.enter_context(Outputs(config, clock, folder, dry_run=False))
        tools = Tools(clock=DatingClock(clock), site=config.site, state_dir=folder, pins=outputs.tools.pins)
        meter = GxMqttMeter(config.meter[0].settings, tools, pace=_pace(speed))
        ends.callback(meter.close)
        worker: Worker[Reading] = Worker(
            "gx_mqtt", meter.read, lambda: meter.interval_s, DatingClock(clock).monotonic_s,
            lambda: came.add(clock.wake), logging.getLogger("pv_heater.run.live"),
        )  # fmt: skip
        ends.callback(worker.stop)
        source = MeterSource(
            name="gx_mqtt", feed=worker, status=worker.status, clock_offset_s=lambda: meter.clock_offset_s
        )
        house = HouseMeters([source], clock, max_reading_age_s=None)
        controller = Controller(config)
        state_file = StateFile(folder / STATE_NAME)
        watch.heat(outputs.loads, heater_w)
        loop = Loop(
            controller=controller,
            clock=clock,
            sources=TickSources(meter=house, distrusted_because=house.distrust),
            loads=outputs.loads,
            reporters=(
                house, TransitionLog(full_powers_w(config)), Journal(),
                StateSaver(controller.state, state_file.save, clock.monotonic_s), watch,
            ),
        )  # fmt: skip
        worker.start()
        loop.run(until_s=3600.0 * hours)
        watch.complete()
    return came.count


def _pace(speed: float) -> GxPace:
    """The conversation with the device, as fast as the device's own time; never faster than threads can wait."""
    real = GxPace()
    return GxPace(
        remind_s=real.remind_s / speed, full_s=real.full_s / speed, retry_s=max(0.2, real.retry_s / speed),
        again_s=max(0.3, real.again_s / speed), old_life_s=real.old_life_s / speed,
        silence_s=max(0.3, real.silence_s / speed), renew_s=real.renew_s / speed, spacing_s=real.spacing_s / speed,
        calm_s=max(0.2, real.calm_s / speed),
    )  # fmt: skip
