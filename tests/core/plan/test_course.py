"""The walk through the quarters: energy adds up in each of them, whatever sun, house, battery and loads are like."""

from datetime import UTC, datetime, timedelta
from math import inf

import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from pv_heater.core.house.ahead.quarters import Stretch
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.usual_battery import CHARGE_EFFICIENCY
from pv_heater.core.plan.course import Course, PlannedHome, Walk
from pv_heater.core.plan.load_ahead import LoadAhead
from pv_heater.core.settings.home import Battery, Inverter, Limits, Site
from pv_heater.core.settings.load import After, BatteryShare, LoadSettings

NOW = datetime(2026, 6, 21, 8, tzinfo=UTC)
MIDNIGHT = 64
BATTERY = Battery(capacity_wh=4800.0, max_charge_w=2400.0)
LATER = NOW + timedelta(days=9)


class Law:
    """The battery first up to a charge, at most with `most_w`; above it gives as much as `give_w`."""

    def __init__(self, goal_percent: float = 100.0, most_w: float = inf, give_w: float = 0.0, margin_w: float = 0.0):
        self.goal_percent, self.most_w, self.give_w, self.margin_w = goal_percent, most_w, give_w, margin_w

    def battery_w(self, number: int, soc_percent: float, wanted_wh: float) -> float:
        return self.most_w if soc_percent < self.goal_percent else -self.give_w


class OnOff(LoadSettings):
    adjustable = False


def load(name: str = "heater", *, relay: bool = False, after: str | None = None, **changes: object) -> LoadAhead:
    """One of 2 kW that takes whatever there is."""
    settings = (OnOff if relay else LoadSettings)(
        name=name, max_power_w=2000.0, after=None if after is None else After(load=after)
    )
    fields: dict[str, object] = {
        "policy": settings, "mode": Mode.AUTO, "mode_until_at": NOW, "forced_w": 2000.0, "never": False,
        "idle_until_at": NOW, "duty_until_at": NOW, "duty_w": 2000.0, "today_wh": inf, "tomorrow_wh": inf,
        "to_go_wh": inf, "tank_wh": inf, "taken_w": 0.0, "running": False,
    }  # fmt: skip
    return LoadAhead(**(fields | changes))  # type: ignore[arg-type]


def quarters(*sun_w: float, use_w: float = 500.0, first_h: float = 0.25) -> list[Stretch]:
    made = []
    for number, watts in enumerate(sun_w):
        hours = first_h if number == 0 else 0.25
        end_at = NOW + timedelta(minutes=15 * (number + 1))
        made.append(
            Stretch(start_at=end_at - timedelta(hours=hours), end_at=end_at, hours=hours, sun_w=watts, clear_w=watts,
                    use_w=use_w)
        )  # fmt: skip
    return made


def home(law: Law, battery: Battery | None = BATTERY, **changes: object) -> PlannedHome:
    fields: dict[str, object] = {
        "site": Site(battery=battery), "limits": Limits(), "zone": UTC, "battery": battery, "low_percent": 25.0,
        "release_percent": 27.0, "dc_w": 0.0, "away_until_at": NOW, "dark": (), "midnight": MIDNIGHT, "foresight": law,
    }  # fmt: skip
    return PlannedHome(**(fields | changes))  # type: ignore[arg-type]


def walked(
    law: Law, ahead: list[Stretch], *rows: LoadAhead | BatteryShare, soc: float | None = 50.0, **changes: object
) -> Course:
    return Walk(home(law, **changes), rows or [load()], soc).go(ahead, {})


WATTS = st.floats(0, 12_000)


@st.composite
def any_load(draw: st.DrawFn, name: str) -> LoadAhead:
    until_at = NOW + timedelta(hours=draw(st.integers(0, 30)))
    return load(
        name,
        relay=draw(st.booleans()),
        mode=draw(st.sampled_from(Mode)),
        mode_until_at=until_at,
        duty_until_at=NOW + timedelta(hours=draw(st.sampled_from([0, 0, 3]))),
        today_wh=draw(st.sampled_from([0.0, 900.0, inf])),
        tomorrow_wh=draw(st.sampled_from([900.0, inf])),
        to_go_wh=draw(st.sampled_from([0.0, 3000.0, inf])),
        taken_w=draw(st.sampled_from([0.0, 300.0])),
        after="first" if name == "second" and draw(st.booleans()) else None,
    )


