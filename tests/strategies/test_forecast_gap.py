from datetime import timedelta
from typing import Any

import pytest

from pv_heater.core.model.requests import Mode, Vacation
from tests.builders import NOON, House, config, forecast, heater

SUN = forecast(pv_w=4000)


def house(**strategy: Any) -> House:
    return House(config(strategy={"type": "forecast_gap", **strategy}))


def test_starts_at_start_percent_when_the_forecast_promises_more_than_pv_gives() -> None:
    decision = house().at(0, pv_w=500.0, with_forecast=SUN)
    assert decision.setpoints["heater"].power_w == 1000
    assert decision.loads["heater"].because == "test forecast expects 4000 W, PV gives 500 W"


def test_does_not_start_below_start_gap() -> None:
    assert not house(start_gap_w=700).at(0, pv_w=3301.0, with_forecast=SUN).setpoints["heater"].on


def test_climbs_one_step_per_new_reading_up_to_full_power() -> None:
    home = house()
    powers = []
    for second in range(0, 80, 10):
        drawn_w = powers[-1] if powers else 0.0
        decision = home.at(second, pv_w=500.0 + drawn_w, consumption_w=500.0 + drawn_w, with_forecast=SUN)
        powers.append(decision.setpoints["heater"].power_w)
    assert powers == [1000, 1200, 1400, 1600, 1800, 2000, 2000, 2000]


def test_holds_between_the_two_gaps() -> None:
    home = house()
    home.at(0, pv_w=500.0, with_forecast=SUN)
    assert home.at(10, pv_w=3950.0, with_forecast=SUN).setpoints["heater"].power_w == 1000


def test_steps_down_while_the_battery_gives_more_than_its_limit() -> None:
    home = house()
    home.at(0, pv_w=500.0, with_forecast=SUN)
    decision = home.at(10, pv_w=500.0, battery_w=-101.0, with_forecast=SUN)
    assert decision.setpoints["heater"].power_w == 800
    assert "the battery gives 101 W, the limit is 100 W" in decision.loads["heater"].because


@pytest.mark.parametrize(
    ("closed", "inputs"),
    [
        ({"grid_w": 2200.0}, {}),
        ({"battery_soc_percent": 20.5}, {}),
        ({}, {"wishes": {"heater": Mode.OFF}}),
        ({}, {"clock_trusted": None, "commands": (Vacation(until_at=NOON + timedelta(seconds=95)),)}),
    ],
    ids=["grid", "battery", "rule", "vacation"],
)
def test_after_a_gate_closed_within_the_minimum_on_time_it_starts_anew(
    closed: dict[str, Any], inputs: dict[str, Any]
) -> None:
    """The load goes on at its least power until its minimum on time ends; the level reached before is no way back."""
    house = {"strategy": {"type": "forecast_gap"}, "limits": {"max_grid_w": 1000}, "loads": [heater(min_on_s=300)]}
    home = House(config(**house))
    for second in range(0, 70, 10):
        decision = home.at(second, pv_w=500.0, with_forecast=SUN)
    assert decision.setpoints["heater"].power_w == 2000
    powers = []
    for second in range(70, 100, 10):
        given = {name: value for name, value in inputs.items() if name != "commands" or second == 70}
        decision = home.at(second, pv_w=500.0, with_forecast=SUN, inputs=given, **closed)
        powers.append(decision.setpoints["heater"].power_w)
    assert powers == [60, 60, 60]
    for second in range(100, 130, 10):
        powers.append(
            home.at(second, pv_w=500.0, with_forecast=SUN, battery_soc_percent=97.0).setpoints["heater"].power_w
        )
    assert powers[3:] == [1000, 1200, 1400]


def test_a_reading_taken_before_the_last_step_is_no_reason_for_another() -> None:
    home = house()
    home.at(0, pv_w=500.0, with_forecast=SUN)
    decision = home.at(10, taken_at=NOON - timedelta(seconds=5), pv_w=500.0, with_forecast=SUN)
    assert decision.setpoints["heater"].power_w == 1000


def test_beyond_the_end_of_the_forecast_it_goes_by_balance() -> None:
    decision = house().at(0, pv_w=2000.0, with_forecast=forecast(NOON - timedelta(days=2)))
    assert decision.loads["heater"].rule == "balance"
