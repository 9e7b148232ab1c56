"""The bucket law on the real controller: a house with a grid meter, second by second."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as rigour
from hypothesis import strategies as st

from pv_heater import Controller
from pv_heater.config.load import load_config
from pv_heater.core.model.values import Decision, Inputs, Reading
from pv_heater.errors import ConfigError
from pv_heater.strategies.bucket import SecondChannel
from tests.builders import NOON, config, heater

GRID_ONLY: dict[str, Any] = {"latitude": 47.05, "longitude": 15.44, "timezone": "Europe/Vienna"}


def settings(
    *loads: dict[str, Any], site: dict[str, Any] | None = None, max_grid_w: float = 1000, **law: Any
) -> dict[str, Any]:
    return config(
        site=site or GRID_ONLY,
        strategy={"type": "bucket", **law},
        loads=list(loads) or [heater(dead_band_w=0)],
        limits={"max_grid_w": max_grid_w},
    )


class GridHouse:
    """A house whose meter sees the grid every `interval_s`; its loads do what they are told `lag_s` later."""

    def __init__(self, wanted: dict[str, Any], *, interval_s: float = 1.0, lag_s: int = 0) -> None:
        self.controller = Controller(load_config(wanted), foresees=False)
        self.interval_s = interval_s
        self.tick_s = 0.0
        self.told_w: deque[float] = deque([0.0] * (lag_s + 1), maxlen=lag_s + 1)
        self.grid_w: list[float] = []
        self.power_w: list[float] = []
        self.decision: Decision | None = None

    def live(self, seconds: float, surplus_w: float, **fields: Any) -> Decision:
        """So long with that much sun beyond the house's use; `fields` are more that the meter tells."""
        until_s = self.tick_s + seconds
        while self.tick_s < until_s - 1e-9:
            now = NOON + timedelta(seconds=self.tick_s)
            grid_w = self.told_w[0] - surplus_w
            values = {"grid_w": grid_w, "interval_s": self.interval_s} | fields
            reading = Reading(taken_at=now, source="meter", **values)
            self.decision = self.controller.step(now, reading, None, Inputs(tick_s=self.tick_s))
            self.grid_w.append(grid_w)
            self.power_w.append(sum(point.power_w for point in self.decision.setpoints.values()))
            self.told_w.append(self.power_w[-1])
            self.tick_s += self.interval_s
        assert self.decision is not None
        return self.decision


@pytest.mark.parametrize("lag_s", [0, 1, 2])
@pytest.mark.parametrize("surplus_w", [150.0, 400.0, 1000.0, 1700.0])
def test_it_finds_the_surplus_within_the_bias_and_does_not_swing(surplus_w: float, lag_s: int) -> None:
    house = GridHouse(settings(), lag_s=lag_s)
    house.live(120, surplus_w)
    assert house.power_w[-20:] == pytest.approx([surplus_w] * 20, abs=27.1)
    assert max(house.grid_w) <= 19.0
    assert house.grid_w[-1] == pytest.approx(0.0, abs=27.1)


def test_little_power_sells_a_little_and_much_power_buys_a_little() -> None:
    """The original's bias: one and a half times 18 W sold below the lower threshold, 18 W bought above the upper."""
    low, high = GridHouse(settings()), GridHouse(settings())
    low.live(300, 300.0)
    high.live(300, 1500.0)
    assert low.grid_w[-1] == pytest.approx(-27.0, abs=1.0)
    assert high.grid_w[-1] == pytest.approx(18.0, abs=1.0)


def test_an_import_is_answered_by_the_next_reading() -> None:
    house = GridHouse(settings())
    house.live(60, 1900.0)
    house.live(1, 600.0)
    assert house.power_w[-1] == pytest.approx(600.0 + 18.0)


