"""Each law does what is said of it, moment by moment."""

from datetime import UTC, datetime, timedelta

import pytest

from bench.capture.variants import House
from bench.compare.followers import ChargeRule, GridFollower, OpportunityLoads, SolarBalancer
from bench.compare.planners import ForecastGap, HalfHourPlan, RestOfForecast
from bench.compare.seen import Home, Law, Seen
from bench.compare.table import LAWS
from pv_heater.core.model.values import Forecast, Reading

NOON = datetime(2026, 6, 21, 12, tzinfo=UTC)
HOME = Home(house=House(), feed_in=False)


def promised(*hours_w: float, from_hour: int = 12) -> Forecast:
    midnight_at = NOON - timedelta(hours=12)
    day_w = [0.0] * from_hour + [*hours_w] + [0.0] * (24 - from_hour - len(hours_w))
    steps = tuple((midnight_at + timedelta(hours=hour), w) for hour, w in enumerate(day_w))
    return Forecast(issued_at=midnight_at, source="test", step_s=3600, steps=steps)


def seen(
    *, sun_w: float = 0, house_w: float = 0, soc: float = 50, set_w: float = 0, after_s: float = 0, **more: object
) -> Seen:
    """The battery takes what is left, or gives what is missing; the grid is at zero unless it is said."""
    at = NOON + timedelta(seconds=after_s)
    grid_w = float(more.get("grid_w", 0.0))  # type: ignore[arg-type]
    return Seen(
        at=at,
        reading=Reading(
            taken_at=at,
            source="test",
            pv_w=sun_w,
            consumption_w=house_w + set_w,
            grid_w=grid_w,
            battery_w=sun_w - house_w - set_w + grid_w,
            battery_soc_percent=soc,
        ),
        forecast=more.get("forecast"),  # type: ignore[arg-type]
        set_w=set_w,
    )


def evcc(which: str) -> Law:
    make = next(row.make for row in LAWS if row.name == f"evcc, {which} first")
    assert make is not None
    return make(HOME)


def test_a_router_heats_what_is_exported_and_takes_off_what_is_imported() -> None:
    router = GridFollower(HOME)
    assert router.heat_w(seen(sun_w=3000, house_w=500)) == 0
    assert router.heat_w(seen(sun_w=3000, house_w=500, set_w=700, grid_w=-400)) == 1100
    assert router.heat_w(seen(sun_w=3000, house_w=500, set_w=700, grid_w=300)) == 400


def test_evcc_waits_a_minute_to_start_and_three_to_stop_and_leaves_the_battery_its_priority() -> None:
    for which, soc, power_w in (("heater", 50, 2000), ("battery", 50, 0), ("battery", 96, 2000)):
        law = evcc(which)
        assert law.heat_w(seen(sun_w=3000, house_w=500, soc=soc)) == 0
        assert law.heat_w(seen(sun_w=3000, house_w=500, soc=soc, after_s=60)) == power_w
    law = evcc("heater")
    cloud = {"sun_w": 300.0, "house_w": 500.0, "set_w": 60.0}
    assert law.heat_w(seen(**cloud)) == 60
    assert law.heat_w(seen(**cloud, after_s=150)) == 60
    assert law.heat_w(seen(**cloud, after_s=180)) == 0


def test_behind_a_full_battery_evcc_starts_without_surplus_where_it_has_a_buffer() -> None:
    law = evcc("battery")
    law.heat_w(seen(sun_w=500, house_w=500, soc=100))
    assert law.heat_w(seen(sun_w=500, house_w=500, soc=100, after_s=60)) == 1380


