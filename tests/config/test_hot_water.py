"""What the settings of a tank refuse, each in a sentence, and which season a day lies in."""

from datetime import date
from typing import Any

import pytest

from pv_heater.config.load import load_config
from pv_heater.core.settings.hot_water import Season, season_at
from pv_heater.errors import ConfigError
from tests.builders import config, heater


def refused(**load: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_config(config(loads=[heater(**load)]))
    return tuple(caught.value.problems)


def water(**changes: Any) -> dict[str, Any]:
    return {"hot_water": {"volume_l": 150, **changes}}


def test_scalding_water_needs_a_mixing_valve() -> None:
    assert refused(**water(hygiene={"at_c": 60})) == (
        "loads[0].hot_water.hygiene.at_c: is 60 degC, and water above 55 degC scalds: only with a thermostatic mixing "
        "valve in the pipe and `mixing_valve: true` here",
    )
    assert load_config(config(loads=[heater(**water(hygiene={"at_c": 55}))]))
    assert load_config(config(loads=[heater(**water(hygiene={"at_c": 60}, mixing_valve=True))]))


@pytest.mark.parametrize(
    ("load", "sentence"),
    [
        ({"hot_water": {}}, "volume_l: is missing"),
        (water(min_c=60) | {"max_c": 60}, "hot_water.min_c: must be at least 3 degrees below max_c (60 degC), not 60"),
        (
            water(hygiene={}, mixing_valve=True) | {"max_c": 62},
            "hot_water.hygiene.at_c: must be at least 3 degrees below max_c (62 degC), not 60",
        ),
        (water(min_c=50) | {"target_c": 45}, "hot_water.min_c: must not be above target_c (45 degC), but is 50"),
        (water(hot_c=30, cold_c=30), "hot_c: must be above cold_c (30 degC), but is 30"),
        (water(seasons=[{"from": "21-12"}]), "must be a month and a day such as 12-21, not '21-12'"),
        ({"daily_min_wh": 5000, "daily_max_wh": 4000}, "daily_min_wh: must not be above daily_max_wh (4000 Wh)"),
        ({"ready_by": "sunset"}, "ready_by: must be a clock time such as 22:00"),
    ],
)
def test_what_contradicts_itself_is_refused(load: dict[str, Any], sentence: str) -> None:
    (problem,) = refused(**load)
    assert sentence in problem


@pytest.mark.parametrize(
    ("day", "start"),
    [
        (date(2026, 1, 5), "12-21"),
        (date(2026, 3, 19), "12-21"),
        (date(2026, 3, 20), "03-20"),
        (date(2026, 12, 20), "03-20"),
        (date(2026, 12, 21), "12-21"),
        (date(2028, 2, 29), "12-21"),
    ],
)
def test_a_season_lasts_until_the_next_begins(day: date, start: str) -> None:
    seasons = (Season(start="12-21", daily_min_wh=7000.0), Season(start="03-20", daily_min_wh=5000.0))
    found = season_at(seasons, day)
    assert found is not None
    assert found.start == start
