"""What the sun will give: the forecast, corrected by what was seen while nothing hid it.

Corrected through the day by the energy so far, and across days by how this forecast has erred here. Without a
forecast, the share of a clear sky that the last days gave stands in. Samples taken while chargers throttled, or might
have, teach nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import isfinite, sqrt
from typing import Any

from pv_heater.core.clear_sky import clear_sky_w
from pv_heater.core.settings import Site
from pv_heater.core.types import Forecast

QUARTER_S = 900
PRIOR_SHARE = 0.3
"""The day so far counts against this share of the whole day's forecast."""
USUAL_SHARE = 0.5
"""Of a clear sky's energy, what an average day gives in Central Europe; until days here have told more."""
LEARNED_A_DAY = 0.2
"""Share of a whole new day in what is known of earlier ones."""
BLIND_SPREAD = 2.0
"""Without a forecast tomorrow's weather is twice as uncertain: the spread of days around their mean."""
COURSE_OF_CLEAR_SKY = 0.2
"""Part of a forecast's energy that is spread like a clear day's: no forecast knows the hour of its clouds."""
FACTOR_BOUNDS = (0.2, 5.0)


class SunAhead:
    """Expects PV power for the quarters of today. Instants are in UTC."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._clear_w: dict[datetime, float] = {}
        self._day: tuple[datetime, datetime] | None = None
        self._forecast: Forecast | None = None
        self._course_share = 0.0
        self._factor = 1.0
        self._usual_share = USUAL_SHARE
        self._seen_wh = self._expected_wh = self._clear_seen_wh = 0.0

    def begin_day(self, start_at: datetime, end_at: datetime) -> None:
        """A local day begins: learn from the one before, and compute this one's clear sky."""
        self._learn()
        self._day = (start_at, end_at)
        self._clear_w = {}
        site = self._site
        if site.latitude is not None and site.longitude is not None and site.pv:
            for at in quarters(start_at, end_at):
                middle_at = at + timedelta(seconds=QUARTER_S / 2)
                self._clear_w[at] = clear_sky_w(site.pv, site.latitude, site.longitude, middle_at)
        self._forecast = None

    def take(self, forecast: Forecast | None) -> None:
        """Expect by `forecast` from now on; None: by the sky and the last days."""
        if forecast is self._forecast or self._day is None:
            return
        self._forecast = forecast
        told = [(self._forecast_w(at), clear_w) for at, clear_w in self._clear_w.items()]
        told_w = sum(forecast_w for forecast_w, _ in told if forecast_w is not None)
        clear_w = sum(clear_w for forecast_w, clear_w in told if forecast_w is not None)
        self._course_share = told_w / clear_w if clear_w > 0 else 0.0

    @property
    def is_known(self) -> bool:
        """Whether anything can be expected: by a forecast, or by place and modules."""
        return self._forecast is not None or bool(self._clear_w)

    def observe(self, at: datetime, pv_w: float, elapsed_s: float) -> None:
        """PV gave `pv_w` for `elapsed_s` around `at`, and nothing hid more."""
        expected_w, hours = self.expected_w(at), elapsed_s / 3600.0
        if expected_w is None:
            return
        self._seen_wh += pv_w * hours
        self._expected_wh += expected_w * hours
        self._clear_seen_wh += self.clear_w(at) * hours

    def expected_w(self, at: datetime) -> float | None:
        """PV power as forecast, before correction; None beyond what is known."""
        clear_w = self._clear_w.get(_quarter(at))
        forecast_w = self._forecast_w(at)
        if forecast_w is None:
            return None if clear_w is None else self._usual_share * clear_w
        if clear_w is None:
            return forecast_w
        return forecast_w + COURSE_OF_CLEAR_SKY * (self._course_share * clear_w - forecast_w)

    def clear_w(self, at: datetime) -> float:
        """Under a cloudless sky; where that is not known, twice what an average forecast says."""
        clear_w = self._clear_w.get(_quarter(at))
        if clear_w is None:
            return (self._forecast_w(at) or 0.0) / USUAL_SHARE
        return clear_w

    def correction(self) -> tuple[float, float]:
        """(factor on `expected_w`, how uncertain the rest of the day still is: 1 in the morning, towards 0)."""
        if self._day is None:
            return 1.0, 1.0
        prior_wh = PRIOR_SHARE * sum(self.expected_w(at) or 0.0 for at in quarters(*self._day)) * QUARTER_S / 3600.0
        factor = self._factor if self._forecast is not None else 1.0
        if prior_wh <= 0:
            return factor, 1.0
        factor = (self._seen_wh + prior_wh * factor) / (self._expected_wh + prior_wh)
        spread = sqrt(prior_wh / (prior_wh + self._expected_wh))
        return factor, spread if self._forecast is not None else BLIND_SPREAD * spread

    def state(self) -> dict[str, Any]:
        """What the days have taught, and the day so far."""
        return {
            "factor": round(self._factor, 4),
            "usual_share": round(self._usual_share, 4),
            "seen_wh": round(self._seen_wh, 1),
            "expected_wh": round(self._expected_wh, 1),
            "clear_seen_wh": round(self._clear_seen_wh, 1),
        }

    def restore(self, state: Mapping[str, Any], *, same_day: bool) -> None:
        """Take back what `state` told; anything else is ignored."""
        least, most = FACTOR_BOUNDS
        self._factor = min(most, max(least, _number(state.get("factor"), self._factor)))
        self._usual_share = min(1.0, max(0.05, _number(state.get("usual_share"), self._usual_share)))
        if same_day:
            self._seen_wh = max(0.0, _number(state.get("seen_wh"), 0.0))
            self._expected_wh = max(0.0, _number(state.get("expected_wh"), 0.0))
            self._clear_seen_wh = max(0.0, _number(state.get("clear_seen_wh"), 0.0))

    def _forecast_w(self, at: datetime) -> float | None:
        return None if self._forecast is None else self._forecast.power_w_at(at)

    def _learn(self) -> None:
        """Move what is known towards the day that ended, as far as the day was seen."""
        clear_wh = sum(self._clear_w.values()) * QUARTER_S / 3600.0
        if self._day is not None and self._expected_wh > 0:
            day_wh = sum(self.expected_w(at) or 0.0 for at in quarters(*self._day)) * QUARTER_S / 3600.0
            weight = LEARNED_A_DAY * min(1.0, self._expected_wh / day_wh) if day_wh > 0 else 0.0
            if self._forecast is not None:
                least, most = FACTOR_BOUNDS
                ratio = min(most, max(least, self._seen_wh / self._expected_wh))
                self._factor += weight * (ratio - self._factor)
        if clear_wh > 0 and self._clear_seen_wh > 0:
            weight = LEARNED_A_DAY * min(1.0, self._clear_seen_wh / clear_wh)
            self._usual_share += weight * (min(1.0, self._seen_wh / self._clear_seen_wh) - self._usual_share)
        self._seen_wh = self._expected_wh = self._clear_seen_wh = 0.0


def quarters(start_at: datetime, end_at: datetime) -> list[datetime]:
    """The beginnings of all quarter hours that overlap the time between two instants."""
    first_at = _quarter(start_at)
    count = -(-int((end_at - first_at).total_seconds()) // QUARTER_S)
    return [first_at + timedelta(seconds=QUARTER_S * number) for number in range(count)]


def _quarter(at: datetime) -> datetime:
    return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)


def _number(value: Any, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) and isfinite(value) else otherwise
