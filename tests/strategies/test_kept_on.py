"""A plan keeps a load on at its least through some minutes without surplus, where that costs next to nothing."""

from dataclasses import replace
from typing import Any

import pytest

from pv_heater.core.model.values import Decision, Forecast
from pv_heater.strategies.kept_on import LONGEST_S
from tests.builders import House
from tests.strategies.test_plan import day, house, power

FILLS, FILLS_IN_MOST = day(8000), day(4500)
DARK_NOON = replace(FILLS, steps=tuple((at, 0.0 if at.hour == 11 else 3 * pv_w) for at, pv_w in FILLS.steps))
BY_THE_MEAN_S = 120.0
"""Without it the heater goes off as soon as the mean of a minute and the bridging of the dip allow."""


class Noon:
    """A heater that has been on for three minutes, on 2.5 kW that are spare."""

    def __init__(self, forecast: Forecast = FILLS, *, soc_percent: float = 97.9, **settings: Any) -> None:
        self.home: House = house(**settings)
        self.forecast, self.soc_percent = forecast, soc_percent
        self.second, self.power_w, self.given_wh = 0, 0.0, 0.0
        self.live(180, pv_w=3000.0)
        assert self.power_w > 0

    def live(self, seconds: int, *, pv_w: float, use_w: float = 500.0, grid_w: float = 0.0) -> list[Decision]:
        """A look every ten seconds; sun and battery carry what the grid does not."""
        decisions = []
        for _ in range(0, seconds, 10):
            battery_w = pv_w + grid_w - use_w - self.power_w
            self.given_wh += min(self.power_w, max(0.0, -battery_w)) / 360.0
            decision = self.home.at(
                self.second,
                pv_w=pv_w,
                consumption_w=use_w + self.power_w,
                battery_w=battery_w,
                grid_w=grid_w,
                battery_soc_percent=self.soc_percent,
                with_forecast=self.forecast,
            )
            self.power_w = power(decision)
            decisions.append(decision)
            self.second += 10
        return decisions

    def runs_s(self, **peak: float) -> float:
        """How long of a peak of ten minutes the heater is on."""
        return 10.0 * sum(power(decision) > 0 for decision in self.live(600, **peak))


@pytest.mark.parametrize("peak", [{"pv_w": 3000.0, "use_w": 4000.0}, {"pv_w": 300.0}])
def test_a_peak_of_some_minutes_ends_no_run(peak: dict[str, float]) -> None:
    """Somebody cooks, or a cloud passes."""
    noon = Noon()
    decisions = noon.live(240, **peak)
    assert power(decisions[-1]) == 60.0
    assert decisions[-1].loads["heater"].because.startswith("kept on with 60 W for up to ")
    assert power(noon.live(60, pv_w=3000.0)[-1]) > 0
    assert noon.home.controller.state()["loads"]["heater"]["closings"] == 1


def test_what_lasts_longer_does() -> None:
    """Five minutes at 60 W, after the dip was bridged."""
    noon = Noon()
    assert LONGEST_S < noon.runs_s(pv_w=300.0) <= LONGEST_S + BY_THE_MEAN_S
    assert noon.given_wh <= 20.0 + 2 * LONGEST_S * 60.0 / 3600.0 + 6.0  # readings come ten seconds late


@pytest.mark.parametrize(
    "case",
    [{"forecast": FILLS_IN_MOST}, {"forecast": day(700)}, {"forecast": DARK_NOON}, {"load": {"min_power_w": 150}}],
    ids=["fills in most", "dull", "no sun expected now", "needs more"],
)
def test_where_it_would_cost_something_the_run_ends(case: dict[str, Any]) -> None:
    """The battery may not fill today, no sun is due now, or the load takes more than a battery may always give."""
    assert Noon(**case).runs_s(pv_w=300.0) <= BY_THE_MEAN_S


def test_lead_that_must_fill_comes_before_it() -> None:
    noon = Noon(battery={"capacity_wh": 4800, "max_charge_w": 2400, "chemistry": "lead"})
    assert noon.runs_s(pv_w=300.0) <= BY_THE_MEAN_S


def test_on_grid_power_nothing_is_kept_on() -> None:
    assert Noon().runs_s(pv_w=300.0, grid_w=400.0) <= BY_THE_MEAN_S


def test_below_its_floor_the_battery_keeps_nothing_on() -> None:
    """At 23 % heating is allowed, and the battery comes first."""
    assert Noon(soc_percent=23.2).runs_s(pv_w=300.0) <= BY_THE_MEAN_S
