"""Frost protection: at night, on vacation, without a clock; never without a probe, never for ever."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from pv_heater import Controller
from pv_heater.core.duties.frost import DAILY_MAX_S
from pv_heater.core.model.requests import Command, Force, Mode, Vacation
from pv_heater.core.model.values import Decision
from pv_heater.errors import ConfigError
from tests.builders import NOON, House, config, heater, reading

MIDNIGHT = NOON.replace(hour=22)


def house(**changes: Any) -> House:
    return House(config(loads=[heater(**({"frost_c": 5} | changes))]))


def cold(home: House, second: float, temperature_c: float | None, **fields: Any) -> Decision:
    """A step at night with a nearly empty battery, the tank at `temperature_c`."""
    load_c = {} if temperature_c is None else {"heater": temperature_c}
    now = MIDNIGHT + timedelta(seconds=second)
    drawn_w = home.decisions[-1][1].setpoints["heater"].power_w if home.decisions else 0.0
    seen = {
        "pv_w": 0.0,
        "consumption_w": 500.0 + drawn_w,
        "battery_soc_percent": 22.0,
        "load_c": load_c,
        "now": now,
        "taken_at": now,
    }
    return home.at(second, **(seen | fields))


def test_it_heats_from_the_limit_to_the_hysteresis_above_at_night_with_an_empty_battery() -> None:
    home = house()
    course = (6.0, 5.1, 4.9, 6.0, 7.9, 8.0, 5.1)
    on = [cold(home, 10.0 * at, temperature_c).setpoints["heater"].on for at, temperature_c in enumerate(course)]
    assert on == [False, False, True, True, True, False, False]
    state = home.decisions[2][1].loads["heater"]
    assert state.rule == "frost"
    assert state.because == "frost protection: 4.9 degC, heats below 5 degC until 8 degC"


def test_it_heats_on_vacation_and_while_the_time_of_day_is_unknown() -> None:
    home = house()
    away: Command = Vacation(until_at=MIDNIGHT + timedelta(days=9))
    assert cold(home, 0, 3.0, inputs={"commands": (away,)}).setpoints["heater"].on
    assert cold(house(), 0, 3.0, inputs={"clock_trusted": False}).setpoints["heater"].on


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"ac_source": "generator"}, "generator"),
        ({"grid_connected": False}, "grid_lost"),
        ({"inputs": {"commands": (Force(load="heater", mode=Mode.OFF),)}}, "forced_off"),
        ({"inputs": {"health": {"heater": "its relay does not answer"}}}, "hardware"),
    ],
)
def test_a_generator_the_owner_and_everything_about_safety_stay_in_front(fields: dict[str, Any], rule: str) -> None:
    decision = cold(house(), 0, 3.0, **fields)
    assert not decision.setpoints["heater"].on
    assert decision.loads["heater"].rule == rule


def test_without_its_temperature_it_heats_nothing_and_says_so() -> None:
    decision = cold(house(), 0, None)
    assert not decision.setpoints["heater"].on
    assert decision.loads["heater"].notice == "frost protection waits: its temperature is not known"


def test_off_grid_an_empty_battery_is_left_to_the_house() -> None:
    settings = config(loads=[heater(frost_c=5)])
    home = House(settings | {"site": settings["site"] | {"off_grid": True}})
    decision = cold(home, 0, 3.0, battery_soc_percent=10.0, grid_w=None)
    assert not decision.setpoints["heater"].on


def test_half_a_day_without_success_ends_it_until_midnight_over_a_restart_too() -> None:
    home = house()
    pace_s = 300.0
    heated = [cold(home, pace_s * at, 3.0).setpoints["heater"].on for at in range(int(20 * 3600 / pace_s))]
    assert heated.count(True) * pace_s == pytest.approx(DAILY_MAX_S, abs=2 * pace_s)
    last = home.decisions[-1][1].loads["heater"]
    assert last.notice is not None
    assert last.notice.startswith("frost protection gave up for today: 3.0 degC after 12 h")
    after = Controller.from_config(config(loads=[heater(frost_c=5)]), state=home.controller.state())
    now: datetime = MIDNIGHT + timedelta(hours=20, minutes=5)
    again = after.step(now, reading(now, pv_w=0.0, battery_soc_percent=22.0, load_c={"heater": 3.0}), None)
    assert not again.setpoints["heater"].on


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"frost_c": 21}, "20"),
        ({"frost_c": 8, "target_c": 10}, "above target_c"),
        ({"frost_c": 8, "max_c": 10}, "above max_c"),
    ],
)
def test_limits_are_checked_when_settings_are_read(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        house(**changes)
