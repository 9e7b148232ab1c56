"""How full of heat a tank is, with a probe and without."""

from datetime import timedelta
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pv_heater.core.duties.cheapest_quarters import Ahead
from pv_heater.core.duties.context import DutyContext
from pv_heater.core.duties.tank import USUAL_TAKEN_W, Tank
from pv_heater.core.settings.hot_water import HotWater
from pv_heater.core.settings.load import LoadSettings
from tests.builders import NOON

AHEAD = Ahead(
    forecast=None, prices=(), house_w=0.0, battery=None, soc_percent=None, zone=ZoneInfo("Europe/Vienna")
)  # fmt: skip
WATER = HotWater(volume_l=100.0, hot_c=60.0, cold_c=10.0)
FULL_WH = 100 * 1.163 * 50


def context(**changes: Any) -> DutyContext:
    values: dict[str, Any] = {
        "policy": LoadSettings(name="heater", max_power_w=2000.0),
        "now": NOON, "tick_s": 0.0, "elapsed_s": 60.0, "given_wh": 0.0, "told_wh": 0.0, "temperature_c": None,
        "drew_nothing": False, "may_buy": True, "may_protect": True, "most_w": inf, "ahead": AHEAD,
    }  # fmt: skip
    return DutyContext(**(values | changes))


def test_a_probe_tells_it_without_a_guess() -> None:
    status = Tank(WATER, None).status_at(context(temperature_c=35.0), 1000.0, None)
    assert (status.percent, status.estimated) == (50.0, False)
    assert status.kwh_to_go == pytest.approx(FULL_WH / 2000, abs=0.01)
    assert status.ready_at == NOON + timedelta(hours=FULL_WH / 2 / 1000)


def test_full_is_where_the_owner_s_target_is() -> None:
    assert Tank(WATER, 35.0).status_at(context(temperature_c=35.0), 0.0, None).percent == 100.0


def test_an_owner_who_asks_for_another_temperature_is_told_how_far_that_is() -> None:
    tank = Tank(WATER, 60.0)
    tank.observe(context(drew_nothing=True))
    tank.adopt(WATER, 35.0)
    assert tank.full_wh == pytest.approx(FULL_WH / 2)
    status = tank.status_at(context(temperature_c=35.0), 1000.0, None)
    assert (status.percent, status.kwh_to_go, status.ready_at) == (100.0, 0.0, None)
    assert tank.status_at(context(), 0.0, None).percent == 100.0
    tank.adopt(WATER, 60.0)
    assert tank.status_at(context(temperature_c=35.0), 0.0, None).percent == 50.0


def test_without_a_probe_nothing_is_known_until_the_thermostat_has_opened() -> None:
    tank = Tank(WATER, None)
    tank.observe(context(given_wh=500.0))
    status = tank.status_at(context(), 0.0, None)
    assert (status.percent, status.kwh_to_go, status.ready_at) == (None, None, None)


def test_from_an_open_thermostat_on_it_empties_as_a_usual_one_and_fills_by_what_goes_in() -> None:
    tank = Tank(WATER, None)
    tank.observe(context(drew_nothing=True))
    assert tank.status_at(context(), 0.0, None).percent == 100.0
    tank.observe(context(elapsed_s=5 * 3600.0))
    assert tank.status_at(context(), 0.0, None).kwh_to_go == pytest.approx(5 * USUAL_TAKEN_W / 1000, abs=0.01)
    tank.observe(context(elapsed_s=0.0, given_wh=1000.0))
    status = tank.status_at(context(), 0.0, None)
    assert status.kwh_to_go == pytest.approx(0.5, abs=0.01)
    assert status.estimated


def test_it_never_holds_more_than_full_nor_less_than_nothing() -> None:
    tank = Tank(WATER, None)
    tank.observe(context(drew_nothing=True))
    tank.observe(context(given_wh=50_000.0))
    assert tank.status_at(context(), 0.0, None).percent == 100.0
    tank.observe(context(elapsed_s=30 * 86_400.0))
    assert tank.status_at(context(), 0.0, None).percent == 0.0


def test_it_learns_what_this_household_takes() -> None:
    """A day with twice the usual: the next estimate empties faster."""
    tank = Tank(WATER, None)
    tank.observe(context(drew_nothing=True))
    tank.observe(context(elapsed_s=86_400.0, given_wh=48 * USUAL_TAKEN_W))
    tank.observe(context(drew_nothing=True))
    tank.observe(context(elapsed_s=3600.0))
    to_go_kwh = tank.status_at(context(), 0.0, None).kwh_to_go
    assert to_go_kwh is not None
    assert USUAL_TAKEN_W / 1000 * 1.2 < to_go_kwh < USUAL_TAKEN_W / 1000 * 2


def test_what_is_known_survives_a_restart_and_the_time_between_counts() -> None:
    tank, again = Tank(WATER, None), Tank(WATER, None)
    tank.observe(context(drew_nothing=True))
    again.restore(tank.state(), 3600.0)
    assert again.status_at(context(), 0.0, None).kwh_to_go == pytest.approx(USUAL_TAKEN_W / 1000, abs=0.01)


@pytest.mark.parametrize("state", [{}, {"content_wh": "much"}, {"content_wh": float("nan")}, {"taken_w": -1}])
def test_a_damaged_state_is_no_state(state: dict[str, Any]) -> None:
    tank = Tank(WATER, None)
    tank.restore(state, 0.0)
    assert tank.status_at(context(), 0.0, None).percent is None
