"""The last forecast of a network source, kept on disk so that a restart does not cost a request."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pv_heater.core.types import Forecast

log = logging.getLogger(__name__)

_VERSION = 1
_MOST_W = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is known from earlier: a forecast, until when the source is not to be asked, and why."""

    forecast: Forecast | None = None
    not_before_at: datetime | None = None
    failures: int = 0
    """Tries in a row that gave no forecast; one that a crash ended counts too."""


class ForecastCache:
    """One small JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Kept:
        """What was kept; nothing when the file is missing or cannot be read, which is logged."""
        try:
            return _kept(json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return Kept()
        except (OSError, ArithmeticError, LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
            log.warning("The kept forecast %s cannot be used (%s) and is ignored.", self._path, error)
            return Kept()

    def save(self, kept: Kept) -> None:
        """Replace the file as a whole: a power cut leaves the old or the new one. A full disk is logged, not raised."""
        temporary = self._path.with_suffix(".tmp")
        try:
            with temporary.open("w", encoding="utf-8") as file:
                json.dump(_jsonable(kept), file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except OSError as error:
            log.warning("The forecast cannot be kept in %s (%s); a restart will ask again.", self._path, error)


def _jsonable(kept: Kept) -> dict[str, Any]:
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
        },
    }


def _kept(data: dict[str, Any]) -> Kept:
    if data["version"] != _VERSION:
        raise ValueError(f"version {data['version']!r}, not {_VERSION}")
    not_before, raw = data["not_before_at"], data["forecast"]
    return Kept(
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
    )


def _aware(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return at
