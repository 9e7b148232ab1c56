"""Hot water by an hour: from the sun if it comes, else at the hour that costs least, and never too late."""

from datetime import datetime, timedelta

import pytest

from pv_heater import Controller, load_config
from pv_heater.core.model.requests import Force, Mode, Vacation
from pv_heater.sim.tank import TankSettings
from tests.scenarios.hot_water import COARSE_S, NIGHT_AND_NOON, VIENNA, Life, forecast, sunny

MIDNIGHT = datetime(2026, 1, 12, tzinfo=VIENNA)
EVENING = {"daily_min_wh": 4000, "ready_by": "19:00"}
COLD = TankSettings(start_c=20.0, thermostat_c=75.0, draws=())


def hours(moments: list[datetime]) -> tuple[float, float]:
    """First and last minute, as local hours."""
    clock = [at.hour + at.minute / 60 for at in moments]
    return clock[0], clock[-1]


def test_on_a_dark_day_it_heats_at_the_cheapest_hours_before_the_hour() -> None:
    life = Life(start=MIDNIGHT, load={**EVENING, "daily_min_wh": 3600}, tariff=NIGHT_AND_NOON)
    life.live(11.5, step_s=COARSE_S)
    life.live(2.7)
    life.live(5, step_s=COARSE_S)
    first, last = hours(life.heats("guarantee"))
    assert 12 <= first < 12.3
    assert last < 14
    assert 3600 <= life.heated_wh() < 3800


def test_more_than_the_cheapest_hours_hold_is_heated_at_the_next_cheapest() -> None:
    life = Life(start=MIDNIGHT, load={**EVENING, "daily_min_wh": 6000}, tariff=NIGHT_AND_NOON, tank=COLD)
    life.live(2.5, step_s=COARSE_S)
    life.live(3)
    life.live(6, step_s=COARSE_S)
    life.live(3.5)
    clock = [at.hour for at in life.heats("guarantee")]
    assert {4, 12, 13} >= set(clock) - {3, 14}
    assert 14 not in clock[:-20]
    assert life.heated_wh() >= 6000


def test_without_a_tariff_it_waits_for_the_sun_as_long_as_it_can() -> None:
    life = Life(start=MIDNIGHT.replace(hour=9), load=EVENING)
    life.live(7, step_s=COARSE_S)
    life.live(3.2)
    first, last = hours(life.heats("guarantee"))
    assert first > 16.4
    assert last <= 19.0
    assert life.heated_wh() >= 4000


def test_an_hour_that_the_tariff_leaves_out_is_dearer_than_all_others() -> None:
    only_night = [{"from": "22:00", "to": "06:00", "import_per_kwh": 0.18}]
    life = Life(start=MIDNIGHT, load=EVENING, tariff=only_night)
    life.live(8)
    assert hours(life.heats("guarantee"))[1] < 6.1
    assert life.heated_wh() >= 4000


def test_it_buys_nothing_when_the_sun_is_expected_to_bring_enough_and_does() -> None:
    life = Life(start=MIDNIGHT.replace(hour=4), load=EVENING, sun=sunny, tariff=NIGHT_AND_NOON, tank=COLD)
    life.feed = forecast(sunny)
    life.live(15, step_s=COARSE_S)
    assert not life.heats("guarantee")
    assert life.heated_wh() >= 4000


def test_sun_of_the_afternoon_counts_for_water_that_must_be_hot_in_the_morning() -> None:
    life = Life(start=MIDNIGHT.replace(hour=8), load={**EVENING, "ready_by": "07:00"}, sun=sunny, tank=COLD)
    life.feed = forecast(sunny)
    life.live(23, step_s=COARSE_S)
    assert not life.heats("guarantee")


def test_what_the_forecast_promised_and_the_sun_did_not_bring_is_bought_in_time() -> None:
    life = Life(start=MIDNIGHT.replace(hour=8), load=EVENING)
    life.feed = forecast(sunny)
    life.live(3, step_s=COARSE_S)
    life.live(8)
    assert life.heated_wh() >= 4000
    assert hours(life.heats("guarantee"))[0] > 12


