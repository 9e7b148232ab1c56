"""A day on which Dynamic ESS moves the battery for a price, beside a heater that may have the sun only."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

import pytest

from pv_heater.core.model.steering import By, Does, Steering
from pv_heater.sim.home import HomeSettings, Spell
from pv_heater.sim.real_home import RealHomeSettings
from tests.scenarios.life import BALANCE, HOUR, MIDNIGHT, PLAN, Day, day_of, live
from tests.scenarios.real_home import START, live_real

SUN = [(0, 0, 400), (5, 300, 400), (8, 1500, 400), (10, 3000, 400), (16, 2000, 400), (18, 1000, 400), (20, 0, 400)]
PLANNED: dict[str, tuple[float, float, Does, float | None, float]] = {
    "buys at night": (1, 3, Does.CHARGES, 1500.0, 75.0),
    "holds": (3, 9, Does.HOLDS, 0.0, 75.0),
    "follows": (9, 11.5, Does.FOLLOWS, None, 95.0),
    "holds at noon": (11.5, 13, Does.HOLDS, 0.0, 80.0),
    "buys at noon": (13, 14, Does.CHARGES, 4500.0, 95.0),
    "follows on": (14, 18, Does.FOLLOWS, None, 95.0),
    "sells": (18, 20, Does.SELLS, -2100.0, 30.0),
}
"""From and until which hour, what is done, what the battery takes, and to which charge."""


def spells(*, told: bool = True) -> list[Spell]:
    rows = []
    for from_hour, to_hour, does, battery_w, percent in PLANNED.values():
        until_at = MIDNIGHT.replace(hour=int(to_hour), minute=int(60 * to_hour % 60))
        steering = Steering(
            by=By.DYNAMIC_ESS, does=does, target_percent=percent, charge_w=battery_w or None, until_at=until_at
        )
        rows.append(
            Spell(
                from_s=from_hour * HOUR,
                to_s=to_hour * HOUR,
                steering=steering if told else None,
                battery_w=battery_w,
            )
        )
    return rows


class Lines(logging.Handler):
    """What the log said."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@cache
def day(strategy: str, from_hour: float = 0.0, *, told: bool = True) -> tuple[Day, list[str]]:
    """The day and its log, lived once."""
    lines, log = Lines(), logging.getLogger("pv_heater.transitions")
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(lines)
    try:
        lived = live(
            day_of(SUN, 20.5),
            strategy={"type": strategy},
            spells=spells(told=told),
            start_percent=40.0,
            feed_in=True,
            tick_s=60.0,
            interval_s=60.0,
            from_hour=from_hour,
            limits={"max_grid_w": 3000},
            forecast_w=2500.0,
        )
    finally:
        log.removeHandler(lines)
        log.setLevel(level)
    return lived, lines.said


@pytest.mark.parametrize("strategy", ["plan", "balance"])
def test_only_sun_heats_on_a_day_of_dynamic_ess(strategy: str) -> None:
    """
    01:00  it buys 1.5 kW for the battery; nothing heats from it
    11:30  it holds the battery, and 2.6 kW of sun are exported: the heater has all it can take
    13:00  it buys 1.9 kW beside 2.6 kW of sun for the battery; nothing heats, though the guard would let 3 kW pass
    18:00  it sells 2.1 kW from the battery beside 600 W of sun: the heater has the 600 W
    """
    lived, _ = day(strategy)
    assert lived.heated_s(0, 5) == 0
    assert lived.power_w(12.5) == pytest.approx(2000, abs=60)
    assert lived.heated_s(13 + 400 / HOUR, 14) == 0
    evening_w = [lived.power_w(18 + minutes / 60) for minutes in range(5, 85, 5)]
    assert max(evening_w) <= 601
    assert max(evening_w) >= 400
    sold_wh = lived.discharged_wh(18.1, 19.4)
    assert sold_wh == pytest.approx(2100 * 1.3, rel=0.05)


def test_it_is_said_when_each_begins_and_when_all_of_it_ends() -> None:
    _, lines = day("balance")
    said = [line for line in lines if line.startswith("Dynamic ESS")]
    assert [line for line in said if " sells " in line] == [
        "Dynamic ESS sells 2.1 kW from the battery until 20:00; not counted as sun"
    ]
    assert "Dynamic ESS buys 1.5 kW for the battery until 03:00; nothing heats from it" in said
    assert "Dynamic ESS holds the battery at 80 % until 13:00; sun beyond the house is spare" in said
    assert said[-1] == "Dynamic ESS no longer steers the battery"
    assert len(said) == len(PLANNED) + 1


def test_of_firmware_that_tells_nothing_of_it_nothing_is_said_and_the_house_s_own_sum_still_counts() -> None:
    lived, lines = day("balance", 17.0, told=False)
    assert not [line for line in lines if "Dynamic ESS" in line]
    assert all(decision.trace.steering is None for _, decision, _ in lived.seen)
    assert max(lived.power_w(18 + minutes / 60) for minutes in range(10, 85, 5)) <= 700


@pytest.mark.parametrize("strategy", [BALANCE, PLAN], ids=["balance", "plan"])
def test_through_the_reader_of_a_gx_device_in_mid_heating(strategy: dict[str, Any]) -> None:
    """
    00:00  Dynamic ESS holds the battery; 1.8 kW of sun are spare and heat
    01:30  clouds, and it begins to sell 2.1 kW: the heater is at what the sun leaves within five seconds
    03:00  it buys: off
    """
    rows = [(0, 90, Does.HOLDS, 0.0), (90, 180, Does.SELLS, -2100.0), (180, 240, Does.CHARGES, 2000.0)]
    home = HomeSettings(
        feed_in=True,
        spells=[
            Spell(from_s=from_s, to_s=to_s, battery_w=battery_w, steering=Steering(by=By.DYNAMIC_ESS, does=does,
                  target_percent=60.0, ahead_percent=60.0, charge_w=battery_w or None, until_at=START.replace(hour=18)))
            for from_s, to_s, does, battery_w in rows
        ],
    )  # fmt: skip
    lived = live_real(
        [(0, 2400, 600), (90, 1200, 600)],
        240,
        strategy=strategy,
        site={"feed_in": True},
        start_percent=60.0,
        real=RealHomeSettings(home=home, regulation_s=0.0),
        limits={"max_grid_w": 3000},
        through_reader=True,
    )
    assert lived.setpoint_w(85) == pytest.approx(1800, abs=60)
    assert max(second.setpoint_w for second in lived.between(96, 180)) <= 660
    assert lived.mean_setpoint_w(120, 180) == pytest.approx(600, abs=60)
    assert lived.on_s(187, 240) == 0
    read = lived.at(150).reading
    assert read is not None
    assert read.steering == home.spells[1].steering