def test_opportunity_loads_reserve_by_charge_and_search_where_nothing_is_fed_in() -> None:
    law = OpportunityLoads(HOME, continuous=True)
    assert law.heat_w(seen(sun_w=4000, house_w=500, soc=50)) == 4000 - 500 - 2400 - 50
    assert law.heat_w(seen(sun_w=4000, house_w=500, soc=90)) == 2000
    assert law.heat_w(seen(sun_w=500, house_w=500, soc=100)) == 0
    assert law.heat_w(seen(sun_w=500, house_w=500, soc=100)) == 150
    assert law.heat_w(seen(sun_w=800, house_w=500, soc=100, set_w=300)) == 550
    assert law.heat_w(seen(sun_w=800, house_w=500, soc=99, set_w=550)) == 250  # the battery pays
    switched = OpportunityLoads(HOME, continuous=False)
    assert switched.heat_w(seen(sun_w=4000, house_w=500, soc=90)) == 2000
    assert switched.heat_w(seen(sun_w=100, house_w=500, soc=90, set_w=2000, after_s=200)) == 2000
    assert switched.heat_w(seen(sun_w=100, house_w=500, soc=90, set_w=2000, after_s=300)) == 0


def test_the_ancestors_follow_their_rules() -> None:
    balancer = SolarBalancer(HOME)
    assert balancer.heat_w(seen(sun_w=1520, house_w=500)) == 1000
    assert balancer.heat_w(seen(sun_w=1300, house_w=500, set_w=1000)) == 780
    assert balancer.heat_w(seen(sun_w=530, house_w=500, set_w=780)) == 0
    relay = ChargeRule(HOME)
    assert relay.heat_w(seen(soc=98)) == 0
    assert relay.heat_w(seen(soc=98.1)) == 2000
    assert relay.heat_w(seen(soc=97, set_w=2000, after_s=240)) == 2000
    assert relay.heat_w(seen(soc=97, set_w=2000, after_s=300)) == 0


def test_the_earlier_optimizer_goes_by_steps_and_reads_the_forecast_an_hour_late() -> None:
    law = ForecastGap(HOME)
    forecast = promised(3000, from_hour=11)
    assert law.heat_w(seen(sun_w=500, house_w=500, soc=95.9, forecast=forecast)) == 0
    assert law.heat_w(seen(sun_w=500, house_w=500, soc=97, forecast=forecast, after_s=10)) == 1000
    assert law.heat_w(seen(sun_w=1500, house_w=500, set_w=1000, soc=97, forecast=forecast, after_s=20)) == 1200
    assert law.heat_w(seen(sun_w=1500, house_w=500, set_w=1200, soc=97, forecast=forecast, after_s=30)) == 1000


def test_the_rule_heats_while_the_rest_of_the_forecast_fills_the_battery_anyway() -> None:
    law = RestOfForecast(HOME)
    much, little = promised(3000, 2000), promised(3000, 500)
    assert law.heat_w(seen(sun_w=1500, house_w=500, soc=30, forecast=much)) == 1000  # 4.0 kWh for 3.4
    assert RestOfForecast(HOME).heat_w(seen(sun_w=1500, house_w=500, soc=30, forecast=little)) == 0
    assert law.heat_w(seen(sun_w=500, house_w=500, soc=100)) == 100
    assert law.heat_w(seen(sun_w=550, house_w=500, set_w=300, soc=100)) == pytest.approx(50, abs=50)


def test_the_half_hour_plan_stores_what_it_lacks_and_holds_what_it_planned() -> None:
    assert HalfHourPlan(HOME).heat_w(seen(sun_w=2000, house_w=500, soc=50, forecast=promised(2000))) == 0
    law = HalfHourPlan(HOME)
    assert law.heat_w(seen(sun_w=4000, house_w=500, soc=95, forecast=promised(4000, 4000, 4000))) == 2000
    assert law.heat_w(seen(sun_w=0, house_w=500, soc=95, set_w=2000, after_s=1700)) == 2000
    assert law.heat_w(seen(sun_w=0, house_w=500, soc=60, set_w=2000, after_s=1800)) == 0


def test_what_is_assumed_is_said_of_each() -> None:
    for row in LAWS:
        assert row.make is None or "Assumed: " in row.assumed()