@pytest.mark.parametrize(("clouds", "buys"), [(0.0, False), (None, True)])
def test_clouds_that_nobody_tells_count_as_overcast(clouds: float | None, buys: bool) -> None:
    """Just enough sun is expected; less than its doubt when the sky may be grey."""

    def barely(at: datetime) -> float:
        return 3100.0 if 9 <= at.hour < 17 else 0.0

    site = {"battery": None}
    life = Life(start=MIDNIGHT, load={**EVENING, "daily_min_wh": 14_500}, sun=barely, site=site, tariff=NIGHT_AND_NOON)
    life.feed = forecast(barely, cloud_percent=clouds)
    life.live(6, step_s=COARSE_S)
    assert bool(life.heats("guarantee")) is buys


def test_minima_of_the_season_stand_in_for_the_usual_one() -> None:
    seasons = [{"from": "12-21", "daily_min_wh": 2000}, {"from": "03-20", "daily_min_wh": 500}]
    life = Life(start=MIDNIGHT.replace(hour=14), load={**EVENING, "hot_water": {"volume_l": 150, "seasons": seasons}})
    life.live(2, step_s=COARSE_S)
    life.live(3.2)
    assert 2000 <= life.heated_wh() < 2400


def test_two_days_together_have_a_minimum_too() -> None:
    """The first day's sun was short: the second makes up for it."""
    tank = {"volume_l": 150, "two_days_min_wh": 5000}
    life = Life(start=MIDNIGHT.replace(hour=14), load={"ready_by": "19:00", "hot_water": tank}, tank=COLD)
    life.live(1.5, step_s=COARSE_S)
    life.live(4.5)
    first_day_wh = life.heated_wh()
    assert 2500 <= first_day_wh < 2900
    life.live(18, step_s=COARSE_S)
    life.live(5.5)
    assert 5000 <= life.heated_wh() < 5800


def test_a_tank_that_must_be_warm_by_an_hour_is() -> None:
    load = {"ready_by": "19:00", "hot_water": {"volume_l": 150, "min_c": 50}}
    life = Life(start=MIDNIGHT.replace(hour=4), load=load, tariff=NIGHT_AND_NOON)
    life.live(7.5, step_s=COARSE_S)
    life.live(7.6)
    assert life.temperature_c(MIDNIGHT.replace(hour=19)) > 49.0
    assert hours(life.heats("guarantee"))[0] > 11.9


def test_without_a_temperature_nothing_is_bought_for_one() -> None:
    life = Life(
        start=MIDNIGHT.replace(hour=12),
        load={"max_c": None, "ready_by": "19:00", "hot_water": {"volume_l": 150, "min_c": 50}},
    )
    life.probe_lost = True
    life.live(8, step_s=COARSE_S)
    assert not life.heats()


def test_a_thermostat_that_has_opened_has_had_enough() -> None:
    """The ancestor called that a whole day's energy; it is what a full tank says."""
    hot = TankSettings(start_c=62.0, thermostat_c=65.0, draws=())
    life = Life(start=MIDNIGHT.replace(hour=15), load=EVENING, tank=hot)
    life.live(4.5)
    warmed_wh = 150 * 1.163 * (65 - life.temperature_c(MIDNIGHT.replace(hour=16, minute=40)))
    assert life.heated_wh() == pytest.approx(warmed_wh, abs=100)
    assert life.heated_wh() < 2000


def test_nobody_at_home_gets_no_hot_water() -> None:
    life = Life(start=MIDNIGHT.replace(hour=12), load=EVENING)
    life.live(8, Vacation(until_at=datetime(2026, 1, 20, tzinfo=VIENNA)), step_s=COARSE_S)
    assert not life.heats()


def test_a_forced_off_load_stays_off_whatever_is_missing() -> None:
    life = Life(start=MIDNIGHT.replace(hour=15), load=EVENING)
    life.live(4.5, Force(load="heater", mode=Mode.OFF, for_s=5 * 3600), step_s=COARSE_S)
    assert not life.heats()
    assert life.notices() == ["guarantee missed: 4000 Wh were missing at 2026-01-12 19:00"]


def test_it_goes_on_after_a_restart_with_what_it_has_given() -> None:
    life = Life(start=MIDNIGHT.replace(hour=14), load=EVENING)
    life.live(2, step_s=COARSE_S)
    life.live(1.75)
    given_wh = life.heated_wh()
    assert 1000 < given_wh < 3500
    life.restart(away_s=120)
    life.live(2)
    assert 4000 <= life.heated_wh() < 4400


