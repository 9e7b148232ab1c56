"""A rule that asks for a power, and one that may buy."""

from datetime import timedelta
from typing import Any

import pytest

from pv_heater import Controller
from pv_heater.core.model.requests import Command, Force, Mode, Vacation
from pv_heater.core.model.values import Decision
from tests.builders import NOON, House, config, heater, reading


def house(**changes: Any) -> House:
    return House(config(loads=[heater(**changes)]))


def lived(home: House, second: float, **fields: Any) -> Decision:
    """A step in a house that feels what the heater draws, without sun: the grid brings what is missing."""
    drawn_w = home.decisions[-1][1].setpoints["heater"].power_w if home.decisions else 0.0
    seen = {"pv_w": 0.0, "consumption_w": 500.0 + drawn_w, "grid_w": 500.0 + drawn_w, "battery_w": 0.0}
    return home.at(second, **(seen | fields))


def test_a_rule_asks_for_the_power_that_its_settings_name() -> None:
    decision = house(on_when="hour >= 0", rule_power_w=800).at(0, pv_w=0.0, consumption_w=300.0)
    assert decision.setpoints["heater"].power_w == 800.0


@pytest.mark.parametrize(("asked_w", "gets_w"), [(10.0, 60.0), (700.0, 700.0), (9000.0, 2000.0)])
def test_what_a_rule_file_asks_for_wins_and_is_made_into_what_the_load_can(asked_w: float, gets_w: float) -> None:
    home = house(rule_power_w=800)
    inputs = {"wishes": {"heater": Mode.ON}, "wish_power_w": {"heater": asked_w}}
    decision = home.at(0, inputs=inputs, pv_w=0.0, consumption_w=300.0)
    assert decision.setpoints["heater"].power_w == gets_w


def test_what_a_rule_leaves_goes_to_others() -> None:
    first = heater("first", on_when="hour >= 0", rule_power_w=500, max_power_w=2000)
    home = House(config(loads=[first, heater("second", start_delay_s=0)]))
    home.at(0, pv_w=3000.0, consumption_w=500.0)
    decision = home.at(10, pv_w=3000.0, consumption_w=3000.0)
    assert decision.setpoints["first"].power_w == 500.0
    assert decision.setpoints["second"].power_w > 1500.0


def test_a_rule_that_may_buy_passes_night_battery_and_grid_until_its_energy_is_used_up() -> None:
    home = house(on_when="hour >= 0", rule_power_w=1000, rule_buy_daily_max_wh=100, min_on_s=0, rule_on_max_s=86_400)
    decision = lived(home, 0, battery_soc_percent=10.0)
    state = decision.loads["heater"]
    assert (decision.setpoints["heater"].power_w, state.rule) == (1000.0, "rule")
    assert "it may buy 100 Wh more today" in state.because
    on = [lived(home, second, battery_soc_percent=10.0).setpoints["heater"].on for second in range(10, 500, 10)]
    assert on.count(True) == pytest.approx(100 / 1000 * 360, abs=1), "100 Wh at 1 kW are 360 s"
    assert on == sorted(on, reverse=True)
    remark = home.decisions[-1][1].trace.rule_remarks["heater"]
    assert remark.startswith("its rule has bought 10")
    assert home.decisions[-1][1].loads["heater"].rule == "battery_low"


@pytest.mark.parametrize(
    ("seen", "guard"),
    [
        ({"grid_connected": False}, "grid_lost"),
        ({"ac_source": "generator"}, "generator"),
        ({"load_c": {"heater": 80.0}}, "too_hot"),
        ({"load_c": {}}, "probe_lost"),
    ],
)
def test_a_rule_that_may_buy_passes_no_other_guard(seen: dict[str, Any], guard: str) -> None:
    home = house(on_when="hour >= 0", rule_buy_daily_max_wh=5000, max_c=70.0)
    decision = lived(home, 0, **({"load_c": {"heater": 40.0}, "battery_soc_percent": 10.0} | seen))
    assert not decision.setpoints["heater"].on
    assert decision.loads["heater"].rule == guard


def test_nor_on_vacation_nor_against_the_owner_nor_without_a_reading() -> None:
    home = house(on_when="hour >= 0", rule_buy_daily_max_wh=5000)

    def is_on(second: float, command: Command | None = None) -> bool:
        inputs = {"commands": () if command is None else (command,)}
        return lived(home, second, battery_soc_percent=10.0, inputs=inputs).setpoints["heater"].on

    assert is_on(0)
    assert not is_on(10, Vacation(until_at=NOON + timedelta(days=2)))
    assert is_on(20, Vacation(until_at=None))
    assert not is_on(30, Force(load="heater", mode=Mode.OFF))
    blind = Controller.from_config(config(loads=[heater(on_when="hour >= 0", rule_buy_daily_max_wh=5000)]))
    assert not blind.step(NOON, None, None).setpoints["heater"].on


def test_what_was_bought_survives_a_restart() -> None:
    settings = config(loads=[heater(on_when="hour >= 0", rule_power_w=1000, rule_buy_daily_max_wh=50, min_on_s=0)])
    home = House(settings)
    for second in range(0, 200, 10):
        lived(home, second, battery_soc_percent=10.0)
    after = Controller.from_config(settings, state=home.controller.state())
    now = NOON + timedelta(seconds=210)
    decision = after.step(now, reading(now, battery_soc_percent=10.0), None)
    assert decision.trace.rule_remarks["heater"].startswith("its rule has bought 5")
