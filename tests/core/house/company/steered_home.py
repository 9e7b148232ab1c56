"""A home with feed-in whose battery somebody else moves, whatever sun, house and heater do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pv_heater.config.load import load_config
from pv_heater.controller import Controller
from pv_heater.core.model.steering import Steering
from pv_heater.core.model.values import Decision, Inputs
from tests.builders import NOON, config, forecast, reading

STEP_S = 5.0
STRATEGIES = ("balance", "plan", "bucket", "forecast_gap")
FEEDS_IN: Mapping[str, Any] = config()["site"] | {"feed_in": True, "pv": [{"kwp": 5.0}]}


class SteeredHome:
    """Steps of 5 s; `sun_w`, `house_w`, `battery_w`, `soc_percent` and `steering` may be changed at any time.

    `battery_w` None: the battery takes what is left and gives what is missing.
    """

    def __init__(self, strategy: str = "balance", **changes: Any) -> None:
        self.sun_w, self.house_w, self.soc_percent = 2500.0, 500.0, 50.0
        self.battery_w: float | None = 0.0
        self.steering: Steering | None = None
        self.fields: dict[str, Any] = {}
        self.forecast_w: float | None = None
        settings = config(strategy={"type": strategy}) | {"site": FEEDS_IN} | changes
        self.controller = Controller(load_config(settings), foresees=False)
        self.at_s, self.heat_w = 0.0, 0.0
        self.decision: Decision | None = None

    def live(self, seconds: float) -> Decision:
        """The last decision of that time."""
        end_s = self.at_s + seconds
        while self.at_s < end_s:
            self.at_s += STEP_S
            at = NOON + timedelta(seconds=self.at_s)
            use_w = self.house_w + self.heat_w
            battery_w = self.sun_w - use_w if self.battery_w is None else self.battery_w
            told: dict[str, Any] = {
                "pv_w": self.sun_w,
                "consumption_w": use_w,
                "battery_w": battery_w,
                "grid_w": use_w + battery_w - self.sun_w,
                "battery_soc_percent": self.soc_percent,
                "interval_s": STEP_S,
                "steering": self.steering,
            }
            seen = reading(at, **told | self.fields)
            expected = None if self.forecast_w is None else forecast(at, self.forecast_w)
            self.decision = self.controller.step(at, seen, expected, Inputs(tick_s=self.at_s))
            self.heat_w = self.decision.setpoints["heater"].power_w
        assert self.decision is not None
        return self.decision
