"""Spare power, smoothed: what is believed of readings that jump, and for how long."""

from __future__ import annotations

from math import exp, isfinite

from pv_heater.core.house.surplus import View
from pv_heater.strategies.ride_through import RideThrough

RAISE_W = 100.0
"""One step of the search while Victron says that trackers throttle: what the heater gets more, the sun has."""
QUICK_S = 5.0
"""Readings that come as quickly can be waited for: two of them show more than one."""
LEAST_RISE_W = 2 * RAISE_W
"""So much more than before a single reading may show while it is searched: one step, and the house's own humming."""


class SmoothedSpare:
    """A first-order filter over the spare power of new readings, with a bound on what it may cost the battery."""

    def __init__(self, filter_s: float) -> None:
        self.filter_s = filter_s
        """Its time constant; 0 follows every reading."""
        self._mean_w: float | None = None
        self._shown_w = 0.0
        """The mean, or what is believed beyond it until the next reading."""
        self._taken_s = 0.0
        self._course = 0
        self._newest_w = 0.0
        """What the newest reading says."""
        self._own_w = 0.0
        """What our loads drew in it."""
        self._ride = RideThrough()
        self.mean_s: float | None = None
        """Over how many seconds the latest answer is a mean; None: it is the newest reading's own."""

    def update(self, view: View, spare_w: float, *, may_hide_more: bool) -> float:
        """The smoothed power, W; an import beyond the limit is believed at once, and so is a new course of readings.

        So is PV that comes back while trackers throttle or, with `may_hide_more`, might: each step of the search for
        hidden sun is paid for by the one before, and the battery carries an error. It stays only if the next reading
        shows it too.
        """
        reading, mean_w = view.reading, self._mean_w
        beyond = reading.grid_w is not None and reading.grid_w > view.limits.max_grid_w
        importing = beyond and not view.grid_passes
        anew = view.course != self._course or importing or self.filter_s <= 0
        if mean_w is None or not isfinite(mean_w) or anew:
            self._mean_w = self._shown_w = spare_w
        elif view.house.reading_is_new:
            elapsed_s = view.house.taken_tick_s - self._taken_s
            elapsed_s = elapsed_s if elapsed_s > 0 else 0.0
            mean_w += (spare_w - mean_w) * (1.0 - exp(-elapsed_s / self.filter_s))
            before_w, self._mean_w, self._shown_w = self._shown_w, mean_w, mean_w
            if may_hide_more or reading.pv_throttled:
                self._shown_w = max(mean_w, self._believed_w(view, spare_w, before_w, elapsed_s))
                # The mean forgets what a slow meter showed once by the next reading; what a quick one did, not.
                slow = elapsed_s >= self.filter_s / 2
                self._mean_w = max(mean_w, self._shown_w if slow else min(spare_w, self._newest_w))
        if anew or mean_w is None or view.house.reading_is_new:
            self._newest_w, self._own_w = spare_w, view.house.own_w
        self._taken_s, self._course = view.house.taken_tick_s, view.course
        answer_w = self._ride.bounded(view, self._shown_w, spare_w)
        self.mean_s = None if answer_w in (spare_w, view.balance_spare_w) else self.filter_s
        return answer_w

    def _believed_w(self, view: View, spare_w: float, before_w: float, elapsed_s: float) -> float:
        """What one reading is believed until the next.

        Where that comes within seconds, no more than our own loads made room for, or the reading before showed too.
        """
        if elapsed_s > QUICK_S:
            return spare_w
        room_w = max(LEAST_RISE_W, view.house.own_w - self._own_w)
        return min(spare_w, max(self._newest_w, before_w + room_w))

    def bridged(self) -> str | None:
        """What the battery gives to the loads at the moment, as a part of a sentence; None: no more than it may."""
        return self._ride.sentence()

    def notice(self) -> str | None:
        """News of that for the log; None without any."""
        return self._ride.notice()
