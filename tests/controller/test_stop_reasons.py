"""Every stop has its own reason: what ended it. The timer that holds the load afterwards is another sentence."""

from datetime import timedelta
from typing import Any

import pytest

from pv_heater.core.model.requests import ClearFault, Force, Mode, Vacation
from pv_heater.core.model.values import Decision, LoadState, Phase
from pv_heater.run.journal import Journal
from tests.builders import NOON, House, config, heater

RESTS = {"min_off_s": 300}


def load(decision: Decision, name: str = "heater") -> LoadState:
    return decision.loads[name]


def stopped(step: dict[str, Any], *, load_: dict[str, Any] | None = None, **changes: Any) -> LoadState:
    """The load at the step that ends its heating."""
    house = House(config(loads=[heater(**RESTS, **(load_ or {}))], limits={"max_reading_age_s": 30}, **changes))
    warm = {"load_c": {"heater": 40.0}} if "inputs" in step and "load_c" in step["inputs"] else {}
    assert load(house.at(0, inputs=warm)).phase is Phase.HEATING
    at_s = step.pop("at_s", 10)
    return load(house.at(at_s, **step))


@pytest.mark.parametrize(
    ("step", "load_", "rule", "because"),
    [
        ({"pv_w": 300.0, "consumption_w": 2500.0}, {}, "balance",
         "stops below 60 W, 200 W short, battery 97 %"),
        ({"pv_w": 555.0, "consumption_w": 2500.0}, {}, "balance",
         "55 W left, stops below 60 W; 55 W spare, battery 97 % needs nothing"),
        ({"battery_soc_percent": 20.5}, {}, "battery_low", "the battery holds 20 %, heating starts at 21.7 %"),
        ({"grid_w": 500.0}, {"min_power_w": 2000}, "grid_draw", "the grid delivers 500 W, the limit is 80 W"),
        ({"now": NOON + timedelta(hours=12)}, {}, "night", "outside the daylight hours"),
        ({"inputs": {"load_c": {"heater": 60.4}}}, {"target_c": 60}, "full", "60.4 degC, the target is 60.0"),
        ({"inputs": {"load_c": {"heater": 71.0}}}, {"max_c": 70}, "too_hot", "heater is at 71.0 degC"),
        ({"inputs": {"commands": (Force(load="heater", mode=Mode.OFF),)}}, {}, "forced_off", "forced off"),
        ({"inputs": {"commands": (Vacation(until_at=NOON + timedelta(days=2)),)}}, {}, "vacation", "nobody is home"),
        ({"inputs": {"unreachable": {"heater": "no answer from 192.168.1.5"}}}, {}, "unreachable", "no answer from"),
        ({"inputs": {"wishes": {"heater": Mode.OFF}, "wish_because": {"heater": "guests"}}}, {}, "rule", "guests"),
        ({"inputs": {"health": {"heater": "pin lost"}}}, {}, "hardware", "pin lost; ends only by `clear heater`"),
        ({"at_s": 40, "silent": True}, {}, "no_reading", "the last reading is 40 s old, the limit is 30 s"),
        ({"grid_connected": False}, {}, "grid_lost", "the grid is gone"),
        ({"at_s": 3600, "pv_w": 3000.0}, {"daily_max_wh": 1500}, "full", "2000 Wh today, daily_max_wh is 1500"),
    ],
)  # fmt: skip
def test_the_reason_of_a_stop_is_what_ended_it(
    step: dict[str, Any], load_: dict[str, Any], rule: str, because: str
) -> None:
    state = stopped(dict(step), load_=load_)
    assert state.phase is not Phase.HEATING
    assert state.rule == rule
    assert state.because.startswith(because)
    assert "minimum off time" not in state.because


def test_from_the_next_step_on_it_is_the_timer_that_holds_it() -> None:
    house = House(config(loads=[heater(**RESTS)]))
    house.at(0)
    house.at(10, pv_w=300.0, consumption_w=2500.0)
    state = load(house.at(11, pv_w=300.0))
    assert (state.phase, state.rule) == (Phase.COOLDOWN, "min_off")
    assert state.because == "299 s of 300 s minimum off time are left"


def test_a_stop_without_a_rest_has_its_reason_too() -> None:
    house = House()
    house.at(0)
    state = load(house.at(10, pv_w=300.0, consumption_w=2500.0))
    assert (state.phase, state.rule) == (Phase.OFF, "balance")
    assert state.because.startswith("stops below 60 W, 200 W short, battery 97 %")


