"""The search for sun that nobody can see: chargers throttle for a full battery, and PV shows only what is used.

A load that can be regulated searches by itself: it may take a little more than is seen, and the PV that comes back pays
for the next step. A load that is only on or off has to be tried. Either way the battery pays for the error, so the
search has a budget a day, and a trial that failed is not repeated soon.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pv_heater.core.house.surplus import View

TRIAL_S = 60.0
"""A throttled tracker is back after about ten seconds; a minute is a new reading of every source."""
READINGS_OF_TRIAL = 3.0
"""A trial sees this many readings of a slow source: one under way, one late, one to judge by."""
FIRST_PAUSE_S = 900.0
LONGEST_PAUSE_S = 7200.0
SURE_SHARE = 0.8
"""Without word of throttling a trial needs this share of the load's power to be expected above what PV gives."""


class Search(StrEnum):
    """Where the search for a load that is only on or off stands."""

    WATCHING = "watching"
    """No trial is worth its energy now."""
    OFFERED = "offered"
    """A load may start; a guard, or its own rest, may still hold it back."""
    RUNNING = "running"
    """It runs, and is judged when the trial's time is over."""


class Event(StrEnum):
    """What moves the search on."""

    LIKELY = "likely"
    UNLIKELY = "unlikely"
    TAKEN = "taken"
    OVER = "over"


SEARCH: Mapping[Search, Mapping[Event, Search]] = {
    Search.WATCHING: {Event.LIKELY: Search.OFFERED, Event.UNLIKELY: Search.WATCHING},
    Search.OFFERED: {
        Event.LIKELY: Search.OFFERED,
        Event.UNLIKELY: Search.WATCHING,
        Event.TAKEN: Search.RUNNING,
    },
    Search.RUNNING: {Event.OVER: Search.WATCHING},
}
"""The whole truth: what each event makes of each state. What is not in it does not happen."""


class HiddenSun:
    """Says how much more than the visible surplus may be tried now."""

    def __init__(self, budget_wh: float) -> None:
        self._budget_wh = budget_wh
        self._spent_wh = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._next_s = 0.0
        self._search = Search.WATCHING
        self._trial_w = 0.0
        """Power of all loads while a trial is offered or runs."""
        self._until_s = 0.0
        """When a running trial is judged."""
        self._pays = False
        """Whether the battery may still be paying for a trial: until it gives nothing, however full it is by then."""

    def adopt(self, budget_wh: float) -> None:
        """From now on a day may cost so much; what today has cost counts on."""
        self._budget_wh = budget_wh

    def begin_day(self) -> None:
        """The budget is new."""
        self._spent_wh = 0.0

    @property
    def spent_wh(self) -> float:
        """What the battery has given to the search today."""
        return self._spent_wh

    def restore(self, spent_wh: float) -> None:
        """Take back what was spent earlier today."""
        self._spent_wh = spent_wh

    def note(self, view: View, elapsed_s: float, *, may_hide: bool) -> None:
        """Book what the battery gives to the loads: while it is so full that sun may hide, and for a trial in any case.

        A trial itself makes room in the battery, and slow readings show it when it is over.
        """
        given_w, own_w = -(view.reading.battery_w or 0.0), view.house.own_w
        given_w = given_w if given_w > 0 else 0.0
        given_w = given_w if given_w < own_w else own_w
        if may_hide or self._pays:
            self._spent_wh += given_w * elapsed_s / 3600.0
        self._pays = self._search is Search.RUNNING or (self._pays and given_w > 0)

    def give_w(self, view: View) -> float:
        """What a battery that full may give to a regulated load; 0 once the budget is spent."""
        return view.limits.max_battery_discharge_w if self._spent_wh < self._budget_wh else 0.0

    def trial_w(self, view: View, expected_w: float | None, spare_w: float) -> float | None:
        """Power of all loads to try although it is not seen, so that one more can start; None: no trial.

        For a load that needs more than `give_w` at once. `expected_w` is the PV power that the sky should give now. To
        be asked only while the battery is full. A trial counts from when the load runs: a guard may hold it back.
        """
        if self._search is Search.OFFERED and view.house.commanded_w >= self._trial_w:
            self._until_s = view.house.tick_s + max(TRIAL_S, READINGS_OF_TRIAL * (view.reading.interval_s or 0.0))
            self._pays = True
            self._on(Event.TAKEN)
        if self._search is Search.RUNNING:
            if view.house.tick_s < self._until_s:
                return self._trial_w
            self._judge(view, spare_w)
            self._on(Event.OVER)
            return None
        trial_w = self._worth_trying_w(view, expected_w)
        self._trial_w = trial_w or 0.0
        self._on(Event.UNLIKELY if trial_w is None else Event.LIKELY)
        return trial_w

    def _on(self, event: Event) -> None:
        self._search = SEARCH[self._search][event]

    def _judge(self, view: View, spare_w: float) -> None:
        """The trial's time is over: was it paid for by what came back?"""
        if spare_w >= self._trial_w - view.limits.max_battery_discharge_w:
            self._pause_s, self._next_s = FIRST_PAUSE_S, view.house.tick_s
        else:
            self._next_s = view.house.tick_s + self._pause_s
            self._pause_s = min(LONGEST_PAUSE_S, 2.0 * self._pause_s)

    def _worth_trying_w(self, view: View, expected_w: float | None) -> float | None:
        load = view.loads.next_to_start
        if load is None or load.least_power_w <= view.limits.max_battery_discharge_w:
            return None  # regulated loads search by themselves
        cost_wh = load.least_power_w * max(TRIAL_S, load.min_on_s) / 3600.0
        if view.house.tick_s < self._next_s or self._spent_wh + cost_wh > self._budget_wh:
            return None
        return view.house.commanded_w + load.least_power_w if _is_likely(view, expected_w, load.least_power_w) else None


def _is_likely(view: View, expected_w: float | None, least_w: float) -> bool:
    """Whether sun enough for `least_w` more may be hidden: Victron says so, or the sky promises it."""
    reading = view.reading
    if (reading.battery_w or 0.0) < -view.limits.max_battery_discharge_w:
        return False
    if reading.pv_throttled is not None:
        return reading.pv_throttled
    return expected_w is not None and expected_w - (reading.pv_w or 0.0) >= SURE_SHARE * least_w
