"""A network forecast with a memory on disk: restarts cost no request, and failures are not repeated soon."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import Forecast
from pv_heater.errors import RateLimited, SourceError
from pv_heater.forecasts.chain import ForecastChain, covering
from pv_heater.io.system.own_files import private
from pv_heater.io.system.state_file import UnreadableState, read_object
from pv_heater.ports import ForecastSource, Tools

log = logging.getLogger(__name__)
_VERSION = 1
_MOST_W = 1e6
_FIRST_RETRY_S = 300.0
"""After a failure, for each request of a try. A forecast may be hours old, and a free quota is small: with twice the
wait after each failure no hour sees more than four tries of one plane, or nine to ten requests for several."""
_SHORTEST_S = 60.0
_LONGEST_BAN_S = 3600.0
"""A kept ban is believed for an hour at most, since the clock may have been wrong when it was written."""


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
        self._kept: CachedAnswer | None = None
        self._told_of_trouble = False
        self._next_s = source.interval_s

    @property
    def tells_use(self) -> bool:
        """Whether the source expects the house's use as well."""
        return getattr(self._source, "tells_use", False)

    @property
    def interval_s(self) -> float:
        """Seconds until the source should be asked again, after what came of the last time."""
        return self._next_s

    def fetch(self, now: datetime) -> Forecast:
        """A new forecast, or the kept one while it is young or nothing newer can be had; raises SourceError."""
        kept = self._kept = self._kept or self._cache.load()
        young = self._young(kept, now)
        if young is not None:
            return young
        wait_s = _wait_s(kept, now)
        if wait_s > 0:
            self._next_s = wait_s
            why = f"{self._source.name} is not asked for another {_age_text(wait_s)}, since it did not answer usefully"
            return self._older(kept, now, RateLimited(why, retry_after_s=wait_s))
        return self._ask(kept, now)

    def _young(self, kept: CachedAnswer, now: datetime) -> Forecast | None:
        """The kept forecast while asking again makes no sense yet: after a restart."""
        forecast = kept.forecast
        if forecast is None or forecast.power_w_at(now) is None:
            return None
        age_s = (now - forecast.issued_at).total_seconds()
        if not 0 <= age_s < self._source.interval_s:
            return None
        self._next_s = max(_SHORTEST_S, self._source.interval_s - age_s)
        return forecast if age_s < _SHORTEST_S else _aged(forecast, age_s)

    def _ask(self, kept: CachedAnswer, now: datetime) -> Forecast:
        failures = kept.failures + 1
        patient_s = min(self._source.interval_s, _FIRST_RETRY_S * self._source.requests * 2 ** min(failures - 1, 8))
        # Noted before asking: a program that dies meanwhile, again and again, must not go on knocking.
        failed = CachedAnswer(
            forecast=kept.forecast, not_before_at=now + timedelta(seconds=patient_s), failures=failures
        )
        self._keep(failed)
        try:
            forecast = covering(self._source.fetch(now), now)
        except SourceError as error:
            wish_s = min(error.retry_after_s or 0.0, _LONGEST_BAN_S)
            self._next_s = max(patient_s, wish_s)
            if wish_s > patient_s:
                self._keep(replace(failed, not_before_at=now + timedelta(seconds=wish_s)))
            return self._older(failed, now, error)
        if self._told_of_trouble:
            tries = "try" if kept.failures == 1 else "tries"
            log.info("%s answers again after %d failed %s.", forecast.source, kept.failures, tries)
            self._told_of_trouble = False
        self._next_s = self._source.interval_s
        self._keep(CachedAnswer(forecast=forecast))
        return forecast

    def _older(self, kept: CachedAnswer, now: datetime, error: SourceError) -> Forecast:
        """The kept forecast where it still covers `now`; raises `error` where it does not."""
        forecast = kept.forecast
        if forecast is None or forecast.power_w_at(now) is None:
            raise error
        age_s = (now - forecast.issued_at).total_seconds()
        if not self._told_of_trouble:
            log.warning("No new forecast: %s. The one of %s ago is used.", str(error).rstrip("."), _age_text(age_s))
            self._told_of_trouble = True
        return _aged(forecast, age_s)

    def _keep(self, kept: CachedAnswer) -> None:
        self._kept = kept
        self._cache.save(kept)


