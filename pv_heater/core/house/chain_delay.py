"""How long a step of our own takes to show in what the meter says of the house.

Between a heater and the number that a program reads stand the load's own relay and servo, a driver that samples once
a second, a calculation once a second, and the way to us. Until that time has passed, a reading may show the house
before the step or after it, and nothing in it tells which.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from pv_heater.core.model.lean import dataclass

USUAL_S = 3.0
"""A GX device: at most a second for the driver's sample, at most another for the system's calculation; and a second for
the load's own relay, servo or network."""
LONGEST_S = 10.0
"""Meters in the house answer within that; a step that shows later was something else."""
STEPS_KEPT = 5
STEPS_NEEDED = 3
"""So many must agree before less than the usual is believed; a longer delay is believed at once."""
LEAST_STEP_W = 300.0
"""A step of our own that stands out from the coming and going of a house."""
LEAST_SHARE = 0.6
"""It shows when the house has moved by this share of it: uncalibrated regulators give no less."""
MIXES_W = 100.0
"""Another step of this size before the first one has shown: of two in one direction the later one teaches, once the
house shows both; of two in opposite directions neither does."""
CLOSEST_S = 3.0
"""Readings further apart do not tell when in between it showed."""
MARGIN_S = 1.0
"""Added to what was seen: the next step may fall at another moment between two samples of the chain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A step of ours that has not shown yet."""

    at_s: float
    change_w: float
    before_w: float
    """The house before it, once it shows the steps before this one."""
    unseen_s: float = 0.0
    """So long after it a reading did not show it yet."""


class ChainDelay:
    """Learns it from our own steps, where readings come close enough to show it."""

    def __init__(self) -> None:
        self._shown_after_s: deque[float] = deque(maxlen=STEPS_KEPT)
        self._step: _Step | None = None
        self._own_w = 0.0
        self._changed_s: float | None = None
        self._last: tuple[float, float] | None = None
        """(tick, house) of the newest reading."""

    @property
    def seconds(self) -> float:
        """A reading taken so long after a step of ours shows it."""
        longest_s = max(self._shown_after_s, default=USUAL_S)
        if len(self._shown_after_s) < STEPS_NEEDED:
            longest_s = max(USUAL_S, longest_s)
        return min(LONGEST_S, longest_s)

    def note_own(self, tick_s: float, own_w: float) -> None:
        """From `tick_s` on our loads are set to draw this together."""
        change_w, self._own_w = own_w - self._own_w, own_w
        if change_w == 0.0:
            return
        calm = self._changed_s is None or tick_s - self._changed_s > LONGEST_S
        if abs(change_w) >= MIXES_W:
            self._step, self._changed_s = _following(self._step, tick_s, change_w), tick_s
        if calm and self._last is not None and abs(change_w) >= LEAST_STEP_W:
            taken_s, house_w = self._last
            if tick_s - taken_s <= CLOSEST_S:
                self._step = _Step(at_s=tick_s, change_w=change_w, before_w=house_w)

    def observe(self, taken_s: float, house_w: float) -> None:
        """A new reading, taken at the tick `taken_s`."""
        self._last, step = (taken_s, house_w), self._step
        if step is None or taken_s <= step.at_s:
            return
        after_s = taken_s - step.at_s
        if after_s > LONGEST_S or after_s - step.unseen_s > CLOSEST_S:
            self._step = None
        elif (house_w - step.before_w) / step.change_w >= LEAST_SHARE:
            self._shown_after_s.append(after_s + MARGIN_S)
            self._step = None
        else:
            self._step = replace(step, unseen_s=after_s)


def _following(step: _Step | None, at_s: float, change_w: float) -> _Step | None:
    """A step that comes before `step` has shown, as what counts on sun that this one only seems to leave is."""
    if step is None or (change_w > 0) is not (step.change_w > 0):
        return None
    return _Step(at_s=at_s, change_w=change_w, before_w=step.before_w + step.change_w)
