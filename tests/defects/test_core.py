"""Each deciding defect of the earlier VRM heater optimizer, as a test that fails where the defect is repeated."""

from itertools import pairwise
from typing import Any

import pytest

from pv_heater.core.model.values import Phase
from tests.builders import House, config, forecast, heater


def gap_house(**strategy: Any) -> House:
    return House(config(strategy={"type": "forecast_gap", **strategy}))


def test_charging_battery_is_not_mistaken_for_a_discharging_one() -> None:
    """It cut the power at |bp| > 100 W, so also while the battery charged with more."""
    house = gap_house()
    sun = forecast(pv_w=4000)
    first = house.at(0, pv_w=1000.0, with_forecast=sun)
    second = house.at(10, pv_w=1000.0, battery_w=1500.0, with_forecast=sun)
    assert second.setpoints["heater"].power_w > first.setpoints["heater"].power_w


@pytest.mark.parametrize("word", ["discharging", "Discharging", "DISCHARGING"])
def test_battery_state_is_compared_whatever_its_case(word: str) -> None:
    """It compared the text "discharging" case-sensitively."""
    house = gap_house()
    sun = forecast(pv_w=4000)
    house.at(0, pv_w=1000.0, with_forecast=sun)
    decision = house.at(10, pv_w=1000.0, battery_w=None, charger_state=word, with_forecast=sun)
    assert decision.setpoints["heater"].power_w == pytest.approx(800)


def test_power_zero_opens_the_relay() -> None:
    """At 0 % its relay stayed closed."""
    house = gap_house()
    sun = forecast(pv_w=4000)
    for step in range(7):
        pv_w = 3995.0 if step else 1000.0
        use_w = pv_w + 500.0  # what the sun lacks the battery gives
        decision = house.at(10 * step, pv_w=pv_w, consumption_w=use_w, battery_w=-500.0, with_forecast=sun)
    assert not decision.setpoints["heater"].on
    assert decision.loads["heater"].phase is not Phase.HEATING


def test_each_start_uses_the_configured_power() -> None:
    """After the first stop it started at a literal 50 %, whatever power_percent said."""
    house = gap_house(start_percent=30)
    sun = forecast(pv_w=4000)
    assert house.at(0, pv_w=1000.0, with_forecast=sun).setpoints["heater"].power_w == pytest.approx(600)
    assert not house.at(10, grid_w=1000.0, battery_w=0.0, with_forecast=sun).setpoints["heater"].on
    again = [house.at(20 + step, pv_w=1000.0, with_forecast=sun).setpoints["heater"].power_w for step in range(2)]
    assert again[0] == pytest.approx(600)


def test_a_missing_forecast_neither_waits_for_ever_nor_leaves_the_relay_as_it_was() -> None:
    """Without a forecast file it looped for ever with the relay in its last state."""
    house = gap_house()
    decision = house.at(0, pv_w=2500.0)
    assert decision.setpoints["heater"].on
    assert decision.loads["heater"].because.startswith("no forecast, so by balance:")
    assert not house.at(10, pv_w=300.0, consumption_w=2500.0, grid_w=2200.0).setpoints["heater"].on


def test_a_gate_that_closes_opens_the_relay_in_the_same_step() -> None:
    """Its gates took effect at the top of the next loop, after the sleep."""
    house = House()
    assert house.at(0).setpoints["heater"].on
    assert not house.at(1, battery_soc_percent=10.0).setpoints["heater"].on


def test_the_relay_does_not_chatter_around_a_gate() -> None:
    """Without hysteresis or minimum times its relay could switch every 3 s."""
    house = House(config(loads=[heater(min_on_s=300, min_off_s=300)], limits={"min_battery_percent": 95}))
    phases = []
    for step in range(400):
        decision = house.at(3.0 * step, battery_soc_percent=95.5 if step % 2 else 94.5, pv_w=4000.0)
        phases.append(decision.setpoints["heater"].on)
    changes = sum(1 for before, after in pairwise(phases) if before != after)
    assert changes <= 4


def test_stale_data_switch_off_within_the_limit_whatever_the_meter_repeats() -> None:
    """It ignored the records' time: six hours old data were as good as new."""
    house = House()
    assert house.at(0).setpoints["heater"].on
    offs = [second for second in range(1, 400) if not house.at(second, silent=True).setpoints["heater"].on]
    assert offs[0] <= 180
    assert offs == list(range(offs[0], 400))


def test_the_forecast_of_this_hour_is_compared_with_the_sun_of_this_hour() -> None:
    """It read the entry that ended at the present hour: an hour late all day."""
    from datetime import timedelta

    from pv_heater.core.model.values import Forecast
    from tests.builders import NOON

    steps = ((NOON - timedelta(hours=1), 4000.0), (NOON, 1000.0), (NOON + timedelta(hours=1), 4000.0))
    sun = Forecast(issued_at=NOON, source="three hours", step_s=3600, steps=steps)
    decision = gap_house(start_gap_w=100).at(0, pv_w=1000.0, with_forecast=sun)
    assert not decision.setpoints["heater"].on
