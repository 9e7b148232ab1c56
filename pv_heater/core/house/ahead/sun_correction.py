"""What the sun seen so far says of the rest of the day, whatever the forecast said.

The day so far counts against `PRIOR_SHARE` of the whole day, since a day goes on like it began only in part. Sun that
is missing is missing by a factor, as clouds take it. Sun beyond what was expected has two causes: the forecast's own
scale (panels, shadows, snow), and weather, which gives a share of a clear sky more; it is split between them by how
much of it each usually explains.

A forecast that promised so little that neither explains what is seen, nor hours that were wrong by one, is not held on
to: zero under a blue sky is no forecast. The more it is off, the less it counts for the rest of the day. Missing sun is
no such proof: fog lifts.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

from pv_heater.core.model.lean import dataclass

PRIOR_SHARE = 0.3
"""The day so far counts against this share of the whole day's forecast."""
WEATHER_SPREAD = 0.15
"""Standard deviation of a day's sun, as a share of a clear sky's: how far forecasts of a day are off."""
SCALE_SPREAD = 0.2
"""Standard deviation of the forecast's own scale: panels, shadows and snow that it does not know."""
LEAST_WH = 1.0
"""A clear sky must have given so much before anything seen below it tells of the day."""
HOUR_AT_NOON_SHARE = 0.125
"""Of a clear day's energy. A forecast may be an hour early or late, so no less than this proves that it is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """The rest of the day is `factor` of what was expected and `share` of a clear sky."""

    factor: float
    share: float
    spread: float
    """How uncertain it still is: 1 in the morning, towards 0."""

    def of(self, expected_w: float, clear_w: float) -> float:
        """What is to be expected in place of `expected_w` under a sky that gives `clear_w` without a cloud."""
        corrected_w = self.factor * expected_w + self.share * clear_w
        return corrected_w if corrected_w > 0 else 0.0


def corrected(
    before: Correction, *, seen_wh: float, expected_wh: float, clear_wh: float, day_wh: float, clear_day_wh: float
) -> Correction:
    """`before`, what the days before have taught, corrected by today.

    `seen_wh` was seen where `expected_wh` was expected and a clear sky gives `clear_wh`; of the whole day are expected
    `day_wh` and `clear_day_wh`.
    """
    if clear_wh < LEAST_WH or clear_day_wh <= 0:
        return before
    beyond_wh = seen_wh - before.factor * expected_wh - before.share * clear_wh
    if beyond_wh <= 0:
        if expected_wh <= 0:
            return before
        prior_wh = PRIOR_SHARE * day_wh
        factor, left = beyond_wh / (expected_wh + prior_wh), prior_wh / (expected_wh + prior_wh)
        return replace(before, factor=before.factor + factor, spread=before.spread * sqrt(left))
    by_scale, by_weather = (SCALE_SPREAD * expected_wh) ** 2, (WEATHER_SPREAD * clear_wh) ** 2
    surprise = (beyond_wh**2 - (HOUR_AT_NOON_SHARE * clear_day_wh) ** 2) / (by_scale + by_weather)
    prior_share = PRIOR_SHARE / max(1.0, surprise)
    scale_wh, prior_wh = beyond_wh * by_scale / (by_scale + by_weather), PRIOR_SHARE * clear_day_wh
    return Correction(
        factor=before.factor + (scale_wh / (expected_wh + prior_share * day_wh) if expected_wh > 0 else 0.0),
        share=before.share + (beyond_wh - scale_wh) / (clear_wh + prior_share * clear_day_wh),
        spread=before.spread * sqrt(prior_wh / (prior_wh + clear_wh)),
    )
