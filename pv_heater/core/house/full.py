"""Full is what the battery no longer takes, whatever its monitor shows.

A charge may be shown above 100 %, not at all, frozen for hours, or truly end at 96 % because the battery's own
management stops there, and a cold battery takes nothing at any charge. What all of them have in common: sun that could
be had is left, and the battery does not take it.

Where nobody reports throttling that is a guess, which a low sun that just carries the house looks like as well. A
battery that has room shows which it is: it would take what is left. So its Wh are counted, and where the charge shown
moves with them, that counts too.
"""

from __future__ import annotations

from pv_heater.core.house.guards import DONE_STATES
from pv_heater.core.model.usual_battery import CAPACITY_WH
from pv_heater.core.model.values import Reading
from pv_heater.core.settings.home import Site

TAKES_SHARE_PER_H = 0.02
TAKES_LEAST_W = 50.0
"""Less than this share of its capacity in an hour, or this, is not charging: the management's own use, noise."""
TOLD_S = 30.0
"""So long Victron says that trackers throttle, or that the charge has ended, before it is believed."""
EVEN_S = 300.0
EVEN_W, EVEN_GRID_W = 30.0, 60.0
"""Nobody says anything of throttling: so long the sun is just what the house draws, neither battery nor grid gives or
takes more. With loads of ours off that is not chance: somebody holds the sun back."""
SUN_W = 50.0
ROOM_SHARE = 0.03
"""A battery that has given this much of its capacity since it was full can take it back; less may be an error."""
NEAR_FULL_PERCENT = 95.0
"""Below this nobody's charge ends by itself; a charge shown above 99 % is a full battery whatever was counted."""
SURELY_FULL_PERCENT = 99.0
LONGEST_ELAPSED_S = 300.0
"""A reading speaks for no longer than this before it."""
ENDS_S = 60.0
GIVES_W = 150.0
"""It is full no longer when it takes, or gives this much, for this long."""


class TakesNothing:
    """For one battery; shown every new reading in turn."""

    def __init__(self, site: Site) -> None:
        capacity_wh = 0.0 if site.battery is None else site.battery.capacity_wh
        self._takes_w = max(TAKES_LEAST_W, TAKES_SHARE_PER_H * capacity_wh)
        self._room = _Room(ROOM_SHARE * (capacity_wh or CAPACITY_WH))
        self._told_since_s: float | None = None
        """Since when every reading shows that it is told to be full; the same of the signs below. None: it does not."""
        self._even_since_s: float | None = None
        self._ends_since_s: float | None = None
        self.is_full = False

    def observe(self, reading: Reading, taken_s: float, own_w: float) -> None:
        """`own_w`: what our loads drew in it."""
        battery_w, room = reading.battery_w, self._room
        if battery_w is None:
            self.no_evidence()
            return
        room.observe(battery_w, reading.battery_soc_percent, taken_s)
        done = reading.charger_state in DONE_STATES and reading.pv_throttled is not False
        told = -GIVES_W <= battery_w <= self._takes_w and (reading.pv_throttled is True or done)
        even = reading.pv_throttled is None and own_w <= 0 and _is_even(reading, battery_w) and room.may_be_none
        ends = battery_w > 2 * self._takes_w or battery_w < -GIVES_W
        self._told_since_s = _since_s(self._told_since_s, taken_s) if told else None
        self._even_since_s = _since_s(self._even_since_s, taken_s) if even else None
        self._ends_since_s = _since_s(self._ends_since_s, taken_s) if ends else None
        if self._told_since_s is not None and taken_s - self._told_since_s >= TOLD_S:
            self.is_full = True
            room.is_full()
        elif room.is_there or (self._ends_since_s is not None and taken_s - self._ends_since_s >= ENDS_S):
            self.is_full = False
        elif self._even_since_s is not None and taken_s - self._even_since_s >= EVEN_S:
            self.is_full = True

    def no_evidence(self) -> None:
        """Nobody tells what the battery takes, or somebody else moves it: that it takes nothing shows nothing."""
        self._told_since_s = self._even_since_s = self._ends_since_s = None
        self.is_full = False


def _since_s(before_s: float | None, taken_s: float) -> float:
    return taken_s if before_s is None else before_s


class _Room:
    """What the battery could take back, by what it has given and taken."""

    def __init__(self, least_wh: float) -> None:
        self._least_wh = least_wh
        self._given_wh = 0.0
        """Since it was full, or since the first reading; never below 0: it loses some of what it takes."""
        self._seen_s: float | None = None
        self._shown_percent: float | None = None
        self._moved_wh = 0.0
        """What went in and out since the charge shown last changed."""

    def observe(self, battery_w: float, shown_percent: float | None, taken_s: float) -> None:
        """A new reading."""
        elapsed_s = 0.0 if self._seen_s is None else taken_s - self._seen_s
        elapsed_s = 0.0 if elapsed_s < 0 else elapsed_s if elapsed_s < LONGEST_ELAPSED_S else LONGEST_ELAPSED_S
        self._seen_s = taken_s
        moved_wh = battery_w * elapsed_s / 3600.0
        self._moved_wh = abs(moved_wh) + (self._moved_wh if shown_percent == self._shown_percent else 0.0)
        self._shown_percent = shown_percent
        self._given_wh = self._given_wh - moved_wh if self._given_wh > moved_wh else 0.0
        if shown_percent is not None and shown_percent >= SURELY_FULL_PERCENT and not self._shown_stands_still:
            self._given_wh = 0.0

    def is_full(self) -> None:
        """Somebody says that it takes nothing: it has none."""
        self._given_wh = 0.0

    @property
    def is_there(self) -> bool:
        """Whether it has certainly room."""
        return self._given_wh >= self._least_wh

    @property
    def may_be_none(self) -> bool:
        """Whether it may be full, by what is counted and by a charge shown that moves."""
        shown_percent = self._shown_percent
        is_near = shown_percent is None or shown_percent >= NEAR_FULL_PERCENT or self._shown_stands_still
        return is_near and not self.is_there

    @property
    def _shown_stands_still(self) -> bool:
        return self._moved_wh >= self._least_wh


def _is_even(reading: Reading, battery_w: float) -> bool:
    """Whether the sun is just what is used."""
    sun, grid_w = (reading.pv_w or 0.0) > SUN_W, reading.grid_w or 0.0
    return sun and -EVEN_W <= battery_w <= EVEN_W and -EVEN_GRID_W <= grid_w <= EVEN_GRID_W
