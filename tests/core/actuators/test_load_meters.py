"""Meters of the loads' own, `power_from:`: what counts, and what is too early to count."""

from pv_heater.core.actuators.load_meters import SETTLED_S, Measured, OwnMeters
from pv_heater.core.model.values import Phase
from tests.builders import House, config, heater, reading


def test_a_value_from_before_the_last_command_and_its_settling_is_left_out() -> None:
    meters = OwnMeters()
    meters.remember_told(100.0, {"boiler": 2000.0})
    meters.observe(105.0, {"boiler": 0.0}, {})
    assert meters.known == {}
    meters.observe(115.0, {"boiler": 0.0}, {"boiler": 6.0})
    assert meters.known == {}
    meters.observe(115.0, {"boiler": 1990.0}, {"boiler": 5.0})
    assert meters.known == {"boiler": Measured(power_w=1990.0, taken_s=100.0 + SETTLED_S)}


def test_a_command_that_is_repeated_is_no_new_command() -> None:
    meters = OwnMeters()
    for second in range(60):
        meters.remember_told(float(second), {"boiler": 2000.0})
    meters.observe(60.0, {"boiler": 1990.0}, {})
    assert "boiler" in meters.known


def test_a_reading_from_before_the_command_is_left_as_it_is() -> None:
    meters = OwnMeters()
    meters.remember_told(100.0, {"boiler": 2000.0})
    meters.observe(130.0, {"boiler": 1990.0}, {})
    assert meters.added_to(reading(), taken_s=90.0).load_w == {}
    assert meters.added_to(reading(load_w={"boiler": 5.0, "pool": 7.0}), 120.0).load_w == {
        "boiler": 1990.0,
        "pool": 7.0,
    }


def test_a_plug_that_repeats_the_nothing_from_before_the_start_is_no_open_thermostat() -> None:
    """Ten seconds of an old 0 W, and its settling; then the truth."""
    house = House(config())
    house.at(0, inputs={"load_w": {"heater": 0.0}})
    for second in range(1, 40):
        told = 0.0 if second < 10 else 1990.0
        age_s = float(second) if second < 10 else 0.0
        decision = house.at(
            second, consumption_w=2500.0, inputs={"load_w": {"heater": told}, "load_w_age_s": {"heater": age_s}}
        )
        assert decision.loads["heater"].phase is Phase.HEATING
    assert decision.trace.load_w == {"heater": 1990.0}


def test_an_open_thermostat_is_seen_by_the_plug_though_the_house_draws_as_much() -> None:
    house = House(config(loads=[heater(), heater("pool")]))
    house.at(0, pv_w=2600.0)
    found_s = None
    for second in range(1, 60):
        decision = house.at(second, pv_w=5000.0, consumption_w=2600.0, inputs={"load_w": {"heater": 1.0}})
        if decision.loads["heater"].phase is Phase.FULL:
            found_s = second
            break
    assert found_s is not None
    assert found_s <= 30
    assert decision.loads["heater"].because == "draws nothing, 1 W of 2000 W: thermostat open, or its fuse or cable"


def test_energy_is_what_its_own_meter_says_even_while_the_house_is_silent() -> None:
    house = House(config())
    house.at(0)
    for second in range(10, 3610, 10):
        house.at(second, consumption_w=1500.0, pv_w=3500.0, inputs={"load_w": {"heater": 1000.0}})
    assert abs(house.controller.state()["loads"]["heater"]["energy_wh"] - 1000.0) < 20.0


def test_the_houses_own_use_is_what_is_left_of_it_without_what_the_plug_measures() -> None:
    house = House(config())
    house.at(0)
    for second in range(10, 60, 10):
        decision = house.at(second, consumption_w=2000.0, inputs={"load_w": {"heater": 1500.0}})
    assert decision.trace.base_w == 500
