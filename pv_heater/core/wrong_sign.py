"""A meter whose sign is set wrong shows import as export: the more is heated, the more sun there seems to be."""

from __future__ import annotations

from pv_heater.core.types import Reading

LEAST_STEP_W = 400.0
"""A step of our own that stands out from kettles and clouds."""
SHARE_OF_STEP = 0.6
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
        elif answer <= -SHARE_OF_STEP:
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
