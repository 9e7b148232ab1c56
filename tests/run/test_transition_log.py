"""The log as people read it: short lines, every phase and mode, small steps folded, faults as errors."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest

from pv_heater.core.model.requests import Boost, Force, Mode
from pv_heater.run.log_lines import LONGEST, line_of
from pv_heater.run.transition_log import TransitionLog
from tests.builders import NOON, House, config, forecast, heater


class Log:
    """A house whose every decision goes to the transition log."""

    def __init__(self, caplog: pytest.LogCaptureFixture, log: dict[str, Any] | None = None, **changes: Any) -> None:
        caplog.set_level("INFO")
        self._caplog = caplog
        self.house = House(config(**changes), foresees=True)
        self.transitions = TransitionLog({"heater": 2000.0, "freezer": 100.0}, **(log or {}))

    def at(self, seconds: float, **fields: Any) -> list[str]:
        """The lines of this step."""
        self._caplog.clear()
        decision = self.house.at(seconds, **fields)
        now = fields.get("now", NOON + timedelta(seconds=seconds))
        self.transitions.report(now, decision, None, fields.get("with_forecast"))
        return self._caplog.messages

    @property
    def levels(self) -> list[int]:
        return [record.levelno for record in self._caplog.records]


def test_a_start_is_a_line_and_small_steps_are_one_line_a_quarter_hour(caplog: pytest.LogCaptureFixture) -> None:
    log = Log(caplog)
    assert log.at(0, pv_w=1700.0) == ["heater starts in heating 1.2 kW: 1.2 kW spare, battery 97 % needs nothing"]
    said = [
        line for minute in range(1, 30) for line in log.at(60 * minute, pv_w=1700.0 + 15 * minute, consumption_w=1700.0)
    ]
    assert len(said) == 1
    assert said[0].startswith("heater 1.2 -> ")


def test_a_large_step_is_a_line_at_once_and_goes_on_from_what_was_said_last(caplog: pytest.LogCaptureFixture) -> None:
    log = Log(caplog)
    log.at(0, pv_w=1700.0)
    assert log.at(10, pv_w=1900.0, consumption_w=1700.0) == []
    (line,) = log.at(20, pv_w=2600.0, consumption_w=1900.0)
    assert line.startswith("heater 1.2 -> 2.0 kW: ")


def test_all_steps_are_lines_where_the_owner_wants_them(caplog: pytest.LogCaptureFixture) -> None:
    log = Log(caplog, {"all_steps": True})
    log.at(0, pv_w=1700.0)
    assert len(log.at(10, pv_w=1820.0, consumption_w=1700.0)) == 1
    assert len(log.at(20, pv_w=1950.0, consumption_w=1820.0)) == 1


def test_a_dry_run_says_would_and_marks_what_switches_nothing(caplog: pytest.LogCaptureFixture) -> None:
    log = Log(caplog, {"pretended": ["heater"]}, loads=[heater(start_delay_s=30, min_off_s=300)])
    log.at(0, pv_w=500.0)
    said = [
        log.at(10, pv_w=1700.0),
        log.at(40, pv_w=1700.0),
        log.at(50, pv_w=2500.0, consumption_w=1700.0),
        log.at(60, pv_w=0.0, consumption_w=2500.0),
        log.at(360, pv_w=0.0),
    ]
    heads = [line.partition(": ")[0] for (line,) in said]
    assert heads == [
        "heater (dry run) off -> armed",
        "heater armed -> would heat 1.2 kW",
        "heater would heat 1.2 -> 2.0 kW",
        "heater would heat 2.0 kW -> cooldown",
        "heater (dry run) cooldown -> off",
    ]


def test_only_the_load_that_is_pretended_is_marked(caplog: pytest.LogCaptureFixture) -> None:
    log = Log(caplog, {"pretended": ["freezer"]}, loads=[heater(), heater("freezer", max_power_w=100)])
    lines = log.at(0, pv_w=3000.0)
    assert [line.partition(":")[0] for line in lines] == [
        "heater starts in heating 2.0 kW",
        "freezer starts in would heat 100 W",
    ]


def test_a_late_reading_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    log = Log(caplog, limits={"max_reading_age_s": 30})
    log.at(0)
    lines = [line for seconds in range(1, 29) for line in log.at(seconds, silent=True) if "old" in line]
    assert lines[0] == "heater 1.9 kW: reading 11 s old: power is taken back until 30 s"
    assert [line for line in lines[1:] if "->" not in line] == []


def test_a_fault_is_an_error_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    log = Log(caplog)
    log.at(0)
    (line,) = log.at(10, inputs={"health": {"heater": "pin lost"}})
    assert line == "heater heating 2.0 kW -> fault: pin lost; ends only by `clear heater`"
    assert log.levels == [logging.ERROR]


@pytest.mark.parametrize(
    ("step", "changes"),
    [
        ({"grid_connected": False}, {}),
        ({"inputs": {"load_c": {"heater": 75.0}}}, {"loads": [heater(max_c=70)]}),
        ({"inputs": {}}, {"loads": [heater(max_c=70)]}),
        ({"consumption_w": 9000.0}, {"limits": {"max_house_w": 8000}}),
    ],
)
def test_a_stop_for_safety_is_a_warning(
    caplog: pytest.LogCaptureFixture, step: dict[str, Any], changes: dict[str, Any]
) -> None:
    log = Log(caplog, **changes)
    log.at(0, inputs={"load_c": {"heater": 40.0}})
    assert any("-> " in line for line in log.at(10, **step))
    assert logging.WARNING in log.levels


def test_modes_say_until_when_and_why_they_end(caplog: pytest.LogCaptureFixture) -> None:
    log = Log(caplog)
    log.at(0, pv_w=500.0)
    force = Force(load="heater", mode=Mode.ON, for_s=1200.0, power_w=1000.0)
    assert log.at(10, pv_w=500.0, inputs={"commands": (force,)}) == [
        "heater mode auto -> on until 13:20: as asked",
        "heater off -> heating 1.0 kW: forced on",
    ]
    boost = Boost(load="heater", for_s=600.0)
    assert log.at(15, pv_w=500.0, inputs={"commands": (boost,)})[0] == "heater mode on -> boost until 13:10: as asked"
    log.at(16, pv_w=500.0, inputs={"commands": (force,)})
    longer = Force(load="heater", mode=Mode.ON, for_s=2400.0, power_w=1000.0)
    assert log.at(20, pv_w=500.0, inputs={"commands": (longer,)}) == [
        "heater mode on until 13:40: as asked, before until 13:20"
    ]
    assert log.at(2430, pv_w=500.0)[0] == "heater mode on -> auto: its time is over"


def test_another_end_of_a_boost_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    log = Log(caplog)
    log.at(0, pv_w=500.0)
    boost = Boost(load="heater", for_s=590.0)
    assert log.at(10, pv_w=500.0, inputs={"commands": (boost,)})[0] == "heater boost until 13:10: as asked"
    (line,) = log.at(20, pv_w=500.0, inputs={"commands": (Boost(load="heater", for_s=7200.0),)})
    assert line == "heater boost until 15:00: as asked, before until 13:10"


def test_the_plan_has_a_line_of_its_own_and_is_not_repeated(caplog: pytest.LogCaptureFixture) -> None:
    log = Log(caplog, strategy={"type": "plan"})
    lines = [line for minute in range(20) for line in log.at(60 * minute, with_forecast=forecast())]
    plans = [line for line in lines if line.startswith("plan: target charge ")]
    assert len(plans) == 1
    assert not any("forecasts" in line for line in lines if line not in plans)


def test_what_is_expected_is_said_anew_when_the_evening_looks_otherwise(caplog: pytest.LogCaptureFixture) -> None:
    """Three hours later at the soonest, or when the charge at sunset moves by ten points."""
    log = Log(caplog, strategy={"type": "balance"})
    sun = {"pv_w": 900.0, "battery_soc_percent": 60.0}
    said = [line for minute in range(60) for line in log.at(60 * minute, with_forecast=forecast(pv_w=900.0), **sun)]
    expected = [line for line in said if line.startswith("expected: ")]
    assert len(expected) == 1
    assert expected[0].startswith("expected: battery ")
    dull = log.at(3660, with_forecast=forecast(pv_w=300.0), **sun)
    (line,) = [line for line in dull if line.startswith("expected: ")]
    assert line != expected[0]


def test_the_day_is_summed_up_when_its_hours_end(caplog: pytest.LogCaptureFixture) -> None:
    log = Log(caplog)
    for minute in range(61):
        log.at(60 * minute, pv_w=3000.0, consumption_w=2500.0, grid_w=-500.0, battery_soc_percent=100.0)
    lines = log.at(3660, now=NOON + timedelta(hours=9), silent=True)
    assert [line for line in lines if line.startswith("today: ")] == [
        "today: heater used 1.99 kWh in 1 start",
        "today: 508 Wh went to the grid: 488 Wh with loads at full power",
    ]
    assert not any(line.startswith("today") for line in log.at(3670, now=NOON + timedelta(hours=10), silent=True))


@pytest.mark.parametrize(
    ("because", "line"),
    [
        ("short", "heater off -> on: short"),
        ("a" * 60 + "; " + "b" * 60, "heater off -> on: " + "a" * 60),
        ("a" * 40 + ", " + "b" * 20 + "; " + "c" * 60, "heater off -> on: " + "a" * 40 + ", " + "b" * 20),
        ("a" * 40 + ", " + "b" * 90, "heater off -> on: " + "a" * 40),
        ("when: f(a, b; c) " + "d" * 90, ("heater off -> on: when: f(a, b; c) " + "d" * 90)[:96] + "..."),
    ],
)
def test_a_long_reason_is_cut_at_the_end_of_a_clause(because: str, line: str) -> None:
    assert line_of("heater off -> on", because) == line
    assert len(line) <= LONGEST


def test_a_mode_for_good_is_said_when_it_begins_every_day_and_when_it_has_an_end_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = Log(caplog, loads=[heater(forced_without_end=True)])
    night, day_s = {"pv_w": 0.0}, 86_400.0

    def force(mode: Mode, **values: Any) -> dict[str, Any]:
        return {"inputs": {"commands": (Force(load="heater", mode=mode, **values),)}, **night}

    log.at(0, **night)
    assert log.at(10, **force(Mode.OFF, for_good=True)) == ["heater mode auto -> off for good: as asked"]
    assert log.at(day_s, **night) == []
    reminder = "heater is forced off for good since 2026-06-21 13:00: `main.py force heater auto` ends it"
    assert reminder in log.at(day_s + 10, **night)
    assert logging.WARNING in log.levels
    assert reminder not in log.at(day_s + 20, **night)
    assert reminder in log.at(2 * day_s + 20, **night)
    assert "heater mode off until 14:01: before for good" in log.at(2 * day_s + 60, **force(Mode.OFF, for_s=3600))
    assert "heater mode off for good: before until 14:01" in log.at(2 * day_s + 70, **force(Mode.OFF, for_good=True))
    assert "heater mode off -> auto: as asked" in log.at(2 * day_s + 80, **force(Mode.AUTO))
    assert reminder not in log.at(4 * day_s, **night)
