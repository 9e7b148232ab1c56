"""Defects of an earlier system's relay rules, each looked for here by the name of its cause."""

from pathlib import Path

import pytest

from pv_heater.core.model.requests import Mode
from pv_heater.rule_files.child import checked
from pv_heater.rule_files.home import RuleMemory
from tests.builders import House, config, heater
from tests.rule_files.test_home import home


def test_a_timer_runs_until_it_has_ended_and_not_the_other_way_round() -> None:
    memory = RuleMemory()
    assert home(memory, 0.0).timer_left_s("rest") == 0
    home(memory, 0.0).start_timer("rest", 60)
    assert home(memory, 30.0).timer_left_s("rest") == 30
    assert home(memory, 61.0).timer_left_s("rest") == 0
    assert home(memory, 61.0).timer_left_s("rest") == 0  # asking changes nothing
    home(memory, 90.0).start_timer("rest", 60)
    assert home(memory, 100.0).timer_left_s("rest") == 50


def test_what_has_lasted_is_counted_for_each_load_by_itself() -> None:
    loads = [heater("first", when="held(charger == float, 60)"), heater("second", when="held(charger == bulk, 60)")]
    house = House(config(loads=loads))
    for second in range(0, 100, 10):
        decision = house.at(second, charger_state="float", pv_w=5000.0)
    assert decision.setpoints["first"].on
    assert not decision.setpoints["second"].on


def test_what_has_lasted_is_counted_for_each_place_of_one_condition() -> None:
    house = House(config(loads=[heater(when="held(soc > 90, 60) and held(soc > 96, 60)")]))
    for second in range(0, 60, 10):
        house.at(second, battery_soc_percent=95.0)
    seen = [house.at(second, battery_soc_percent=97.0).setpoints["heater"].on for second in range(60, 140, 10)]
    assert seen == [False] * 6 + [True] * 2


def test_a_load_that_ran_twice_today_has_run_today() -> None:
    house = House(config(loads=[heater("pump"), heater("heater", when="pump.runs_today >= 1")]))
    for start_s in (0, 100):
        house.at(start_s, pv_w=1000.0)
        house.at(start_s + 50, pv_w=0.0)
    picture = house.controller.rules.picture()
    assert picture is not None
    assert picture["load.pump"]["runs_today"] == 2.0
    assert house.at(200, pv_w=6000.0).setpoints["heater"].on


@pytest.mark.parametrize("answer", [0, 3, "auto", "", True, ["on"]])
def test_a_rule_cannot_force_a_mode_by_its_answer(answer: object) -> None:
    with pytest.raises(ValueError, match='"on", "off" or "surplus"'):
        checked(answer)


def test_all_rules_act_in_the_same_tick_and_not_one_a_minute() -> None:
    house = House(config(loads=[heater(f"load_{number}", on_when="soc > 90", max_power_w=100) for number in range(8)]))
    decision = house.at(0, pv_w=0.0)
    assert all(setpoint.on for setpoint in decision.setpoints.values())


def test_a_load_that_its_rule_has_on_goes_off_when_the_data_are_lost() -> None:
    house = House(config(loads=[heater(on_when="hour >= 0", min_on_s=3600)]))
    assert house.at(0).setpoints["heater"].on
    decision = house.at(1000, silent=True)
    assert not decision.setpoints["heater"].on
    assert decision.loads["heater"].rule == "no_reading"
    wished = house.at(1001, silent=True, inputs={"wishes": {"heater": Mode.ON}})
    assert not wished.setpoints["heater"].on


def test_a_rule_that_is_broken_from_the_start_leaves_its_load_off(tmp_path: Path) -> None:
    from pv_heater.rule_files.files import RuleFiles
    from pv_heater.rule_files.runner import RuleRunner

    (tmp_path / "pump.py").write_text("<?php", encoding="utf-8")
    runner = RuleRunner(RuleFiles(tmp_path, ["pump"]), lambda: None, frozenset(), lambda: 0.0)
    assert runner.wishes().wishes == {"pump": Mode.OFF}
    runner.round({"home": {}})
    assert runner.wishes().wishes == {"pump": Mode.OFF}
    assert "pump.py line 1: SyntaxError" in runner.wishes().because["pump"]
    runner.close()
