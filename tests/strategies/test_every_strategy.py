"""What holds whatever the strategy: the grid power aimed at, the soft fuse, the share of a regulator."""

from __future__ import annotations

from datetime import timedelta
from statistics import fmean
from typing import Any

import pytest

from pv_heater import Controller, load_config
from pv_heater.core.model.values import Decision, Inputs
from pv_heater.errors import ConfigError
from pv_heater.strategies import STRATEGIES
from tests.builders import NOON, config, forecast, heater, reading

STEP_S = 2.0
SITE = {"latitude": 47.05, "longitude": 15.44, "pv": [{"kwp": 5.0}], "feed_in": True}


class GridHome:
    """A home without a battery that may feed in, asked every two seconds; the heater follows at once."""

    def __init__(self, strategy: str, limits: dict[str, Any] | None = None, **changes: Any) -> None:
        own = {"import_target_w": changes.pop("import_target_w")} if "import_target_w" in changes else {}
        settings = config(site=SITE, strategy={"type": strategy} | own, limits=limits or {}) | changes
        self._controller = Controller(load_config(settings), foresees=False)
        self.sun_w, self.house_w, self.forecast_w = 2500.0, 500.0, 4000.0
        self.at_s = self.heat_w = 0.0
        self.grid_w: list[float] = []
        self.powers_w: list[float] = []

    def live(self, seconds: float, **fields: Any) -> Decision:
        """The last decision of that time."""
        end_s = self.at_s + seconds
        while True:
            self.at_s += STEP_S
            at, use_w = NOON + timedelta(seconds=self.at_s), self.house_w + self.heat_w
            self.grid_w.append(use_w - self.sun_w)
            own: dict[str, Any] = {
                "pv_w": self.sun_w,
                "consumption_w": use_w,
                "grid_w": self.grid_w[-1],
                "grid_phase_w": (self.grid_w[-1],),
                "battery_w": None,
                "battery_soc_percent": None,
                "interval_s": STEP_S,
            }
            expected = forecast(at, self.forecast_w) if self.forecast_w else None
            seen = reading(at, **own | fields)
            decision = self._controller.step(at, seen, expected, Inputs(tick_s=self.at_s))
            self.heat_w = decision.setpoints["heater"].power_w
            self.powers_w.append(self.heat_w)
            if self.at_s >= end_s:
                return decision


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("target_w", [-300.0, 0.0])
def test_so_much_export_is_kept(strategy: str, target_w: float) -> None:
    """The earlier law takes steps of 200 W around it."""
    home = GridHome(strategy, {"grid_target_w": target_w, "max_grid_w": 500})
    home.forecast_w = 4000.0 if target_w or strategy != "forecast_gap" else 0.0
    home.live(240)
    assert fmean(home.grid_w[-40:]) == pytest.approx(target_w, abs=60)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_so_much_is_bought_where_there_is_no_battery(strategy: str) -> None:
    home = GridHome(strategy, {"grid_target_w": 300, "max_grid_w": 500})
    home.sun_w, home.forecast_w = 1500.0, 0.0
    decision = home.live(240)
    assert fmean(home.grid_w[-40:]) == pytest.approx(300, abs=60)
    assert decision.blocked_by is None


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_where_there_is_a_battery_it_would_pay_so_nothing_is_bought(strategy: str) -> None:
    """An ESS holds the grid at its own set point, whatever is aimed at here."""
    bare, aimed = (
        GridHome(strategy, {"grid_target_w": target_w, "max_grid_w": 500}, site=config()["site"] | {"feed_in": True})
        for target_w in (0, 300)
    )
    for home in (bare, aimed):
        home.live(60, battery_w=0.0, battery_soc_percent=100.0)
    assert aimed.powers_w == bare.powers_w


def test_the_bucket_s_own_target_comes_before_that_of_the_limits() -> None:
    home = GridHome("bucket", {"grid_target_w": -300}, import_target_w=-100)
    home.sun_w = 1500.0
    home.live(240)
    assert fmean(home.grid_w[-40:]) == pytest.approx(-100, abs=60)


def test_no_more_is_aimed_at_than_the_guard_lets_pass() -> None:
    with pytest.raises(ConfigError, match=r"grid_target_w: is 300 W, but max_grid_w ends heating at 80 W; raise that"):
        load_config(config(limits={"grid_target_w": 300}))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_loads_stay_below_the_soft_fuse_and_it_sheds_them_at_once(strategy: str) -> None:
    home = GridHome(strategy, {"max_house_w": 2000})
    home.live(240)
    assert 1000 < max(home.powers_w) <= 0.9 * 2000 - 500
    home.house_w = 2100.0
    shed = home.live(STEP_S)
    assert (home.heat_w, shed.blocked_by) == (0.0, "soft_fuse")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_phase_carries_more_than_its_soft_fuse(strategy: str) -> None:
    """Another phase exports, so that the sum has room for the whole heater."""
    home = GridHome(strategy, {"max_phase_w": 1000, "max_grid_w": 3000})
    home.sun_w = 4500.0
    for _ in range(60):
        home.live(STEP_S, grid_phase_w=(400.0 + home.heat_w, -4000.0), grid_w=home.heat_w - 3600.0)
    assert max(home.powers_w) <= 0.9 * 1000 - 400 + 1
    assert home.live(STEP_S, grid_phase_w=(1001.0, -4000.0)).blocked_by == "soft_fuse"
    assert home.heat_w == 0.0


@pytest.mark.parametrize("strategy", ["balance", "plan", "bucket"])
def test_a_battery_that_ends_below_100_percent_is_full_there(strategy: str) -> None:
    """At 91 of 92 % the sun is for the heater; of a battery that goes on to 100 % it would first be for that."""
    heated_w = []
    for full_percent in (92, 100):
        battery = {"capacity_wh": 4800, "max_charge_w": 2400, "full_percent": full_percent}
        home = GridHome(strategy, site=SITE | {"battery": battery, "feed_in": False})
        home.forecast_w = 100.0  # dull: a plan fills the battery first
        for _ in range(60):
            home.live(STEP_S, grid_w=0.0, battery_w=2000.0 - home.heat_w, battery_soc_percent=91.0)
        heated_w.append(home.heat_w)
    assert heated_w[0] == pytest.approx(2000, abs=250)
    assert heated_w[1] < 1100


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_regulator_is_turned_no_further_than_its_share(strategy: str) -> None:
    """70 % of a 2000 W heater, by its `max_power_w`; the fuse of the earlier router."""
    home = GridHome(strategy, loads=[heater(max_power_w=1400)])
    home.sun_w, home.forecast_w = 4500.0, 7000.0
    home.live(240)
    assert max(home.powers_w) == pytest.approx(1400)
