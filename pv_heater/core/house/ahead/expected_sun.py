"""What the sun will give: the forecast, corrected by what was seen while nothing hid it.

Corrected through the day by the energy so far, and across days by how this forecast has erred here. Without a
forecast, the share of a clear sky that the last days gave stands in. Samples taken while chargers throttled, or might
have, teach nothing. `SunAhead` expects; `SunToday` keeps it in step with the local day, which begins at local midnight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.core.house.ahead.quarters import QUARTER_S, quarters_between
from pv_heater.core.house.ahead.sun_correction import Correction, corrected
from pv_heater.core.house.sun import clear_sky_w
from pv_heater.core.model.day_plan import ForecastError
from pv_heater.core.model.local_time import midnight_at
from pv_heater.core.model.numbers import json_number_of
from pv_heater.core.model.values import Forecast
from pv_heater.core.settings.home import Site

USUAL_SHARE = 0.5
"""Of a clear sky's energy, what an average day gives in Central Europe; until days here have told more."""
LEARNED_A_DAY = 0.2
"""Share of a whole new day in what is known of the sky."""
KEPT_A_DAY = 0.8
"""Weight of the days before, after each new one: panels stay, snow and leaves do not."""
DOUBT_DAYS = 2.0
"""The forecast is taken to be right as firmly as so many clear days would prove."""
BLIND_SPREAD = 2.0
"""Without a forecast tomorrow's weather is twice as uncertain: the spread of days around their mean."""
COURSE_OF_CLEAR_SKY = 0.2
"""Part of a forecast's energy that is spread like a clear day's: no forecast knows the hour of its clouds."""
FACTOR_BOUNDS = (0.2, 5.0)
"""No forecast is believed to be further off than that for good."""
ERROR_DAYS, LEAST_ERROR_DAYS = 14, 3
"""How far days were off is told of so many, and not before so many have been seen."""
SEEN_SHARE = 0.3
"""A day tells nothing of how far it was off when less of it was seen, as a share of a clear sky's energy."""
LEAST_SHARE = 0.05
"""Of a clear sky: the darkest winter."""
NOTHING_SHARE = 0.02
"""Of a clear sky: even the darkest day gives as much, so a forecast of less is none: of another place, of a service
out of order."""
DAY = timedelta(days=1)


