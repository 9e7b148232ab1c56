"""One false sample heats nothing; a home that is better than its settings say still heats."""

import pytest

from pv_heater.core.house.possible import Possible
from pv_heater.core.settings.home import Battery, Inverter, PvPlane, Site
from tests.builders import House, config, reading

SITE = Site(pv=(PvPlane(kwp=6),), battery=Battery(capacity_wh=4800), inverter=Inverter(max_w=3000))


@pytest.mark.parametrize(
    ("fields", "because"),
    [
        ({"pv_w": 65535}, "65535 W of sun from 6 kWp of modules (`site.pv`)"),
        ({"pv_w": 9501}, "9501 W of sun from 6 kWp"),
        ({"battery_w": 32767}, "32767 W into a battery that takes 2400 W"),
        ({"grid_w": -32768}, "32768 W to the grid, more than sun and battery can give together"),
        ({"consumption_w": -65535}, "65535 W out of the house"),
        ({"pv_w": -3000}, "-3000 W of sun, which is below zero; is its sign wrong?"),
        ({"pv_w": -201}, "-201 W of sun"),
    ],
)
def test_what_this_home_cannot_have_is_no_reading(fields: dict[str, float], because: str) -> None:
    possible = Possible(SITE)
    assert possible.believed(reading()) == reading()
    assert possible.believed(reading(**fields)) is None
    assert possible.refused_because is not None
    assert because in possible.refused_because
    assert possible.believed(reading()) == reading()
    assert possible.refused_because is None


@pytest.mark.parametrize(
    "fields",
    [
        {"pv_w": 7500.0},  # the edge of a cloud
        {"battery_w": 4000.0},
        {"pv_w": -60.0},  # inverters by night
        {"grid_w": 65_535.0},  # false as well, but it heats nothing
        {"consumption_w": 65_535.0},
        {"battery_w": -32_768.0},
        {"consumption_w": -2000.0},  # PV on the AC side that no meter sees
    ],
)
def test_what_it_may_have_or_what_heats_nothing_is_believed(fields: dict[str, float]) -> None:
    assert Possible(SITE).believed(reading(**fields)) == reading(**fields)


@pytest.mark.parametrize("fields", [{"pv_w": 65_535.0}, {"grid_w": -32_768.0}, {"battery_w": 65_534.0}])
def test_an_empty_register_is_known_without_any_settings(fields: dict[str, float]) -> None:
    assert Possible(Site()).believed(reading(**fields)) is None
    assert Possible(Site()).believed(reading(**{key: value - 1000 for key, value in fields.items()})) is not None


def test_more_than_the_settings_say_is_believed_where_it_grew() -> None:
    possible = Possible(SITE)
    for pv_w in (3000, 9000, 9800, 10500):
        assert possible.believed(reading(pv_w=pv_w)) is not None
    assert possible.believed(reading(pv_w=65535)) is None
    assert possible.believed(reading(pv_w=11000)) is not None


@pytest.mark.parametrize(
    ("told", "believed"), [(100.4, 100.0), (110.0, 100.0), (111.0, None), (-0.5, None), (99.9, 99.9)]
)
def test_a_little_above_full_is_full_and_more_is_no_charge(told: float, believed: float | None) -> None:
    seen = Possible(SITE).believed(reading(battery_soc_percent=told))
    assert seen is not None
    assert seen.battery_soc_percent == believed


def test_one_false_sample_of_sun_heats_nothing_and_the_last_one_holds() -> None:
    site = config()["site"] | {"pv": [{"kwp": 6}]}
    home = House(config(site=site))
    assert home.at(0, pv_w=700).setpoints["heater"].power_w < 500
    assert home.at(10, pv_w=65_535).setpoints["heater"].power_w < 500
    assert home.at(20, pv_w=700).setpoints["heater"].power_w < 500


def test_false_samples_without_end_switch_off_and_say_why() -> None:
    home = House(config(site=config()["site"] | {"pv": [{"kwp": 6}]}))
    assert home.at(0).setpoints["heater"].on
    for second in range(10, 200, 10):
        decision = home.at(second, pv_w=65_535)
    assert not decision.setpoints["heater"].on
    assert decision.blocked_by == "no_reading"
    assert decision.because.endswith("it says 65535 W of sun from 6 kWp of modules (`site.pv`), which cannot be")
