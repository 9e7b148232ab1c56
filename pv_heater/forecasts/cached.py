"""Forecasts one behind the other: each with its memory on disk, and a clear sky behind them all."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from pv_heater.core.clear_sky import clear_sky_forecast
from pv_heater.core.types import Forecast
from pv_heater.errors import RateLimited, SourceError
from pv_heater.io.forecast_cache import ForecastCache, Kept
from pv_heater.ports import ForecastSource, Tools

log = logging.getLogger(__name__)

_FIRST_RETRY_S = 300.0
"""After a failure. A forecast may be hours old, and a free quota is small."""
_SHORTEST_S = 60.0
_LONGEST_BAN_S = 3600.0
"""A kept ban is believed for an hour at most, since the clock may have been wrong when it was written."""


@runtime_checkable
class Cacheable(Protocol):
    """A forecast source that costs a request; `cache_key` names what it asks for."""

    @property
    def cache_key(self) -> str:
        """Equal for equal questions."""
        ...

    @property
    def interval_s(self) -> float:
        """See `ports.ForecastSource`."""
        ...

    def fetch(self, now: datetime) -> Forecast:
        """See `ports.ForecastSource`."""
        ...


def build_forecast(sources: Sequence[ForecastSource], tools: Tools) -> ForecastSource:
    """What the program uses: the first of `sources` that answers, anew or from its memory, else a clear sky.

    Network sources keep their answers in `tools.state_dir`, so that restarts do not use up a quota.
    """
    kept = [CachedForecast(source, tools) if isinstance(source, Cacheable) else source for source in sources]
    return ForecastChain(kept, tools)


class CachedForecast:
    """A network source with a memory; satisfies `ports.ForecastSource`."""

    def __init__(self, source: Cacheable, tools: Tools) -> None:
        self._source = source
        digest = hashlib.sha256(source.cache_key.encode()).hexdigest()[:12]
        self._cache = ForecastCache(tools.state_dir / f"forecast_{digest}.json")
        self._kept: Kept | None = None
        self._failures = 0
        self._next_s = source.interval_s

    @property
    def interval_s(self) -> float:
        """Seconds until the source should be asked again, after what came of the last time."""
        return self._next_s

    def fetch(self, now: datetime) -> Forecast:
        """A new forecast, or the kept one while it is young or nothing newer can be had; raises SourceError."""
        if self._kept is None:
            self._kept = self._cache.load()
        young = self._young(now)
        if young is not None:
            return young
        try:
            self._raise_if_banned(now)
            forecast = self._source.fetch(now)
        except SourceError as error:
            return self._fall_back(error, now)
        if self._failures:
            tries = "try" if self._failures == 1 else "tries"
            log.info("%s answers again after %d failed %s.", forecast.source, self._failures, tries)
        self._failures = 0
        self._next_s = self._source.interval_s
        self._keep(Kept(forecast=forecast))
        return forecast

    def _young(self, now: datetime) -> Forecast | None:
        """The kept forecast while asking again makes no sense yet: after a restart."""
        forecast = self._kept.forecast if self._kept else None
        if forecast is None or forecast.power_w_at(now) is None:
            return None
        age_s = (now - forecast.issued_at).total_seconds()
        if not 0 <= age_s < self._source.interval_s:
            return None
        self._next_s = max(_SHORTEST_S, self._source.interval_s - age_s)
        return forecast if age_s < _SHORTEST_S else _aged(forecast, age_s)

    def _raise_if_banned(self, now: datetime) -> None:
        until = self._kept.not_before_at if self._kept else None
        wait_s = 0.0 if until is None else (until - now).total_seconds()
        if 0 < wait_s <= _LONGEST_BAN_S:
            raise RateLimited(f"it asked not to be asked for another {wait_s / 60:.0f} min", retry_after_s=wait_s)

    def _fall_back(self, error: SourceError, now: datetime) -> Forecast:
        """The kept forecast where it still covers `now`; raises `error` where it does not."""
        self._failures += 1
        patient_s = min(self._source.interval_s, _FIRST_RETRY_S * 2 ** min(self._failures - 1, 8))
        limited = isinstance(error, RateLimited)
        wish_s = min(error.retry_after_s or (_FIRST_RETRY_S if limited else 0.0), _LONGEST_BAN_S)
        self._next_s = max(patient_s, wish_s)
        forecast = self._kept.forecast if self._kept else None
        if limited:
            # Kept too: a restart loop must not go on knocking at a closed door.
            self._keep(Kept(forecast=forecast, not_before_at=now + timedelta(seconds=wish_s)))
        if forecast is None or forecast.power_w_at(now) is None:
            raise error
        age_s = (now - forecast.issued_at).total_seconds()
        if self._failures == 1:
            log.warning("No new forecast: %s. The one of %s ago is used.", str(error).rstrip("."), _age_text(age_s))
        return _aged(forecast, age_s)

    def _keep(self, kept: Kept) -> None:
        self._kept = kept
        self._cache.save(kept)


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
        asked: list[float] = []
        for source in self._sources:
            try:
                forecast = source.fetch(now)
            except SourceError as error:
                troubles.append(error)
                forecast = None
            asked.append(source.interval_s)
            self._next_s = min(asked)
            if forecast is not None:
                return self._announced(forecast, troubles)
        if self._site.located and self._site.pv:
            return self._announced(clear_sky_forecast(self._site, now), troubles)
        self._answering = None
        reasons = "; ".join(str(trouble).rstrip(".") for trouble in troubles) or "no forecast is set up"
        wish_s = max((trouble.retry_after_s or 0.0 for trouble in troubles), default=0.0)
        raise SourceError(
            f"There is no forecast: {reasons}. With site.latitude, site.longitude and site.pv a clear sky would do",
            retry_after_s=wish_s or None,
        )

    def _announced(self, forecast: Forecast, troubles: list[SourceError]) -> Forecast:
        """The forecast, and one log line whenever it comes from somewhere else than before."""
        origin = forecast.source.partition(" cached ")[0]
        if origin != self._answering:
            because = "".join(f" ({trouble})" for trouble in troubles)
            level = logging.WARNING if troubles else logging.INFO
            log.log(level, "The forecast now comes from %s%s.", origin, because)
            self._answering = origin
        return forecast


def _aged(forecast: Forecast, age_s: float) -> Forecast:
    return replace(forecast, source=f"{forecast.source} cached {_age_text(age_s)} ago")


def _age_text(age_s: float) -> str:
    return f"{age_s / 60:.0f} min" if age_s < 5400 else f"{age_s / 3600:.0f} h"
