"""Forecast gap: the law of the earlier heater optimizer, without its defects.

Where chargers throttle, PV falls to what the house uses and the surplus cannot be seen. This law believes the forecast,
corrected by how it has erred here today and on the days before: while it promises more than PV gives, the heater is
raised step by step; once the battery discharges, it is lowered again. Without a forecast it falls back to `balance` and
says so.

Differences to the earlier law: a charging battery is not mistaken for a discharging one, power 0 opens the relay,
the start level is the configured one each time, and a step waits for a reading taken after the step before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pv_heater.core.house.ahead.quarters import Stretch
from pv_heater.core.house.surplus import Budget, Foresight, View
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import setting
from pv_heater.core.model.words import NO_TIME
from pv_heater.strategies.balance import Balance, battery_first, target_text


class ForecastGap:
    """See the module's text."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        """The earlier optimizer's settings under their new names."""

        start_gap_w: float = setting(
            "forecast minus PV above which it starts",
            default=10.0,
            unit="W",
            minimum=0,
            maximum=100_000,
            live=True,
        )
        step_gap_w: float = setting(
            "forecast minus PV above which it raises the power",
            default=100.0,
            unit="W",
            minimum=0,
            maximum=100_000,
            live=True,
        )
        step_percent: float = setting("one step up or down", default=10.0, unit="%", minimum=1, maximum=100, live=True)
        start_percent: float = setting("power at the start", default=50.0, unit="%", minimum=1, maximum=100, live=True)

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or self.Settings()
        self._level_percent = 0.0
        self._stepped_s: float | None = None
        self._without_forecast = Balance()

    def adopt(self, settings: Settings) -> None:
        """Go on with these; the level stays where it is."""
        self._settings = settings

    def budget(self, view: View) -> Budget:
        """The level reached so far, as watts of all loads together."""
        if not view.house.knows_time:
            return self._fallback(view, NO_TIME)
        told_w = view.forecast.power_w_at(view.house.now) if view.forecast is not None else None
        pv_w = view.reading.pv_w
        if told_w is None or pv_w is None or view.forecast is None:
            return self._fallback(view, "no forecast" if told_w is None else "no PV power in the reading")
        view.ahead.learn(view.house, view.reading, sun_hides=view.sun_hides)
        expected_w = view.ahead.sun.corrected_w(view.house.now, told_w)
        if view.forecast.is_clear_sky:
            expected_w = view.ahead.expected_now_w(view.house.now) or 0.0
        gap_w = expected_w - pv_w + view.grid_target_w
        here = "" if round(expected_w) == round(told_w) else f" ({expected_w:.0f} W as it has erred here)"
        text = f"{view.forecast.source} expects {told_w:.0f} W{here}, PV gives {pv_w:.0f} W"
        if (target := target_text(view.grid_target_w)) is not None:
            text = f"{text}, {target}"
        text = self._move(view, gap_w, text)
        power_w = view.loads.capacity_w * self._level_percent / 100.0
        return Budget(power_w=power_w, rule="forecast_gap", because=text, margins={"gap_w": round(gap_w, 1)})

    def foresee(self, view: View, today: Sequence[Stretch], tomorrow: Sequence[Stretch]) -> Foresight:
        """If all comes as expected, the forecast promises more than PV gives only once the battery is full."""
        if view.forecast is None or view.reading.pv_w is None:
            return self._without_forecast.foresee(view, today, tomorrow)
        return battery_first(view)

    def state(self) -> dict[str, Any]:
        """Nothing: the level starts anew at `start_percent`."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Nothing to take back."""

    def _move(self, view: View, gap_w: float, text: str) -> str:
        """Start, raise, lower or hold the level; a repeated or older reading allows no other step."""
        own = self._settings
        stopped = view.house.commanded_w <= 0 and self._stepped_s is not None and view.house.tick_s > self._stepped_s
        if self._level_percent > 0 and (stopped or view.loads.only_held):
            self._level_percent = 0.0  # a guard, a rule or a timer said no meanwhile: start over
        if self._level_percent <= 0:
            if gap_w > own.start_gap_w:
                self._set(own.start_percent, view)
            return text
        if not view.house.reading_is_new or (self._stepped_s is not None and view.house.taken_tick_s < self._stepped_s):
            return text
        given_w = _discharge_w(view)
        if given_w > view.limits.max_battery_discharge_w:
            self._set(max(0.0, self._level_percent - own.step_percent), view)
            return f"the battery gives {given_w:.0f} W, the limit is {view.limits.max_battery_discharge_w:.0f} W"
        grid_w, target_w = view.reading.grid_w, view.grid_target_w
        if target_w < 0 and view.feed_in and grid_w is not None and grid_w > target_w and not view.grid_passes:
            self._set(max(0.0, self._level_percent - own.step_percent), view)
        elif gap_w > own.step_gap_w:
            self._set(min(100.0, self._level_percent + own.step_percent), view)
        return text

    def _set(self, level_percent: float, view: View) -> None:
        self._level_percent = level_percent
        self._stepped_s = view.house.tick_s

    def _fallback(self, view: View, why: str) -> Budget:
        self._level_percent = 0.0
        budget = self._without_forecast.budget(view)
        return replace(budget, because=f"{why}, so by balance: {budget.because}")


def _discharge_w(view: View) -> float:
    """What the battery gives; by its power, else by its state (then more than any limit)."""
    reading = view.reading
    if reading.battery_w is not None:
        return max(0.0, -reading.battery_w)
    if (reading.charger_state or "").lower() == "discharging":
        return view.limits.max_battery_discharge_w + 1.0
    return 0.0