def test_a_late_reading_is_the_reason_while_power_is_taken_back_and_of_the_stop() -> None:
    house = House(config(loads=[heater(**RESTS)], limits={"max_reading_age_s": 30}))
    house.at(0)
    state = load(house.at(18, silent=True))
    assert (state.phase, state.rule) == (Phase.HEATING, "stale")
    assert state.because == "reading 18 s old: power is taken back until 30 s"
    assert state.power_w < 2000
    state = load(house.at(29.9, silent=True))
    assert (state.phase, state.rule) == (Phase.COOLDOWN, "stale")
    assert state.because == "reading 30 s old: power is taken back until 30 s"


def test_a_load_that_was_full_says_what_freed_it() -> None:
    house = House(config(loads=[heater(**RESTS, target_c=60, hysteresis_c=5)]))
    house.at(0, inputs={"load_c": {"heater": 50.0}})
    house.at(10, inputs={"load_c": {"heater": 61.0}})
    state = load(house.at(20, inputs={"load_c": {"heater": 54.0}}))
    assert (state.phase, state.rule) == (Phase.COOLDOWN, "full")
    assert state.because == "54.0 degC, it heats again below 55.0"


def test_a_cleared_fault_says_that_it_is_cleared() -> None:
    house = House(config(loads=[heater(**RESTS)]))
    house.at(0)
    house.at(10, inputs={"health": {"heater": "pin lost"}})
    state = load(house.at(20, inputs={"commands": (ClearFault(load="heater"),)}))
    assert (state.phase, state.because) == (Phase.COOLDOWN, "its fault is cleared")


def test_a_load_that_stays_off_says_what_it_needs() -> None:
    house = House(config(loads=[heater(max_power_w=1500, min_power_w=1500)]))
    state = load(house.at(0, pv_w=1608.0, battery_soc_percent=99.5))
    assert state.because == "needs 1500 W, 1208 W left; 1.1 kW spare, battery 100 % may give 100 W"
    state = load(house.at(10, pv_w=1900.0, battery_soc_percent=80.0))
    assert state.because == ("needs 1500 W, battery first, it takes up to 2.4 kW: 1.4 kW spare, battery 80 %")


def test_a_home_without_a_battery_hears_nothing_of_one() -> None:
    site = {"latitude": 47.05, "longitude": 15.44, "timezone": "Europe/Vienna"}
    house = House(config(site=site))
    seen = {"pv_w": 520.0, "battery_w": None, "battery_soc_percent": None}
    assert load(house.at(0, **seen)).because == "needs 100 W, 20 W left; 20 W spare"


def test_the_journal_keeps_what_ended_it_as_the_last_word() -> None:
    house, journal = House(config(loads=[heater(**RESTS)])), Journal()
    for seconds, pv_w in ((0, 3000.0), (10, 300.0), (11, 300.0), (12, 300.0)):
        decision = house.at(seconds, pv_w=pv_w, consumption_w=2500.0 if seconds == 10 else 500.0)
        journal.report(NOON + timedelta(seconds=seconds), decision, None, None)
    (last,) = journal.last(1)
    assert (last.to_phase, last.rule) == (Phase.COOLDOWN, "balance")
    assert last.because.startswith("stops below 60 W, 200 W short, battery 97 %")


def test_a_load_that_others_leave_nothing_says_what_is_left_and_not_only_what_is_spare() -> None:
    """2 kW are spare, and yet it goes off: a load before it takes them."""
    house = House(config(loads=[heater("boiler", max_power_w=2000), heater(**RESTS)]))
    house.at(0, pv_w=3000.0)
    state = load(house.at(10, pv_w=2050.0, consumption_w=2500.0))
    assert state.because.startswith("needs 60 W, 50 W left after boiler; 2.0 kW spare, battery 97 %")
    held = House(config(loads=[heater("boiler", max_power_w=2000, min_power_w=1500, min_on_s=900), heater(**RESTS)]))
    held.at(0, pv_w=2600.0)
    state = load(held.at(10, pv_w=1990.0, consumption_w=2600.0))
    assert state.phase is not Phase.HEATING
    assert "60 W" in state.because.partition(";")[0]


@pytest.mark.parametrize(("filter_s", "mean"), [(60, " (1 min mean)"), (30, " (30 s mean)"), (900, " (15 min mean)")])
def test_a_mean_is_called_one_and_what_is_seen_now_is_not(filter_s: float, mean: str) -> None:
    house = House(config(strategy={"type": "balance", "filter_s": filter_s}))
    assert house.at(0).because == "2.5 kW spare, battery 97 % needs nothing"
    sentence = house.at(10, pv_w=1000.0, consumption_w=2500.0).because
    assert f"kW spare{mean}, battery" in sentence
