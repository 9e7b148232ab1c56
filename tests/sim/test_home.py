"""The physics of the software home."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pv_heater.core.settings.home import Battery, Inverter, Site
from pv_heater.sim.home import Home, HomeSettings, Ledger
from pv_heater.sim.tank import Tank, TankSettings

NOON = datetime(2026, 6, 21, 11, 0, tzinfo=UTC)
BARREL = TankSettings(volume_l=100.0, loss_w_per_k=0.0, draws=())

watts = st.floats(min_value=0.0, max_value=8000.0)
settings = st.builds(
    HomeSettings,
    capacity_wh=st.floats(min_value=200.0, max_value=20_000.0),
    max_charge_w=st.floats(min_value=100.0, max_value=5000.0),
    reserve_percent=st.floats(min_value=0.0, max_value=60.0),
    start_percent=st.floats(min_value=0.0, max_value=100.0),
    inverter_max_w=st.none() | st.floats(min_value=500.0, max_value=6000.0),
    feed_in=st.booleans(),
    tanks=st.sampled_from([{}, {"heater": BARREL}, {"heater": None}]),
)
# Up to ten seconds is one step of the physics, so that a reading's powers are exactly the step's means.
steps = st.lists(st.tuples(st.floats(min_value=0.01, max_value=10.0), watts, watts, watts), min_size=1, max_size=30)


def change(before: Ledger, after: Ledger, name: str) -> float:
    return float(getattr(after, name) - getattr(before, name))


@given(home_settings=settings, timeline=steps, off_grid=st.booleans())
def test_energy_balances_in_every_step(
    home_settings: HomeSettings, timeline: list[tuple[float, float, float, float]], off_grid: bool
) -> None:
    home = Home(replace(home_settings, off_grid=off_grid, feed_in=home_settings.feed_in and not off_grid))
    now_s = 0.0
    for length_s, sun_w, house_w, heater_w in timeline:
        before, soc_before = home.ledger, home.soc_percent
        home.advance(now_s, now_s + length_s, sun_w, house_w, {"heater": heater_w})
        now_s += length_s
        after = home.ledger
        hours = length_s / 3600.0
        battery_w = home.reading(NOON).battery_w
        assert battery_w is not None
        sources_wh = sum(change(before, after, name) for name in ("pv_wh", "grid_import_wh", "unserved_wh"))
        sinks_wh = sum(change(before, after, name) for name in ("house_wh", "grid_export_wh", "heat_total_wh"))
        assert sources_wh == pytest.approx(sinks_wh + battery_w * hours, abs=1e-6)
        stored_wh = change(before, after, "battery_end_wh")
        assert stored_wh == pytest.approx(battery_w * hours * (0.96 if battery_w > 0 else 1 / 0.97), abs=1e-6)
        # Sun is used or not, never lost.
        available_wh = change(before, after, "pv_wh") + change(before, after, "unused_wh")
        assert available_wh == pytest.approx(sun_w * hours, abs=1e-6)
        assert change(before, after, "house_wh") == pytest.approx(house_w * hours, abs=1e-6)
        assert min(home_settings.reserve_percent, soc_before) - 1e-6 <= home.soc_percent <= 100.0 + 1e-6


@pytest.mark.parametrize(
    ("taper_from_percent", "soc_percent", "charge_w"),
    [(98.0, 95.0, 2400.0), (98.0, 99.0, 1200.0), (90.0, 95.0, 1200.0), (100.0, 99.5, 2400.0), (100.0, 100.0, 0.0)],
)
def test_the_battery_takes_less_from_its_taper_on(
    taper_from_percent: float, soc_percent: float, charge_w: float
) -> None:
    home = Home(HomeSettings(taper_from_percent=taper_from_percent, start_percent=soc_percent))
    home.advance(0.0, 0.001, 5000.0, 0.0, {})
    assert home.reading(NOON).battery_w == pytest.approx(charge_w, rel=1e-3)


@given(home_settings=settings, sun_w=watts, house_w=watts, heater_w=watts)
def test_every_reading_adds_up(home_settings: HomeSettings, sun_w: float, house_w: float, heater_w: float) -> None:
    home = Home(home_settings)
    home.advance(0.0, 7.0, sun_w, house_w, {"heater": heater_w})
    reading = home.reading(NOON)
    assert reading.pv_w is not None
    assert reading.grid_w is not None
    assert reading.battery_w is not None
    assert reading.consumption_w == pytest.approx(reading.pv_w + reading.grid_w - reading.battery_w, abs=1e-6)
    assert reading.consumption_w == pytest.approx(house_w + reading.load_w["heater"])
    assert sum(reading.grid_phase_w) == reading.grid_w
    if not home_settings.feed_in:
        assert reading.grid_w >= -1e-6


@pytest.mark.parametrize(("percent", "charge_w"), [(50.0, 2400.0), (98.0, 2400.0), (99.0, 1200.0), (100.0, 0.0)])
def test_charging_falls_linearly_between_98_and_100_percent(percent: float, charge_w: float) -> None:
    home = Home(HomeSettings(start_percent=percent))
    home.advance(0.0, 0.0, 5000.0, 300.0, {})
    assert home.reading(NOON).battery_w == pytest.approx(charge_w)


def test_a_kilowatt_hour_in_and_out_loses_what_the_efficiencies_say() -> None:
    home = Home(HomeSettings(start_percent=50.0))
    home.advance(0.0, 3600.0, 1000.0, 0.0, {})
    assert home.ledger.battery_end_wh - home.ledger.battery_start_wh == pytest.approx(960.0)
    home.advance(3600.0, 7200.0, 0.0, 500.0, {})
    assert home.ledger.battery_end_wh - home.ledger.battery_start_wh == pytest.approx(960.0 - 500.0 / 0.97)
    assert home.ledger.grid_import_wh == 0.0


def test_the_battery_stops_at_its_reserve_and_the_grid_takes_over() -> None:
    home = Home(HomeSettings(start_percent=21.0))
    home.advance(0.0, 3600.0, 0.0, 1000.0, {})
    assert home.soc_percent == pytest.approx(20.0)
    assert home.ledger.grid_import_wh == pytest.approx(1000.0 - 48.0 * 0.97)
    assert home.reading(NOON).grid_w == pytest.approx(1000.0)


def test_a_full_battery_without_feed_in_hides_the_surplus() -> None:
    home = Home(HomeSettings(start_percent=100.0))
    home.advance(0.0, 60.0, 4000.0, 500.0, {})
    reading = home.reading(NOON)
    assert reading.pv_w == pytest.approx(500.0)
    assert reading.grid_w == pytest.approx(0.0)
    assert reading.pv_throttled is True
    assert home.ledger.unused_wh == pytest.approx(3500.0 / 60.0)


def test_throttled_trackers_recover_with_a_time_constant_of_ten_seconds() -> None:
    home = Home(HomeSettings(start_percent=100.0))
    home.advance(0.0, 60.0, 4000.0, 500.0, {})
    home.advance(60.0, 60.0, 4000.0, 2500.0, {})
    assert home.reading(NOON).pv_w == pytest.approx(500.0)
    seen = []
    for second in range(10):
        home.advance(60.0 + second, 61.0 + second, 4000.0, 4500.0, {})
        seen.append(home.reading(NOON).pv_w)
    # The mean of the tenth second of an exponential towards 4000 W.
    assert seen[-1] == pytest.approx(4000.0 - 3500.0 * 10.0 * (exp(-0.9) - exp(-1.0)), rel=1e-6)
    assert seen == sorted(seen)
    assert home.reading(NOON).pv_throttled is True
    home.advance(70.0, 160.0, 4000.0, 4500.0, {})
    assert home.reading(NOON).pv_w == pytest.approx(4000.0, abs=5.0)
    assert home.reading(NOON).pv_throttled is False


def test_recovery_does_not_depend_on_the_length_of_the_steps() -> None:
    energies = []
    for step_s in (1.0, 2.5, 10.0, 30.0):
        home = Home(HomeSettings(start_percent=100.0))
        home.advance(0.0, 60.0, 4000.0, 500.0, {})
        before_wh, now_s = home.ledger.pv_wh, 60.0
        while now_s < 120.0:
            home.advance(now_s, now_s + step_s, 4000.0, 6000.0, {})
            now_s += step_s
        energies.append(home.ledger.pv_wh - before_wh)
    assert energies == pytest.approx([energies[0]] * 4, rel=1e-9)


def test_a_plain_cloud_edge_is_taken_at_once() -> None:
    home = Home(HomeSettings(start_percent=50.0))
    home.advance(0.0, 10.0, 800.0, 1000.0, {})
    home.advance(10.0, 11.0, 3000.0, 1000.0, {})
    assert home.reading(NOON).pv_w == pytest.approx(3000.0)
    assert home.reading(NOON).pv_throttled is False


def test_with_feed_in_nothing_is_throttled_and_the_rest_is_sold() -> None:
    home = Home(HomeSettings(start_percent=100.0, feed_in=True))
    home.advance(0.0, 3600.0, 4000.0, 500.0, {})
    reading = home.reading(NOON)
    assert reading.grid_w == pytest.approx(-3500.0)
    assert reading.pv_throttled is False
    assert reading.feed_in_allowed is True
    assert home.ledger.grid_export_wh == pytest.approx(3500.0)
    assert home.ledger.unused_wh == 0.0


def test_the_inverter_limits_what_sun_and_battery_give_the_house() -> None:
    home = Home(HomeSettings(start_percent=80.0, inverter_max_w=3000.0))
    home.advance(0.0, 60.0, 4000.0, 4500.0, {})
    reading = home.reading(NOON)
    assert reading.grid_w == pytest.approx(1500.0)
    assert reading.battery_w == pytest.approx(1000.0)


def test_off_grid_the_missing_power_is_not_served_and_there_is_no_grid() -> None:
    home = Home(HomeSettings(start_percent=20.0, off_grid=True))
    home.advance(0.0, 3600.0, 300.0, 1000.0, {})
    reading = home.reading(NOON)
    assert reading.grid_connected is False
    assert reading.grid_w is None
    assert reading.grid_phase_w == ()
    assert reading.consumption_w == pytest.approx(300.0)
    assert home.ledger.unserved_wh == pytest.approx(700.0)
    assert home.ledger.grid_import_wh == 0.0


def test_a_meter_that_tells_little_leaves_the_rest_out() -> None:
    home = Home(HomeSettings(tells_throttling=False, tells_loads=False, tanks={"heater": BARREL}, interval_s=60.0))
    home.advance(0.0, 60.0, 4000.0, 500.0, {"heater": 1000.0})
    reading = home.reading(NOON)
    assert reading.pv_throttled is None
    assert reading.load_w == {}
    assert reading.load_c == {}
    assert reading.interval_s == 60.0
    assert reading.consumption_w == pytest.approx(1500.0)


def test_behind_an_open_thermostat_nothing_is_drawn() -> None:
    hot = replace(BARREL, start_c=64.9)
    home = Home(HomeSettings(start_percent=100.0, tanks={"heater": hot, "pool": None}))
    home.advance(0.0, 3600.0, 4000.0, 0.0, {"heater": 1000.0, "pool": 500.0})
    reading = home.reading(NOON)
    assert reading.load_w == {"heater": 0.0, "pool": 500.0}
    assert reading.load_c["heater"] == pytest.approx(65.0, abs=0.1)
    assert home.ledger.heat_wh["heater"] == pytest.approx(11.63, abs=3.0)
    assert home.ledger.heat_wh["pool"] == pytest.approx(500.0)


def test_the_site_gives_battery_and_inverter_where_it_tells_them() -> None:
    site = Site(battery=Battery(capacity_wh=10_000, reserve_percent=10), inverter=Inverter(max_w=5000), feed_in=True)
    home = HomeSettings.of_site(site, start_percent=70.0, tanks={})
    assert (home.capacity_wh, home.max_charge_w, home.reserve_percent) == (10_000, 5000, 10)
    assert (home.inverter_max_w, home.feed_in, home.start_percent) == (5000, True, 70.0)
    plain = HomeSettings.of_site(Site(), tanks={})
    assert (plain.capacity_wh, plain.max_charge_w, plain.feed_in) == (4800.0, 2400.0, False)


def test_a_days_worth_counts_heat_stored_energy_and_import() -> None:
    ledger = Ledger(
        heat_wh={"a": 1000.0, "b": 500.0},
        grid_import_wh=200.0,
        grid_export_wh=50.0,
        unused_wh=10.0,
        unserved_wh=100.0,
        battery_start_wh=2400.0,
        battery_end_wh=1000.0,
        pv_wh=0.0,
        house_wh=0.0,
    )
    assert ledger.value_wh() == pytest.approx(1500.0 + 1940.0 - 600.0)


def test_a_tank_warms_by_the_heat_capacity_of_its_water() -> None:
    tank = Tank(replace(BARREL, start_c=20.0))
    tank.advance(0.0, 3600.0, 1163.0)
    assert tank.temperature_c == pytest.approx(30.0)


def test_the_thermostat_closes_again_a_kelvin_below() -> None:
    tank = Tank(replace(BARREL, start_c=64.99))
    tank.advance(0.0, 60.0, 2000.0)
    assert tank.take_w(2000.0) == 0.0
    tank.temperature_c = 64.1
    tank.advance(60.0, 1.0, 0.0)
    assert tank.take_w(2000.0) == 0.0
    tank.temperature_c = 63.9
    tank.advance(61.0, 1.0, 0.0)
    assert tank.take_w(2000.0) == 2000.0


def test_people_draw_once_a_day_at_their_hours() -> None:
    tank = Tank(replace(BARREL, start_c=60.0, draws=((7.0, 1163.0),)))
    for minute in range(2 * 1440):
        tank.advance(minute * 60.0, 60.0, 0.0)
    assert tank.temperature_c == pytest.approx(40.0)


def test_nobody_draws_more_than_there_is() -> None:
    tank = Tank(replace(BARREL, start_c=15.0, draws=((7.0, 9999.0),)))
    tank.advance(0.0, 86_400.0, 0.0)
    assert tank.temperature_c == 12.0
