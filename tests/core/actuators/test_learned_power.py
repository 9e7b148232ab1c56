"""`max_power_w: auto` - what an on/off load draws, learned from the step in the house."""

import json
import random
from typing import Any

import pytest

from pv_heater.config.load import load_config
from pv_heater.core.actuators.learned_power import ASSUMED_W, LearnedPowers, agreed_w
from pv_heater.errors import ConfigError
from tests.builders import House, config, heater


def relay(name: str = "pump", **changes: Any) -> dict[str, Any]:
    row = heater(name, "relay", relay={"pin": "GPIO17", "active_high": True}, **{"max_power_w": "auto", **changes})
    return {key: value for key, value in row.items() if key != "min_power_w"}


def cycles(house: House, draws_w: float, times: int, *, first_s: int = 0, noise: random.Random | None = None) -> None:
    """The relay goes on in the sun and off in the shade, ten minutes each; the house tells every 10 s."""
    on = house.decisions[-1][1].setpoints["pump"].on if house.decisions else False
    for second in range(first_s, first_s + 1200 * times, 10):
        sun_w = 4000.0 if second % 1200 < 600 else 0.0
        house_w = 500.0 + (noise.uniform(-60, 60) if noise else 0.0)
        if noise and second % 1200 // 60 in (3, 10):
            house_w += 1800.0  # a kettle, now and then just as it switches
        on = house.at(second, pv_w=sun_w, consumption_w=house_w + on * draws_w).setpoints["pump"].on


def known_w(house: House) -> float:
    """The power it takes the load for: that much sun it waits for."""
    last_s = house.decisions[-1][0] if house.decisions else 0.0
    return house.at(last_s, silent=True).thresholds.loads["pump"].start_w


def test_until_steps_agree_it_is_taken_for_the_usual_element() -> None:
    house = House(config(loads=[relay()]))
    assert house.at(0, pv_w=2400.0).setpoints["pump"].power_w == 0
    assert house.at(10, pv_w=2600.0).setpoints["pump"].power_w == ASSUMED_W


def test_after_three_steps_it_is_known_and_starts_with_as_much_sun_as_it_needs() -> None:
    house = House(config(loads=[relay()]))
    cycles(house, 810.0, times=2)
    assert known_w(house) == 810
    assert house.at(5000, pv_w=1200.0).setpoints["pump"].power_w == 0
    decision = house.at(5010, pv_w=1400.0)
    assert decision.setpoints["pump"].power_w == 810
    assert decision.thresholds.loads["pump"].start_w == 810


def test_a_noisy_house_with_kettles_is_learned_from_as_well() -> None:
    house = House(config(loads=[relay()]))
    cycles(house, 1200.0, times=6, noise=random.Random(7))
    assert known_w(house) == pytest.approx(1200, abs=60)


def test_what_was_learned_outlasts_a_restart_and_an_old_state_still_loads() -> None:
    house = House(config(loads=[relay()]))
    cycles(house, 810.0, times=2)
    saved = json.loads(json.dumps(house.controller.state()))
    assert known_w(House(config(loads=[relay()]), saved)) == 810
    del saved["powers"]
    assert known_w(House(config(loads=[relay()]), saved)) == ASSUMED_W


@pytest.mark.parametrize(
    "broken", [None, [], {"pump": "810"}, {"pump": [None, "x", True, -5, 1e9]}, {"other": [800] * 3}]
)
def test_a_broken_memory_of_it_is_none(broken: Any) -> None:
    powers = LearnedPowers(["pump"])
    powers.restore(broken)
    assert powers.power_w("pump") is None


def test_a_new_element_is_known_after_five_steps() -> None:
    assert agreed_w([800.0] * 5 + [1500.0] * 4) == 800
    assert agreed_w([800.0] * 4 + [1500.0] * 5) == 1500


def test_steps_that_tell_different_things_are_not_believed() -> None:
    assert agreed_w([300.0, 900.0, 1800.0]) is None
    assert agreed_w([800.0, 810.0]) is None


def test_a_load_that_only_seems_to_run_teaches_nothing() -> None:
    """A dry run: the house does not feel it."""
    house = House(config(loads=[relay()]))
    cycles(house, 0.0, times=3)
    assert known_w(house) == ASSUMED_W


def test_a_step_in_which_another_load_changed_as_well_is_left_out() -> None:
    powers = LearnedPowers(["pump"])
    for start_s in range(0, 3000, 300):
        powers.remember_told(start_s, {"pump": 0.0, "boiler": 0.0})
        powers.observe(500.0, start_s + 100.0, {})
        powers.remember_told(start_s + 110.0, {"pump": 2000.0, "boiler": 1000.0})
        powers.observe(2300.0, start_s + 150.0, {})
    assert powers.power_w("pump") is None


def test_its_own_meter_is_believed_before_the_step_of_the_house() -> None:
    powers = LearnedPowers(["pump"])
    for start_s in range(0, 1200, 300):
        powers.remember_told(start_s, {"pump": 0.0})
        powers.observe(500.0, start_s + 100.0, {})
        powers.remember_told(start_s + 110.0, {"pump": 2000.0})
        powers.observe(4000.0, start_s + 150.0, {"pump": 805.0})
        powers.remember_told(start_s + 160.0, {"pump": 0.0})
    assert powers.power_w("pump") == 805


def test_a_load_whose_power_is_set_must_be_stated() -> None:
    with pytest.raises(ConfigError, match=r"loads\[0\]\.max_power_w: must be stated for a load whose power is set"):
        load_config(config(loads=[heater(max_power_w="auto")]))
