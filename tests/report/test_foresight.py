"""Our own solver against the linear programme of the bench, and against days that are lived step by step."""

from random import Random

import pytest

from bench.capture.bound import perfect_foresight
from pv_heater.core.settings.home import Limits
from pv_heater.report import foresight
from pv_heater.report.foresight import HEATER_SLACK_W, Bucket, best_value_wh, lived
from pv_heater.sim.home import HomeSettings

MINUTES = 160
HEATER_W = 2000.0


def restless(chance: Random) -> tuple[list[float], list[float]]:
    """Sun under broken clouds and a kitchen; some hours of it."""
    sun_w, use_w, cloud = [], [], 1.0
    for minute in range(MINUTES):
        if chance.random() < 0.1:
            cloud = chance.choice([0.1, 0.4, 0.8, 1.0])
        sun_w.append(4500.0 * cloud * max(0.0, 1.0 - abs(minute - 70) / 85.0))
        use_w.append(chance.choice([200.0, 300.0, 300.0, 2400.0]))
    return sun_w, use_w


def bucket_of(home: HomeSettings) -> Bucket:
    return Bucket(
        capacity_wh=home.capacity_wh,
        max_charge_w=home.max_charge_w,
        start_wh=home.capacity_wh * home.start_percent / 100.0,
        reserve_wh=home.capacity_wh * home.reserve_percent / 100.0,
    )


def bounds_of(spare_w: list[float]) -> tuple[list[float], list[float]]:
    return [0.0] * len(spare_w), [min(HEATER_W, max(0.0, spare + HEATER_SLACK_W)) for spare in spare_w]


@pytest.mark.parametrize(
    "home",
    [
        HomeSettings(start_percent=50.0),
        HomeSettings(start_percent=96.0),
        HomeSettings(start_percent=10.0),
        HomeSettings(capacity_wh=1200.0, max_charge_w=600.0, start_percent=60.0),
        HomeSettings(capacity_wh=1000.0, max_charge_w=3000.0, start_percent=30.0),
        HomeSettings(capacity_wh=20_000.0, max_charge_w=3000.0, start_percent=97.0, reserve_percent=90.0),
    ],
)
def test_it_finds_what_the_linear_programme_finds(home: HomeSettings) -> None:
    for seed in range(2):
        sun_w, use_w = restless(Random(f"{seed} {home.capacity_wh} {home.start_percent}"))
        spare_w = [sun - use for sun, use in zip(sun_w, use_w, strict=True)]
        bound = perfect_foresight(sun_w, use_w, home, HEATER_W)
        found_wh = best_value_wh(spare_w, *bounds_of(spare_w), bucket_of(home), 60.0)
        assert found_wh == pytest.approx(bound.value_wh, abs=0.01)


def test_its_best_course_is_worth_what_it_says_and_no_other_is_worth_more() -> None:
    chance, home = Random(7), HomeSettings(start_percent=70.0)
    sun_w, use_w = restless(chance)
    spare_w = [sun - use for sun, use in zip(sun_w, use_w, strict=True)]
    bucket, (least_w, most_w) = bucket_of(home), bounds_of(spare_w)
    best_wh = best_value_wh(spare_w, least_w, most_w, bucket, 60.0)
    of_programme_w = perfect_foresight(sun_w, use_w, home, HEATER_W).heater_w
    assert lived(spare_w, of_programme_w, bucket, 60.0).value_wh == pytest.approx(best_wh, abs=0.5)
    for _ in range(40):
        any_w = [most * chance.choice([0.0, chance.random(), 1.0]) for most in most_w]
        assert lived(spare_w, any_w, bucket, 60.0).value_wh <= best_wh + 1e-6


def test_a_course_without_any_choice_is_only_lived() -> None:
    chance = Random(3)
    sun_w, use_w = restless(chance)
    spare_w = [sun - use for sun, use in zip(sun_w, use_w, strict=True)]
    for start_percent in (15.0, 60.0, 99.5):
        bucket = bucket_of(HomeSettings(start_percent=start_percent))
        heat_w = [chance.choice([0.0, 700.0, 2000.0]) for _ in spare_w]
        done = lived(spare_w, heat_w, bucket, 60.0)
        assert best_value_wh(spare_w, heat_w, heat_w, bucket, 60.0) == pytest.approx(done.value_wh, abs=1e-6)


def test_more_freedom_is_never_worth_less() -> None:
    chance, bucket = Random(5), bucket_of(HomeSettings(start_percent=80.0))
    sun_w, use_w = restless(chance)
    spare_w = [sun - use for sun, use in zip(sun_w, use_w, strict=True)]
    _, most_w = bounds_of(spare_w)
    held_w = [most * chance.random() for most in most_w]
    values = []
    for free in (0, 40, 80, MINUTES):
        least_w = [0.0] * free + held_w[free:]
        values.append(best_value_wh(spare_w, least_w, most_w[:free] + held_w[free:], bucket, 60.0))
    assert values == sorted(values)
    assert values[-1] > values[0] + 100.0


def test_without_a_battery_the_sun_is_taken_as_it_comes() -> None:
    none = Bucket(capacity_wh=0.0, max_charge_w=0.0, start_wh=0.0, reserve_wh=0.0)
    spare_w = [1000.0, -500.0, 3000.0, 50.0]
    most_w = [min(HEATER_W, max(0.0, spare)) for spare in spare_w]
    best_wh = best_value_wh(spare_w, [0.0] * 4, most_w, none, 3600.0)
    # 1000, 2000 and 50 Wh of heat; the 500 that the house lacks are bought, and count twice.
    assert best_wh == pytest.approx(3050.0 - 2.0 * 500.0)
    assert best_wh == pytest.approx(lived(spare_w, most_w, none, 3600.0).value_wh)


def test_it_makes_room_for_others_on_its_way() -> None:
    breaths = []
    spare_w = [1000.0] * MINUTES
    least_w, most_w = bounds_of(spare_w)
    best_value_wh(spare_w, least_w, most_w, bucket_of(HomeSettings()), 60.0, lambda: breaths.append(len(breaths)))
    assert len(breaths) == MINUTES / foresight.BREATHE_EVERY


def test_its_heater_has_the_slack_that_the_limits_give_by_default() -> None:
    assert Limits().max_battery_discharge_w == HEATER_SLACK_W
