from __future__ import annotations

import json
import math
from datetime import timedelta
from pathlib import Path

import pytest

from pv_heater.core.model.values import Forecast
from pv_heater.forecasts.cached import CachedAnswer, ForecastCache
from tests.source_tools import NOON

HOUR = timedelta(hours=1)


def clouded(*percents: float) -> Forecast:
    """Three hours from noon."""
    steps = tuple((NOON + number * HOUR, 100.0) for number in range(3))
    return Forecast(issued_at=NOON, source="test", step_s=3600, steps=steps, cloud_percent=percents)


def test_clouds_are_the_mean_by_time_of_what_is_known() -> None:
    forecast = clouded(0.0, 60.0, 100.0)
    assert forecast.cloud_percent_between(NOON, NOON + 2 * HOUR) == 30
    assert forecast.cloud_percent_between(NOON + 0.75 * HOUR, NOON + 1.25 * HOUR) == 30
    assert forecast.cloud_percent_between(NOON + 2 * HOUR, NOON + 9 * HOUR) == 100


def test_clouds_that_nobody_told_of_are_missing_and_no_clear_sky() -> None:
    assert clouded().cloud_percent_between(NOON, NOON + HOUR) is None
    assert clouded(1, 2, 3).cloud_percent_between(NOON + 24 * HOUR, NOON + 48 * HOUR) is None
    assert clouded(1, 2, 3).cloud_percent_between(NOON, NOON) is None


@pytest.mark.parametrize(
    "percents",
    [(1.0,), (1.0, 2.0, 3.0, 4.0), (-1.0, 0.0, 0.0), (0.0, 101.0, 0.0), (math.nan, 0.0, 0.0), (math.inf, 0.0, 0.0)],
    ids=["too few", "too many", "below none", "more than all", "nan", "infinite"],
)
def test_clouds_that_cannot_be_are_refused(percents: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="cloud_percent"):
        clouded(*percents)


@pytest.mark.parametrize("percents", [(0.0, 62.5, 100.0), ()])
def test_clouds_outlive_a_restart(tmp_path: Path, percents: tuple[float, ...]) -> None:
    cache = ForecastCache(tmp_path / "forecast.json")
    cache.save(CachedAnswer(forecast=clouded(*percents)))
    assert cache.load().forecast == clouded(*percents)


def test_a_file_from_before_clouds_were_kept_still_loads(tmp_path: Path) -> None:
    path = tmp_path / "forecast.json"
    ForecastCache(path).save(CachedAnswer(forecast=clouded(1.0, 2.0, 3.0)))
    old = json.loads(path.read_text(encoding="utf-8"))
    del old["forecast"]["cloud_percent"], old["failures"]
    path.write_text(json.dumps(old), encoding="utf-8")
    assert ForecastCache(path).load() == CachedAnswer(forecast=clouded())
