from datetime import timedelta

import pytest

from tests.builders import NOON, House, config, heater


def power(decision: object) -> float:
    return decision.setpoints["heater"].power_w  # type: ignore[attr-defined, no-any-return]


def test_at_the_holding_level_all_surplus_heats() -> None:
    assert power(House().at(0, pv_w=2000.0, battery_soc_percent=97.0)) == 1500


def test_a_battery_below_the_holding_level_comes_first() -> None:
    """At 90 % it wants 7 % of 4.8 kWh within a quarter hour: 1344 W."""
    assert power(House().at(0, pv_w=2500.0, battery_soc_percent=90.0)) == pytest.approx(2000 - 1344)


def test_a_low_battery_takes_no_more_than_it_can() -> None:
    """At 50 % it takes its 2400 W; 600 W of the surplus remain."""
    assert power(House().at(0, pv_w=3500.0, battery_soc_percent=50.0)) == pytest.approx(600)


def test_a_full_battery_gives_the_first_watts_so_that_hidden_sun_shows() -> None:
    """Throttled PV equals use: the surplus reads zero. The battery's 100 W start the search, step by step."""
    house = House(config(loads=[heater(min_power_w=60, dead_band_w=0)]))
    first = house.at(0, pv_w=500.0, battery_soc_percent=100.0)
    assert power(first) == 100
    second = house.at(10, pv_w=600.0, consumption_w=600.0, battery_soc_percent=100.0)
    assert power(second) == 200


def test_with_feed_in_the_battery_gives_nothing_and_export_heats() -> None:
    site = config()["site"] | {"feed_in": True}
    house = House(config(site=site))
    assert power(house.at(0, pv_w=500.0, battery_soc_percent=100.0)) == 0
    assert power(house.at(10, pv_w=2500.0, grid_w=-2000.0, battery_soc_percent=100.0)) == 2000


def test_a_battery_row_holds_by_day_and_fills_up_in_the_evening() -> None:
    rows = [{"type": "battery", "until_percent": 80}, heater()]
    house = House(config(loads=rows))
    assert power(house.at(0, pv_w=2000.0, battery_soc_percent=80.0)) == 1500
    evening = NOON + timedelta(hours=6)  # 17 degrees above the horizon, and sinking
    decision = house.at(21_600, now=evening, pv_w=2000.0, consumption_w=2000.0, battery_soc_percent=80.0)
    assert power(decision) == 0
    assert decision.because == "battery first, it takes up to 2.4 kW: 1.5 kW spare, battery 80 %"


def test_what_is_sold_is_spare_however_low_the_battery() -> None:
    """The battery charges with all it can, 1200 W, and 800 W are still sold."""
    site = config()["site"] | {"feed_in": True}
    seen = dict(pv_w=2500.0, battery_w=1200.0, grid_w=-800.0, battery_soc_percent=50.0)
    assert power(House(config(site=site)).at(0, **seen)) == 800


def test_lead_batteries_are_filled() -> None:
    site = config()["site"] | {"battery": {"capacity_wh": 4800, "max_charge_w": 2400, "chemistry": "lead"}}
    decision = House(config(site=site)).at(0, pv_w=1000.0, battery_soc_percent=97.0)
    assert power(decision) == 0


def test_a_home_without_battery_spends_what_it_exports() -> None:
    site = {"latitude": 47.05, "longitude": 15.44}
    house = House(config(site=site))
    seen = dict(pv_w=None, consumption_w=None, battery_w=None, battery_soc_percent=None)
    assert power(house.at(0, grid_w=-1200.0, **seen)) == 1200
    assert power(house.at(10, grid_w=0.0, **seen)) == 1200
    assert power(house.at(20, grid_w=60.0, **seen)) == 1200  # inside the dead band
    assert power(house.at(30, grid_w=-300.0, **seen)) == 1500


def test_a_meter_that_tells_nothing_useful_is_named() -> None:
    decision = House().at(0, pv_w=None, consumption_w=None, grid_w=None, battery_w=None)
    assert decision.loads["heater"].because == "test reports neither the house's use nor the grid"


def test_own_draw_is_not_counted_as_use() -> None:
    house = House()
    assert power(house.at(0, pv_w=2000.0)) == 1500
    assert power(house.at(10, pv_w=2000.0, consumption_w=2000.0)) == 1500


def test_smoothing_follows_in_a_minute_but_an_import_is_believed_at_once() -> None:
    settings = config(
        strategy={"type": "balance", "filter_s": 60}, loads=[heater(dead_band_w=0)], limits={"max_grid_w": 50}
    )
    house = House(settings)
    assert power(house.at(0, pv_w=2500.0)) == 2000
    after = power(house.at(60, pv_w=1500.0, consumption_w=2500.0, battery_w=-1000.0))
    assert after == pytest.approx(1000 + 1000 / 2.718, abs=5)
    forced = house.at(61, pv_w=1500.0, consumption_w=500.0 + after, grid_w=60.0)
    # Less power can end the import, so that no guard has to: nothing of the smoothed past is left, 1000 W are spare.
    assert forced.blocked_by is None
    assert power(forced) == pytest.approx(1000, abs=1)
    assert power(house.at(62, pv_w=1500.0, consumption_w=1500.0)) == pytest.approx(1000, abs=1)