@seed(20261130)
@given(
    sun_w=st.lists(WATTS, min_size=1, max_size=30),
    use_w=st.floats(0, 5000),
    first_h=st.floats(0.0003, 0.25),
    soc=st.none() | st.floats(0, 100),
    law=st.builds(Law, st.floats(0, 100), st.floats(0, 5000), st.floats(0, 200), st.floats(0, 200)),
    first=any_load("first"),
    second=any_load("second"),
    battery_row=st.booleans(),
    off_grid=st.booleans(),
    dark=st.sets(st.integers(0, 29)),
)
def test_energy_adds_up_in_every_quarter_and_no_limit_is_passed(
    sun_w: list[float], use_w: float, first_h: float, soc: float | None, law: Law, first: LoadAhead, second: LoadAhead,
    battery_row: bool, off_grid: bool, dark: set[int],
) -> None:  # fmt: skip
    rows: list[LoadAhead | BatteryShare] = [first, second]
    if battery_row:
        rows.insert(1, BatteryShare(until_percent=80.0))
    battery = None if soc is None else BATTERY
    ahead = quarters(*sun_w, use_w=use_w, first_h=first_h)
    site = Site(battery=battery, off_grid=off_grid, inverter=Inverter(max_w=3000.0))
    course = walked(law, ahead, *rows, soc=soc, battery=battery, site=site, dark=dark, dc_w=20.0, midnight=10)
    for number, quarter in enumerate(ahead):
        heat_w = sum(powers_w[number] for powers_w in course.loads_w.values())
        came_w = course.sun_w[number] + course.bought_w[number]
        went_w = course.house_w[number] + heat_w + course.battery_w[number] + course.unused_w[number]
        assert came_w == pytest.approx(went_w, abs=1e-6)
        assert min(course.bought_w[number], course.unused_w[number]) >= 0
        assert course.bought_w[number] == 0 or course.unused_w[number] == 0, "nothing is sold while it is bought"
        assert all(0 <= powers_w[number] <= 2000 for powers_w in course.loads_w.values())
        assert course.battery_w[number] <= BATTERY.charge_limit_w
        assert 0 <= course.percent[number + 1] <= 100
        if course.battery_w[number] > 0:
            stored_wh = BATTERY.capacity_wh * (course.percent[number + 1] - course.percent[number]) / 100
            assert stored_wh == pytest.approx(CHARGE_EFFICIENCY * course.battery_w[number] * quarter.hours, abs=0.1)
        if course.percent[number] < 20 and not off_grid:
            assert course.battery_w[number] >= 0, "the reserve is the house's own"


def test_the_battery_is_filled_first_and_what_it_cannot_take_heats() -> None:
    """3 kW of sun less 0.5 kW of house: 2.4 kW charge, 0.1 kW heats; at 80 % all 2 kW heat, 0.5 kW charges."""
    course = walked(Law(goal_percent=80.0), quarters(*[3000.0] * 4), soc=70.0)
    assert course.loads_w["heater"] == [0.0, 2000.0, 2000.0, 2000.0]
    assert course.percent[1] == pytest.approx(70 + 100 * 2400 * 0.96 / 4 / 4800, abs=0.01)
    assert course.battery_w[0] == 2400.0
    assert course.unused_w[0] == 100.0


def test_a_battery_in_the_list_comes_after_the_loads_above_it() -> None:
    law = Law(goal_percent=100.0, most_w=2000.0)
    above = walked(law, quarters(2500.0), load(), BatteryShare(until_percent=80.0))
    below = walked(law, quarters(2500.0), BatteryShare(until_percent=80.0), load())
    assert (above.loads_w["heater"], below.loads_w["heater"]) == ([2000.0], [0.0])


