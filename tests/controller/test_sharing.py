"""Many loads on one controller: who gets the sun, who gives way, and what a phase can carry."""

from __future__ import annotations

from typing import Any

from pv_heater.core.model.requests import Mode
from pv_heater.core.model.values import Decision, Phase
from tests.builders import House, config, heater


def powers(decision: Decision) -> dict[str, float]:
    return {name: point.power_w for name, point in decision.setpoints.items()}


def relay(name: str, power_w: float, **changes: Any) -> dict[str, Any]:
    """A load that is on or off: a relay's policy on a pin of thin air."""
    row = heater(name, "relay", max_power_w=power_w, relay={"pin": "GPIO17", "active_high": True}, **changes)
    return {key: value for key, value in row.items() if key != "min_power_w"}


def test_a_lower_load_runs_on_while_a_higher_one_waits_and_gives_way_when_it_starts() -> None:
    house = House(config(loads=[relay("pump", 1500, start_delay_s=30), heater("boiler", min_off_s=300)]))
    assert powers(house.at(0, pv_w=1500.0)) == {"pump": 0, "boiler": 1000}
    for second in range(10, 40, 10):
        decision = house.at(second, pv_w=2200.0, consumption_w=500.0 + powers(house.decisions[-1][1])["boiler"])
        assert powers(decision) == {"pump": 0, "boiler": 1700}, second
    decision = house.at(40, pv_w=2200.0, consumption_w=2200.0)
    assert powers(decision) == {"pump": 1500, "boiler": 200}


def test_a_ray_of_sun_shorter_than_the_start_delay_above_sheds_nothing_below() -> None:
    house = House(config(loads=[relay("pump", 1500, start_delay_s=30), heater("boiler", min_off_s=300)]))
    house.at(0, pv_w=1500.0)
    house.at(10, pv_w=2100.0, consumption_w=1500.0)
    decision = house.at(20, pv_w=1500.0, consumption_w=2100.0)
    assert powers(decision) == {"pump": 0, "boiler": 1000}
    assert decision.loads["pump"].phase is Phase.OFF


def test_who_gives_way_reads_for_whom() -> None:
    house = House(config(loads=[heater("boiler", max_power_w=1000), relay("pump", 800)]))
    state = house.at(0, pv_w=2200.0).loads["pump"]
    assert (state.rule, state.power_w) == ("priority", 0.0)
    assert state.because.startswith("needs 800 W, 700 W left after boiler; ")


def test_power_that_a_rule_asks_for_is_not_shared_out_again() -> None:
    house = House(config(loads=[heater("first"), heater("ruled", max_power_w=1200)]))
    decision = house.at(0, pv_w=2500.0, inputs={"wishes": {"ruled": Mode.ON}})
    assert powers(decision) == {"first": 800, "ruled": 1200}


def test_a_load_whose_rule_says_off_passes_its_share_on() -> None:
    house = House(config(loads=[heater("ruled"), heater("second")]))
    decision = house.at(0, pv_w=2000.0, inputs={"wishes": {"ruled": Mode.OFF}})
    assert powers(decision) == {"ruled": 0, "second": 1500}


def test_a_load_that_is_too_hot_passes_its_share_on() -> None:
    house = House(config(loads=[heater("hot", max_c=70), heater("second")]))
    decision = house.at(0, pv_w=2000.0, load_c={"hot": 71.0})
    assert powers(decision) == {"hot": 0, "second": 1500}
    assert decision.loads["hot"].rule == "too_hot"


def test_a_load_whose_closings_are_used_up_passes_its_share_on_and_says_why() -> None:
    house = House(config(loads=[heater("first", max_closings_per_day=1), heater("second")]))
    house.at(0, pv_w=2000.0)
    house.at(10, pv_w=500.0, consumption_w=2000.0)
    decision = house.at(20, pv_w=2000.0)
    assert powers(decision) == {"first": 0, "second": 1500}
    assert decision.loads["first"].rule == "max_closings"


def test_a_small_relay_goes_off_with_the_sun_though_its_dead_band_is_as_wide_as_its_power() -> None:
    house = House(config(loads=[relay("fan", 100)]))
    assert powers(house.at(0, pv_w=620.0)) == {"fan": 100}
    assert powers(house.at(10, pv_w=560.0, consumption_w=600.0)) == {"fan": 100}
    assert powers(house.at(20, pv_w=510.0, consumption_w=600.0)) == {"fan": 0}


def test_a_phase_is_filled_up_to_nine_tenths_of_its_soft_fuse_and_no_further() -> None:
    """Phase 2 imports 2.5 kW for the house; 3.6 kW are its share of 4 kW, so 1.1 kW are left."""
    limits = {"max_phase_w": 4000, "max_grid_w": 5000}
    house = House(config(limits=limits, loads=[heater("boiler", phase=2), heater("pool", phase=1)]))
    decision = house.at(0, pv_w=4500.0, grid_phase_w=(-1000.0, 2500.0, 0.0))
    assert powers(decision) == {"boiler": 1100, "pool": 2000}
    assert decision.loads["boiler"].rule == "phase"
    assert decision.loads["boiler"].because.startswith("its phase can carry 1100 W of its 2000 W below max_phase_w; ")
    # Its own 1100 W are not counted against it.
    decision = house.at(10, pv_w=4500.0, consumption_w=3600.0, grid_phase_w=(1000.0, 3600.0, 0.0))
    assert powers(decision) == {"boiler": 1100, "pool": 2000}
    decision = house.at(20, pv_w=4500.0, consumption_w=3600.0, grid_phase_w=(1000.0, 3900.0, 0.0))
    assert powers(decision) == {"boiler": 800, "pool": 2000}
    assert decision.blocked_by is None


def test_a_load_of_unknown_phase_is_held_below_the_fullest_phase() -> None:
    limits = {"max_phase_w": 4000, "max_grid_w": 5000}
    house = House(config(limits=limits, loads=[heater("boiler")]))
    assert powers(house.at(0, pv_w=4500.0, grid_phase_w=(0.0, 3000.0, 500.0))) == {"boiler": 600}
    steady = house.at(10, pv_w=4500.0, consumption_w=1100.0, grid_phase_w=(0.0, 3000.0, 1100.0))
    assert powers(steady) == {"boiler": 1200}


def test_loads_above_a_battery_row_stay_below_the_fuse_with_what_they_take_from_it() -> None:
    rows = [heater("boiler"), {"type": "battery", "until_percent": 97}]
    limits = {"max_house_w": 2000}
    decision = House(config(limits=limits, loads=rows)).at(0, pv_w=3500.0, battery_soc_percent=60.0)
    assert powers(decision) == {"boiler": 0.9 * 2000 - 500}
