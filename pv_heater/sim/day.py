"""Runs the real loop through recorded or made-up days, on the simulated clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pv_heater.controller import Controller
from pv_heater.core.types import Forecast
from pv_heater.loop import Loop
from pv_heater.ports import Load
from pv_heater.report import TransitionLog
from pv_heater.sim.clock import SimClock
from pv_heater.sim.feed import LIVE, DailyForecastFeed, Pace, SimulatedFeed
from pv_heater.sim.home import Home, HomeSettings
from pv_heater.sim.ledger import Ledger
from pv_heater.sim.recorded import HomeRecording
from pv_heater.sim.recorded_home import RecordedHome
from pv_heater.sim.summary import Summary, summarise


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """How a simulated time ended."""

    summary: Summary
    ledger: Ledger


def live_through(
    recording: HomeRecording,
    *,
    clock: SimClock,
    controller: Controller,
    loads: Sequence[Load],
    transitions: TransitionLog,
    home: HomeSettings,
    pace: Pace = LIVE,
    forecast: Forecast | None = None,
    tick_s: float = 10.0,
) -> Lived:
    """Live through the whole recording, closed loop, every load safe at its end.

    `clock` is fresh and begins at `recording.start_at`; `loads` were built with it. `pace` says what the home's meter
    tells, and when.
    """
    settings = replace(
        home,
        interval_s=pace.interval_s,
        tells_throttling=pace.tells_throttling,
        tells_loads=pace.tells_loads,
    )
    life = RecordedHome(recording, Home(settings, local_start_s=recording.local_start_s), clock)
    life.connect(loads)
    loop = Loop(
        controller=controller,
        clock=clock,
        meter=SimulatedFeed(life.read, pace.interval_s, clock, pace.delay_s),
        forecast=DailyForecastFeed(forecast, clock),
        loads=loads,
        reporters=(transitions,),
        tick_s=tick_s,
    )
    loop.run(until_s=recording.end_s)
    ledger = life.ledger
    summary = summarise(ledger, transitions.closings, name=recording.name, days=recording.days, open_loop=False)
    return Lived(summary=summary, ledger=ledger)
