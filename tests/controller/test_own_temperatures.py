"""Temperatures that sensors of the loads' own tell, beside the meter: `Inputs.load_c`."""

from typing import Any

import pytest

from pv_heater.cli.text import trace_lines
from pv_heater.core.model.requests import Force, Mode
from pv_heater.core.model.values import Inputs, Phase
from tests.builders import House, config, heater

HOUSE = config(loads=[heater(max_c=70, hysteresis_c=5)])
FORCED = {"commands": (Force(load="heater", mode=Mode.ON),)}


def own(temperature_c: float, **inputs: Any) -> dict[str, Any]:
    return {"load_c": {"heater": temperature_c}, **inputs}


def test_a_load_heats_by_its_own_probe_where_the_meter_tells_no_temperature() -> None:
    house = House(HOUSE)
    assert house.at(0).loads["heater"].rule == "probe_lost"
    assert house.at(10, inputs=own(50.0)).setpoints["heater"].on
    assert house.at(20).loads["heater"].rule == "probe_lost"


def test_its_own_probe_wins_over_what_the_meter_says() -> None:
    house = House(HOUSE)
    assert house.at(0, load_c={"heater": 20.0}, inputs=own(71.0)).loads["heater"].rule == "too_hot"
    house = House(HOUSE)
    decision = house.at(0, load_c={"heater": 71.0}, inputs=own(20.0))
    assert decision.setpoints["heater"].on
    assert decision.trace.load_c == {"heater": 20.0}


def test_a_load_forced_on_goes_on_with_a_live_probe_though_the_meter_is_dead() -> None:
    house = House(HOUSE)
    house.at(0, inputs=own(50.0, **FORCED))
    for seconds in range(10, 1200, 10):
        decision = house.at(seconds, silent=True, inputs=own(50.0))
        assert decision.setpoints["heater"].power_w == 2000
    assert decision.blocked_by == "no_reading"
    assert not house.at(1200, silent=True, inputs=own(70.0)).setpoints["heater"].on


def test_a_load_forced_on_goes_off_when_its_probe_is_lost_whether_or_not_there_is_a_meter() -> None:
    for silent in (False, True):
        house = House(HOUSE)
        assert house.at(0, silent=silent, inputs=own(50.0, **FORCED)).setpoints["heater"].on
        decision = house.at(10, silent=silent)
        assert (decision.setpoints["heater"].on, decision.loads["heater"].rule) == (False, "probe_lost")


def test_the_meters_temperature_is_worth_nothing_once_its_reading_is_stale() -> None:
    house = House(HOUSE)
    assert house.at(0, load_c={"heater": 50.0}, inputs=FORCED).setpoints["heater"].on
    assert house.at(1200, silent=True).loads["heater"].rule == "probe_lost"


def test_its_own_probe_tells_when_the_target_is_reached() -> None:
    house = House(config(loads=[heater(target_c=60, hysteresis_c=5)]))
    assert house.at(0, inputs=own(59.0)).setpoints["heater"].on
    assert house.at(10, inputs=own(60.0)).loads["heater"].phase is Phase.FULL
    assert house.at(20, inputs=own(55.5)).loads["heater"].phase is Phase.FULL
    assert house.at(30, inputs=own(54.9)).loads["heater"].phase is Phase.OFF
    assert house.at(40, inputs=own(54.9)).setpoints["heater"].on


def test_a_target_whose_temperature_is_not_known_holds_back_automatic_heating_only() -> None:
    house = House(config(loads=[heater(target_c=60)]))
    assert house.at(0, inputs=own(50.0)).setpoints["heater"].on
    state = house.at(10).loads["heater"]
    assert (state.phase, state.because) == (Phase.FULL, "its temperature is not known, and target_c needs it")
    assert house.at(20, inputs=own(50.0)).loads["heater"].phase is Phase.OFF
    assert house.at(30, inputs=own(50.0)).setpoints["heater"].on
    assert house.at(40, inputs=FORCED).setpoints["heater"].on


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_temperature_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"load_c\[heater\]"):
        Inputs(load_c={"heater": value})


def test_the_temperature_is_in_the_trace_also_without_a_reading() -> None:
    decision = House(HOUSE).at(0, silent=True, inputs=own(48.63))
    trace = decision.trace
    inputs = {name: getattr(trace, name) for name in trace.__slots__}
    assert "; ".join(trace_lines(inputs)).startswith("no reading yet; heater 48.6 degC; ")
