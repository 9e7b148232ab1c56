"""A Victron home in virtual time: one look a second, a house meter one to two seconds late, devices that fail.

    day = live_real([(0, 1800, 760)], until_s=120, start_percent=97.6)     # seconds from the start, sun W, use W
    day.setpoint_w(30), day.spare_w(30), day.from_battery_w(20, 80)

The start is at local noon in June, so that no guard stands in the way. Faults are values of `sim.chain_faults`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import fmean
from typing import Any

from bench.doubles.gx_chain import ChainedLink
from pv_heater.config.load import load_config
from pv_heater.controller import Controller
from pv_heater.core.model.requests import Command
from pv_heater.core.model.values import Decision, Forecast, Phase, Reading
from pv_heater.loads.dry_run import DryRun
from pv_heater.ports import Tools
from pv_heater.run.loop import Loop
from pv_heater.run.outputs import full_powers_w
from pv_heater.run.tick_sources import TickSources
from pv_heater.run.transition_log import TransitionLog
from pv_heater.sim.chain_faults import Fault
from pv_heater.sim.clock import SimClock
from pv_heater.sim.feed import SimulatedFeed
from pv_heater.sim.home import HomeSettings, Ledger
from pv_heater.sim.real_home import During, RealHome, RealHomeSettings, rhythm
from pv_heater.sim.recording import HomeRecording
from pv_heater.sim.tank import TankSettings
from pv_heater.victron.mqtt.meter import GxMqttMeter
from tests.builders import heater
from tests.scenarios.life import BALANCE, HOUR, MIDNIGHT, Fixed, forecast_of

START = MIDNIGHT + timedelta(hours=11)
LOAD = "heater"
QUICK: dict[str, Any] = {"min_on_s": 10, "min_off_s": 10, "start_delay_s": 3}
"""Shorter rests than an owner has, so that a scenario shows the regulation in two minutes."""


@dataclass(frozen=True)
class Second:
    """One tick."""

    at_s: float
    decision: Decision
    reading: Reading | None
    """What the controller had."""
    true: Reading
    """What the home did at that moment, before the decision."""
    spare_w: float
    """Sun that could be had beyond house and DC loads, without the heater."""

    @property
    def setpoint_w(self) -> float:
        return self.decision.setpoints[LOAD].power_w

    @property
    def battery_w(self) -> float:
        return self.true.battery_w or 0.0

    @property
    def grid_w(self) -> float:
        return self.true.grid_w or 0.0


@dataclass
class RealDay:
    """What came of it. Times are seconds from the start; `from_s` is included, `to_s` is not."""

    seconds: list[Second]
    ledger: Ledger
    home: RealHome

    def at(self, at_s: float) -> Second:
        """The first tick from that second on."""
        return next(second for second in self.seconds if second.at_s >= at_s)

    def between(self, from_s: float, to_s: float) -> list[Second]:
        return [second for second in self.seconds if from_s <= second.at_s < to_s]

    def setpoint_w(self, at_s: float) -> float:
        return self.at(at_s).setpoint_w

    def mean_setpoint_w(self, from_s: float, to_s: float) -> float:
        return fmean(second.setpoint_w for second in self.between(from_s, to_s))

    def spare_w(self, at_s: float) -> float:
        """Sun beyond house and DC loads, what the home cannot take included."""
        return self.at(at_s).spare_w

    def from_battery_w(self, from_s: float, to_s: float) -> float:
        """Mean power out of the battery; below 0 it is charged."""
        return -fmean(second.battery_w for second in self.between(from_s, to_s))

    def from_battery_wh(self, from_s: float, to_s: float) -> float:
        """What the battery gave, without what it took."""
        return sum(max(0.0, -second.battery_w) for second in self.between(from_s, to_s)) / HOUR

    def bought_wh(self, from_s: float, to_s: float) -> float:
        """What the grid delivered."""
        return sum(max(0.0, second.grid_w) for second in self.between(from_s, to_s)) / HOUR

    def beyond_spare_wh(self, from_s: float, to_s: float) -> float:
        """Heat that the sun did not pay: what the heater had beyond the spare sun."""
        heated = self.between(from_s, to_s)
        return sum(max(0.0, second.setpoint_w - max(0.0, second.spare_w)) for second in heated) / HOUR

    def on_s(self, from_s: float, to_s: float) -> int:
        """Seconds on."""
        return sum(second.setpoint_w > 0 for second in self.between(from_s, to_s))

    def first_on_s(self, from_s: float = 0.0) -> float:
        """When it goes on for the first time from there; fails where it never does."""
        return next(second.at_s for second in self.seconds if second.at_s >= from_s and second.setpoint_w > 0)

    def first_off_s(self, from_s: float) -> float:
        """When it is off for the first time from there; fails where it never is."""
        return next(second.at_s for second in self.seconds if second.at_s >= from_s and second.setpoint_w == 0)

    def closings(self) -> int:
        phases = [second.decision.loads[LOAD].phase is Phase.HEATING for second in self.seconds]
        return sum(1 for before, after in zip([False, *phases], phases, strict=False) if after and not before)


def uses(*rows: tuple[float, float, float], sun_w: float, house_w: float) -> list[tuple[float, float, float]]:
    """Segments of steady sun and use, with more use during each of `rows` (from_s, to_s, W)."""
    edges = sorted({0.0, *(row[0] for row in rows), *(row[1] for row in rows)})
    return [(at, sun_w, house_w + sum(power for begin, end, power in rows if begin <= at < end)) for at in edges]


def car(
    from_s: float, to_s: float, power_w: float = 3700.0, on_s: float = 40.0, off_s: float = 20.0
) -> Sequence[During]:
    """A car that charges with a rhythm of its own."""
    return rhythm(from_s, to_s, power_w, on_s=on_s, off_s=off_s)


def as_rows(*lists: Sequence[During]) -> list[tuple[float, float, float]]:
    return [(row.from_s, row.to_s, row.power_w) for rows in lists for row in rows]


def live_real(
    segments: Sequence[tuple[float, float, float]],
    until_s: float,
    *,
    strategy: dict[str, Any] = BALANCE,
    limits: dict[str, Any] | None = None,
    load: dict[str, Any] | None = None,
    site: dict[str, Any] | None = None,
    start_percent: float = 97.6,
    home: HomeSettings | None = None,
    real: RealHomeSettings | None = None,
    faults: Sequence[Fault] = (),
    phase_s: Mapping[str, float] | None = None,
    lag_s: Mapping[str, float] | None = None,
    seed: int = 1,
    forecast_w: float | None = None,
    commands: Sequence[tuple[float, Command]] = (),
    tanks: Mapping[str, TankSettings | None] | None = None,
    changed: Callable[[Reading, float], Reading] | None = None,
    through_reader: bool = False,
) -> RealDay:
    """Live through `segments` (second from the start, sun W, use W, each until the next) with a tick a second.

    5 kWp, 4.8 kWh, a heater of 2 kW, no feed-in. `phase_s`: `victron_chain.EARLY`, `LATE`, or None for what `seed`
    draws. `real` overrides the home, its chain's faults and phases are those given here; `changed` gets each reading.
    `through_reader`: the home's topics go through `GxMqttMeter`, which looks for lost and hung drivers; else the
    controller has what the chain shows, as with a reader that knows nothing of them.
    """
    battery = {"capacity_wh": 4800, "max_charge_w": 2400}
    place: dict[str, Any] = {"latitude": 47.0, "longitude": 0.0, "pv": [{"kwp": 5.0}], "battery": battery}
    config = load_config(
        {
            "site": place | {"feed_in": False} | (site or {}),
            # As the GX device's own readers: a reading in the house.
            "meter": {"type": "recording", "path": "unused"},
            "strategy": strategy,
            "limits": limits or {},
            "loads": [heater(**QUICK | (load or {}))],
        }
    )
    recording = HomeRecording(
        name="scripted",
        start_at=START,
        offsets_s=tuple(at_s for at_s, _, _ in segments),
        end_s=until_s,
        pv_w=tuple(sun_w for _, sun_w, _ in segments),
        load_w=tuple(use_w for _, _, use_w in segments),
    )
    built = real or RealHomeSettings()
    physics = replace(home or built.home, start_percent=start_percent, tanks=tanks or {})
    chain = replace(built.chain, phase_s=phase_s or {}, lag_s=lag_s or {}, seed=seed, faults=faults)
    clock = SimClock(recording.start_at)
    life = RealHome(replace(built, home=physics, chain=chain), recording, clock)
    tools = Tools(clock=clock, site=config.site, state_dir=Path(), pins=lambda: None)
    loads = [DryRun(row, tools) for row in config.policies]
    life.connect(loads)
    seconds: list[Second] = []

    def spare_w(at_s: float) -> float:
        _, _, sun_w, use_w = next(recording.stretches(at_s, at_s))
        others = (*built.ac_loads, *built.dc_loads)
        return sun_w - use_w - sum(row.power_w for row in others if row.from_s <= at_s < row.to_s)

    reader = GxMqttMeter(GxMqttMeter.Settings(), tools, link=ChainedLink(life.topics))

    def read() -> Reading:
        reading = reader.read() if through_reader else life.read()
        return reading if changed is None else changed(reading, clock.monotonic_s())

    class Notes:
        def report(self, now: Any, decision: Decision, reading: Reading | None, _: Forecast | None) -> None:
            at_s = clock.monotonic_s()
            seconds.append(Second(at_s, decision, reading, life.exact(), spare_w(at_s)))

    loop = Loop(
        controller=Controller(config, foresees=False),
        clock=clock,
        sources=TickSources(
            meter=SimulatedFeed(read, 1.0, clock),
            forecast=Fixed(None if forecast_w is None else forecast_of(forecast_w)),
        ),
        loads=loads,
        reporters=(Notes(), TransitionLog(full_powers_w(config))),
        tick_s=1.0,
    )

    def obey(from_s: float, to_s: float) -> None:
        for at_s, command in commands:
            if from_s < at_s <= to_s:
                loop.submit(command)

    clock.on_advance(obey)
    loop.run(until_s=until_s)
    return RealDay(seconds, life.ledger, life)
