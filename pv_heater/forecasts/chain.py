"""Forecasts one behind the other, and a clear sky behind them all."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pv_heater.core.house.sun import clear_sky_forecast
from pv_heater.core.model.values import Forecast
from pv_heater.errors import BadReply, SourceError
from pv_heater.ports import ForecastSource, Tools

log = logging.getLogger(__name__)

_OLD = timedelta(hours=6)
"""Weather models are run anew at least this often, so another source's new forecast is better than an older one."""
CLEAR_SKY = "clear sky"


class ForecastChain:
    """The first source that answers; a clear sky when none does. Satisfies `ports.ForecastSource`."""

    def __init__(self, sources: Sequence[ForecastSource], tools: Tools) -> None:
        self._sources = tuple(sources)
        self._site = tools.site
        self._answering: str | None = None
        self._next_s = 3600.0

    @property
    def interval_s(self) -> float:
        """Seconds until the next try of the source that is the most impatient of those asked last."""
        return self._next_s

    def fetch(self, now: datetime) -> Forecast:
        """The best forecast there is; raises SourceError only when not even the sun's course can be computed."""
        troubles: list[SourceError] = []
        forecast = self._from_sources(now, troubles)
        if forecast is None and self._site.located and self._site.pv:
            forecast = clear_sky_forecast(self._site, now)
        if forecast is not None:
            return self._announced(self._with_use(forecast, now), troubles)
        self._answering = None
        reasons = "; ".join(str(trouble).rstrip(".") for trouble in troubles) or "no forecast is set up"
        wish_s = max((trouble.retry_after_s or 0.0 for trouble in troubles), default=0.0)
        raise SourceError(
            f"There is no forecast: {reasons}. With site.latitude, site.longitude and site.pv a clear sky would do",
            retry_after_s=wish_s or None,
        )

    def _from_sources(self, now: datetime, troubles: list[SourceError]) -> Forecast | None:
        """Of the first source whose forecast covers `now` and is not old; else the first old one; else None."""
        old: Forecast | None = None
        asked_s: list[float] = []
        for source in self._sources:
            try:
                forecast = covering(source.fetch(now), now)
            except SourceError as error:
                troubles.append(error)
                continue
            finally:
                asked_s.append(source.interval_s)
                self._next_s = min(asked_s)
            if old is not None and forecast.source == CLEAR_SKY:
                break  # an old forecast knows more than a sky without clouds
            if now - forecast.issued_at <= _OLD:
                return forecast
            troubles.append(SourceError(f"{forecast.source} is old"))
            old = old or forecast
        return old

    def _with_use(self, forecast: Forecast, now: datetime) -> Forecast:
        """With what another source expects the house to use, where its own does not tell."""
        tellers = [] if forecast.use_steps else [each for each in self._sources if getattr(each, "tells_use", False)]
        for source in tellers:
            with suppress(SourceError):
                return replace(forecast, use_steps=source.fetch(now).use_steps)
        return forecast

    def _announced(self, forecast: Forecast, troubles: list[SourceError]) -> Forecast:
        """The forecast, and one log line whenever it comes from somewhere else than before."""
        origin = forecast.source.partition(" cached ")[0]
        if origin != self._answering:
            because = "".join(f" ({trouble})" for trouble in troubles)
            level = logging.WARNING if troubles else logging.INFO
            log.log(level, "The forecast now comes from %s%s.", origin, because)
            self._answering = origin
        return forecast


def covering(forecast: Forecast, now: datetime) -> Forecast:
    """The forecast itself; raises BadReply when it says nothing of `now`."""
    if forecast.power_w_at(now) is not None:
        return forecast
    if forecast.end_at is None:
        raise BadReply(f"The forecast of {forecast.source} is empty")
    raise BadReply(
        f"The forecast of {forecast.source} goes from {forecast.steps[0][0]:%d %b %H:%M} to "
        f"{forecast.end_at:%d %b %H:%M} UTC and says nothing of now ({now.astimezone(UTC):%d %b %H:%M})"
    )
