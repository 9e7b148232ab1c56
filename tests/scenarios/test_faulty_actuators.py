"""Actuators that fail in the software home, over recorded days and random hours: found in time, and nobody accused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from pv_heater.config.load import load_config
from pv_heater.controller import Controller
from pv_heater.core.model.requests import Force, Mode
from pv_heater.core.model.values import Decision, Inputs, Phase
from pv_heater.sim.home import Home, HomeSettings
from pv_heater.sim.recording import HomeRecording
from pv_heater.sim.recording_file import load_recording
from pv_heater.sim.tank import TankSettings
from tests.builders import heater
from tests.scenarios.life import HOUR, day_of
from tests.scenarios.test_days import PROJECT

Draws = Callable[[float, float], float]
"""What the actuator lets through at a second, told so much."""

RECORDED = ["summer", "broken_cloud"]
DAYTIME = (6.5, 18.5)
"""Hours of the recorded days, from before the first start to after the last."""


@dataclass
class Lived:
    """What came of it."""

    fault_s: float | None = None
    because: str = ""
    notices: set[str] = field(default_factory=set)
    starts: int = 0


def obeys(_: float, told_w: float) -> float:
    return told_w


def live_with(
    recording: HomeRecording,
    draws: Draws,
    *,
    measured: bool,
    load: Mapping[str, Any] | None = None,
    commands: Mapping[int, Mode] | None = None,
    interval_s: int = 10,
    tank: TankSettings | None = None,
    forced_w: float | None = None,
    hours: tuple[float, float] = (0.0, 24.0),
) -> Lived:
    """One heater in the software home, until it is in fault or these hours of the recording end."""
    site = {
        "latitude": 47.05, "longitude": 15.44, "timezone": "UTC", "pv": [{"kwp": 5.0}], "feed_in": False,
        "battery": {"capacity_wh": 4800, "max_charge_w": 2400},
    }  # fmt: skip
    row = heater(min_on_s=300, min_off_s=300) | dict(load or {})
    controller = Controller(
        load_config({"site": site, "strategy": {"type": "balance"}, "loads": [row]}), foresees=False
    )
    home = Home(
        HomeSettings(start_percent=60.0, interval_s=interval_s, tanks={"heater": tank}, tells_loads=measured),
        local_start_s=recording.local_start_s,
    )
    lived, told_w, was_on = Lived(), 0.0, False
    begin_s, end_s = hours[0] * HOUR, min(hours[1] * HOUR, recording.end_s)
    for second in range(int(begin_s), int(end_s), interval_s):
        for from_s, to_s, sun_w, use_w in recording.stretches(second, second + interval_s):
            home.advance(from_s, to_s, sun_w, use_w, {"heater": draws(from_s, told_w)})
        now = recording.start_at + timedelta(seconds=second + interval_s)
        mode = (commands or {}).get(second)
        asked = (Force(load="heater", mode=mode, for_s=86_400, power_w=forced_w),) if mode is not None else ()
        decision: Decision = controller.step(
            now, home.reading(now), None, Inputs(tick_s=second + interval_s, commands=asked)
        )
        state, told_w = decision.loads["heater"], decision.setpoints["heater"].power_w
        lived.starts += told_w > 0 and not was_on
        was_on = told_w > 0
        if state.notice is not None:
            lived.notices.add(state.notice)
        if state.phase is Phase.FAULT:
            lived.fault_s, lived.because = second + interval_s, state.because
            return lived
    return lived


@pytest.mark.parametrize("measured", [True, False], ids=["own meter", "house only"])
@pytest.mark.parametrize("name", RECORDED)
def test_no_load_that_obeys_is_accused_on_a_recorded_day(name: str, measured: bool) -> None:
    recording = load_recording(PROJECT / f"Files/recordings/{name}.csv.gz")
    assert isinstance(recording, HomeRecording)
    for row in ({}, {"min_power_w": 2000, "max_closings_per_day": 500}):
        tank = TankSettings(start_c=55.0)
        lived = live_with(recording, obeys, measured=measured, load=row, tank=tank, interval_s=30, hours=DAYTIME)
        assert (lived.fault_s, lived.because) == (None, "")
        assert lived.starts > 0


def random_hours(seed: int, hours: int) -> HomeRecording:
    """Sun and use that jump at random: kettles, ovens, heat pumps and a car, clouds."""
    chance, rows = Random(seed), []
    hour = 0.0
    while hour < hours:
        use_w = chance.uniform(100, 600) + chance.choice([0, 0, 0, 1000, 2000, 2000, 3600])
        rows.append((hour, chance.choice([0.0, 1500.0, 3000.0, 4500.0]), use_w))
        hour += chance.uniform(1, 20) / 60
    return day_of(rows, until_hour=float(hours))


@pytest.mark.parametrize("measured", [True, False], ids=["own meter", "house only"])
def test_no_load_that_obeys_is_accused_in_24_random_hours(measured: bool) -> None:
    """Of a house that jumps by as much as the heater every few minutes; forced on and off every twelve, on top of it.

    Thermostat open half of the time, which looks like a relay that does nothing.
    """
    starts = 0
    for seed in range(2):
        chance = Random(seed)
        commands = {second: chance.choice([Mode.ON, Mode.OFF, Mode.AUTO]) for second in range(0, 12 * int(HOUR), 720)}
        lived = live_with(
            random_hours(seed, 12),
            lambda second, told_w: 0.0 if second % 7200 > 3600 else told_w,
            measured=measured,
            commands=commands,
            load={"min_power_w": 2000} if seed % 2 else {},
            interval_s=30,
        )
        assert (lived.fault_s, lived.because) == (None, ""), f"seed {seed}"
        starts += lived.starts
    assert starts > 14


SUNNY = day_of([(0, 4000.0, 400.0)], until_hour=6.0)
TURNS = {second: Mode.OFF if second // 900 % 2 else Mode.ON for second in range(0, 6 * 3600, 900)}
"""Forced on for a quarter hour, off for the next."""
BROKEN_S = 2000
"""In a run that ends at 2700: only a closed contact welds."""


@pytest.mark.parametrize(
    ("draws", "because", "by_s"),
    [
        (lambda second, told_w: told_w if second < BROKEN_S else 800.0, "though it is off: a welded relay", 2700 + 60),
        (
            lambda second, told_w: told_w if second < BROKEN_S or not told_w else 2000.0,
            "though it was set to 800 W: a shorted triac",
            BROKEN_S + 60,
        ),
        (lambda second, told_w: told_w if second < BROKEN_S else 2000.0, "though it was set to 800 W", BROKEN_S + 60),
    ],
    ids=["welded relay", "shorted triac, relay in order", "both"],
)
def test_a_fault_is_found_within_a_minute_of_showing_at_its_own_meter(draws: Draws, because: str, by_s: float) -> None:
    """Forced to 800 W every other quarter hour."""
    lived = live_with(SUNNY, draws, measured=True, commands=TURNS, forced_w=800.0)
    assert lived.fault_s is not None
    assert BROKEN_S < lived.fault_s <= by_s
    assert because in lived.because


def test_a_welded_relay_without_a_meter_is_found_at_its_third_switch_off() -> None:
    draws: Draws = lambda second, told_w: told_w if second < BROKEN_S else 2000.0  # noqa: E731 - a table of two rows
    lived = live_with(SUNNY, draws, measured=False, commands=TURNS, load={"min_power_w": 2000})
    assert lived.fault_s is not None
    assert lived.fault_s <= 2700 + 2 * 1800 + 60


def test_a_servo_that_sticks_is_found_within_three_moves() -> None:
    """Sun that climbs in steps of 10 min asks for another power each time; the knob stands still from 11:06 on."""
    rows = [(0.0, 0.0, 2400.0)] + [  # what a night leaves of the battery is left after an hour
        (8 + minutes / 60, 800.0 + 600.0 * (minutes // 10 % 4), 300.0) for minutes in range(0, 240, 10)
    ]
    stuck_s = 11.1 * HOUR
    stuck_w: list[float] = []

    def draws(second: float, told_w: float) -> float:
        if second >= stuck_s and told_w > 0:
            stuck_w.append(told_w)
        return stuck_w[0] if stuck_w and told_w > 0 else told_w

    lived = live_with(day_of(rows, until_hour=12.0), draws, measured=True, hours=(7.0, 12.0))
    assert lived.fault_s is not None
    assert lived.fault_s <= stuck_s + 3 * 600 + 60
    assert "its servo or knob is stuck" in lived.because