class SunAhead:
    """Expects PV power for the quarter hours of today. Instants are in UTC."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._start_at: datetime | None = None
        self._clear_w: list[float] = []
        self._expected_w: list[float | None] = []
        self._expected_day_wh = self._clear_day_wh = 0.0
        self._forecast: Forecast | None = None
        self._is_blind = True
        """Whether no forecast tells of today what can be: the sky and the last days do."""
        self._seen_before_wh = self._expected_before_wh = 0.0
        self._by_forecast = True
        self._factor = 1.0
        self._usual_share = USUAL_SHARE
        self._errors: list[float] = []
        """By how much of what was expected in the morning each of the last days was off, above 0."""
        self._seen_wh = self._expected_wh = self._clear_seen_wh = 0.0

    def begin_day(self, quarters_at: Sequence[datetime]) -> None:
        """A local day of these quarters begins: compute its clear sky."""
        self._start_at = quarters_at[0]
        site = self._site
        self._clear_w = []
        if site.latitude is not None and site.longitude is not None and site.pv:
            middle = timedelta(seconds=QUARTER_S / 2)
            self._clear_w = [clear_sky_w(site.pv, site.latitude, site.longitude, at + middle) for at in quarters_at]
        self._expect(quarters_at)

    def end_day(self) -> None:
        """Learn from the day that ended, as far as it was seen. A clear day is much like the next one."""
        clear_wh = sum(self._clear_w) * QUARTER_S / 3600.0
        morning_wh = self._expected_wh * (self._factor if self._by_forecast else 1.0)
        if morning_wh > 0 and self._clear_seen_wh >= SEEN_SHARE * clear_wh:
            self._errors = [*self._errors, min(1.0, abs(self._seen_wh / morning_wh - 1.0))][-ERROR_DAYS:]
        if self._by_forecast and self._expected_wh > 0:
            # By energy, so that a dark day, of which half is easily missed, counts little.
            self._seen_before_wh = KEPT_A_DAY * self._seen_before_wh + self._seen_wh
            self._expected_before_wh = KEPT_A_DAY * self._expected_before_wh + self._expected_wh
            doubt_wh = DOUBT_DAYS * max(clear_wh, self._expected_day_wh)
            least, most = FACTOR_BOUNDS
            factor = (self._seen_before_wh + doubt_wh) / (self._expected_before_wh + doubt_wh)
            self._factor = min(most, max(least, factor))
        if clear_wh > 0 and self._clear_seen_wh > 0:
            share = min(1.0, max(LEAST_SHARE, self._seen_wh / self._clear_seen_wh))
            self._usual_share += LEARNED_A_DAY * min(1.0, self._clear_seen_wh / clear_wh) * (share - self._usual_share)
        self._seen_wh = self._expected_wh = self._clear_seen_wh = 0.0

    def take(self, forecast: Forecast | None, quarters_at: Sequence[datetime]) -> None:
        """Expect by `forecast` from now on; None: by the sky and the last days."""
        if forecast is not self._forecast:
            self._forecast = forecast
            self._expect(quarters_at)

    @property
    def is_known(self) -> bool:
        """Whether anything can be expected: by a forecast, or by place and modules."""
        return self._forecast is not None or bool(self._clear_w)

    def observe(self, at: datetime, pv_w: float, elapsed_s: float) -> None:
        """PV gave `pv_w` for `elapsed_s` around `at`, and nothing hid more."""
        number, hours = self._number(at), elapsed_s / 3600.0
        expected_w = self.expected_w(number)
        if expected_w is None:
            return
        self._seen_wh += pv_w * hours
        self._expected_wh += expected_w * hours
        self._by_forecast = not self._is_blind
        self._clear_seen_wh += self.clear_w(number) * hours

    def expected_now_w(self, at: datetime) -> float | None:
        """PV power that the sky should give at `at`, corrected; None when nothing is known of it."""
        number = self._number(at)
        expected_w = self.expected_w(number)
        return None if expected_w is None else self.correction().of(expected_w, self.clear_w(number))

    def corrected_w(self, at: datetime, told_w: float) -> float:
        """What to expect at `at` where a forecast tells `told_w`."""
        return self.correction().of(told_w, self.clear_w(self._number(at)))

    def is_dark(self, at: datetime) -> bool:
        """Whether no sun is expected around `at`, not even under a clear sky: a plan would not change."""
        number = self._number(at)
        return not (self.expected_w(number) or 0.0) > 0 and not self.clear_w(number) > 0

    def expected_w(self, number: int) -> float | None:
        """PV power in the day's quarter of that number, before correction; None beyond what is known."""
        return self._expected_w[number] if 0 <= number < len(self._expected_w) else None

    def likely_w(self) -> list[float | None]:
        """PV power in each of the day's quarters, corrected; where the forecast ends, what the last days gave of a
        clear sky. None: nothing is known."""
        correction = self.correction()
        usual_w: list[float | None] = [self._usual_share * watts for watts in self._clear_w]
        return [
            correction.of(watts, self.clear_w(number)) if watts is not None else usual
            for number, (watts, usual) in enumerate(
                zip(self._expected_w, usual_w or [None] * len(self._expected_w), strict=True)
            )
        ]

    def tomorrow_w(self, quarters_at: Sequence[datetime]) -> list[float | None]:
        """PV power in tomorrow's quarters, by how forecasts have erred here; None where nothing is known.

        Tomorrow's sun stands where today's does, a day later: within a degree, and half of that is not known anyway.
        """
        clear_w = [self.clear_w(self._number(at - DAY)) for at in quarters_at] if self._clear_w else []
        usual_w: list[float | None] = [self._usual_share * watts for watts in clear_w] or [None] * len(quarters_at)
        told_w = _told_w(self._forecast, quarters_at, clear_w)
        if told_w is None:
            return usual_w
        told_w = [None if watts is None else self._factor * watts for watts in told_w]
        told_w = _with_course(told_w, clear_w) if clear_w else told_w
        return [usual if watts is None else watts for watts, usual in zip(told_w, usual_w, strict=True)]

    def clear_w(self, number: int) -> float:
        """Under a cloudless sky; where that is not known, twice what is expected."""
        if self._clear_w:
            return self._clear_w[number] if 0 <= number < len(self._clear_w) else 0.0
        return (self.expected_w(number) or 0.0) / USUAL_SHARE

    @property
    def morning_spread(self) -> float:
        """How uncertain a whole day is, before anything of it has been seen."""
        return BLIND_SPREAD if self._is_blind else 1.0

    @property
    def error(self) -> ForecastError | None:
        """How far the last days were off; None until enough have been seen."""
        days = len(self._errors)
        return None if days < LEAST_ERROR_DAYS else ForecastError(share=sum(self._errors) / days, days=days)

    def correction(self) -> Correction:
        """What today has shown of the rest of today."""
        factor = 1.0 if self._is_blind else self._factor
        return corrected(
            Correction(factor=factor, share=0.0, spread=self.morning_spread),
            seen_wh=self._seen_wh,
            expected_wh=self._expected_wh,
            clear_wh=self._clear_seen_wh,
            day_wh=self._expected_day_wh,
            clear_day_wh=self._clear_day_wh,
        )

    def state(self) -> dict[str, Any]:
        """What the days have taught, and the day so far."""
        return {
            "factor": round(self._factor, 4),
            "seen_before_wh": round(self._seen_before_wh, 1),
            "expected_before_wh": round(self._expected_before_wh, 1),
            "usual_share": round(self._usual_share, 4),
            "errors": [round(error, 3) for error in self._errors],
            "seen_wh": round(self._seen_wh, 1),
            "expected_wh": round(self._expected_wh, 1),
            "clear_seen_wh": round(self._clear_seen_wh, 1),
            "by_forecast": self._by_forecast,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave; anything else is ignored."""
        least, most = FACTOR_BOUNDS
        self._factor = min(most, max(least, _finite(state.get("factor"), self._factor)))
        self._seen_before_wh = max(0.0, _finite(state.get("seen_before_wh"), 0.0))
        self._expected_before_wh = max(0.0, _finite(state.get("expected_before_wh"), 0.0))
        self._usual_share = min(1.0, max(LEAST_SHARE, _finite(state.get("usual_share"), self._usual_share)))
        errors = state.get("errors")
        numbers = [json_number_of(error) for error in errors] if isinstance(errors, list) else []
        self._errors = [error for error in numbers if error is not None and 0 <= error <= 1][-ERROR_DAYS:]
        self._seen_wh = max(0.0, _finite(state.get("seen_wh"), 0.0))
        self._expected_wh = max(0.0, _finite(state.get("expected_wh"), 0.0))
        self._clear_seen_wh = max(0.0, _finite(state.get("clear_seen_wh"), 0.0))
        self._by_forecast = state.get("by_forecast") is not False

    def _number(self, at: datetime) -> int:
        return -1 if self._start_at is None else int((at - self._start_at).total_seconds() // QUARTER_S)

    def _expect(self, quarters_at: Sequence[datetime]) -> None:
        """Make up the day's quarters from forecast and clear sky."""
        clear_w = self._clear_w
        told_w = _told_w(self._forecast, quarters_at, clear_w)
        self._is_blind = told_w is None
        if told_w is None:
            self._expected_w = [self._usual_share * watts for watts in clear_w]
        else:
            self._expected_w = _with_course(told_w, clear_w) if clear_w else told_w
        self._expected_day_wh = sum(watts or 0.0 for watts in self._expected_w) * QUARTER_S / 3600.0
        self._clear_day_wh = sum([self.clear_w(number) for number in range(len(quarters_at))]) * QUARTER_S / 3600.0


class SunToday:
    """Keeps `sun` in step with the calendar of one home."""

    def __init__(self, site: Site) -> None:
        self.sun = SunAhead(site)
        self.zone = ZoneInfo(site.timezone)
        self.quarters_at: list[datetime] = []
        """The day's quarter hours, in UTC; another list whenever they are made anew."""
        self.day: date | None = None
        """The local day; None before the first `begin` of a home without a saved state."""
        self._ends_at: datetime | None = None

    def begin(self, now: datetime, forecast: Forecast | None) -> bool:
        """Take the forecast, and begin the day if it is a new one; True if it is."""
        ends_at, before = self._ends_at, self.day
        if ends_at is None or not ends_at - timedelta(days=2) <= now < ends_at:
            self._begin_day(now)
        # The share of a clear sky that the last days gave expects better than the clear sky itself.
        expects = forecast is not None and not forecast.is_clear_sky
        self.sun.take(forecast if expects else None, self.quarters_at)
        return before != self.day

    def state(self) -> dict[str, Any]:
        """What was learned, and the day so far."""
        return {"day": self.day.isoformat() if self.day else None, "sun": self.sun.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave; anything else is ignored."""
        sun = state.get("sun")
        self.sun.restore(sun if isinstance(sun, Mapping) else {})
        try:
            self.day = date.fromisoformat(str(state.get("day")))
        except ValueError:
            return

    def _begin_day(self, now: datetime) -> None:
        today = now.astimezone(self.zone).date()
        start_at = midnight_at(today, self.zone)
        self._ends_at = midnight_at(today + timedelta(days=1), self.zone)
        self.quarters_at = quarters_between(start_at, self._ends_at)
        self.sun.begin_day(self.quarters_at)
        if today != self.day:
            self.sun.end_day()
        self.day = today


def _told_w(
    forecast: Forecast | None, quarters_at: Sequence[datetime], clear_w: Sequence[float]
) -> list[float | None] | None:
    """What the forecast tells of a day's quarters; None: there is none, or it tells less than any day gives."""
    if forecast is None:
        return None
    steps_w = [forecast.power_w_at(at) for at in quarters_at]
    told_w = [None if watts is None else max(0.0, watts) for watts in steps_w]
    known = [(watts, clear) for watts, clear in zip(told_w, clear_w, strict=False) if watts is not None]
    if sum([watts for watts, _ in known]) < NOTHING_SHARE * sum([clear for _, clear in known]):
        return None
    return told_w


def _with_course(forecast_w: Sequence[float | None], clear_w: Sequence[float]) -> list[float | None]:
    """The forecast with a part of its energy spread like a clear day's, over the quarters that it covers."""
    told = [(watts, clear) for watts, clear in zip(forecast_w, clear_w, strict=True) if watts is not None]
    total_clear_w = sum(clear for _, clear in told)
    share = sum(watts for watts, _ in told) / total_clear_w if total_clear_w > 0 else 0.0
    part = COURSE_OF_CLEAR_SKY if total_clear_w > 0 else 0.0
    return [
        None if watts is None else watts + part * (share * clear - watts)
        for watts, clear in zip(forecast_w, clear_w, strict=True)
    ]


def _finite(value: Any, otherwise: float) -> float:
    number = json_number_of(value)
    return otherwise if number is None else number