@pytest.mark.parametrize("lag_s", [0, 1])
def test_clouds_leave_little_in_the_grid(lag_s: int) -> None:
    """Nearly all the sun heats, and bought is little more than what flows before a reading shows the cloud."""
    house = GridHouse(settings(), lag_s=lag_s)
    for number in range(60):
        house.live(10, 1600.0 if number % 2 else 900.0)
    unseen_w = 30 * 700.0 * (1 + lag_s)
    assert sum(max(0.0, watts) for watts in house.grid_w) < 1.3 * unseen_w
    assert sum(house.power_w) > 0.95 * 600 * 1250


def test_a_bucket_that_filled_while_the_load_rested_does_not_import_at_the_start() -> None:
    house = GridHouse(settings(heater(dead_band_w=0, start_delay_s=60)))
    house.live(59, 500.0)
    assert house.power_w[-1] == 0.0
    house.live(30, 500.0)
    assert house.power_w[-1] > 450.0
    assert max(house.grid_w) <= 19.0


def test_it_does_not_fill_below_the_least_power_of_any_load() -> None:
    house = GridHouse(settings(heater(min_power_w=400)))
    decision = house.live(120, 390.0)
    assert decision.loads["heater"].power_w == 0.0
    assert decision.because == (
        "the grid takes 390 W, the bucket is 0 % full, 390 W are less than any load can run at (400 W)"
    )
    assert house.live(60, 600.0).loads["heater"].power_w > 400.0


def test_the_next_load_in_the_list_is_the_second_channel() -> None:
    house = GridHouse(settings(heater("first", dead_band_w=0, max_power_w=1000), heater("second", dead_band_w=0)))
    decision = house.live(120, 1800.0)
    assert decision.setpoints["first"].power_w == 1000.0
    assert decision.setpoints["second"].power_w == pytest.approx(800.0, abs=27.1)


def test_a_target_below_zero_always_sells_a_little() -> None:
    house = GridHouse(settings(import_target_w=-100))
    house.live(300, 1500.0)
    assert house.grid_w[-1] == pytest.approx(-100.0 + 18.0, abs=1.0)


def test_a_repeated_reading_fills_nothing() -> None:
    house = GridHouse(settings())
    house.live(3, 1500.0)
    now, at_s = NOON + timedelta(seconds=2), 2.0
    seen = Reading(taken_at=now, source="meter", grid_w=house.grid_w[-1], interval_s=1.0)
    for repeat in range(1, 20):
        decision = house.controller.step(
            now + timedelta(seconds=repeat / 5), seen, None, Inputs(tick_s=at_s + repeat / 5)
        )
        assert decision.setpoints["heater"].power_w == house.power_w[-1]


def test_a_battery_that_gives_counts_as_import() -> None:
    """The inverter holds the grid at nothing with the battery's power: the bucket empties all the same."""
    site = config()["site"] | {"feed_in": True}
    house = GridHouse(settings(site=site))
    house.live(60, 1500.0, battery_w=0.0, battery_soc_percent=100.0)
    house.live(1, 1500.0, grid_w=0.0, battery_w=-900.0, battery_soc_percent=99.0)
    assert house.power_w[-1] <= house.power_w[-2] - 850.0


def test_the_bias_does_not_take_a_battery_its_charge() -> None:
    site = config()["site"] | {"feed_in": True}
    house = GridHouse(settings(site=site))
    house.live(60, 1500.0, battery_w=0.0, battery_soc_percent=100.0)
    before_w = house.power_w[-1]
    house.live(600, 0.0, grid_w=0.0, battery_w=700.0, battery_soc_percent=90.0)
    assert house.power_w[-1] == pytest.approx(before_w)


def test_with_a_battery_and_no_feed_in_balance_decides_and_it_says_so() -> None:
    house = GridHouse(settings(site=config()["site"]))
    decision = house.live(
        10, 0.0, grid_w=0.0, pv_w=2000.0, consumption_w=500.0, battery_w=1500.0, battery_soc_percent=97.0
    )
    assert decision.loads["heater"].rule == "balance"
    assert decision.because.startswith(
        "with a battery and without feed-in nothing is exported that could fill the bucket, so by balance: "
    )


