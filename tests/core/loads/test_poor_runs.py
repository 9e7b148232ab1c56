"""Closings are not spent on a few Wh: after runs that gave little the surplus must last longer before a start."""

import pytest

from pv_heater.core.loads.load_step import FORGIVEN_S, Memory, start_delay_s, with_run_ended
from pv_heater.core.model.requests import ClearFault
from pv_heater.core.settings.load import LoadSettings
from tests.builders import House, config, heater

POLICY = LoadSettings(name="heater", max_power_w=2000, start_delay_s=5, min_on_s=300)


def after(*runs_wh: float, policy: LoadSettings = POLICY, for_want_of_sun: bool = True) -> Memory:
    memory = Memory()
    for energy_wh in runs_wh:
        memory = Memory(energy_wh=energy_wh, poor_runs=memory.poor_runs, opened_s=memory.opened_s)
        ended = with_run_ended(policy, memory, 1000.0, for_want_of_sun=for_want_of_sun)
        memory = Memory(poor_runs=ended.poor_runs, opened_s=1000.0)
    return memory


@pytest.mark.parametrize(
    ("runs_wh", "delay_s"),
    [
        ((), 5), ((5.0,), 30), ((5.0,) * 2, 60), ((5.0,) * 3, 120), ((5.0,) * 4, 240), ((5.0,) * 5, 480),
        ((5.0,) * 20, 480), ((60.0,), 5), ((5.0, 5.0, 60.0), 5), ((60.0, 5.0), 30),
    ],
)  # fmt: skip
def test_each_poor_run_doubles_the_wait_and_a_good_one_ends_it(runs_wh: tuple[float, ...], delay_s: float) -> None:
    assert start_delay_s(POLICY, after(*runs_wh), 1000.0) == delay_s


def test_half_an_hour_off_makes_up_for_one() -> None:
    memory = after(5.0, 5.0, 5.0)
    delays_s = [start_delay_s(POLICY, memory, 1000.0 + n * FORGIVEN_S) for n in range(5)]
    assert delays_s == [120, 60, 30, 5, 5]


def test_what_its_owner_or_a_guard_ended_was_not_poor_and_a_longer_delay_stays() -> None:
    assert start_delay_s(POLICY, after(5.0, 5.0, for_want_of_sun=False), 1000.0) == 5
    patient = LoadSettings(name="heater", max_power_w=2000, start_delay_s=90, min_on_s=300)
    assert start_delay_s(patient, after(5.0, 5.0), 1000.0) == 90


def test_a_fault_that_was_cleared_is_followed_by_no_longer_wait() -> None:
    house = House(config(loads=[heater(min_on_s=300)]))
    assert house.at(0).setpoints["heater"].on
    assert not house.at(1, inputs={"health": {"heater": "a pin cannot be written"}}).setpoints["heater"].on
    seen = [house.at(second, inputs={"commands": (ClearFault(load="heater"),)}) for second in (2, 3)]
    assert seen[-1].setpoints["heater"].on


def test_a_load_whose_switching_costs_nothing_does_not_wait() -> None:
    quick = LoadSettings(name="heater", max_power_w=2000, start_delay_s=0, min_on_s=0)
    assert start_delay_s(quick, after(5.0, 5.0, policy=quick), 1000.0) == 0


def test_a_kettle_with_a_rhythm_of_its_own_costs_few_closings() -> None:
    """40 s with 1 kW spare, 40 s with none, for an hour: a load with short rests would go on each time, for some Wh."""
    house = House(config(loads=[heater(min_on_s=10, min_off_s=10, start_delay_s=3)]))
    states = []
    for second in range(3600):
        own_w = house.decisions[-1][1].setpoints["heater"].power_w if house.decisions else 0.0
        sun_w = 1500.0 if second % 80 < 40 else 450.0
        house.at(second, pv_w=sun_w, consumption_w=500.0 + own_w, interval_s=1.0)
        states.append(house.decisions[-1][1].setpoints["heater"].on)
    assert sum(now and not before for before, now in zip([False, *states], states, strict=False)) <= 5
    waits = {d.loads["heater"].because for _, d in house.decisions if "gave little" in d.loads["heater"].because}
    assert any(because.endswith("must last 60 s, since the runs before gave little") for because in waits)


def test_a_run_that_a_silence_of_the_meter_ended_was_not_poor() -> None:
    """Nobody knows what the sun gave: the surplus that is back need not last longer than usual."""
    house = House(config(loads=[heater(min_on_s=10, min_off_s=10, start_delay_s=3)]))
    for second in range(20):
        own_w = house.decisions[-1][1].setpoints["heater"].power_w if house.decisions else 0.0
        house.at(second, pv_w=1300.0, consumption_w=760.0 + own_w, interval_s=1.0)
    assert house.decisions[-1][1].setpoints["heater"].on
    for second in range(20, 400):
        house.at(second, silent=True)
    assert not house.decisions[-1][1].setpoints["heater"].on
    for second in range(400, 410):
        own_w = house.decisions[-1][1].setpoints["heater"].power_w
        house.at(second, pv_w=1300.0, consumption_w=760.0 + own_w, interval_s=1.0)
    assert house.decisions[-1][1].setpoints["heater"].on
