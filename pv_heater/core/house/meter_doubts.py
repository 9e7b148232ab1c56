"""Why a meter of the house is not believed, though it answers.

- `Frozen`: its values stand still: a hung driver, a cached page, a broken cable.
- `WrongSign`: it shows import as export, so the more is heated, the more sun there seems to be.
- `Disagreement`: another meter of the same house shows something else. Compared are means over minutes: one may be
  minutes behind.

The numbers of each stand before it.
"""

from __future__ import annotations

import math

from pv_heater.core.model.values import Reading

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


LEAST_STEP_W = 400.0
"""A step of our own that stands out from kettles and clouds."""
SHARE_OF_STEP, MOST_OF_STEP = 0.6, 1.4
"""So much of our step shows in the house, rightly or the other way round. More is something else, such as a number that
wrapped, or its end."""
SETTLED_S = 4.0
"""From a step to the sample that is compared: relay, servo and the meter's own filter."""
SLOWEST_S = 10.0
"""Between samples that are further apart too much else happens."""
STRIKES = 2
"""One opposite answer may be a cloud that passed at that very moment."""


class WrongSign:
    """Compares the house before and after our own steps. What it found stays: only another setting mends it."""

    def __init__(self) -> None:
        self._own_w = 0.0
        self._own_since_s = 0.0
        self._calm_w: tuple[float, float] | None = None
        """(house, own) of the newest sample taken while our loads were steady."""
        self._step_from: tuple[float, float] | None = None
        self._strikes = 0
        self._found: str | None = None

    def note_own(self, own_w: float, tick_s: float) -> None:
        """What our loads are set to draw together from `tick_s` on."""
        if own_w != self._own_w:
            if self._step_from is None:
                self._step_from = self._calm_w
            self._own_w, self._own_since_s, self._calm_w = own_w, tick_s, None

    def observe(self, reading: Reading, tick_s: float) -> None:
        """One new sample, which came at `tick_s`."""
        house_w = _house_w(reading)
        if house_w is None or reading.interval_s is None or reading.interval_s > SLOWEST_S:
            return
        if tick_s - self._own_since_s < SETTLED_S:
            return
        before, self._step_from = self._step_from, None
        if before is not None:
            self._compare(before, house_w)
        self._calm_w = (house_w, self._own_w)

    def why(self) -> str | None:
        """Why its values are not believed; None while nothing speaks against them."""
        return self._found

    def _compare(self, before: tuple[float, float], house_w: float) -> None:
        step_w = self._own_w - before[1]
        if abs(step_w) < LEAST_STEP_W:
            return
        answer = (house_w - before[0]) / step_w
        if answer >= SHARE_OF_STEP:
            self._strikes = 0
        elif -MOST_OF_STEP <= answer <= -SHARE_OF_STEP:
            self._strikes += 1
        if self._strikes >= STRIKES and self._found is None:
            self._found = (
                f"when our loads change by {step_w:+.0f} W it shows the house change by {house_w - before[0]:+.0f} W; "
                "is the sign of grid or battery wrong in the settings?"
            )


def _house_w(reading: Reading) -> float | None:
    """The house by the balance, in which a wrong sign shows; PV that is not measured counts as steady."""
    if reading.grid_w is None:
        return None
    return (reading.pv_w or 0.0) + reading.grid_w - (reading.battery_w or 0.0)


MEAN_OVER_S = 600.0
"""Ten of VRM's usual intervals."""
LONGEST_STEP_S = 60.0
"""A pause in which one of them was not good counts as no more than this."""
LEAST_W = 300.0
SHARE = 0.2
"""More than this and a fifth of the power is not a matter of accuracy any more."""
LEAST_PERCENT = 10.0
QUANTITIES = {
    "pv_w": "PV",
    "grid_w": "grid",
    "battery_w": "battery",
    "consumption_w": "consumption",
    "battery_soc_percent": "state of charge",
}


class Disagreement:
    """Between the meter in use and one other."""

    def __init__(self) -> None:
        self._means: dict[str, tuple[float, float, float]] = {}
        """Quantity -> mean of the one, mean of the other, seconds seen."""
        self._seen_s: float | None = None
        self._found: set[str] = set()

    def observe(self, one: Reading, other: Reading, tick_s: float) -> None:
        """Both as they stand now, fresh and trusted; called every tick, repeated readings included."""
        passed_s = 0.0 if self._seen_s is None else min(tick_s - self._seen_s, LONGEST_STEP_S)
        self._seen_s = tick_s
        for name in QUANTITIES:
            a, b = getattr(one, name), getattr(other, name)
            if a is None or b is None:
                self._means.pop(name, None)
                self._found.discard(name)
                continue
            mean_a, mean_b, lasted_s = self._means.get(name, (a, b, 0.0))
            weight = 1.0 - math.exp(-passed_s / MEAN_OVER_S)
            self._means[name] = (
                mean_a + weight * (a - mean_a),
                mean_b + weight * (b - mean_b),
                lasted_s + passed_s,
            )
            self._judge(name)

    def texts(self) -> dict[str, str]:
        """What they disagree on now: a part of a sentence for each quantity; empty while they agree."""
        return {name: self._text(name) for name in QUANTITIES if name in self._found}

    def _judge(self, name: str) -> None:
        a, b, lasted_s = self._means[name]
        bound = LEAST_PERCENT if name.endswith("_percent") else max(LEAST_W, SHARE * max(abs(a), abs(b)))
        if lasted_s >= MEAN_OVER_S and abs(a - b) > bound:
            self._found.add(name)
        elif abs(a - b) < bound / 2:
            self._found.discard(name)

    def _text(self, name: str) -> str:
        a, b, _ = self._means[name]
        unit = "%" if name.endswith("_percent") else "W"
        return f"{QUANTITIES[name]} {a:.0f} against {b:.0f} {unit}"
