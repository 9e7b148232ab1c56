"""Dips that the battery bridges: how long loads may run on sun that is not there at the moment.

A cloud or a kettle passes within a minute or two; going on meanwhile on a mean catches more sun than following each
sample, and spares the actuators. It is paid from the battery, beyond what that may give for heat. So it is bounded in
energy and in time, each dip by itself; then loads go down at once to what battery and grid show to be there.
"""

from __future__ import annotations

from pv_heater.core.house.surplus import View
from pv_heater.core.model.words import kilowatts

MOST_WH = 20.0
"""A dip costs the battery no more beyond its allowance: 1.2 kW for a minute. Less costs sun on days with clouds:
there the battery makes room in a dip for what the heater cannot take after it."""
MOST_S = 300.0
"""Nor longer: what has lasted for five minutes is not a dip, however small."""
LEAST_READINGS = 3
"""Fewer do not show how long a dip lasts: each of the portal's is one moment of a minute."""
REST_S = 20.0
"""After this long without one the next dip is another one."""
LONGEST_ELAPSED_S = 300.0
"""A reading speaks for no longer than this before it."""


class RideThrough:
    """Books what the loads take from battery and grid beyond `max_battery_discharge_w`, as the readings show it."""

    def __init__(self) -> None:
        self._taken_s: float | None = None
        self._spent_wh = 0.0
        self._shown = 0
        """In how many readings it is seen."""
        self._since_s: float | None = None
        """Since when each reading shows it; None: the newest does not."""
        self._rests_since_s: float | None = None
        self._holds_w: float | None = None
        """What the sun was last seen to give, once the bound was reached; None while it is not."""
        self._given_w = 0.0
        self._is_ours = True
        """Whether a load goes by the surplus at all: what forced ones take is not a dip."""

    def bounded(self, view: View, mean_w: float, spare_w: float) -> float:
        """The mean surplus that loads may go by: `mean_w`, or what there is now (`spare_w`) once a dip has cost enough.

        Bounds nothing where battery and grid are not measured.
        """
        balance_w, self._is_ours = view.balance_spare_w, view.loads.is_on
        if balance_w is None:
            self._holds_w = None
            return mean_w
        if view.house.reading_is_new:
            self._book(view, view.house.own_w - balance_w)
            reached = self._spent_wh >= MOST_WH or self._lasted_s(view) >= MOST_S
            if self._holds_w is None and self._shown >= LEAST_READINGS and reached:
                self._holds_w = min(spare_w, balance_w)
            elif self._holds_w is not None and view.house.own_is_steady:
                self._holds_w = min(spare_w, balance_w)
                if self._since_s is None and self._holds_w + view.limits.max_battery_discharge_w >= mean_w:
                    self._holds_w = None
        return mean_w if self._holds_w is None else min(mean_w, self._holds_w)

    def sentence(self) -> str | None:
        """What the battery gives to the loads now beyond its allowance; None: nothing."""
        if not self._is_ours:
            return None
        if self._holds_w is not None:
            return "the battery has bridged enough, so no more than there is now"
        if self._since_s is None:
            return None
        return f"{kilowatts(self._given_w)} from the battery meanwhile, {self._spent_wh:.0f} of {MOST_WH:.0f} Wh"

    def notice(self) -> str | None:
        """The same as news, the same words for as long as the dip lasts; a dip of some seconds is none."""
        if not self._is_ours or self._holds_w is not None or self._since_s is None or self._spent_wh < MOST_WH / 3:
            return None
        return f"a dip is bridged from the battery, for at most {MOST_WH:.0f} Wh or {MOST_S / 60:.0f} min"

    def _book(self, view: View, given_w: float) -> None:
        """`given_w`: what battery and grid give together; below 0 they take."""
        before_s, self._taken_s = self._taken_s, view.house.taken_tick_s
        elapsed_s = 0.0 if before_s is None else view.house.taken_tick_s - before_s
        elapsed_s = 0.0 if elapsed_s < 0 else elapsed_s if elapsed_s < LONGEST_ELAPSED_S else LONGEST_ELAPSED_S
        self._given_w = given_w if given_w < view.house.own_w else view.house.own_w
        if self._given_w > view.limits.max_battery_discharge_w:
            if self._since_s is None:
                self._since_s = view.house.taken_tick_s
            else:
                self._spent_wh += (self._given_w - view.limits.max_battery_discharge_w) * elapsed_s / 3600.0
            self._shown, self._rests_since_s = self._shown + 1, None
            return
        self._shown, self._since_s = 0, None
        if self._rests_since_s is None:
            self._rests_since_s = view.house.taken_tick_s
        if self._spent_wh > 0:
            self._spent_wh = max(0.0, self._spent_wh + min(0.0, given_w) * elapsed_s / 3600.0)
        if view.house.taken_tick_s - self._rests_since_s >= REST_S:
            self._spent_wh = 0.0

    def _lasted_s(self, view: View) -> float:
        return 0.0 if self._since_s is None else view.house.taken_tick_s - self._since_s