def test_slow_readings_are_left_to_balance() -> None:
    house = GridHouse(settings(), interval_s=60.0)
    decision = house.live(600, 1200.0)
    assert decision.loads["heater"].rule == "balance"
    assert decision.because.startswith(
        "readings every 60 s are too slow for the bucket, it needs one every 10 s, so by balance: "
    )


def test_a_meter_that_does_not_tell_its_pace_is_watched() -> None:
    house = GridHouse(settings(), interval_s=20.0)
    assert house.live(100, 1200.0, interval_s=None).loads["heater"].rule == "balance"
    quick = GridHouse(settings())
    assert quick.live(100, 1200.0, interval_s=None).loads["heater"].rule == "bucket"


def test_late_readings_are_left_to_balance() -> None:
    controller = Controller.from_config(settings())
    for second in range(3):
        now = NOON + timedelta(seconds=second)
        seen = Reading(taken_at=now - timedelta(seconds=15), source="meter", grid_w=-900.0, interval_s=1.0)
        decision = controller.step(now, seen, None, Inputs(tick_s=float(second)))
    assert decision.because.startswith("readings 15 s old are too late for the bucket, 10 s are its limit")


def test_without_grid_power_balance_decides() -> None:
    house = GridHouse(settings())
    decision = house.live(5, 0.0, grid_w=None, pv_w=2000.0, consumption_w=500.0)
    assert decision.because.startswith("meter does not tell the grid's power, so by balance: ")


def test_a_pause_of_the_meter_does_not_fill_the_bucket_at_once() -> None:
    """After a gap the power seen at its end is no more than ten seconds' worth, and never more than the surplus."""
    house = GridHouse(settings())
    house.live(5, 200.0)
    house.tick_s += 25.0
    house.live(1, 700.0)
    assert house.power_w[-1] <= 700.0 + 18.0 + 1e-6


def test_thresholds_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"lower_percent: must lie between start_percent \(15 %\) and upper_percent"):
        load_config(settings(lower_percent=60))


def test_the_second_channel_climbs_while_something_is_left_and_falls_at_once_in_need() -> None:
    """The original's steps: 20 at the start, 20, 5 or 1 up by what is left, 1 down, 10 or everything at an import."""
    channel, seen = SecondChannel(18.0), []
    full = [0.0, 300.0, 300.0, 150.0, 40.0, 25.0, 10.0]
    emptied = [-50.0, -500.0, -1500.0]
    for second, left_w in enumerate(full):
        channel.step(float(second), left_w, full=True)
        seen.append(channel.percent)
    for second, left_w in enumerate(emptied, len(full)):
        channel.step(float(second), left_w, full=False)
        seen.append(channel.percent)
    assert seen == [0, 20, 40, 45, 46, 46, 45, 44, 34, 0]
    channel.step(10.0, 500.0, full=True)
    channel.step(10.3, 500.0, full=True)  # not a second later
    assert channel.percent == 20


def test_the_second_channel_shows_among_the_figures_when_all_loads_run_full() -> None:
    house = GridHouse(settings())
    assert house.live(20, 3500.0).trace.strategy["second_channel_percent"] > 0
    assert house.live(200, 1000.0).trace.strategy["second_channel_percent"] == 0


@rigour(max_examples=20, deadline=None)
@given(st.lists(st.integers(-2000, 4000), min_size=5, max_size=60), st.sampled_from([0, 1]))
def test_whatever_the_sun_does_little_is_bought_for_heat(suns_w: list[int], lag_s: int) -> None:
    """Beside what the house itself needs: what flows before a reading shows a fall, as much after it, and the bias."""
    house = GridHouse(settings(max_grid_w=100_000), lag_s=lag_s)
    for sun_w in suns_w:
        house.live(1, float(sun_w))
        assert 0.0 <= house.power_w[-1] <= 2000.0
    falls_w = sum(max(0, before - after) for before, after in pairwise(suns_w))
    for_heat_w = sum(max(0.0, grid_w - max(0, -sun_w)) for grid_w, sun_w in zip(house.grid_w, suns_w, strict=True))
    assert for_heat_w <= 2.0 * (1 + lag_s) * falls_w + 19.0 * len(suns_w)