def test_a_house_at_night_empties_the_battery_to_its_reserve_and_then_buys() -> None:
    course = walked(Law(), quarters(*[0.0] * 4, use_w=1000.0), soc=25.0)
    assert course.percent[-1] == pytest.approx(20.0)
    assert course.bought_w[0] == 68.8
    assert course.battery_w[0] == -931.2
    assert course.bought_w[1:] == (1000.0,) * 3
    off_grid = walked(Law(), quarters(0.0, 0.0, use_w=1000.0), soc=20.0, site=Site(battery=BATTERY, off_grid=True))
    assert off_grid.bought_w == (0.0, 0.0)


def test_below_the_guard_and_at_night_nothing_heats_by_itself_and_above_its_release_it_does() -> None:
    bright = quarters(*[4500.0] * 5)
    low = walked(Law(goal_percent=0.0), bright, soc=24.0)
    assert low.loads_w["heater"][0] == 0
    assert low.loads_w["heater"][1] == 2000, "a quarter later it holds 35 %"
    assert walked(Law(goal_percent=0.0), bright, dark=(0, 1)).loads_w["heater"] == [0, 0, 2000, 2000, 2000]
    away = walked(Law(goal_percent=0.0), bright, load(idle_until_at=NOW + timedelta(minutes=30)))
    assert away.loads_w["heater"] == [0, 0, 2000, 2000, 2000]


def test_forced_modes_last_until_their_end_whatever_the_sun_gives() -> None:
    half_past = NOW + timedelta(minutes=30)
    on = walked(Law(), quarters(*[0.0] * 3), load(mode=Mode.ON, mode_until_at=half_past, forced_w=1200.0), soc=90.0)
    assert on.loads_w["heater"] == [1200.0, 1200.0, 0.0]
    assert on.battery_w[0] == -1700.0
    off = walked(Law(goal_percent=0.0), quarters(*[4000.0] * 3), load(mode=Mode.OFF, mode_until_at=half_past))
    assert off.loads_w["heater"] == [0.0, 0.0, 2000.0]
    faulty = walked(Law(goal_percent=0.0), quarters(*[4000.0] * 3), load(never=True))
    assert faulty.loads_w["heater"] == [0.0] * 3


def test_what_a_tank_still_takes_and_a_days_maximum_end_the_heating() -> None:
    bright = quarters(*[4000.0] * 4)
    tank = walked(Law(goal_percent=0.0), bright, load(to_go_wh=700.0, tank_wh=9000.0))
    assert tank.loads_w["heater"] == [2000.0, 800.0, 0.0, 0.0]
    drawn = walked(Law(goal_percent=0.0), bright, load(to_go_wh=0.0, tank_wh=9000.0, taken_w=300.0))
    assert drawn.loads_w["heater"] == [300.0] * 4, "it takes what is drawn"
    day = walked(Law(goal_percent=0.0), bright, load(today_wh=500.0, tomorrow_wh=250.0), midnight=3)
    assert day.loads_w["heater"] == [2000.0, 0.0, 0.0, 1000.0]


def test_a_relay_runs_only_on_its_whole_power_and_others_share_in_order() -> None:
    law = Law(goal_percent=0.0)
    assert walked(law, quarters(2400.0), load(relay=True)).loads_w["heater"] == [0.0]
    assert walked(law, quarters(2500.0), load(relay=True)).loads_w["heater"] == [2000.0]
    two = walked(law, quarters(3500.0), load("first"), load("second"))
    assert [two.loads_w[name] for name in ("first", "second")] == [[2000.0], [1000.0]]
    waits = walked(law, quarters(3500.0, 3500.0), load("first", today_wh=500.0), load("second", after="first"))
    assert waits.loads_w["second"] == [0.0, 2000.0]


def test_no_more_is_given_than_fuse_and_inverter_carry() -> None:
    site = Site(battery=BATTERY, inverter=Inverter(max_w=2000.0))
    course = walked(Law(goal_percent=0.0), quarters(6000.0), site=site)
    assert course.loads_w["heater"] == [1300.0], "nine tenths of 2000 W, less the house"


def test_a_home_without_a_battery_heats_with_all_that_is_spare() -> None:
    course = walked(Law(), quarters(1500.0, 0.0), soc=None, battery=None)
    assert (course.loads_w["heater"], course.bought_w, course.battery_w) == ([1000.0, 0.0], (0.0, 500.0), (0.0, 0.0))