def test_its_end_and_its_reason_are_shown() -> None:
    life = Life(start=MIDNIGHT.replace(hour=17), load=EVENING)
    life.live(0.5)
    state = life.seen[-1][1].loads["heater"]
    assert (state.rule, state.mode) == ("guarantee", Mode.AUTO)
    assert state.until_at == datetime(2026, 1, 12, 19, tzinfo=VIENNA)
    assert "Wh are missing until 19:00" in state.because


@pytest.mark.parametrize(
    "day", [datetime(2026, 3, 29, tzinfo=VIENNA), datetime(2026, 10, 25, tzinfo=VIENNA)], ids=["spring", "autumn"]
)
def test_days_on_which_the_clocks_change_end_at_the_same_hour(day: datetime) -> None:
    life = Life(start=day, load=EVENING)
    life.live(14, step_s=COARSE_S)
    life.live(6.5)
    moments = life.heats("guarantee")
    assert moments
    assert all(at.date() == day.date() and at.hour < 19 for at in moments)
    assert 4000 <= life.heated_wh() < 4400


def test_a_clock_that_is_not_trusted_buys_nothing_and_what_was_given_meanwhile_counts() -> None:
    life = Life(start=MIDNIGHT.replace(hour=12), load=EVENING)
    life.clock_trusted = False
    life.live(3, step_s=COARSE_S)
    assert not life.heats()
    life.clock_trusted = True
    life.live(4)
    assert life.heated_wh() >= 4000


def test_an_off_grid_battery_that_is_low_is_not_emptied_for_hot_water() -> None:
    life = Life(
        start=MIDNIGHT.replace(hour=12), load=EVENING, site={"off_grid": True}, limits={"min_battery_percent": 50}
    )
    life.live(8, step_s=COARSE_S)
    assert not life.heats()


def test_a_heater_that_never_warms_its_tank_is_given_up_for_the_day() -> None:
    """A probe in the wrong tank: each hour that still seems cheap would be bought. The next day is a new try."""
    load = {"max_c": None, "ready_by": "00:00", "hot_water": {"volume_l": 30, "min_c": 45}}
    big = TankSettings(volume_l=5000.0, start_c=20.0, thermostat_c=75.0, draws=())
    dearer = [
        {"from": f"{hour:02}:00", "to": f"{(hour + 3) % 24:02}:00", "import_per_kwh": hour / 100}
        for hour in range(0, 24, 3)
    ]
    life = Life(start=MIDNIGHT, load=load, tank=big, tariff=dearer)
    life.live(2.9)
    life.live(21, step_s=COARSE_S)
    assert len([text for text in life.notices() if "guarantee gave up for today" in text]) == 1
    assert 3.0 < life.heated_wh() / (30 * 1.163 * 33) < 3.1
    before_wh = life.heated_wh()
    life.live(4, step_s=COARSE_S)
    assert life.heated_wh() > before_wh


def test_the_soft_fuse_bounds_what_is_bought() -> None:
    life = Life(start=MIDNIGHT.replace(hour=10), load=EVENING, limits={"max_house_w": 1500})
    life.live(4, step_s=COARSE_S)
    life.live(5.5)
    powers = {decision.setpoints["heater"].power_w for _, decision, _ in life.seen}
    assert max(powers) <= 0.9 * 1500 - 300
    assert life.heated_wh() >= 4000


def test_a_relay_prefers_hours_in_which_the_sun_pays_for_a_part() -> None:
    def weak(at: datetime) -> float:
        return 1500.0 if 10 <= at.hour < 13 else 0.0

    row = {**EVENING, "daily_min_wh": 2000, "min_power_w": 2000, "dead_band_w": 0}
    life = Life(start=MIDNIGHT.replace(hour=7), load=row, sun=weak, site={"battery": None})
    life.feed = forecast(weak)
    life.live(2.5, step_s=COARSE_S)
    life.live(4)
    life.live(5.5, step_s=COARSE_S)
    first, last = hours(life.heats("guarantee"))
    assert first >= 10
    assert last < 13.2


def test_the_next_day_begins_anew() -> None:
    life = Life(start=MIDNIGHT.replace(hour=14), load=EVENING, tank=COLD)
    life.live(2, step_s=COARSE_S)
    life.live(3.5)
    life.live(20, step_s=COARSE_S)
    life.live(4)
    days = {at.date() for at in life.heats("guarantee")}
    assert days == {MIDNIGHT.date(), MIDNIGHT.date() + timedelta(days=1)}
    assert 8000 <= life.heated_wh() < 8800


