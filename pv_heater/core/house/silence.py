"""A meter that was silent: what it says after that is another course of things, and at first it may be old.

A broker or a GX device that hung works off what it slept through faster than it was seen, and dates it now. In the rig
32 readings came in two seconds after 75 s; the first true one 1.6 s after the return.
"""

from __future__ import annotations

LEAST_S = 10.0
"""A meter in the house that said nothing for this long, or for three of its intervals, was silent."""
INTERVALS = 3.0
BURST_S = 3.0
"""So long after a silence its readings are not taken: until then what was slept through has come."""


class Silence:
    """Learns at each step whether the meter said something new. A caller that takes long steps makes no silence."""

    def __init__(self) -> None:
        self._heard_s: float | None = None
        self._silent_s = 0.0
        """How long it has said nothing though it was asked."""
        self._take_from_s: float | None = None
        self.has_ended = False
        """Whether the newest reading that was taken is the first after a silence."""

    def nothing_new(self, tick_s: float) -> None:
        """This step brought nothing new."""
        if self._heard_s is not None:
            self._silent_s = tick_s - self._heard_s

    def takes(self, tick_s: float, interval_s: float, *, local: bool) -> bool:
        """Whether the new reading of this step may be taken; `interval_s` is the meter's pace.

        The portal has no bursts: it dates its readings itself.
        """
        ended = self._silent_s >= INTERVALS * interval_s and (self._silent_s >= LEAST_S or not local)
        self._heard_s, self._silent_s = tick_s, 0.0
        if self._take_from_s is not None:
            if tick_s < self._take_from_s:
                return False
            ended, self._take_from_s = True, None
        elif ended and local:
            self._take_from_s = tick_s + BURST_S
            return False
        self.has_ended = ended
        return True
