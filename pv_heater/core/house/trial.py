"""A step of our own, only to learn which of two measurements of the house is right.

While they contradict each other the higher house is believed, and a home whose consumption is shown too high for ever
would never heat. So now and then a load is started on what the other one promises: briefly, with little power where
that can be chosen, and with a bound on what it may cost in a day.
"""

from __future__ import annotations

from dataclasses import replace

from pv_heater.core.house.surplus import Budget, View
from pv_heater.core.house.two_measurements import WORDS, TwoMeasurements
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.words import kilowatts
from pv_heater.core.settings.load import LoadSettings

TRIAL_W = 500.0
"""A regulated load is tried with this: it stands out from noise, and costs 3 Wh in 20 s."""
TRIAL_S = 20.0
READINGS = 3.0
"""It lasts for so many readings of a slow meter: one under way, one late, one to judge by."""
FIRST_PAUSE_S = 900.0
LONGEST_PAUSE_S = 7200.0
MOST_WH_PER_DAY = 300.0
"""What all trials of a day may cost if the sun pays for none of them."""
DAY_S = 86_400.0


class Trial:
    """Raises a budget for a trial; to be asked at each step."""

    def __init__(self) -> None:
        self._trial_w: float | None = None
        """What is tried; None: nothing."""
        self._until_s: float | None = None
        """When the trial is over; None while no load runs for it yet."""
        self._next_s = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._cost_wh = 0.0
        self._spent_wh = 0.0
        self._day_from_s: float | None = None

    def widened(self, budget: Budget, view: View, measured: TwoMeasurements) -> Budget:
        """The strategy's answer, or as much more as it takes to start one load for a trial."""
        if not measured.is_open or view.house.spare_w is None:
            self._trial_w = self._until_s = None
            return budget
        if self._trial_w is None:
            self._trial_w = self._worth_trying_w(budget, view, measured)
        elif self._until_s is None and view.house.commanded_w >= self._trial_w:
            self._until_s = view.house.tick_s + max(TRIAL_S, READINGS * (view.reading.interval_s or 0.0))
            self._spent_wh += self._cost_wh
        elif self._until_s is not None and view.house.tick_s >= self._until_s:
            # It showed in neither of them: perhaps the load draws nothing.
            self._trial_w = self._until_s = None
            self._next_s = view.house.tick_s + self._pause_s
            self._pause_s = min(LONGEST_PAUSE_S, 2.0 * self._pause_s)
        if self._trial_w is None or budget.power_w >= self._trial_w:
            return budget
        other = next(way for way in WORDS if way is not measured.believed)
        because = (
            f"a trial with {kilowatts(self._trial_w)}: the house may draw {kilowatts(measured.house_w[other])} (by "
            f"{WORDS[other]}) and not {kilowatts(measured.house_w[measured.believed])}"
        )
        return replace(budget, power_w=self._trial_w, rule=Rule.TRIAL, because=because)

    def _worth_trying_w(self, budget: Budget, view: View, measured: TwoMeasurements) -> float | None:
        """Where nothing runs, and what the other measurement promises would start a load: its power."""
        if self._day_from_s is None or view.house.tick_s - self._day_from_s >= DAY_S:
            self._day_from_s, self._spent_wh = view.house.tick_s, 0.0
        load = view.loads.next_to_start
        if load is None or view.house.commanded_w > 0 or view.house.tick_s < self._next_s or not measured.house_w:
            return None
        trial_w = _trial_w(load)
        self._cost_wh = trial_w * max(TRIAL_S, 0.0 if load.adjustable else load.min_on_s) / 3600.0
        promised_w = (view.house.spare_w or 0.0) + max(measured.house_w.values()) - min(measured.house_w.values())
        if budget.power_w >= load.start_w or promised_w < trial_w:
            return None
        return trial_w if self._spent_wh + self._cost_wh <= MOST_WH_PER_DAY else None


def _trial_w(load: LoadSettings) -> float:
    """The power with which this load shows."""
    if not load.adjustable:
        return load.least_power_w
    return min(load.max_power_w, max(TRIAL_W, load.start_w))
