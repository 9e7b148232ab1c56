"""A generator at an off-grid home: nothing heats by itself while it runs, and what its owner orders does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pv_heater import Controller, Force, Mode, load_config
from pv_heater.core.model.requests import Boost
from pv_heater.core.model.values import Decision, Inputs
from tests.builders import NOON, config, heater, reading

CHARGES: dict[str, Any] = {
    "ac_source": "generator", "grid_connected": False, "grid_w": None, "pv_w": 0.0, "battery_w": 2000.0,
}  # fmt: skip
"""2 kW of a generator go into the battery: without its name they look like 2 kW that are spare."""


class Island:
    """Steps of 10 s."""

    def __init__(self, **load: Any) -> None:
        site = {**config()["site"], "off_grid": True}
        self._controller = Controller(load_config(config(site=site, loads=[heater(**load)])), foresees=False)
        self._s, self._own_w = 0, 0.0

    def live(self, steps: int, *commands: Any, **seen: Any) -> Decision:
        """The last decision of so many steps; `commands` come with the first."""
        for step in range(steps):
            self._s += 10
            at = NOON + timedelta(seconds=self._s)
            inputs = Inputs(tick_s=float(self._s), commands=commands if step == 0 else ())
            house = reading(at, consumption_w=500.0 + self._own_w, **seen)
            decision = self._controller.step(at, house, None, inputs)
            self._own_w = decision.setpoints["heater"].power_w
        return decision


def test_heat_ends_at_once_when_a_generator_starts_and_begins_again_when_it_stops() -> None:
    home = Island(min_on_s=3600)
    assert home.live(12, grid_connected=False).setpoints["heater"].on
    stopped = home.live(1, **CHARGES)
    assert (stopped.setpoints["heater"].on, stopped.blocked_by) == (False, "generator")
    assert "a generator runs" in stopped.loads["heater"].because
    assert not home.live(30, **CHARGES).setpoints["heater"].on
    assert home.live(60, grid_connected=False, ac_source="none").setpoints["heater"].on


@pytest.mark.parametrize("sun_w", [0.0, 4000.0])
def test_no_sun_beside_a_generator_heats(sun_w: float) -> None:
    assert not Island().live(30, **CHARGES | {"pv_w": sun_w, "battery_w": sun_w}).setpoints["heater"].on


def test_what_its_owner_orders_runs_on_a_generator() -> None:
    forced = Island().live(2, Force(load="heater", mode=Mode.ON, for_s=600, power_w=1000), **CHARGES)
    assert forced.setpoints["heater"].power_w == 1000
    boosted = Island().live(2, Boost(load="heater", for_s=600), **CHARGES)
    assert boosted.setpoints["heater"].on


def test_a_daily_minimum_waits_for_the_end_of_a_generator() -> None:
    home = Island(daily_min_wh=4000, ready_by="14:30")
    assert not home.live(60, **CHARGES).setpoints["heater"].on
    dark = {"ac_source": "none", "grid_connected": False, "grid_w": None, "pv_w": 0.0, "battery_w": -500.0}
    decision = home.live(60, **dark)
    assert (decision.setpoints["heater"].on, decision.loads["heater"].rule) == (True, "guarantee")


def test_shore_power_is_a_grid() -> None:
    assert Island().live(12, ac_source="shore", grid_connected=True).setpoints["heater"].on