@runtime_checkable
class Cacheable(Protocol):
    """A forecast source that costs requests."""

    name: str
    """What messages call it."""

    @property
    def cache_key(self) -> str:
        """Names what it asks for: equal for equal questions. Holds no secret."""
        ...

    @property
    def requests(self) -> int:
        """How many requests one `fetch` takes."""
        ...

    @property
    def interval_s(self) -> float:
        """See `ports.ForecastSource`."""
        ...

    def fetch(self, now: datetime) -> Forecast:
        """See `ports.ForecastSource`."""
        ...


class ForecastCache:
    """One small JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> CachedAnswer:
        """What was kept; nothing when the file is missing or cannot be read, which is logged."""
        try:
            found = read_object(self._path)
            return CachedAnswer() if found is None else _kept(found)
        except (UnreadableState, ArithmeticError, LookupError, ValueError, TypeError, AttributeError) as error:
            log.warning("The kept forecast %s cannot be used (%s) and is ignored.", self._path, error)
            return CachedAnswer()

    def save(self, kept: CachedAnswer) -> None:
        """Replace the file as a whole: a power cut leaves the old or the new one. A full disk is logged, not raised."""
        temporary = self._path.with_suffix(".tmp")
        try:
            with open(temporary, "w", encoding="utf-8", opener=private) as file:
                json.dump(_jsonable(kept), file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except OSError as error:
            log.warning("The forecast cannot be kept in %s (%s); a restart will ask again.", self._path, error)


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedAnswer:
    """What is known from earlier: a forecast, until when the source is not to be asked, and why."""

    forecast: Forecast | None = None
    not_before_at: datetime | None = None
    failures: int = 0
    """Tries in a row that gave no forecast; one that a crash ended counts too."""


def _wait_s(kept: CachedAnswer, now: datetime) -> float:
    """Seconds for which the source is still to be left in peace; 0 when it may be asked."""
    wait_s = 0.0 if kept.not_before_at is None else (kept.not_before_at - now).total_seconds()
    return wait_s if 0 < wait_s <= _LONGEST_BAN_S else 0.0


def _aged(forecast: Forecast, age_s: float) -> Forecast:
    return replace(forecast, source=f"{forecast.source} cached {_age_text(age_s)} ago")


def _age_text(age_s: float) -> str:
    return f"{age_s / 60:.0f} min" if age_s < 5400 else f"{age_s / 3600:.0f} h"


def _jsonable(kept: CachedAnswer) -> dict[str, Any]:
    forecast = kept.forecast
    return {
        "version": _VERSION,
        "not_before_at": None if kept.not_before_at is None else kept.not_before_at.isoformat(),
        "failures": kept.failures,
        "forecast": None
        if forecast is None
        else {
            "issued_at": forecast.issued_at.isoformat(),
            "source": forecast.source,
            "step_s": forecast.step_s,
            "first_at": forecast.steps[0][0].isoformat() if forecast.steps else None,
            "pv_w": [round(pv_w, 1) for _, pv_w in forecast.steps],
            "cloud_percent": [round(percent, 1) for percent in forecast.cloud_percent],
            "use": [[start_at.timestamp(), round(use_w, 1)] for start_at, use_w in forecast.use_steps],
        },
    }


def _kept(data: dict[str, Any]) -> CachedAnswer:
    if data["version"] != _VERSION:
        raise ValueError(f"version {data['version']!r}, not {_VERSION}")
    not_before, raw = data["not_before_at"], data["forecast"]
    return CachedAnswer(
        forecast=None if raw is None else _forecast(raw),
        not_before_at=None if not_before is None else _aware(not_before),
        failures=max(0, int(data.get("failures", 0))),
    )


def _forecast(raw: dict[str, Any]) -> Forecast:
    step = timedelta(seconds=raw["step_s"])
    first_at = _aware(raw["first_at"]) if raw["pv_w"] else None
    powers_w = [float(pv_w) for pv_w in raw["pv_w"]]
    if not all(0 <= pv_w <= _MOST_W for pv_w in powers_w):  # false for NaN too
        raise ValueError("a power that no home has")
    return Forecast(
        issued_at=_aware(raw["issued_at"]),
        source=str(raw["source"]),
        step_s=int(raw["step_s"]),
        steps=() if first_at is None else tuple((first_at + index * step, w) for index, w in enumerate(powers_w)),
        # Files written before clouds were known have none.
        cloud_percent=tuple(float(percent) for percent in raw.get("cloud_percent", ())),
        use_steps=tuple((datetime.fromtimestamp(start_s, UTC), float(use_w)) for start_s, use_w in raw.get("use", ())),
    )


def _aware(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return at
