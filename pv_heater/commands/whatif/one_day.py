"""One day with certain settings, lived in the software home: all that it needs goes in, all that came of it comes out.

A day is a piece of work of its own, which another process or another machine can do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Never, Self
from zlib import crc32

from pv_heater.commands.whatif.lived import TICK_S, Tally, live_through
from pv_heater.config.load import Config
from pv_heater.controller import Controller
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.tank import Cycle
from pv_heater.core.model.values import Decision, Forecast, Reading
from pv_heater.loads.dry_run import DryRun
from pv_heater.ports import Tools
from pv_heater.run.loop import Loop
from pv_heater.run.tick_sources import TickSources
from pv_heater.sim.clock import SimClock
from pv_heater.sim.feed import LIVE, VRM, DailyForecastFeed, Pace, SimulatedFeed
from pv_heater.sim.home import Home, HomeSettings
from pv_heater.sim.recording import HomeRecording
from pv_heater.sim.recording_meter import RecordedHome
from pv_heater.sim.tank import TankSettings
from pv_heater.sim.weather import recorded_sun_forecast, site_clear_sky

PACES: dict[str, Pace] = {"live": LIVE, "vrm": VRM}
"""How a meter tells, by the word of `--feed`."""
USUAL_TANK = TankSettings()
"""For a load that goes by the temperature of a tank whose size the settings do not tell."""
HALF_FULL_PERCENT = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a day hands on to the next."""

    state: Mapping[str, Any] | None = None
    """The controller's own."""
    percent: float
    """Charge of the battery."""
    idle_percent: float
    """The same where nothing is heated."""
    tank_c: Mapping[str, float]

    @classmethod
    def first(cls, percent: float | None) -> Self:
        """Before the first day; None: nobody knows how full the battery was."""
        percent = HALF_FULL_PERCENT if percent is None else percent
        return cls(percent=percent, idle_percent=percent, tank_c={})


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTask:
    """A day to be lived."""

    config: Config
    day: HomeRecording
    tomorrow: HomeRecording | None
    """For the forecast; None: nothing is expected of it."""
    feed: str
    seed: int
    """Draws the errors of the forecast, where the settings name one."""
    begin: Carried
    tick_s: float = TICK_S


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """What came of a day; energies in Wh. What is `idle` is of the same day with every load off."""

    heat_wh: float
    bought_wh: float
    unserved_wh: float
    spilled_wh: float
    """Sun that neither house, battery nor loads took: left unused, or sold."""
    idle_bought_wh: float
    idle_unserved_wh: float
    idle_spilled_wh: float
    starts: int
    moves: int
    missed: int
    """Guarantees of warm water that were not kept."""
    cycles: int
    """Hygiene cycles that were done."""
    coldest_c: float | None
    """The coldest tank of the day; None without tanks."""

    @property
    def caught_wh(self) -> float:
        """Sun that heating caught."""
        return self.idle_spilled_wh - self.spilled_wh

    @property
    def extra_wh(self) -> float:
        """What heating bought, or off grid took from the house."""
        return self.bought_wh - self.idle_bought_wh + self.unserved_wh - self.idle_unserved_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOutcome:
    """A day that was lived."""

    figures: DayFigures
    end: Carried

    def as_json(self) -> dict[str, Any]:
        """For keeping."""
        return {"figures": asdict(self.figures), "end": asdict(self.end)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """What was kept. Raises KeyError and TypeError for what is not of this version."""
        return cls(figures=DayFigures(**kept["figures"]), end=Carried(**kept["end"]))


def tanks_of(config: Config) -> dict[str, TankSettings]:
    """The tanks behind the loads: as the settings describe them, and a usual one where a load goes by a temperature."""
    tanks = {}
    for policy in config.policies:
        water = policy.hot_water
        if water is not None:
            thermostat_c = max(policy.target_c or 0.0, water.hot_c)
            tanks[policy.name] = replace(
                USUAL_TANK, volume_l=water.volume_l, cold_c=water.cold_c, thermostat_c=thermostat_c
            )
        elif policy.target_c is not None or policy.max_c is not None:
            tanks[policy.name] = replace(USUAL_TANK, thermostat_c=policy.target_c or USUAL_TANK.thermostat_c)
    return tanks


def live_day(task: DayTask) -> DayOutcome:
    """Live it, with its loads and without. The same task gives the same outcome, wherever it is done."""
    config, day, begin = task.config, task.day, task.begin
    home, idle = _home(task, begin.percent), _home(task, begin.idle_percent)
    for from_s, to_s, sun_w, use_w in day.stretches(0.0, day.end_s):
        idle.advance(from_s, to_s, sun_w, use_w, {})
    controller, clock = Controller(config, begin.state, foresees=_foresees(config)), SimClock(day.start_at)
    tools = Tools(clock=clock, site=config.site, state_dir=Path(), pins=_no_pins)
    loads = [DryRun(policy, tools) for policy in config.policies]
    life, pace, watch = RecordedHome(day, home, clock), PACES[task.feed], _Watch(home)
    life.connect(loads)
    probed = _probed(config)
    tally = Tally(load.name for load in loads)
    loop = Loop(
        controller=controller,
        clock=clock,
        sources=TickSources(
            meter=SimulatedFeed(lambda: replace(life.read(), load_c={}), pace.interval_s, clock, pace.delay_s),
            forecast=DailyForecastFeed(_forecast(task), clock),
            temperatures=lambda: {name: at_c for name, at_c in home.tank_c.items() if name in probed},
        ),
        loads=loads,
        reporters=(tally, watch),
    )
    live_through(loop, clock, config.site, day.end_s, light_tick_s=task.tick_s)
    end = Carried(
        state=controller.state(), percent=home.soc_percent, idle_percent=idle.soc_percent, tank_c=dict(home.tank_c)
    )
    return DayOutcome(figures=_figures(home, idle, tally, watch), end=end)


class _Watch:
    """Satisfies `loop.Reporter`: whether there was warm water."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._missed: dict[str, str | None] = {}
        self._cycles: dict[str, Cycle | None] = {}
        self.missed = self.cycles = 0
        self.coldest_c: float | None = None

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:  # noqa: ARG002
        """Look at the tanks, and at what is said of each guarantee."""
        for name, state in decision.loads.items():
            if name in self._missed:
                self.missed += state.missed is not None and state.missed != self._missed[name]
            self._missed[name] = state.missed
            record = None if state.tank is None else state.tank.hygiene_record
            last = record.cycles[-1] if record is not None and record.cycles else None
            self.cycles += last != self._cycles.get(name, last)
            self._cycles[name] = last
        self.coldest_c = min(
            (*self._home.tank_c.values(), *(() if self.coldest_c is None else (self.coldest_c,))), default=None
        )


def _home(task: DayTask, percent: float) -> Home:
    pace = PACES[task.feed]
    tanks = {
        name: replace(tank, start_c=task.begin.tank_c.get(name, tank.start_c))
        for name, tank in tanks_of(task.config).items()
    }
    settings = HomeSettings.of_site(task.config.site, start_percent=min(100.0, max(0.0, percent)), tanks=tanks)
    settings = replace(
        settings,
        interval_s=pace.interval_s,
        tells_throttling=pace.tells_throttling,
        tells_loads=pace.tells_loads,
    )
    return Home(settings, local_start_s=task.day.local_start_s)


def _probed(config: Config) -> set[str]:
    """The loads whose temperature is known in life."""
    by_meter = any(row.type == "recording" for row in config.meter)
    return {policy.name for policy in config.policies if by_meter or policy.temperature_from is not None}


def _foresees(config: Config) -> bool:
    """Whether anything looks at the plan: only the owner's own conditions do."""
    return any(policy.on_when or policy.only_when or policy.when for policy in config.policies)


def _forecast(task: DayTask) -> Forecast | None:
    """Today's and tomorrow's, each drawn by itself, so that a day is expected alike from whichever day it is seen."""
    if not (task.config.forecast and task.config.site.located and task.config.site.pv):
        return None
    sky = site_clear_sky(task.config.site)
    drawn = [
        recorded_sun_forecast(day, sky, crc32(f"{task.seed} {day.start_at:%Y-%m-%d}".encode()))
        for day in (task.day, task.tomorrow)
        if day is not None
    ]
    return replace(drawn[0], steps=tuple(step for one in drawn for step in one.steps))


def _figures(home: Home, idle: Home, tally: Tally, watch: _Watch) -> DayFigures:
    lived, without = home.ledger, idle.ledger
    return DayFigures(
        heat_wh=lived.heat_total_wh,
        bought_wh=lived.grid_import_wh,
        unserved_wh=lived.unserved_wh,
        spilled_wh=lived.unused_wh + lived.grid_export_wh,
        idle_bought_wh=without.grid_import_wh,
        idle_unserved_wh=without.unserved_wh,
        idle_spilled_wh=without.unused_wh + without.grid_export_wh,
        starts=tally.closings,
        moves=tally.moves,
        missed=watch.missed,
        cycles=watch.cycles,
        coldest_c=watch.coldest_c,
    )


def _no_pins() -> Never:
    raise AssertionError("loads on paper have no pins")
