"""The whole measurement, on made-up stretches of days that take no time."""

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cache
from math import inf

import pytest

from bench.capture.bound import Bound, perfect_foresight
from bench.capture.days import GRAZ, Spell, minutes_w
from bench.capture.lived import LivedDay, course_of, live_spell, without_heating
from bench.capture.measure import Capture, measure
from bench.capture.score import Possible, score
from bench.capture.variants import HOMES, MAIN, House, Variant, by_feed, where_lost
from pv_heater.config.load import load_config
from pv_heater.report.foresight import HEATER_SLACK_W
from pv_heater.sim.recording import HomeRecording
from pv_heater.sim.weather import site_clear_sky, synthetic_days
from pv_heater.strategies import STRATEGIES

ELEVEN = datetime(2026, 6, 21, 11, tzinfo=timezone(timedelta(hours=1)))
GX, SLOW, FEEDING_IN = MAIN[:3]
REAL = by_feed("gx_real")[0]
NEARLY_FULL = replace(GX, name="small battery", house=House(capacity_wh=1200.0))


def stretch(sun_w: list[float], use_w: float = 500.0, *, day: int = 0) -> HomeRecording:
    """Minutes from eleven o'clock on."""
    return HomeRecording(
        name=f"T {21 + day}",
        start_at=ELEVEN + timedelta(days=day),
        offsets_s=range(0, 60 * len(sun_w), 60),
        end_s=60.0 * len(sun_w),
        pv_w=tuple(sun_w),
        load_w=(use_w,) * len(sun_w),
    )


def spell(*days: HomeRecording) -> Spell:
    return Spell(name="T", place=GRAZ, whole=days[0], days=days)


