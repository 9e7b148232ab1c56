"""Defects of the earlier balancer, router and dimmer around hot water, as tests that fail where one is repeated."""

from datetime import datetime

import pytest

from pv_heater.core.model.requests import Boost
from pv_heater.sim.tank import TankSettings
from tests.builders import NOON, House, config, heater
from tests.scenarios.hot_water import VIENNA, Life

MIDNIGHT = datetime(2026, 1, 12, tzinfo=VIENNA)


def test_what_counts_is_what_the_heater_took_not_what_it_was_told() -> None:
    """The balancer counted the power it had commanded: a heater that took half got half its day, and nobody knew."""
    house = House(config(loads=[heater(daily_min_wh=3000, ready_by="15:00")]))
    taken_wh, power_w = 0.0, 0.0
    for minute in range(121):  # from 13:00 in Vienna to 15:00
        power_w = house.at(60.0 * minute, pv_w=0.0, load_w={"heater": power_w / 2}).setpoints["heater"].power_w
        taken_wh += power_w / 2 / 60
    notice = house.decisions[-1][1].loads["heater"].notice
    assert notice is not None
    assert notice.startswith("guarantee missed: ")
    assert float(notice.split()[2]) == pytest.approx(3000 - taken_wh, abs=60)


def test_what_a_bath_takes_after_the_night_s_check_is_made_up_for() -> None:
    """The balancer looked once, at one in the morning."""
    bath = TankSettings(start_c=55.0, thermostat_c=75.0, draws=((17.0, 4000.0),))
    load = {"ready_by": "19:00", "hot_water": {"volume_l": 150, "min_c": 45}}
    life = Life(start=MIDNIGHT, load=load, tank=bath)
    life.live(19)
    assert life.temperature_c(MIDNIGHT.replace(hour=17, minute=1)) < 35
    assert life.seen[-1][2] > 44


def test_an_open_thermostat_holds_for_its_day_only() -> None:
    """The balancer released only its first load again; all others stayed full for ever."""
    nearly = TankSettings(start_c=64.0, thermostat_c=65.0, draws=((20.0, 4000.0),))
    life = Life(start=MIDNIGHT.replace(hour=12), load={"daily_min_wh": 3000, "ready_by": "19:00"}, tank=nearly)
    life.live(7)
    first_wh = life.heated_wh()
    assert first_wh < 1500
    life.live(24)
    assert life.heated_wh() - first_wh >= 2900


def test_a_boost_lasts_as_long_as_it_is_said_to() -> None:
    """Documented as two hours, the router's took one and the dimmer's two minutes."""
    house = House(config(loads=[heater()]))
    state = house.at(0, pv_w=0.0, inputs={"commands": (Boost(load="heater"),)}).loads["heater"]
    assert state.until_at is not None
    assert (state.until_at - NOON).total_seconds() == 7200
    assert house.at(7199, pv_w=0.0).setpoints["heater"].on
    assert not house.at(7200, pv_w=0.0).setpoints["heater"].on


def test_a_boost_without_an_end_ends() -> None:
    """A forced load without a duration stayed on for ever."""
    house = House(config(loads=[heater()]))
    house.at(0, pv_w=0.0, inputs={"commands": (Boost(load="heater", for_s=1e12),)})
    assert not house.at(12 * 3600, pv_w=0.0, silent=True).setpoints["heater"].on


def test_a_probe_that_is_not_there_is_not_zero_degrees() -> None:
    """The dimmer took a missing probe for water at 0 degC and preheated without end."""
    life = Life(start=MIDNIGHT, load={"max_c": None, "ready_by": "07:00", "hot_water": {"volume_l": 150, "min_c": 40}})
    life.probe_lost = True
    life.live(24)
    assert not life.heats()
