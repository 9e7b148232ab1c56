"""Made-up days: weather over a known sky, a house in which people live, and forecasts that err as forecasts do.

The same seed gives the same days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from pv_heater.core.house.sun import clear_sky_w
from pv_heater.core.model.values import Forecast
from pv_heater.core.settings.home import PvPlane, Site
from pv_heater.sim.recording import FORECAST_STEP_S, HomeRecording, forecast_from

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
WEATHERS = ("clear", "cloudy", "broken", "mixed")
MINUTES_A_DAY = 1440
_SKY_STEP = 15
"""The clear sky is computed every so many minutes and drawn straight between: it is smooth, and costly."""


def synthetic_days(
    days: int, weather: str, seed: int, start_at: datetime, clear_sky: ClearSky, *, max_pv_w: float | None = None
) -> HomeRecording:
    """`days` whole days from `start_at` (aware, a local midnight), minute by minute; a mixed spell draws each day's.

    `max_pv_w` is the inverter's or the chargers' limit. Raises ValueError for an unknown weather or less than a day.
    """
    if weather not in WEATHERS:
        raise ValueError(f"the weather must be one of {', '.join(WEATHERS)}, not {weather!r}")
    if days < 1:
        raise ValueError(f"at least one day is needed, not {days}")
    pv_w: list[float] = []
    load_w: list[float] = []
    for day in range(days):
        chance = Random(f"{seed} {day}")
        today = chance.choice(WEATHERS[:3]) if weather == "mixed" else weather
        day_at = start_at.astimezone(UTC) + timedelta(days=day)
        shares = _shares(today, chance)
        pv_w += [power_w * next(shares) for power_w in _minutes_w(clear_sky, day_at)]
        load_w += _house_day_w(chance)
    if max_pv_w is not None:
        pv_w = [min(power_w, max_pv_w) for power_w in pv_w]
    minutes = days * MINUTES_A_DAY
    return HomeRecording(
        name=f"{weather} weather, seed {seed}",
        start_at=start_at,
        offsets_s=range(0, 60 * minutes, 60),
        end_s=60.0 * minutes,
        pv_w=tuple(pv_w),
        load_w=tuple(load_w),
    )


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


def site_clear_sky(site: Site) -> ClearSky:
    """The sky over `site`; where place or panels are not configured, over 5 kWp in Graz."""
    latitude, longitude = USUAL_PLACE
    if site.latitude is not None and site.longitude is not None:
        latitude, longitude = site.latitude, site.longitude
    planes = site.pv or USUAL_PANELS
    return lambda at: clear_sky_w(planes, latitude, longitude, at)


def _minutes_w(clear_sky: ClearSky, day_at: datetime) -> Iterator[float]:
    knots = [clear_sky(day_at + timedelta(minutes=minute)) for minute in range(0, MINUTES_A_DAY + 1, _SKY_STEP)]
    for minute in range(MINUTES_A_DAY):
        index, rest = divmod(minute, _SKY_STEP)
        yield knots[index] + (knots[index + 1] - knots[index]) * rest / _SKY_STEP


def _shares(weather: str, chance: Random) -> Iterator[float]:
    """Share of the clear sky's power, minute after minute without end."""
    if weather == "broken":
        yield from _broken_shares(chance)
    middle, spread = (0.97, 0.01) if weather == "clear" else (0.22, 0.10)
    share = middle
    while True:
        # Drifts with a memory of an hour and a half.
        share += (middle - share) / 90.0 + chance.gauss(0.0, spread * (2.0 / 90.0) ** 0.5)
        yield min(1.0, max(0.04, share))


def _broken_shares(chance: Random) -> Iterator[float]:
    """Gaps of some ten minutes, brightened by the edges of clouds, and clouds of some five."""
    while True:
        sunny = chance.uniform(0.95, 1.10)
        for _ in range(1 + int(chance.expovariate(1 / 9.0))):
            yield sunny
        cloudy = chance.uniform(0.15, 0.45)
        for _ in range(1 + int(chance.expovariate(1 / 5.0))):
            yield cloudy


def _house_day_w(chance: Random) -> list[float]:
    """A family's day: standby, a refrigerator, light in the evening, kitchen three times, a washing machine some days.

    Eight to eleven kWh; the water heater is not in it.
    """
    fridge_phase = chance.randrange(45)
    powers_w = [
        160.0 + (90.0 if (minute + fridge_phase) % 45 < 15 else 0.0) + _light_w(minute / 60.0)
        for minute in range(MINUTES_A_DAY)
    ]
    for hour, power_w, minutes in ((7.0, 1200.0, 15), (12.2, 1500.0, 30), (18.5, 1900.0, 40)):
        _use(powers_w, hour + chance.gauss(0.0, 0.4), power_w * chance.uniform(0.8, 1.2), minutes)
    for _ in range(chance.randint(3, 6)):
        _use(powers_w, chance.uniform(7.0, 21.0), 2000.0, 3)
    if chance.random() < 0.5:
        begin = chance.uniform(8.0, 16.0)
        _use(powers_w, begin, 2000.0, 20)
        _use(powers_w, begin + 0.33, 250.0, 50)
    return powers_w


def _light_w(hour: float) -> float:
    if 18.0 <= hour < 22.5:
        return 280.0
    return 120.0 if 6.5 <= hour < 8.0 else 0.0


def _use(powers_w: list[float], hour: float, power_w: float, minutes: int) -> None:
    first = int(hour * 60.0)
    for minute in range(max(0, first), min(MINUTES_A_DAY, first + minutes)):
        powers_w[minute] += power_w


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
