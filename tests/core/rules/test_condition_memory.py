"""Conditions that remember: between two thresholds, and for a least time on or off."""

from typing import Any

import pytest

from pv_heater.core.conditions.parser import check_condition
from pv_heater.core.model.setting import SettingProblem
from pv_heater.core.rules.condition_memory import UNSEEN_S, Latches
from tests.builders import House, config, heater


def test_between_two_thresholds_the_answer_stays() -> None:
    latches = Latches()
    values = (80.0, 94.0, 95.0, 91.0, 90.0, 89.9, 94.0)
    answers = [latches.hysteresis("soc", value, 95.0, 90.0, 10.0 * at) for at, value in enumerate(values)]
    assert answers == [False, False, True, True, True, False, False]


def test_thresholds_the_other_way_round_are_for_what_is_good_when_it_is_low() -> None:
    latches = Latches()
    values = (60.0, 45.0, 40.0, 50.0, 55.0, 55.1)
    answers = [latches.hysteresis("humidity", value, 40.0, 55.0, 10.0 * at) for at, value in enumerate(values)]
    assert answers == [False, False, True, True, True, False]


def test_what_is_not_known_between_two_thresholds_is_not_known_and_forgets_nothing() -> None:
    latches = Latches()
    assert latches.hysteresis("soc", 96.0, 95.0, 90.0, 0.0)
    assert latches.hysteresis("soc", None, 95.0, 90.0, 10.0) is None
    assert latches.hysteresis("soc", 92.0, 95.0, 90.0, 20.0)
    assert latches.hysteresis("soc", 92.0, 95.0, 90.0, 21.0 + UNSEEN_S) is False, "nobody looked for long"


def test_a_condition_stays_true_for_its_least_time_and_false_for_its_own() -> None:
    on, off = Latches(), Latches()
    course = ((0, False), (10, True), (20, False), (69, False), (70, False), (80, True))
    assert [on.lasting("pump", wants, at, on_s=60.0) for at, wants in course] == [
        False,
        True,
        True,
        True,
        False,
        True,
    ]
    course = ((0, True), (10, False), (20, True), (65, True), (70, True))
    assert [off.lasting("pump", wants, at, off_s=60.0) for at, wants in course] == [True, False, False, False, True]


def test_a_condition_that_is_not_known_any_more_ends_its_least_time() -> None:
    latches = Latches()
    assert latches.lasting("pump", True, 0.0, on_s=600.0)
    assert latches.lasting("pump", None, 10.0, on_s=600.0) is None
    assert latches.lasting("pump", False, 20.0, on_s=600.0) is False


def test_a_restart_goes_on_and_rubbish_is_left_out() -> None:
    latches = Latches()
    latches.hysteresis("soc", 96.0, 95.0, 90.0, 100.0)
    latches.lasting("pump", True, 100.0, on_s=60.0)
    saved: dict[str, Any] = latches.as_json(110.0)
    after = Latches()
    after.take_back(saved | {"worse": [2.0, 0.0, 0.0], "bad": ["x"], "none": None}, 0.0, 20.0)
    assert after.hysteresis("soc", 92.0, 95.0, 90.0, 0.0)
    assert after.lasting("pump", False, 0.0, on_s=60.0), "30 of 60 seconds have passed"
    assert not after.lasting("pump", False, 31.0, on_s=60.0)
    assert after.as_json(0.0).keys() == {"soc", "pump"}


def test_in_a_home_a_condition_with_thresholds_lets_the_battery_fall_to_the_lower_one() -> None:
    home = House(config(loads=[heater(when="hysteresis(soc, 95, 90)", min_on_s=0)]))
    on = [
        home.at(10.0 * at, battery_soc_percent=soc).setpoints["heater"].on
        for at, soc in enumerate((93, 96, 91, 89, 93))
    ]
    assert on == [False, True, True, False, False]


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("hysteresis(soc, 95)", "two thresholds"),
        ("hysteresis(soc, 95, 95)", "two different numbers"),
        ("hysteresis(soc, 95, soc)", "two different numbers"),
        ("hysteresis(soc > 3, 95, 90)", "a number"),
        ("min_on(soc, 60)", "a condition"),
        ("min_off(soc > 3)", "a condition and seconds in min_off"),
        ("min_on(soc > 3, -1)", "0 to 86400 seconds as the second value of min_on"),
    ],
)
def test_mistakes_say_what_is_needed(condition: str, says: str) -> None:
    with pytest.raises(SettingProblem, match=says):
        check_condition(condition)
