"""A day with certain settings: what is counted, and what it hands on to the next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pv_heater.commands.whatif.one_day import Carried, DayOutcome
from tests.commands.whatif.homes import config, lived, noon


def test_a_larger_heater_catches_more_of_the_same_sun(tmp_path: Path) -> None:
    small, large = lived(config(tmp_path)), lived(config(tmp_path, loads__heater__max_power_w="3000"))
    assert small.figures.idle_spilled_wh == large.figures.idle_spilled_wh > 7000
    assert large.figures.caught_wh > small.figures.caught_wh + 2000
    assert small.figures.caught_wh == pytest.approx(small.figures.heat_wh, rel=0.02)
    assert small.figures.starts == 1


def test_the_day_after_begins_where_the_battery_was_left_with_and_without_heating(tmp_path: Path) -> None:
    home = config(tmp_path)
    night = noon(pv_w=0.0, hours=3, from_hour=1)
    first = lived(home, night, Carried.first(60.0))
    assert first.end.percent == first.end.idle_percent < 40
    second = lived(home, noon(1), first.end)
    assert second.end.percent > first.end.percent
    assert second.figures.idle_spilled_wh < lived(home, noon(1)).figures.idle_spilled_wh - 1500


def test_a_tank_is_as_warm_in_the_morning_as_it_was_left(tmp_path: Path) -> None:
    home = config(tmp_path, loads__heater__hot_water="{volume_l: 150}")
    first = lived(home)
    assert first.end.tank_c["heater"] > 45
    assert first.figures.coldest_c == pytest.approx(45, abs=6)
    cold = Carried(percent=100.0, idle_percent=100.0, tank_c={"heater": 20.0})
    assert (lived(home, begin=cold).figures.coldest_c or 99) < 21


def test_what_is_handed_on_survives_being_kept(tmp_path: Path) -> None:
    outcome = lived(config(tmp_path))
    assert DayOutcome.from_json(json.loads(json.dumps(outcome.as_json()))) == outcome
