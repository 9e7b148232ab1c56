"""A meter that goes on answering while its values stand still: a hung driver, a cached page, a broken cable."""

from __future__ import annotations

from pv_heater.core.types import Reading

LONGEST_SAME_S = 20.0
LEAST_PV_W = 100.0
"""By day every second differs a little: sun, and so PV, never stands still. Below this it may be night."""
STEP_W = 200.0
SAMPLES_AFTER_STEP = 3
"""So many samples that do not show a step of our own of this size: more than a switch or a servo needs to act."""
STEP_ACTS_S = 2.0
"""Samples within this time of a step count for nothing: a relay and a servo take so long, and a GX device's own
values follow its meters by a second."""
LEAST_SAMPLES = 3
"""A meter that speaks every ten seconds may repeat itself once."""
PORTAL_SAMPLES, PORTAL_SAME_S = 4, 240.0
"""Of the portal, whose values are whole watts once a minute: sun, grid, battery and use may agree with themselves once
or twice by chance, or while a full battery holds all of them still, but not four times on end."""
PORTAL_STEP_ACTS_S = 180.0
"""What the portal shows is minutes old: so long after a step, or three of its intervals, it was taken after it."""
PORTAL_INTERVAL_S = 60.0


class Frozen:
    """Watches one meter. It must be told what our loads are set to, and every sample.

    `portal`: its samples are minutes apart and minutes old, as VRM's are.
    """

    def __init__(self, *, portal: bool = False) -> None:
        self._portal = portal
        self._interval_s = PORTAL_INTERVAL_S
        self._values: tuple[float | None, ...] = ()
        self._since_s = 0.0
        self._newest_s = 0.0
        self._repeats = 0
        self._own_w = 0.0
        self._own_when_values_came_w = 0.0
        self._stepped_s: float | None = None
        self._repeats_after_step = 0

    def note_own(self, own_w: float, tick_s: float) -> None:
        """What our loads are set to draw together from `tick_s` on."""
        self._own_w = own_w
        if abs(own_w - self._own_when_values_came_w) < STEP_W:
            self._stepped_s, self._repeats_after_step = None, 0
        elif self._stepped_s is None:
            self._stepped_s = tick_s

    def observe(self, reading: Reading, tick_s: float) -> None:
        """One new sample, which came at `tick_s`."""
        values = (reading.pv_w, reading.grid_w, reading.battery_w, reading.consumption_w)
        self._newest_s = tick_s
        self._interval_s = reading.interval_s or PORTAL_INTERVAL_S
        if values != self._values or not any(value is not None for value in values):
            self._values, self._since_s = values, tick_s
            self._own_when_values_came_w = self._own_w
            self._repeats, self._repeats_after_step, self._stepped_s = 0, 0, None
            return
        self._repeats += 1
        if self._stepped_s is not None and tick_s - self._stepped_s >= self._step_acts_s:
            self._repeats_after_step += 1

    @property
    def _step_acts_s(self) -> float:
        return max(PORTAL_STEP_ACTS_S, 3 * self._interval_s) if self._portal else STEP_ACTS_S

    @property
    def _lasts(self) -> bool:
        """Whether the same has been said for longer than chance explains."""
        same_s = self._newest_s - self._since_s
        if self._portal:
            return same_s >= PORTAL_SAME_S and self._repeats >= PORTAL_SAMPLES
        return same_s >= LONGEST_SAME_S and self._repeats >= LEAST_SAMPLES

    def why(self) -> str | None:
        """Why its values are not believed; None while they move."""
        if self._repeats_after_step >= SAMPLES_AFTER_STEP:
            step_w = abs(self._own_w - self._own_when_values_came_w)
            return f"{self._repeats_after_step} samples in a row do not show that our loads changed by {step_w:.0f} W"
        pv_w, same_s = self._values[0] if self._values else None, self._newest_s - self._since_s
        if pv_w is not None and pv_w > LEAST_PV_W and self._lasts:
            return f"it has said exactly the same for {same_s:.0f} s, with {pv_w:.0f} W of sun"
        return None
