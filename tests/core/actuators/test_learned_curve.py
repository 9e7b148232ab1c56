"""What measured steps teach the curve of a regulator, by itself and through the controller."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pv_heater.cli.text import trace_lines
from pv_heater.core.actuators.learned_curve import LARGEST_SHARE, LearnedCurve
from pv_heater.core.model.requests import Force, Mode
from pv_heater.core.model.values import Phase
from tests.builders import House, config, heater

POWERS = (2000.0, 1000.0, 1500.0, 600.0, 1800.0, 1200.0)


def taught(real: Callable[[float], float], times: int = 40) -> LearnedCurve:
    curve = LearnedCurve(2000.0)
    for before_w, after_w in pairwise(POWERS * times):
        curve.learn(before_w, after_w, real(after_w) - real(before_w))
        curve.learn(0.0, after_w, real(after_w))
    return curve


def test_nothing_learned_is_the_identity() -> None:
    curve = LearnedCurve(2000.0)
    assert [curve.told_w(power_w) for power_w in (0.0, 77.7, 2000.0)] == [0.0, 77.7, 2000.0]
    assert curve.text() is None


@pytest.mark.parametrize("real", [lambda w: 0.85 * w, lambda w: 1.12 * w, lambda w: w - 0.2 * w * (1 - w / 2000)])
def test_a_curve_that_is_off_is_corrected_to_a_twentieth(real: Callable[[float], float]) -> None:
    curve = taught(real)
    for power_w in (700.0, 1100.0, 1500.0):
        assert real(curve.told_w(power_w)) == pytest.approx(power_w, abs=100)


def test_it_takes_more_than_one_step_and_fewer_than_thirty() -> None:
    curve = LearnedCurve(2000.0)
    for _ in range(2):
        curve.learn(0.0, 1000.0, 800.0)
    assert curve.told_w(1000.0) == 1000.0
    for _ in range(28):
        curve.learn(0.0, 1000.0, 800.0)
    assert curve.drawn_w(1000.0) == pytest.approx(800, abs=50)
    assert curve.text() is not None


def test_the_coming_and_going_of_a_house_teaches_nothing() -> None:
    curve = LearnedCurve(2000.0)
    for number in range(100):
        curve.learn(0.0, 1000.0, 1000.0 + (150.0, -150.0, 40.0, 200.0, -90.0)[number % 5])
        curve.learn(0.0, 1000.0, 3000.0)
    assert curve.drawn_w(1000.0) == 1000.0


@given(st.lists(st.tuples(st.floats(0, 2000), st.floats(0, 2000), st.floats(-4000, 4000)), max_size=60))
def test_whatever_it_is_taught_it_stays_bounded_and_rising(steps: list[tuple[float, float, float]]) -> None:
    curve = LearnedCurve(2000.0)
    for before_w, after_w, measured_w in steps:
        for _ in range(4):
            curve.learn(before_w, after_w, measured_w)
    told = [step * 20.0 for step in range(101)]
    drawn = [curve.drawn_w(told_w) for told_w in told]
    assert all(low < high for low, high in pairwise(drawn))
    assert all(abs(w - t) <= LARGEST_SHARE * t + 1e-6 + 20.0 * (t < 200) for t, w in zip(told, drawn, strict=True))
    assert all(0 <= curve.told_w(power_w) <= 2000.0 for power_w in told)


def test_what_was_learned_survives_a_restart_and_a_new_heater_begins_anew() -> None:
    curve = taught(lambda w: 0.85 * w)
    again, other = LearnedCurve(2000.0), LearnedCurve(3000.0)
    for known in (again, other):
        known.restore(json.loads(json.dumps(curve.state())))
    assert again.told_w(900.0) == curve.told_w(900.0)
    assert other.told_w(900.0) == 900.0


@pytest.mark.parametrize(
    "state", [{}, {"offsets_w": 3}, {"max_power_w": 2000.0, "offsets_w": [None] * 11, "steps": 1}, {"steps": "x"}]
)
def test_a_damaged_state_teaches_nothing(state: dict[str, Any]) -> None:
    curve = LearnedCurve(2000.0)
    curve.restore(state)
    assert curve.told_w(900.0) == 900.0


def by_turns(house: House, real: Callable[[float], float], hours: int, *, measured: bool, **fields: Any) -> None:
    """Forced to another power every three minutes; 10 s between readings."""
    told_w = house.decisions[-1][1].setpoints["heater"].power_w if house.decisions else 0.0
    begin_s = int(house.decisions[-1][0]) + 10 if house.decisions else 0
    for second in range(begin_s, begin_s + hours * 3600, 10):
        inputs: dict[str, Any] = {}
        if second % 180 == 0:
            force = Force(load="heater", mode=Mode.ON, for_s=3600, power_w=POWERS[second // 180 % len(POWERS)])
            inputs["commands"] = (force,)
        own: dict[str, Any] = {"load_w": {"heater": real(told_w)}} if measured else {}
        decision = house.at(second, consumption_w=400.0 + real(told_w), inputs=inputs, **own, **fields)
        told_w = decision.setpoints["heater"].power_w


def weak(told_w: float) -> float:
    """An old element: 15 % less than its plate says."""
    return 0.85 * told_w


@pytest.mark.parametrize("measured", [True, False], ids=["own meter", "house"])
def test_the_controller_learns_in_an_afternoon_what_to_tell_a_weak_element(measured: bool) -> None:
    house = House()
    by_turns(house, weak, 5, measured=measured)
    force = Force(load="heater", mode=Mode.ON, for_s=3600, power_w=1200.0)
    decision = house.at(5 * 3600, consumption_w=400.0, inputs={"commands": (force,)})
    assert decision.loads["heater"].power_w == 1200
    assert weak(decision.setpoints["heater"].power_w) == pytest.approx(1200, abs=100)
    assert "W it gives" in decision.trace.learned["heater"]
    assert "heater: set to" in "; ".join(trace_lines(decision_inputs(house)))


def decision_inputs(house: House) -> Any:
    from pv_heater.core.model.lean import to_jsonable

    return to_jsonable(house.decisions[-1][1].trace)


def test_throttled_readings_of_the_house_teach_nothing() -> None:
    house = House()
    by_turns(house, weak, 3, measured=False, pv_throttled=True)
    assert house.decisions[-1][1].trace.learned == {}


def test_a_load_that_obeys_is_told_what_was_decided() -> None:
    house = House()
    by_turns(house, lambda told_w: told_w, 3, measured=True)
    for _, decision in house.decisions:
        assert decision.setpoints["heater"].power_w == decision.loads["heater"].power_w


def test_learned_curves_are_saved_and_an_old_state_without_them_loads() -> None:
    house = House()
    by_turns(house, weak, 5, measured=True)
    state = json.loads(json.dumps(house.controller.state()))
    force = {"commands": (Force(load="heater", mode=Mode.ON, for_s=3600, power_w=1200.0),)}
    again = House(state=state).at(0, inputs=force)
    assert again.setpoints["heater"].power_w > 1250
    del state["curves"]
    assert House(state=state).at(0, inputs=force).setpoints["heater"].power_w == 1200


def test_learning_does_not_hide_a_shorted_triac() -> None:
    house = House(config(loads=[heater()]))
    by_turns(house, lambda told_w: 2000.0 if told_w > 0 else 0.0, 1, measured=True)
    assert house.decisions[-1][1].loads["heater"].phase is Phase.FAULT
