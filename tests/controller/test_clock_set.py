"""A clock that is set, by an hour or a year, forward and back: what was counted of a day is still there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from pv_heater.core.model.values import Decision
from tests.builders import House, config, heater

EVENING = datetime(2026, 6, 21, 21, 30, tzinfo=UTC)
"""23:30 at the home."""
HOME = {"limits": {"daylight": {"from": "00:00", "to": "23:59:59"}}}


def counters(decision: Decision) -> Mapping[str, float]:
    today = decision.today
    assert today is not None
    load = today.loads["heater"]
    return {
        "caught_wh": today.caught_wh, "pv_wh": today.pv_wh, "seen_s": today.seen_s,
        "energy_wh": load.energy_wh, "sun_wh": load.sun_wh, "starts": load.starts,
    }  # fmt: skip


def step(house: House, second: float, now: datetime) -> Decision:
    """The house draws what the heater is set to."""
    heater_w = house.decisions[-1][1].setpoints["heater"].power_w if house.decisions else 0.0
    return house.at(second, now=now, consumption_w=500.0 + heater_w)


def lived(house: House, begin_s: int, end_s: int, shift: timedelta) -> list[Decision]:
    """Every ten seconds, with a wall clock that is off by `shift`."""
    return [step(house, second, EVENING + timedelta(seconds=second) + shift) for second in range(begin_s, end_s, 10)]


@pytest.mark.parametrize(
    "shift", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=365), timedelta(days=-365)], ids=str
)
def test_a_clock_that_is_set_and_set_back_takes_no_energy_away(shift: timedelta) -> None:
    house = House(config(**HOME, loads=[heater(on_when="this.on_today_s >= 0")]))
    before = lived(house, 0, 600, timedelta(0))[-1]
    wrong = lived(house, 600, 900, shift)
    again = lived(house, 900, 1200, timedelta(0))
    was, now = counters(before), counters(again[0])
    assert was["energy_wh"] > 100
    assert all(now[key] >= was[key] for key in was), (was, now)
    for seen in (wrong, again):
        for one, other in pairwise(seen):
            assert all(counters(other)[key] >= counters(one)[key] for key in was)
    picture = house.controller.rules.picture()
    assert picture is not None
    on_today_s = picture["load.heater"]["on_today_s"]
    assert isinstance(on_today_s, float)
    assert on_today_s >= 600 + 300 - 30, "what a rule may have a day is not had twice"


def test_a_midnight_that_comes_twice_begins_the_new_day_once() -> None:
    house = House(config(**HOME))
    evening = lived(house, 0, 1800, timedelta(0))[-1]
    night = lived(house, 1800, 2400, timedelta(0))
    assert counters(night[0])["energy_wh"] < 10
    again = lived(house, 2400, 3000, timedelta(hours=-1))
    assert counters(again[0])["energy_wh"] >= counters(evening)["energy_wh"]
    after = lived(house, 6000, 6010, timedelta(hours=-1))[-1]
    assert after.today is not None
    assert after.today.day == datetime(2026, 6, 22, tzinfo=UTC).date()
    assert counters(after)["energy_wh"] >= counters(night[-1])["energy_wh"]


@pytest.mark.parametrize(
    ("day", "hours"), [(datetime(2026, 3, 28, 23, tzinfo=UTC), 23), (datetime(2026, 10, 24, 22, tzinfo=UTC), 25)]
)
def test_a_day_of_daylight_saving_time_has_all_its_quarter_hours(day: datetime, hours: int) -> None:
    house = House(config(**HOME))
    last = None
    for quarter in range(4 * hours + 1):
        now = day + timedelta(minutes=15 * quarter) - timedelta(seconds=10 if quarter == 4 * hours else 0)
        last = step(house, 900.0 * quarter, now)
    assert last is not None
    assert last.today is not None
    assert last.today.day == (day + timedelta(hours=12)).date()
    assert last.loads["heater"].energy_wh == pytest.approx(2000 * hours, rel=0.02)
