"""Calibrations in virtual time: the real loop and controller, the software home, a regulator that obeys a curve."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pv_heater.commands.calibration_walk import (
    Calibrator,
    config_for,
    curve_of,
    pace_of,
    percents_of,
    progress_text,
    read_progress,
)
from pv_heater.config.load import Config, load_config
from pv_heater.controller import Controller
from pv_heater.core.actuators.calibration import Walk
from pv_heater.core.actuators.curve import RegulatorCurve, curve_text, parse_curve, phase_cut
from pv_heater.core.model.values import Decision, Forecast, Reading
from pv_heater.errors import ConfigError
from pv_heater.loads.dry_run import DryRun
from pv_heater.pictures.curve import curve_picture
from pv_heater.ports import Tools
from pv_heater.run.loop import Loop
from pv_heater.run.tick_sources import TickSources
from pv_heater.sim.clock import SimClock
from pv_heater.sim.feed import SimulatedFeed
from pv_heater.sim.home import Home, HomeSettings
from pv_heater.sim.recording import HomeRecording
from pv_heater.sim.recording_meter import RecordedHome
from pv_heater.sim.tank import TankSettings
from tests.builders import heater
from tests.scenarios.life import day_of

TRUE = phase_cut(1900.0)
"""What the regulator really gives: a phase cut, and an element of 1900 W where its plate says 2000."""
QUIET = day_of([(0.0, 0.0, 300.0)], until_hour=12.0)


class Regulator(DryRun):
    """A dimmer told a straight line, whose real draw follows `TRUE`, or what `fails` makes of it."""

    fails: Callable[[float], float] = staticmethod(lambda power_w: power_w)

    def power_w(self) -> float:
        return self.fails(TRUE.power_w(super().power_w() / 20.0))


@dataclass
class Walked:
    calibrator: Calibrator
    load: Regulator
    clock: SimClock
    most_w: float
    seen: list[float]

    @property
    def why(self) -> str:
        return self.calibrator.stopped_because or ""


def settings(**limits: Any) -> Config:
    row = heater("boiler", "http_dimmer", url="http://127.0.0.1", curve="Files/curves/example_2300w.csv", min_on_s=600)
    site = {"latitude": 47.0, "longitude": 0.0, "battery": {"capacity_wh": 4800}}
    return load_config({"site": site, "loads": [heater("pool"), row], "limits": limits})


def walk(
    recording: HomeRecording = QUIET,
    *,
    points: int = 11,
    known: Sequence[tuple[float, float]] = (),
    measured: bool = False,
    fails: Callable[[float, float], float] = lambda second, power_w: power_w,
    silent_from_s: float = 1e9,
    until_s: float | None = None,
    start_percent: float = 90.0,
    tank: TankSettings | None = None,
    config: Config | None = None,
) -> Walked:
    """Calibrate the boiler until the walk ends, or the second `until_s`, as Ctrl-C would."""
    plain = config_for(config or settings(), "boiler", Path("/nowhere/line.csv"))
    clock = SimClock(recording.start_at)
    tools = Tools(clock=clock, site=plain.site, state_dir=Path(), pins=lambda: None)
    load = Regulator(plain.policies[0], tools)
    load.fails = lambda power_w: fails(clock.monotonic_s(), power_w)
    home = Home(HomeSettings(start_percent=start_percent, tells_loads=measured, tanks={"boiler": tank}))
    life = RecordedHome(recording, home, clock)
    life.connect([load])
    frozen: list[Reading] = []

    def read() -> Reading:
        if clock.monotonic_s() < silent_from_s:
            frozen[:] = [life.read()]
        return frozen[0]

    seen: list[float] = []

    class Notes:
        def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
            seen.append(load.power_w())

    calibrator = Calibrator(
        "boiler",
        2000.0,
        lambda interval_s: Walk(percents_of(points), 2000.0, pace_of(interval_s, 500.0), known),
        least_battery_percent=30.0,
        submit=lambda command: loop.submit(command),
        stop=lambda why: loop.stop(why),
        measured=lambda points: None,
    )
    loop = Loop(
        controller=Controller(plain, calibrating={"boiler"}),
        clock=clock,
        sources=TickSources(meter=SimulatedFeed(read, 10.0, clock, 0.0)),
        loads=[load],
        reporters=(calibrator, Notes()),
        tick_s=1.0,
    )
    loop.run(until_s=until_s or recording.end_s)
    return Walked(calibrator, load, clock, max(seen), seen)


@pytest.mark.parametrize("measured", [True, False], ids=["own meter", "house"])
def test_a_walk_finds_the_curve_within_a_hundredth_and_leaves_the_load_off(measured: bool) -> None:
    walked = walk(measured=measured, points=21)
    assert walked.why == ""
    assert walked.calibrator.done
    curve = curve_of(walked.calibrator.points)
    assert [percent for percent, _ in curve.points] == list(percents_of(21))
    assert all(abs(watts - TRUE.power_w(percent)) < 1 for percent, watts in curve.points)
    assert all(abs(curve.power_w(p) - TRUE.power_w(p)) < 0.01 * 1900 for p in range(101))
    assert walked.load.power_w() == 0
    assert walked.clock.monotonic_s() < 3 * 3600


def test_its_file_is_read_by_its_own_reader_with_points_for_decimals() -> None:
    """One predecessor wrote decimal commas that its own reader refused."""
    curve = curve_of(walk(points=5).calibrator.points)
    text = curve_text(curve, ["boiler, measured at 5 positions"])
    assert "," not in text.split("\n", 1)[1]
    assert parse_curve(text, "c.csv").points == tuple((percent, round(watts, 1)) for percent, watts in curve.points)


def test_a_regulator_that_gives_nothing_at_a_position_is_measured_to_its_end() -> None:
    """One predecessor waited for ever at a position that read 0 W."""
    walked = walk(fails=lambda _, power_w: power_w if power_w > 200 else 0.0)
    assert walked.calibrator.done
    assert walked.calibrator.points[20.0] == pytest.approx(0, abs=0.1)


def test_a_load_that_draws_nothing_at_full_power_ends_it() -> None:
    walked = walk(fails=lambda *_: 0.0)
    assert walked.why.startswith("at full power it draws only 0 W: its thermostat is open")
    assert walked.clock.monotonic_s() < 700


@pytest.mark.parametrize("measured", [True, False])
def test_a_thermostat_that_opens_on_the_way_ends_it_and_is_no_point(measured: bool) -> None:
    walked = walk(measured=measured, fails=lambda second, power_w: 0.0 if second > 720 else power_w)
    assert "full power is now 0 W and was 1900 W" in walked.why
    assert all(watts > 100 for watts in walked.calibrator.points.values())


def test_a_kettle_in_the_middle_spoils_a_try_and_not_the_point() -> None:
    kettle = day_of([(0.0, 0.0, 300.0), (700 / 3600, 0.0, 2300.0), (760 / 3600, 0.0, 300.0)], until_hour=12.0)
    walked = walk(kettle)
    assert walked.calibrator.done
    assert all(abs(watts - TRUE.power_w(p)) < 1 for p, watts in walked.calibrator.points.items())


def test_a_restless_house_ends_it() -> None:
    rows = [(second / 3600, 0.0, 300.0 + 700.0 * (second // 35 % 2)) for second in range(0, 7200, 35)]
    assert "the house is too restless: at" in walk(day_of(rows, until_hour=2.0)).why


def test_a_meter_that_falls_silent_ends_it_with_the_load_off() -> None:
    walked = walk(silent_from_s=650.0)
    assert "nothing new for" in walked.why or "no_reading" in walked.why
    assert walked.clock.monotonic_s() <= 650 + 75
    assert walked.load.power_w() == 0


def test_a_guard_ends_it_with_the_load_off() -> None:
    walked = walk(config=settings(max_house_w=2000))
    assert "soft_fuse" in walked.why
    assert walked.load.power_w() == 0


def test_an_empty_battery_ends_it_even_by_night() -> None:
    walked = walk(start_percent=33.0)
    assert walked.why == "the battery holds 30 %; heating leaves it 30 %"
    assert walked.load.power_w() == 0


def test_interrupted_it_leaves_the_load_off_and_goes_on_where_it_was() -> None:
    first = walk(until_s=900.0)
    assert not first.calibrator.done
    assert first.load.power_w() == 0
    measured = dict(first.calibrator.points)
    assert 1 < len(measured) < 11
    whole = walk()
    rest = walk(known=sorted(measured.items()))
    assert rest.calibrator.done
    assert rest.calibrator.points == pytest.approx(whole.calibrator.points)
    assert len(rest.seen) < len(whole.seen) - 200


def test_points_of_another_element_are_not_mixed() -> None:
    walked = walk(known=[(100.0, 1500.0), (90.0, 1400.0)])
    assert "full power is now 1900 W and was 1500 W" in walked.why


def test_progress_survives_in_its_file(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(progress_text({100.0: 1900.0, 50.0: 950.5}))
    assert list(read_progress(file)) == [(50.0, 950.5), (100.0, 1900.0)]
    file.write_text("{")
    with pytest.raises(ConfigError, match="nothing to resume"):
        read_progress(file)


def test_what_has_no_curve_is_refused() -> None:
    with pytest.raises(ConfigError, match="has no curve"):
        config_for(settings(), "pool", Path("line.csv"))
    with pytest.raises(ConfigError, match="there is no load 'tub'; there is pool, boiler"):
        config_for(settings(), "tub", Path("line.csv"))


def test_only_the_one_load_is_built_and_told_by_a_straight_line() -> None:
    plain = config_for(settings(), "boiler", Path("line.csv"))
    assert [policy.name for policy in plain.policies] == ["boiler"]
    assert (plain.policies[0].curve, plain.policies[0].min_on_s) == ("line.csv", 0.0)  # type: ignore[attr-defined]


def test_the_picture_shows_every_point() -> None:
    curve = RegulatorCurve(((0.0, 0.0), (50.0, 900.0), (100.0, 1900.0)))
    root = ElementTree.fromstring(curve_picture("boiler <1>", curve, 2000.0))
    assert len(root.findall("{http://www.w3.org/2000/svg}circle")) == 3
