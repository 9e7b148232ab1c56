"""What the controller expects of today and tomorrow: when it is planned, what is in it, and where nothing is known."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pv_heater.core.model.day_plan import DayPlan
from pv_heater.core.model.lean import to_jsonable
from pv_heater.core.model.requests import Boost, Force, Mode, Vacation
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.values import Decision, Forecast
from pv_heater.strategies import STRATEGIES
from tests.builders import NOON, House, config, heater

VIENNA = ZoneInfo("Europe/Vienna")
MORNING_S = -4 * 3600.0
"""Nine in Vienna."""
PV = [{"kwp": 6, "tilt_deg": 30, "azimuth_deg": 0}]


def day(pv_w: float, *, hours: int = 48, first: int = 4, last: int = 18) -> Forecast:
    """`pv_w` from four to eighteen UTC, on that day and the next."""
    midnight = NOON.replace(hour=0)
    steps = tuple((midnight + timedelta(hours=h), pv_w if first <= h % 24 < last else 0.0) for h in range(hours))
    return Forecast(issued_at=midnight, source="test", step_s=3600, steps=steps)


BRIGHT = day(3000.0)


def house(*loads: dict[str, Any], strategy: str = "plan", **changes: Any) -> House:
    """A home that knows its panels; changes of `site`, other keys as they stand."""
    settings = config(strategy={"type": strategy}, loads=list(loads) or [heater()])
    settings["site"] = settings["site"] | {"pv": PV} | changes.pop("site", {})
    return House(settings | changes, foresees=True)


def at(there: House, seconds: float = MORNING_S, forecast: Forecast | None = BRIGHT, **fields: Any) -> Decision:
    return there.at(seconds, with_forecast=forecast, **({"pv_w": 1500.0, "battery_soc_percent": 50.0} | fields))


def plan(there: House, seconds: float = MORNING_S, forecast: Forecast | None = BRIGHT, **fields: Any) -> DayPlan:
    found = at(there, seconds, forecast, **fields).plan
    assert found is not None
    return found


def heat_wh(found: DayPlan, name: str = "heater", first: int = 0, last: int | None = None) -> float:
    return sum(found.loads_w[name][first:last]) * found.step_s / 3600.0


def clock(moment: datetime) -> str:
    return f"{moment.astimezone(VIENNA):%H:%M}"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_has_a_plan_until_tomorrows_sunset_that_adds_up(strategy: str) -> None:
    found = plan(house(strategy=strategy, limits={"daylight": {"from": "00:00", "to": "23:59"}}))
    assert found.start_at.isoformat() == "2026-06-21T09:00:00+02:00"
    assert found.tonight_at is not None
    assert found.tomorrow_at is not None
    assert (f"{found.tonight_at:%H:%M}", f"{found.tomorrow_at:%d %H:%M}") == ("20:56", "22 20:57")
    assert found.start_at + timedelta(seconds=found.step_s * len(found.sun_w)) >= found.tomorrow_at
    assert found.battery_w
    assert found.battery_percent
    assert found.unused_w
    assert found.bought_w
    series = (found.house_w, found.loads_w["heater"], found.battery_w, found.battery_percent, found.unused_w)
    assert {len(one) for one in series} == {len(found.sun_w)}
    for number, sun_w in enumerate(found.sun_w):
        went_w = found.house_w[number] + found.loads_w["heater"][number] + found.battery_w[number]
        assert sun_w + found.bought_w[number] == pytest.approx(went_w + found.unused_w[number], abs=0.01)
    assert found.battery_percent[0] == 50.0
    assert found.soc_tonight_percent is not None
    assert 70 < found.soc_tonight_percent <= 100
    assert found.soc_tomorrow_percent is not None
    assert 70 < found.soc_tomorrow_percent <= 100
    assert found.text.startswith(f"battery {found.soc_tonight_percent:.0f} % at sunset 20:56, ")
    assert "heating about " in found.text
    assert json.loads(json.dumps(to_jsonable(found), allow_nan=False))["step_s"] == 900


def test_a_bright_day_heats_at_once_by_plan_and_after_the_battery_by_balance() -> None:
    bright = day(4500.0)
    by_plan, by_balance = (plan(house(strategy=word), forecast=bright) for word in ("plan", "balance"))
    assert by_plan.loads_w["heater"][0] == 2000.0
    assert by_balance.loads_w["heater"][0] < 2000.0
    assert heat_wh(by_plan) > heat_wh(by_balance)


def test_the_same_plan_is_in_force_for_some_minutes_and_what_the_owner_asks_makes_another_at_once() -> None:
    there = house()
    first = plan(there)
    assert plan(there, MORNING_S + 590) is first
    second = plan(there, MORNING_S + 600)
    assert second is not first
    off = (Force(load="heater", mode=Mode.OFF, for_s=7200),)
    forced = plan(there, MORNING_S + 610, inputs={"commands": off})
    assert forced.loads_w["heater"][:8] == (0.0,) * 8
    assert forced.loads_w["heater"][9] > 0
    on = (Force(load="heater", mode=Mode.ON, for_s=3600, power_w=1000),)
    assert plan(there, MORNING_S + 620, inputs={"commands": on}).loads_w["heater"][:4] == (1000.0,) * 4
    boost = (Force(load="heater", mode=Mode.AUTO), Boost(load="heater", for_s=1800))
    assert plan(there, MORNING_S + 630, inputs={"commands": boost}).loads_w["heater"][:2] == (2000.0,) * 2
    away = (Vacation(until_at=NOON + timedelta(days=3)),)
    assert heat_wh(plan(there, MORNING_S + 2700, inputs={"commands": away})) == 0


def test_another_forecast_makes_another_plan_but_not_in_every_step() -> None:
    there = house()
    first = plan(there)
    assert plan(there, MORNING_S + 10, day(1000.0)) is first
    assert sum(plan(there, MORNING_S + 60, day(1000.0)).sun_w) < sum(first.sun_w)
    kept = plan(there, MORNING_S + 120, day(1000.0))
    assert plan(there, MORNING_S + 180, day(1000.0)) is kept, "an equal forecast is no other"


def test_the_same_steps_give_the_same_plans() -> None:
    one, two = house(), house()
    for second in range(0, 1200, 60):
        assert at(one, MORNING_S + second) == at(two, MORNING_S + second)


def test_what_cannot_be_expected_is_none() -> None:
    nowhere = house(site={"pv": []})
    assert at(nowhere, forecast=None).plan is None
    assert at(house(), inputs={"clock_trusted": False}).plan is None
    no_charge = plan(house(), battery_soc_percent=None, battery_w=300.0)
    assert (no_charge.battery_percent, no_charge.battery_w, no_charge.soc_tonight_percent) == (None, None, None)
    assert (no_charge.loads_w, no_charge.unused_w, no_charge.bought_w) == ({}, None, None)
    assert no_charge.sun_w[0] > 2000
    settings = config(strategy={"type": "balance"})
    del settings["site"]["battery"]
    unknown_size = plan(House(settings, foresees=True))
    assert (unknown_size.battery_percent, unknown_size.loads_w) == (None, {})
    no_battery = plan(House(settings, foresees=True), battery_soc_percent=None, battery_w=None)
    assert no_battery.battery_percent is None
    assert no_battery.loads_w["heater"][0] == 2000.0
    assert no_battery.text.startswith("heating about ")


def test_a_forecast_that_ends_today_leaves_tomorrow_to_the_last_days_or_unknown() -> None:
    short = day(3000.0, hours=24)
    with_panels = plan(house(), forecast=short)
    assert max(with_panels.sun_w[60:]) > 500
    without = plan(house(site={"pv": []}), forecast=short)
    assert without.soc_tonight_percent is not None
    assert (without.soc_tomorrow_percent, len(without.sun_w)) == (None, 68), "UTC's midnight is two in the morning"


def test_after_sunset_tonight_is_over_and_after_midnight_tomorrow_is_today() -> None:
    there = house()
    late = plan(there, 9 * 3600.0, pv_w=0.0)
    assert (late.tonight_at, late.soc_tonight_percent) == (None, None)
    assert late.tomorrow_at is not None
    assert late.tomorrow_at.day == 22
    assert late.text.startswith("battery ")
    assert " % at tomorrow's sunset 20:57" in late.text
    early = plan(there, 13 * 3600.0, pv_w=0.0)
    assert early.tonight_at is not None
    assert early.tonight_at.day == 22


def test_a_meter_that_is_silent_leaves_the_last_plan_for_half_an_hour() -> None:
    there = house()
    first = plan(there)
    assert there.at(MORNING_S + 1700, silent=True, with_forecast=BRIGHT).plan is first
    assert there.at(MORNING_S + 1810, silent=True, with_forecast=BRIGHT).plan is None


def test_a_days_maximum_bounds_today_and_tomorrow() -> None:
    found = plan(house(heater(daily_max_wh=3000)))
    assert heat_wh(found, last=60) == pytest.approx(3000, abs=1)
    assert heat_wh(found, first=60) == pytest.approx(3000, abs=1)


def test_timers_are_foreseen() -> None:
    timers = [{"from": "12:00", "to": "13:00", "mode": "off"}, {"from": "22:00", "to": "22:30", "mode": "on"}]
    found = plan(house(heater(timers=timers)), forecast=day(4500.0))
    assert found.loads_w["heater"][12:16] == (0.0,) * 4
    assert found.loads_w["heater"][11] == 2000.0
    assert found.loads_w["heater"][52:54] == (2000.0,) * 2
    assert found.loads_w["heater"][54] == 0.0


def test_planned_heating_says_when_and_what_asks_for_it() -> None:
    there = house(heater(timers=[{"from": "22:00", "to": "22:30", "mode": "on"}]))
    on = (Force(load="heater", mode=Mode.ON, for_s=1800),)
    found = plan(there, forecast=day(4500.0), inputs={"commands": on})
    runs = [(clock(run.from_at), clock(run.until_at), run.rule) for run in found.runs]
    assert runs[0] == ("09:00", "09:30", Rule.FORCED_ON)
    assert runs[1][0] == "09:30"
    assert runs[1][2] is None, "sun to spare"
    assert ("22:00", "22:30", Rule.TIMER) in runs
    assert sum(run.energy_wh for run in found.runs) == pytest.approx(heat_wh(found))


def test_a_guarantee_that_the_sun_misses_is_bought_at_the_latest_hour_and_said_so() -> None:
    dull = day(200.0)
    found = plan(house(heater(daily_min_wh=2000, ready_by="06:00")), forecast=dull)
    assert heat_wh(found, last=84) == pytest.approx(1.07 * 2000, abs=5)
    assert found.loads_w["heater"][83] == 2000.0, "the quarter before six"
    assert found.loads_w["heater"][:79] == (0.0,) * 79
    assert found.notes == ("heater has to buy about 2.14 kWh from 04:45 on: the sun brings less by 06:00",)
    assert found.notes[0] in found.text
    run, bought = found.runs[-1], found.purchases[0]
    assert (run.rule, run.load, clock(run.until_at)) == (Rule.GUARANTEE, "heater", "06:00")
    assert bought.energy_wh == pytest.approx(run.energy_wh) == pytest.approx(1.07 * 2000, abs=5)
    assert (bought.load, bought.from_at) == ("heater", run.from_at)
    sunny = plan(house(heater(daily_min_wh=2000, ready_by="22:00")))
    assert sunny.notes == ()


def test_a_guarantee_is_bought_when_it_costs_least() -> None:
    tariff = [
        {"from": "22:00", "to": "02:00", "import_per_kwh": 0.10},
        {"from": "02:00", "to": "22:00", "import_per_kwh": 0.30},
    ]
    there = house(heater(daily_min_wh=2000, ready_by="06:00"), tariff=tariff)
    found = plan(there, forecast=day(200.0))
    assert heat_wh(found, first=52, last=68) == pytest.approx(2140, abs=5)
    assert "from 00:45 on" in found.notes[0]


def test_a_tank_that_is_known_takes_no_more_than_it_lacks_and_what_is_drawn() -> None:
    tank = {"volume_l": 150, "hot_c": 60}
    hot = plan(house(heater(hot_water=tank)), load_c={"heater": 58.0})
    cold = plan(house(heater(hot_water=tank)), load_c={"heater": 20.0})
    assert heat_wh(hot, last=48) < 5000 < heat_wh(cold, last=48)


def test_dc_loads_are_use_of_the_house() -> None:
    assert plan(house(), dc_load_w=100.0).house_w[8] == pytest.approx(plan(house()).house_w[8] + 100, abs=0.2)


def test_a_home_without_a_place_goes_by_the_last_sun_of_its_forecast() -> None:
    site = {"latitude": None, "longitude": None, "pv": []}
    found = plan(house(site=site))
    assert found.tonight_at == datetime(2026, 6, 21, 18, tzinfo=UTC)


def test_a_rule_may_go_by_the_charge_that_is_expected() -> None:
    fills, waits = heater("fills", when="soc_tonight > 50"), heater("waits", when="soc_tonight > 99.9")
    there = house(fills, waits, heater("tomorrow", when="known(soc_tomorrow)"))
    first = at(there, forecast=day(4500.0))
    assert first.loads["fills"].rule == "rule", "not known before the first plan"
    assert first.trace.rule_remarks["fills"] == "its condition waits for soc_tonight, which nothing reports"
    second = at(there, MORNING_S + 10, day(4500.0))
    assert second.loads["fills"].power_w > 0
    assert second.loads["waits"].power_w == 0
    assert "soc_tonight is " in second.loads["waits"].because
    assert second.loads["tomorrow"].rule != "rule"
    picture = there.controller.rules.picture()
    assert picture is not None
    assert second.plan is not None
    assert picture["home"]["soc_tonight"] == second.plan.soc_tonight_percent


def test_the_first_warm_day_after_a_vacation_is_planned() -> None:
    """Home at noon tomorrow: until today at noon nothing is planned, then the sun, and what it does not bring."""
    there = house(heater(daily_min_wh=9000, ready_by="19:00"), heater("pump", max_power_w=300))
    back_at = NOON + timedelta(hours=21)
    found = plan(there, forecast=day(700.0), inputs={"commands": (Vacation(until_at=back_at),)})
    first = 4 * 4 - 3 * 4  # from nine to ten
    assert heat_wh(found, last=first) == 0
    assert heat_wh(found, "pump", last=4 * 25) == 0
    (bought,) = found.purchases
    assert bought.until_at == back_at
    assert back_at - timedelta(days=1) <= bought.from_at < back_at
    assert heat_wh(found, first=first, last=4 * 25) == pytest.approx(9000, rel=0.08)
