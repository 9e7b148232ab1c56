"""What `force`, `boost` and `clear` answer is what then happens, and what cannot be is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pv_heater.core.expected_effect import ends_at, expected
from pv_heater.core.model.requests import Boost, ClearFault, Command, Force, Mode
from pv_heater.core.model.values import Decision, LoadState, Phase
from tests.builders import NOON, House, config, heater

NIGHT_W = {"pv_w": 0.0}


class Asked:
    """A house that is asked before it obeys."""

    def __init__(self, **load: Any) -> None:
        self.house = House(config(loads=[heater(min_off_s=300, **load)]))
        self.tick_s = 0.0
        self.decision: Decision | None = None

    def at(self, seconds: float, **fields: Any) -> LoadState:
        self.tick_s, self.decision = seconds, self.house.at(seconds, **fields)
        return self.decision.loads["heater"]

    def answer(self, command: Command) -> str:
        now = NOON + timedelta(seconds=self.tick_s)
        return expected(command, self.house.controller.policies, self.decision, now)


def on(**values: Any) -> Force:
    return Force(**({"load": "heater", "mode": Mode.ON} | values))


def test_a_load_at_rest_starts_when_the_answer_says() -> None:
    asked = Asked()
    asked.at(0)
    asked.at(10, pv_w=0.0, consumption_w=2500.0)
    asked.at(15, **NIGHT_W)
    command = on(for_s=1200.0, power_w=1000.0)
    assert asked.answer(command) == "heater: on with 1.0 kW until 13:20, starts in 295 s (minimum off time)"
    assert asked.at(16, inputs={"commands": (command,)}, **NIGHT_W).phase is Phase.COOLDOWN
    assert asked.at(309, **NIGHT_W).phase is Phase.COOLDOWN
    assert asked.at(310, **NIGHT_W).power_w == 1000


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (on(), "heater: on with 2.0 kW until 15:00, starts now"),
        (on(for_s=5400.0, power_w=60.0), "heater: on with 60 W until 14:30, starts now"),
        (on(for_s=86_400.0 * 7), "heater: on with 2.0 kW until 2026-06-28 13:00, starts now"),
        (Force(load="heater", mode=Mode.OFF), "heater: off until 15:00"),
        (
            Force(load="heater", mode=Mode.AUTO),
            "heater: mode auto as before: needs 100 W, 500 W short, battery 97 %",
        ),
        (Boost(load="heater", for_s=3600.0), "heater: on with up to 2.0 kW until 14:00, starts now"),
    ],
)
def test_an_idle_load_is_told_power_end_and_start(command: Command, answer: str) -> None:
    asked = Asked()
    asked.at(0, **NIGHT_W)
    assert asked.answer(command) == answer


def test_a_load_that_heats_goes_on_or_stops_now() -> None:
    asked = Asked()
    asked.at(0)
    assert asked.answer(on(power_w=500.0)) == "heater: on with 500 W until 15:00, it is on already"
    assert asked.answer(Force(load="heater", mode=Mode.OFF)) == "heater: off until 15:00, stops now"


def test_what_stands_in_the_way_for_safety_is_said() -> None:
    asked = Asked()
    asked.at(0, grid_connected=False)
    assert asked.answer(on()).endswith("until 15:00, but blocked for safety as long as this lasts: the grid is gone")
    hot = Asked(max_c=70)
    hot.at(0, inputs={"load_c": {"heater": 80.0}})
    assert "but not as long as this lasts: heater is at 80.0 degC" in hot.answer(on())
    away = Asked()
    away.at(0, inputs={"unreachable": {"heater": "no answer from 192.168.1.9"}})
    assert away.answer(on()).endswith("but not as long as this lasts: no answer from 192.168.1.9")


def test_energy_guards_do_not_stand_in_the_way_of_the_owner() -> None:
    asked = Asked()
    asked.at(0, battery_soc_percent=20.0)
    assert asked.answer(on()) == "heater: on with 2.0 kW until 15:00, starts now"
    auto = asked.answer(Force(load="heater", mode=Mode.AUTO))
    assert auto == "heater: mode auto, no heating now: the battery holds 20 %, heating starts at 22.9 %"


@pytest.mark.parametrize(
    ("load", "command", "message"),
    [
        ({}, on(load="boiler"), "there is no load 'boiler'; there is heater"),
        ({}, on(power_w=9000.0), "heater takes at most 2000 W, not 9000 W"),
        ({}, on(power_w=10.0), "heater runs at 60 W or more, not at 10 W"),
        ({}, on(for_s=30 * 86_400.0), "a forced mode lasts at most 7 days, not 30 days"),
        ({}, Force(load="heater", mode=Mode.OFF, power_w=500.0), "a power goes with mode on only, not with off"),
        ({}, Boost(load="heater", to_c=55.0), "heater has no temperature probe, so it cannot be heated to 55 degC"),
        ({}, Boost(load="heater", for_s=86_400.0), "a boost lasts at most 12 h 0 min, not 24 h 0 min"),
        ({}, Boost(load="boiler"), "there is no load 'boiler'"),
        ({}, ClearFault(load="heater"), "heater has no fault"),
        ({}, ClearFault(load="pool"), "there is no load 'pool'"),
    ],
)
def test_what_cannot_be_is_refused_with_what_would_be_right(
    load: dict[str, Any], command: Command, message: str
) -> None:
    asked = Asked(**load)
    asked.at(0, **NIGHT_W)
    with pytest.raises(ValueError, match=message):
        asked.answer(command)


def test_a_boost_knows_what_the_probe_says() -> None:
    asked = Asked(target_c=60, max_c=70)
    asked.at(0, inputs={"load_c": {"heater": 50.0}}, **NIGHT_W)
    boost = Boost(load="heater", for_s=3600.0)
    assert asked.answer(boost) == "heater: on with up to 2.0 kW until 14:00 or 60 degC, starts now"
    with pytest.raises(ValueError, match="70 degC is its max_c"):
        asked.answer(Boost(load="heater", to_c=70.0))
    with pytest.raises(ValueError, match=r"heater has 50.0 degC already, the goal is 45"):
        asked.answer(Boost(load="heater", to_c=45.0))


def test_a_fault_is_in_the_way_until_it_is_cleared_and_what_remains_is_said() -> None:
    asked = Asked()
    asked.at(0, inputs={"commands": (on(for_s=3600.0),)}, **NIGHT_W)
    asked.at(10, inputs={"health": {"heater": "switched off by `main.py off`"}}, **NIGHT_W)
    for command in (on(), Boost(load="heater")):
        with pytest.raises(ValueError, match="heater is blocked by a fault: switched off by"):
            asked.answer(command)
    asked.at(20, **NIGHT_W)
    clear = ClearFault(load="heater")
    assert asked.answer(clear) == (
        "heater: its fault is cleared; mode on until 14:00 goes on: it starts in 290 s (minimum off time)"
    )
    assert asked.at(21, inputs={"commands": (clear,)}, **NIGHT_W).phase is Phase.COOLDOWN
    assert asked.at(310, **NIGHT_W).power_w == 2000


def test_a_forced_time_shorter_than_the_rest_is_refused() -> None:
    asked = Asked()
    asked.at(0)
    asked.at(10, pv_w=0.0, consumption_w=2500.0)
    with pytest.raises(ValueError, match="would not start: its minimum off time lasts 5 min more; ask for longer"):
        asked.answer(on(for_s=60.0))


def test_levels_that_a_load_does_not_have_are_refused(tmp_path: Any) -> None:
    relay = {"type": "relay", "name": "heater", "max_power_w": 1500, "relay": {"pin": "GPIO17", "active_high": True}}
    house = House(config(loads=[relay]))
    decision = house.at(0, **NIGHT_W)
    with pytest.raises(ValueError, match="heater runs at 1500 W or more, not at 800 W"):
        expected(on(power_w=800.0), house.controller.policies, decision, NOON)


def test_before_the_first_step_nothing_can_be_said() -> None:
    house = House()
    with pytest.raises(ValueError, match="has not completed its first tick yet"):
        expected(on(), house.controller.policies, None, None)


def test_for_good_is_answered_or_refused_with_what_would_be_right() -> None:
    asked = Asked(forced_without_end=True)
    asked.at(0, **NIGHT_W)
    on_for_good = on(for_good=True)
    assert asked.answer(on_for_good) == "heater: on with 2.0 kW for good, until somebody says auto, starts now"
    off_for_good = Force(load="heater", mode=Mode.OFF, for_good=True)
    assert asked.answer(off_for_good) == "heater: off for good, until somebody says auto"
    for command in (on_for_good, off_for_good):
        assert ends_at(command, asked.decision, NOON) is None
    faulty = {"commands": (on_for_good,), "health": {"heater": "relay: stuck"}}
    assert asked.at(5, inputs=faulty, **NIGHT_W).phase is Phase.FAULT
    assert (
        asked.answer(ClearFault(load="heater"))
        == "heater: its fault is cleared; mode on for good goes on: it starts now"
    )
    other = Asked()
    other.at(0)
    with pytest.raises(ValueError, match="no `forced_without_end: true`; say for how long, at most 7 days"):
        other.answer(on_for_good)
