"""Dips that are bridged from the battery, and how they end: through the real controller, a look a second."""

import pytest

from pv_heater.core.model.requests import Force, Mode
from pv_heater.strategies.ride_through import MOST_S, MOST_WH
from tests.builders import House, config

ALLOWED_W = 100.0


class Course:
    """A house of 500 W whose battery gives and takes what is missing or left; the heater follows at once."""

    def __init__(self, **site: object) -> None:
        self.house = House(config(strategy={"type": "balance", "filter_s": 60, **site}))
        self.second = 0
        self.power_w = 0.0
        self.given_wh = 0.0
        self.because: list[str] = []
        self.notices: list[tuple[str, ...]] = []

    def live(self, seconds: int, spare_w: float, *, shows_w: float = 0.0) -> list[float]:
        """The heater's power, second by second; the meter shows `shows_w` more sun than there is."""
        powers = []
        for _ in range(seconds):
            battery_w = spare_w - self.power_w
            self.given_wh += max(0.0, -battery_w) / 3600.0
            decision = self.house.at(
                self.second, pv_w=500.0 + spare_w + shows_w, consumption_w=500.0 + self.power_w, battery_w=battery_w
            )
            self.power_w = decision.setpoints["heater"].power_w
            powers.append(self.power_w)
            self.because.append(decision.loads["heater"].because)
            self.notices.append(decision.notices)
            self.second += 1
        return powers


@pytest.mark.parametrize(("before_w", "after_w"), [(3100.0, 1100.0), (2000.0, 0.0), (3100.0, 300.0), (6000.0, 1000.0)])
def test_a_dip_costs_the_battery_no_more_than_is_said_and_then_what_is_there_counts(
    before_w: float, after_w: float
) -> None:
    """A kettle, or a cloud: the loads go on meanwhile, and come down at once when the battery has bridged enough."""
    course = Course()
    course.live(120, before_w)
    course.given_wh = 0.0
    course.live(240, after_w)
    assert course.given_wh <= MOST_WH + 240 * ALLOWED_W / 3600 + 1.5  # readings a second apart see the last second late
    assert course.power_w <= after_w + ALLOWED_W + 1


def test_a_short_dip_is_bridged_and_said() -> None:
    course = Course()
    course.live(120, 3100.0)
    assert course.live(20, 1100.0)[-1] == 2000.0
    assert "from the battery meanwhile" in course.because[-1]
    assert course.live(30, 3100.0)[-1] == 2000.0
    assert "from the battery" not in course.because[-1]


def test_a_dip_that_costs_something_is_told_once() -> None:
    course = Course()
    course.live(120, 3100.0)
    course.live(60, 1100.0)
    told = {notice for notices in course.notices for notice in notices}
    assert told == {f"a dip is bridged from the battery, for at most {MOST_WH:.0f} Wh or {MOST_S / 60:.0f} min"}


def test_a_small_dip_ends_as_well() -> None:
    """The meter shows 140 W of sun too much, within its noise: the battery does not pay for it for ever."""
    course = Course()
    course.live(60, 1000.0)
    course.live(int(MOST_S) + 60, 1000.0, shows_w=140.0)
    assert course.power_w <= 1000.0 + ALLOWED_W + 1


def test_after_a_dip_the_sun_is_taken_as_before() -> None:
    course = Course()
    course.live(120, 3100.0)
    course.live(300, 1100.0)
    assert course.live(60, 3100.0)[-1] == 2000.0


def test_dips_one_after_the_other_are_one() -> None:
    """A second of sun between two clouds is no rest: the battery has not been given back what it gave."""
    course = Course()
    course.live(120, 2500.0)
    course.given_wh = 0.0
    for _ in range(10):
        course.live(30, 500.0)
        course.live(2, 2500.0)
    assert course.given_wh <= 1.5 * MOST_WH + 320 * ALLOWED_W / 3600


def test_where_battery_and_grid_are_not_measured_nothing_is_bounded_by_them() -> None:
    house = House(config(strategy={"type": "balance", "filter_s": 60}))
    for second in range(300):
        decision = house.at(second, pv_w=3000.0, battery_w=None, grid_w=None, consumption_w=500.0)
    assert decision.setpoints["heater"].power_w == 2000.0


def test_at_the_portals_pace_three_readings_are_a_dip() -> None:
    """One reading that shows a kettle is a moment of a minute; after the third what is there counts."""
    house, power_w, powers = House(config(strategy={"type": "balance", "filter_s": 900})), 0.0, []
    for minute in range(12):
        spare_w = 2000.0 if minute < 6 else 500.0
        decision = house.at(
            60.0 * minute,
            source="vrm",
            interval_s=60.0,
            pv_w=500.0 + spare_w,
            consumption_w=500.0 + power_w,
            battery_w=spare_w - power_w,
        )
        power_w = decision.setpoints["heater"].power_w
        powers.append(power_w)
    assert min(powers[5:8]) > 1500.0
    assert max(powers[8:]) <= 500.0 + ALLOWED_W + 1


def test_what_a_forced_load_takes_from_the_battery_is_no_dip() -> None:
    house = House(config(strategy={"type": "balance", "filter_s": 60}))
    forced = {"commands": (Force(load="heater", mode=Mode.ON, for_s=1200.0),)}
    decisions = [
        house.at(second, pv_w=0.0, consumption_w=2500.0, battery_w=-2500.0, inputs={} if second else forced)
        for second in range(120)
    ]
    assert decisions[-1].setpoints["heater"].power_w == 2000.0
    assert not any(decision.notices for decision in decisions)
    assert "from the battery" not in decisions[-1].because
