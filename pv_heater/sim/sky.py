"""The cloudless sky over a home, quickly, and forecasts that are wrong the way forecasts are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from pv_heater.core.clear_sky import clear_sky_w
from pv_heater.core.settings import PvPlane, Site
from pv_heater.core.types import Forecast
from pv_heater.sim.recorded import FORECAST_STEP_S, HomeRecording, forecast_from

ClearSky = Callable[[datetime], float]
"""Power of the whole home's panels under a cloudless sky, W."""

USUAL_PLACE = (47.05, 15.44)
"""Graz, where the bundled days were recorded; for a site that does not say where it is."""
USUAL_PANELS = (PvPlane(kwp=5.0, tilt_deg=30.0, azimuth_deg=0.0),)

DAY_ERROR_SHARE = 0.15
"""Standard deviation of a morning forecast's energy, as a share of a clear day's."""
LEAST_SHARE = 0.02
"""Even the darkest forecast promises this share of a clear day."""
SMOOTHING_S = 3 * 3600
SHIFT_S = 3600.0
"""Standard deviation of how early or late the weather comes, in the draw that is shifted too."""
_STEPS_A_DAY = 86_400 // FORECAST_STEP_S


def site_clear_sky(site: Site) -> ClearSky:
    """The sky over `site`; where place or panels are not configured, over 5 kWp in Graz."""
    latitude, longitude = USUAL_PLACE
    if site.latitude is not None and site.longitude is not None:
        latitude, longitude = site.latitude, site.longitude
    planes = site.pv or USUAL_PANELS
    return lambda at: clear_sky_w(planes, latitude, longitude, at)


def recorded_sun_forecast(
    recording: HomeRecording, clear_sky: ClearSky, seed: int, *, shifted: bool = False
) -> Forecast:
    """A morning forecast for each day of `recording`: plausible, wrong, and the same for the same seed.

    The day's energy is off by a normal error of 15 % of a clear day's; the shape is half a clear day and half the
    day's true course smoothed over 3 h. `shifted`: the whole day also comes early or late by a normal error of 1 h.
    Days are cut 24 h apart from the recording's start.
    """
    true_w = recording.mean_pv_w()
    start_at = recording.start_at.astimezone(UTC)
    clear_w = [clear_sky(start_at + timedelta(seconds=(i + 0.5) * FORECAST_STEP_S)) for i in range(len(true_w))]
    powers_w: list[float] = []
    for day, first in enumerate(range(0, len(true_w), _STEPS_A_DAY)):
        last = first + _STEPS_A_DAY
        chance = Random(f"{seed} {day}")
        day_w = _day_forecast_w(true_w[first:last], clear_w[first:last], chance)
        powers_w += _shifted(day_w, chance.gauss(0.0, SHIFT_S) / FORECAST_STEP_S) if shifted else day_w
    return forecast_from(recording.start_at, powers_w, "simulated forecast")


def _day_forecast_w(true_w: Sequence[float], clear_w: Sequence[float], chance: Random) -> list[float]:
    smooth_w = _smoothed(true_w, SMOOTHING_S // FORECAST_STEP_S)
    clear, smooth = sum(clear_w), sum(smooth_w)
    energy = max(LEAST_SHARE * clear, sum(true_w) + chance.gauss(0.0, DAY_ERROR_SHARE) * clear)
    # A shape without any power (polar night, a day without sun) leaves the whole to the other one.
    shapes = [(powers, total) for powers, total in ((clear_w, clear), (smooth_w, smooth)) if total > 0]
    return [
        energy * sum(powers[i] / total for powers, total in shapes) / max(1, len(shapes)) for i in range(len(true_w))
    ]


def _smoothed(values: Sequence[float], width: int) -> list[float]:
    """Moving mean over `width` steps around each; shorter at both ends."""
    before, after = width // 2, width - width // 2
    windows = [values[max(0, i - before) : i + after] for i in range(len(values))]
    return [sum(window) / len(window) for window in windows]


def _shifted(values: Sequence[float], later: float) -> list[float]:
    """The same course `later` steps later (a fraction too), drawn straight between steps; 0 comes in from outside."""
    whole, part = divmod(later, 1.0)
    padded = {number + int(whole): value for number, value in enumerate(values)}
    return [
        (1.0 - part) * padded.get(number, 0.0) + part * padded.get(number - 1, 0.0) for number in range(len(values))
    ]