SUNNY = spell(stretch([4000.0] * 60))
BROKEN = spell(stretch([4500.0 if minute // 7 % 2 else 900.0 for minute in range(90)]))
SHORT = [spell(stretch([4000.0] * 20)), spell(stretch([4500.0 if minute // 7 % 2 else 900.0 for minute in range(28)]))]
"""Enough for what only has to be measured."""


def captured(**changes: object) -> Capture:
    asked = {"variants": [NEARLY_FULL], "strategies": ["balance", "forecast_gap"], "draws": 2, "seed": 1}
    return measure(SHORT, **(asked | changes))  # type: ignore[arg-type]


def test_the_same_arguments_give_the_same_figures_however_many_processes() -> None:
    assert captured() == captured(jobs=2)


@pytest.fixture(scope="module")
def two_rows() -> Capture:
    return captured(variants=[GX, SLOW], where=where_lost(GX)[:1])


def test_the_result_as_json_has_a_row_for_each_strategy_and_variant_with_every_day(two_rows: Capture) -> None:
    result = two_rows.as_json()
    assert (result["days"], result["draws"], result["seed"]) == (2, 2, 1)
    rows = result["rows"]
    assert [(row["strategy"], row["feed"], row["feed_in"], row["draws"]) for row in rows] == [
        ("balance", "gx", False, 1),
        ("forecast_gap", "gx", False, 2),
        ("balance", "vrm", False, 1),
        ("forecast_gap", "vrm", False, 2),
    ]
    assert all([day["day"] for day in row["by_day"]] == ["T 21", "T 21"] for row in rows)


def test_the_table_has_strategies_side_by_side_and_variants_below_each_other(two_rows: Capture) -> None:
    lines = two_rows.as_lines()
    assert any(line.split() == ["balance", "forecast_gap"] for line in lines)
    for variant in (GX, SLOW):
        (line,) = [line for line in lines if line.startswith(variant.name) and "±" in line]
        assert line.count("±") == 2
    # Balance looks at no forecast: with a perfect one it would be the same once more.
    assert any(re.fullmatch(r"perfect forecast +[+-]0\.\d{3}", line) for line in lines)


def test_a_home_as_late_as_a_real_one_is_lived_second_by_second_and_valued_the_same() -> None:
    """Four minutes of steady sun: an ideal meter every ten seconds, and a chain of drivers every second."""
    short = spell(stretch([1800.0] * 4, 760.0))
    ideal, real = (course_of(short, 0, replace(row, name="t"), "balance", "1 0") for row in (GX, REAL))
    assert (len(ideal), len(real)) == (24, 240)
    assert without_heating(short.days[0], GX.house) == without_heating(short.days[0], REAL.house)
    assert live_spell(short, REAL, "balance", "1 0") == live_spell(short, REAL, "balance", "1 0")


def test_a_law_that_fits_no_variant_is_refused() -> None:
    with pytest.raises(ValueError, match="bucket would be measured in none"):
        measure([SUNNY], variants=[SLOW], strategies=["bucket"], draws=1, seed=1)


def test_what_is_lost_is_told_only_of_laws_that_fit_the_first_variant() -> None:
    half = replace(NEARLY_FULL, name="half", forecast="half")
    result = captured(variants=[half, NEARLY_FULL], where=where_lost(half), draws=1)
    assert {row.strategy for row in result.where} == {"forecast_gap"}


def test_progress_is_told_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    captured(strategies=["balance"], progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_law_without_forecast_is_not_measured_again_with_a_worse_one() -> None:
    rows = measure([SUNNY], variants=MAIN, strategies=["balance"], draws=1, seed=1).rows
    assert [row.variant for row in rows] == [variant.name for variant in MAIN if variant.forecast == "drawn"]


def test_the_bucket_is_measured_only_where_a_fast_meter_sees_export() -> None:
    rows = measure([SUNNY], variants=MAIN[:4], strategies=["bucket"], draws=1, seed=1).rows
    assert [row.variant for row in rows] == [FEEDING_IN.name]


@cache
def a_broken_day() -> tuple[HomeRecording, Bound, Bound]:
    """A whole day: who need not care for the evening may lean on the battery for more. With its bounds.

    Whoever lags behind a cloud leans on the battery for more than the slack: only endless slack is out of reach.
    """
    day = synthetic_days(1, "broken", 5, ELEVEN.replace(hour=0), site_clear_sky(GRAZ.site))
    minutes, home, heater_w = minutes_w(day), House().home(), House().heater_w
    bounds = (perfect_foresight(*minutes, home, heater_w, slack_w=slack_w) for slack_w in (HEATER_SLACK_W, inf))
    return day, next(bounds), next(bounds)


@pytest.mark.xdist_group("perfect foresight")
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_controller_beats_perfect_foresight(strategy: str) -> None:
    day, bound, loose = a_broken_day()
    (lived,) = live_spell(spell(day), GX, strategy, "1 0", tick_s=30.0)
    idle_wh = without_heating(day, House()).value_wh
    assert idle_wh <= bound.value_wh <= loose.value_wh
    assert lived.value_wh <= loose.value_wh + 1.0
    assert lived.value_wh - idle_wh <= 1.01 * (bound.value_wh - idle_wh)
    assert lived.heat_wh > 1000.0


def test_the_same_seed_gives_the_same_forecast_and_another_another() -> None:
    def heat_wh(seed: str) -> float:
        return live_spell(BROKEN, NEARLY_FULL, "forecast_gap", seed)[0].heat_wh

    first_wh = heat_wh("1 0")
    assert heat_wh("1 0") == first_wh
    assert any(heat_wh(f"{seed} 0") != first_wh for seed in range(2, 8))


def test_what_the_controller_knows_at_the_end_of_a_day_it_knows_on_the_next() -> None:
    """The heater opened a minute before the end, so that it has to rest at the beginning of the next stretch."""
    evening = stretch([4500.0] * 30 + [0.0] * 3)
    morning = replace(stretch([4500.0] * 20), start_at=evening.start_at + timedelta(seconds=evening.end_s))
    (_, rested), (fresh,) = (
        live_spell(spell(*days), FEEDING_IN, "balance", "1 0") for days in ([evening, morning], [morning])
    )
    assert 50.0 < fresh.heat_wh - rested.heat_wh < 2000.0 * 300.0 / 3600.0
    assert fresh.closings == rested.closings == 1


def test_a_course_follows_the_day_tick_by_tick() -> None:
    moments = course_of(SUNNY, 0, GX, "balance", "1 0")
    assert [moment.second for moment in moments] == [10.0 * number for number in range(360)]
    assert all((moment.sun_w, moment.use_w) == (4000.0, 500.0) for moment in moments)
    assert max(moment.heater_w for moment in moments) > 900.0
    assert moments[0].soc_percent == 50.0 < moments[-1].soc_percent


@pytest.mark.parametrize("variant", [*MAIN, *HOMES, *where_lost(MAIN[0])], ids=lambda variant: variant.name)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_variant_has_settings_that_load(variant: Variant, strategy: str) -> None:
    config = load_config(variant.settings(GRAZ, strategy))
    battery = config.site.battery
    assert battery is not None
    assert (battery.capacity_wh, battery.max_charge_w) == (variant.house.capacity_wh, variant.house.max_charge_w)
    assert config.policies[0].max_power_w == variant.house.heater_w
    assert config.site.feed_in == variant.feed_in


def test_variants_have_names_of_their_own() -> None:
    names = [variant.name for variant in (*MAIN, *HOMES, *where_lost(MAIN[0]))]
    assert len(set(names)) == len(names)


def test_a_worse_meter_changes_what_is_decided_and_nothing_about_the_house() -> None:
    exact, coarse, noisy = (
        live_spell(BROKEN, replace(NEARLY_FULL, meter=meter), "balance", "1 0")[0]
        for meter in ("exact", "whole_percent", "noisy")
    )
    assert len({exact.heat_wh, coarse.heat_wh, noisy.heat_wh}) == 3
    assert noisy.heat_wh == pytest.approx(exact.heat_wh, rel=0.2)


def lived(**changes: object) -> LivedDay:
    values = {"day": "T", "value_wh": 0.0, "heat_wh": 0.0, "import_wh": 0.0, "closings": 0, "moves": 0}
    return LivedDay(**(values | changes))  # type: ignore[arg-type]


def test_capture_is_a_share_of_energy_and_counts_losses_on_days_without_gain() -> None:
    held = [Possible(idle=lived(import_wh=100.0), bound_wh=4000.0), Possible(idle=lived(), bound_wh=0.0)]
    first = [lived(value_wh=3000.0, heat_wh=3000.0, import_wh=400.0, closings=3), lived(value_wh=-200.0)]
    second = [lived(value_wh=3800.0, heat_wh=3000.0, import_wh=100.0, closings=1), lived()]
    row = score(GX, "balance", [first, second], held)
    assert (row.capture_min, row.capture_max) == (pytest.approx(0.7), pytest.approx(0.95))
    assert row.capture_mean == pytest.approx(0.825)
    assert row.capture_sd == pytest.approx(0.125)
    assert row.bought_for_heat_percent == pytest.approx(5.0)
    assert (row.closings_mean, row.closings_max) == (1.0, 3)
    assert [day.capture for day in row.by_day] == [pytest.approx(0.85), None]
    assert (row.poor_days, row.worst_day, row.worst_capture) == (0, "T", pytest.approx(0.85))


def test_a_sunny_day_that_was_missed_is_a_poor_one() -> None:
    row = score(GX, "balance", [[lived(value_wh=2000.0)]], [Possible(idle=lived(), bound_wh=4000.0)])
    assert (row.poor_days, row.worst_capture) == (1, 0.5)


def test_feeds_stand_side_by_side_and_slow_ones_live_the_days_that_were_named() -> None:
    rows = [by_feed(feed)[0] for feed in ("gx", "vrm", "gx_real")]
    named = [replace(one, name=f"D0{number}") for number, one in enumerate(SHORT)]
    result = measure(named, variants=rows, strategies=["balance"], draws=1, seed=1, slow_days="D00*")
    assert [len(row.by_day) for row in result.rows] == [2, 2, 1]
    lines = result.as_lines()
    assert "balance; days: gx 2, vrm 2, gx_real 1" in lines
    (caught, *_) = [line for line in lines if line.startswith("zero feed-in")]
    assert re.findall(r"\d\.\d{3}", caught) == [f"{x:.3f}" for row in result.rows for x in (row.capture_mean, 0.0)]


def test_what_was_bought_in_winter_is_told_apart() -> None:
    idle = LivedDay(day="T", value_wh=0.0, heat_wh=0.0, import_wh=100.0, closings=0, moves=0)
    lived = replace(idle, value_wh=500.0, heat_wh=1000.0, import_wh=110.0)
    summer, winter = (Possible(idle=idle, bound_wh=1000.0, in_winter=cold) for cold in (False, True))
    row = score(GX, "plan", [[lived, replace(lived, value_wh=250.0, import_wh=150.0)]], [summer, winter])
    assert (row.capture_mean, row.winter_capture) == (0.375, 0.25)
    assert (row.bought_for_heat_percent, row.winter_bought_percent) == (3.0, 5.0)
    assert score(GX, "plan", [[lived]], [summer]).winter_capture is None


def test_every_feed_has_the_rows_of_a_gx_device_and_a_noisy_meter() -> None:
    kinds = [row.kind for row in by_feed("vrm_live")]
    assert kinds[:2] == ["zero feed-in", "feed-in"]
    assert {"forecast zero", "forecast double", "forecast half", "forecast shifted", "car at noon"} < set(kinds)
    assert [row.kind for row in by_feed("gx")] == kinds