def test_the_learned_power_of_a_relay_tells_when_it_must_begin() -> None:
    """Taken for 2000 W; it draws 800, as its earlier starts have shown."""
    row = {"type": "relay", "relay": {"pin": "GPIO17", "active_high": True}, "max_power_w": "auto", "max_c": None}
    life = Life(start=MIDNIGHT.replace(hour=12), load={**row, **EVENING}, tank=COLD)
    life.live(1 / 60)
    state = {**life.controller.state(), "powers": {"heater": [800.0] * 9}}
    life.controller = Controller(load_config(life.settings), state, foresees=False)
    life.live(5, step_s=COARSE_S)
    life.live(2)
    assert {decision.setpoints["heater"].power_w for _, decision, _ in life.seen} == {0.0, 800.0}
    assert hours(life.heats())[0] < 14
    assert life.heated_wh() >= 4000


def away_until(hour: int, minute: int = 0) -> Vacation:
    """From the 12th on, until that time of the 15th."""
    return Vacation(until_at=MIDNIGHT.replace(day=15, hour=hour, minute=minute))


def heat_between(life: Life, begin: datetime, end: datetime) -> float:
    """What was bought meanwhile, Wh."""
    rows = zip(life.seen, life.seen[1:], strict=False)
    return sum(
        decision.setpoints["heater"].power_w * (later[0] - at).total_seconds() / 3600.0
        for (at, decision, _), later in rows
        if begin <= at < end and decision.loads["heater"].rule == "guarantee"
    )


@pytest.mark.parametrize(
    ("hour", "minute", "ready_by"),
    [(17, 0, "19:00"), (7, 30, "07:00"), (19, 0, "19:00")],
    ids=["before ready_by", "just behind it", "at it"],
)
def test_on_the_day_of_the_return_it_is_warm_by_the_hour_of_the_return(hour: int, minute: int, ready_by: str) -> None:
    """Nothing before, in the cheapest hours of the last day, and once: the day counts on until `ready_by` after it."""
    load = {**EVENING, "daily_min_wh": 3600, "ready_by": ready_by}
    life = Life(start=MIDNIGHT.replace(hour=12), load=load, tariff=NIGHT_AND_NOON, tank=COLD)
    back_at = away_until(hour, minute).until_at
    assert back_at is not None
    life.live(3 * 24 + 8, away_until(hour, minute), step_s=COARSE_S)
    heated = life.heats()
    assert min(heated) >= back_at - timedelta(days=1)
    assert heat_between(life, back_at - timedelta(days=1), back_at) == pytest.approx(3600, abs=200)
    assert {at.hour for at in heated if at < back_at} <= {12, 13}
    first_day_ends = back_at if hour == 19 else back_at + timedelta(hours=2)
    assert [at for at in heated if back_at <= at < first_day_ends] == []
    assert life.notices() == []


def test_the_sun_of_the_last_day_makes_it_ready_and_nothing_is_bought() -> None:
    life = Life(start=MIDNIGHT.replace(hour=12), load=EVENING, sun=sunny)
    life.feed = forecast(sunny)
    life.live(2 * 24 + 4, away_until(17), step_s=COARSE_S)
    assert life.heats() == []
    life.live(24 + 2, step_s=COARSE_S)
    assert life.heated_wh() >= 4000
    assert life.heats("guarantee") == []


def test_what_nobody_expects_on_the_first_day_waits_for_the_end() -> None:
    life = Life(start=MIDNIGHT.replace(day=14, hour=20), sun=sunny)
    life.live(22, away_until(13), step_s=COARSE_S)
    assert min(life.heats()).hour == 13


def test_who_comes_home_earlier_finds_what_there_is_and_the_minimum_of_the_day_is_bought() -> None:
    life = Life(start=MIDNIGHT.replace(hour=12), load=EVENING, tariff=NIGHT_AND_NOON, tank=COLD)
    life.live(24, away_until(17), step_s=COARSE_S)
    assert life.heats() == []
    life.live(8, Vacation(until_at=None), step_s=COARSE_S)
    assert heat_between(life, MIDNIGHT.replace(day=13, hour=12), MIDNIGHT.replace(day=13, hour=19)) >= 3900
