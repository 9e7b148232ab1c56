"""Whole days: the real loop in simulated time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from pv_heater import Controller, load_config
from pv_heater.core.model.lean import to_jsonable
from pv_heater.run.loop import Loop
from pv_heater.run.tick_sources import TickSources
from pv_heater.run.transition_log import TransitionLog
from pv_heater.sim.clock import SimClock
from pv_heater.sim.feed import LIVE, VRM, DailyForecastFeed, Pace, SimulatedFeed
from pv_heater.sim.home import Home, HomeSettings, Ledger
from pv_heater.sim.recording import HomeRecording
from pv_heater.sim.recording_file import load_recording
from pv_heater.sim.recording_meter import RecordedHome
from pv_heater.sim.summary import OPEN_LOOP, Summary, summarise
from pv_heater.sim.tank import TankSettings
from pv_heater.sim.weather import recorded_sun_forecast, site_clear_sky
from tests.builders import config, heater
from tests.sim.outputs import GRAZ, Obedient

pytestmark = pytest.mark.xdist_group("summer day")  # one worker lives it once

RECORDINGS = Path(__file__).parent.parent.parent / "Files" / "recordings"


def summer() -> HomeRecording:
    recording = load_recording(RECORDINGS / "summer.csv.gz")
    assert isinstance(recording, HomeRecording)
    return recording


@dataclass(frozen=True)
class Lived:
    summary: Summary
    ledger: Ledger


def live(recording: HomeRecording, *, home: HomeSettings | None = None, pace: Pace = LIVE, seed: int = 1) -> Lived:
    """The whole recording with one load that obeys; `home` may have tanks."""
    clock = SimClock(recording.start_at)
    settings = replace(
        home or HomeSettings(),
        interval_s=pace.interval_s,
        tells_throttling=pace.tells_throttling,
        tells_loads=pace.tells_loads,
    )
    life = RecordedHome(recording, Home(settings, local_start_s=recording.local_start_s), clock)
    load, transitions = Obedient(), TransitionLog({"heater": 2000.0})
    life.connect([load])
    Loop(
        controller=Controller(load_config(config(loads=[heater()])), foresees=False),
        clock=clock,
        sources=TickSources(
            meter=SimulatedFeed(life.read, pace.interval_s, clock, pace.delay_s),
            forecast=DailyForecastFeed(recorded_sun_forecast(recording, site_clear_sky(GRAZ), seed), clock),
        ),
        loads=[load],
        reporters=(transitions,),
        tick_s=60.0,
    ).run(until_s=recording.end_s)
    assert load.closed
    assert load.power_w() == 0.0
    summary = summarise(life.ledger, transitions.closings, name=recording.name, days=recording.days, open_loop=False)
    return Lived(summary, life.ledger)


@cache
def lived(pace: Pace) -> Lived:
    """The summer's day with water without end."""
    return live(summer(), pace=pace)


@pytest.mark.parametrize("pace", [LIVE, VRM], ids=["live", "vrm"])
def test_a_summer_day_heats_water_and_every_watt_hour_is_accounted_for(pace: Pace) -> None:
    ledger = lived(pace).ledger
    assert ledger.heat_total_wh > 8000.0
    available_wh = sum(summer().pv_w) / 60.0
    assert ledger.pv_wh + ledger.unused_wh == pytest.approx(available_wh)
    lost_wh = ledger.pv_wh + ledger.grid_import_wh - ledger.house_wh - ledger.heat_total_wh - ledger.grid_export_wh
    assert lost_wh > ledger.battery_end_wh - ledger.battery_start_wh


def test_the_same_day_ends_the_same_every_time() -> None:
    assert live(summer()).ledger == lived(LIVE).ledger


def test_a_tank_ends_the_heating_where_water_without_end_would_go_on() -> None:
    small = TankSettings(volume_l=40.0, draws=())
    assert live(summer(), home=HomeSettings(tanks={"heater": small})).ledger.heat_total_wh < 4000.0


def test_the_summary_tells_the_ledger_in_kilowatt_hours() -> None:
    day = lived(LIVE)
    text = "\n".join(day.summary.as_lines())
    assert text.startswith("summer: 1.0 day\n")
    assert f"{day.ledger.heat_total_wh / 1000:.2f} kWh used" in text
    assert f"{day.ledger.grid_import_wh / 1000:.2f} kWh bought" in text
    assert OPEN_LOOP not in text
    json = to_jsonable(day.summary)
    assert json["heat_wh"]["heater"] == day.ledger.heat_total_wh
    assert json["closings"]["heater"] >= 1


def test_the_summary_of_an_open_loop_says_so_and_hides_what_it_cannot_know() -> None:
    ledger = Ledger(
        heat_wh={},
        grid_import_wh=100.0,
        grid_export_wh=0.0,
        unused_wh=0.0,
        unserved_wh=0.0,
        battery_start_wh=0.0,
        battery_end_wh=0.0,
        pv_wh=5000.0,
        house_wh=4000.0,
    )
    summary = summarise(ledger, {"heater": 1}, name="week", days=7.0, open_loop=True)
    lines = summary.as_lines()
    assert lines[1] == "open loop: the recorded house did not answer to these decisions"
    assert lines[2] == "heater: 0.00 kWh used, 1 start"
    assert not any("unused" in line or "battery" in line for line in lines)
    assert summary.unused_wh is None
    assert summary.battery_end_wh is None
