"""Twelve loads on one controller: steps of the sun, thermostats that open, shedding and passing on."""

from __future__ import annotations

import time
from statistics import median, quantiles
from typing import Any

from pv_heater.core.house.surplus import Budget
from pv_heater.core.loads.allocator import Claim, allot
from pv_heater.core.model.values import Decision, Phase
from pv_heater.core.settings.load import LoadSettings
from tests.builders import House, config, heater

COUNT, EACH_W = 12, 500.0


class Home:
    """A house that draws what its loads are set to, but for those whose thermostat is open."""

    def __init__(self, *, measured: bool = False, **row: Any) -> None:
        values = {"max_power_w": EACH_W, "min_power_w": 50, **row}
        self.house = House(config(loads=[heater(f"load_{number}", **values) for number in range(1, COUNT + 1)]))
        self.open: set[str] = set()
        self.measured = measured
        self.now_w: dict[str, float] = {}

    def at(self, second: float, sun_w: float, **fields: Any) -> Decision:
        drawn_w = {name: 0.0 if name in self.open else power_w for name, power_w in self.now_w.items()}
        load_w = drawn_w if self.measured else {}
        use_w = 300.0 + sum(drawn_w.values())
        values = {"pv_w": sun_w, "consumption_w": use_w, "load_w": load_w, "interval_s": 1.0, **fields}
        decision = self.house.at(second, **values)
        self.now_w = {name: point.power_w for name, point in decision.setpoints.items()}
        return decision

    def settled_at(self, sun_w: float) -> Decision:
        for second in range(60):
            decision = self.at(second, sun_w)
        return decision


def powers(decision: Decision) -> list[float]:
    return [point.power_w for point in decision.setpoints.values()]


def test_a_step_of_two_kilowatts_is_shared_out_within_two_samples_once_start_delays_are_over() -> None:
    home = Home(start_delay_s=5)
    assert powers(home.settled_at(1800.0)) == [500.0] * 3 + [0.0] * 9
    for second in range(60, 66):
        decision = home.at(second, 3800.0)
    assert powers(decision) == [500.0] * 7 + [0.0] * 5
    assert decision.trace.spare_w == 3500


def test_without_start_delays_it_is_shared_out_in_the_sample_that_shows_it() -> None:
    home = Home()
    home.settled_at(1800.0)
    assert powers(home.at(60, 3800.0)) == [500.0] * 7 + [0.0] * 5


def test_shade_sheds_them_last_to_first_in_the_sample_that_shows_it() -> None:
    home = Home()
    assert powers(home.settled_at(6300.0)) == [500.0] * 12
    assert powers(home.at(60, 2600.0)) == [500.0] * 4 + [300.0] + [0.0] * 7


def test_a_higher_load_takes_from_lower_ones_when_it_wants_again() -> None:
    home = Home(target_c=60, hysteresis_c=5)
    cold = {f"load_{number}": 40.0 for number in range(1, COUNT + 1)}
    hot_first = {**cold, "load_1": 61.0}
    for second in range(10):
        decision = home.at(second, 1300.0, load_c=hot_first)
    assert powers(decision) == [0.0, 500.0, 500.0] + [0.0] * 9
    for second in range(10, 13):
        decision = home.at(second, 1300.0, load_c=cold)
    assert powers(decision) == [500.0, 500.0] + [0.0] * 10


def test_a_measured_thermostat_that_opens_hands_its_power_on_within_fifteen_seconds_on_a_meter_of_one() -> None:
    home = Home(measured=True)
    assert powers(home.settled_at(1800.0)) == [500.0] * 3 + [0.0] * 9
    home.open.add("load_1")
    for second in range(60, 75):
        decision = home.at(second, 1800.0)
        if decision.loads["load_4"].power_w == 500:
            break
    assert second <= 67
    assert decision.loads["load_1"].phase is Phase.FULL
    assert powers(decision) == [0.0] + [500.0] * 3 + [0.0] * 8


def test_an_unmeasured_thermostat_that_opens_hands_on_no_more_than_the_house_used_besides() -> None:
    """Twelve alike, no meters of their own: the house draws 500 W less, of which 300 W can be told from its own use.

    Nobody can tell which load it is: that takes a meter of its own, or one load that is told more than half of it all.
    """
    home = Home()
    home.settled_at(1800.0)
    home.open.add("load_1")
    assert powers(home.at(60, 1800.0)) == [500.0] * 3 + [300.0] + [0.0] * 8
    for second in range(61, 75):
        decision = home.at(second, 1800.0)
    assert powers(decision) == [500.0] * 3 + [300.0] + [0.0] * 8
    assert decision.loads["load_1"].phase is Phase.HEATING


def test_twelve_loads_are_allotted_in_less_than_a_millisecond() -> None:
    """Measured at some 0.1 ms on a desktop; the bound leaves room for a busy machine, not for a mistake."""
    policies = [
        LoadSettings(name=f"load_{number}", max_power_w=EACH_W, phase=number % 3 + 1) for number in range(COUNT)
    ]
    claims = [Claim(policy=policy, available=True, running=True, held_w=0.0) for policy in policies]
    budget = Budget(power_w=3000.0, rule="test", because="test")
    times_ms = []
    for _ in range(500):
        started_s = time.perf_counter()
        allot(budget, claims, (4000.0, 4000.0, 4000.0))
        times_ms.append(1000 * (time.perf_counter() - started_s))
    assert median(times_ms) < 1.0, f"99 % under {quantiles(times_ms, n=100)[98]:.2f} ms"
