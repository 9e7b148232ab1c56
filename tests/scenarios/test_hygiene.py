"""Against legionella: by the sun if it manages, on the last day at the cheapest hour, never without a temperature."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from pv_heater.core.model.requests import Boost, Vacation
from pv_heater.core.model.values import Inputs
from pv_heater.sim.tank import TankSettings
from tests.scenarios.hot_water import COARSE_S, NIGHT_AND_NOON, VIENNA, Life, sunny

MONDAY = datetime(2026, 1, 12, tzinfo=VIENNA)
WARM = TankSettings(start_c=50.0, thermostat_c=75.0, draws=((7.0, 1500.0),))


def tank(**hygiene: Any) -> dict[str, Any]:
    settings = {"every_days": 3, "at_c": 60, "hold_s": 1800, "window": {"from": "09:00", "to": "20:00"}}
    return {"volume_l": 150, "mixing_valve": True, "hygiene": {**settings, **hygiene}}


def ledger(life: Life) -> dict[str, Any]:
    """What is known of cycles."""
    known: dict[str, Any] = life.controller.state()["duties"]["loads"]["heater"]["hygiene"]["ledger"]
    return known


def held_s(life: Life, at_c: float = 60.0) -> float:
    """The longest time for which the tank was hot enough."""
    longest, since_s = 0.0, None
    for at, _, true_c in life.seen:
        if true_c < at_c:
            since_s = None
            continue
        since_s = at.timestamp() if since_s is None else since_s
        longest = max(longest, at.timestamp() - since_s)
    return longest


def test_due_on_a_dark_day_it_is_done_once_at_the_cheapest_hour() -> None:
    life = Life(start=MONDAY, load={"hot_water": tank(every_days=2)}, tank=WARM, tariff=NIGHT_AND_NOON)
    life.live(2 * 24 + 11, step_s=COARSE_S)
    life.live(4)
    life.live(9, step_s=COARSE_S)
    moments = life.heats("hygiene")
    assert {at.date() for at in moments} == {MONDAY.date() + timedelta(days=2)}
    assert moments[0].hour in (11, 12)
    assert held_s(life) >= 1800
    (said,) = life.notices()
    assert said.startswith("hygiene done: 60 degC held on 2026-01-14 (with ")
    assert said.endswith("next by 2026-01-16")


def test_without_a_tariff_it_waits_in_its_window_as_long_as_it_can() -> None:
    life = Life(start=MONDAY, load={"hot_water": tank(every_days=1)}, tank=WARM)
    life.live(24 + 15, step_s=COARSE_S)
    life.live(5)
    assert life.heats("hygiene")[0].hour >= 15
    assert held_s(life) >= 1800
    assert life.heats("hygiene")[-1].hour < 20


def test_three_days_in_which_the_sun_makes_it_hot_enough_need_none() -> None:
    life = Life(start=MONDAY, load={"hot_water": tank(every_days=2)}, tank=WARM, sun=sunny, tariff=NIGHT_AND_NOON)
    life.live(3 * 24, step_s=COARSE_S)
    assert not life.heats("hygiene")
    assert any("without a Wh for it" in text for text in life.notices())


def test_the_sun_may_pass_the_target_on_the_last_days() -> None:
    """55 degC are the target, so that the sun alone would never reach 60."""
    row = {"target_c": 55, "hot_water": tank(every_days=4)}
    life = Life(start=MONDAY, load=row, tank=replace(WARM, draws=()), sun=sunny)
    for _ in range(2):
        life.live(9, step_s=COARSE_S)
        life.live(2)
        life.live(13, step_s=COARSE_S)
    assert max(true_c for _, _, true_c in life.seen) < 56
    life.live(24, step_s=COARSE_S)
    assert held_s(life) >= 1800
    assert not life.heats("hygiene")


def test_a_hold_that_is_interrupted_begins_anew() -> None:
    """A bath is drawn in the middle of the half hour."""
    bath = TankSettings(start_c=59.9, thermostat_c=75.0, draws=((12.75, 1500.0),))
    row = {"hot_water": tank(every_days=1, window={"from": "12:00", "to": "20:00"})}
    cheap = [
        {"from": "12:00", "to": "13:00", "import_per_kwh": 0.1},
        {"from": "13:00", "to": "12:00", "import_per_kwh": 0.3},
    ]
    life = Life(start=MONDAY.replace(hour=13), load=row, tank=bath, tariff=cheap)
    life.live(23, step_s=COARSE_S)
    life.live(50 / 60)
    assert 300 < held_s(life) < 1800
    assert life.seen[-1][2] < 60
    assert ledger(life)["cycles"] == []
    life.live(2)
    assert held_s(life) >= 1800
    done = next(at for at, decision, _ in life.seen if decision.loads["heater"].notice is not None)
    cold = max(at for at, _, true_c in life.seen if true_c < 60 and at < done)
    assert done - cold >= timedelta(minutes=30)
    assert len(life.notices()) == 1


def test_a_thermostat_that_opens_too_early_is_given_up_and_tried_again_on_the_next_day() -> None:
    low = TankSettings(start_c=50.0, thermostat_c=55.0, draws=())
    life = Life(start=MONDAY, load={"hot_water": tank(every_days=1)}, tank=low, tariff=NIGHT_AND_NOON)
    life.live(3 * 24, step_s=COARSE_S)
    gave_up = [text for text in life.notices() if text.startswith("hygiene gave up for today")]
    assert len(gave_up) == 2
    assert "must hold 60 degC for 30 min; it tries again tomorrow" in gave_up[0]
    assert len({at.date() for at in life.heats("hygiene")}) == 2


def test_a_try_takes_no_more_than_one_and_a_half_tanks() -> None:
    """A tap that was left open."""
    open_tap = TankSettings(
        start_c=40.0, thermostat_c=75.0, draws=tuple((hour / 10, 250.0) for hour in range(240))
    )  # fmt: skip
    life = Life(start=MONDAY, load={"hot_water": tank(every_days=1)}, tank=open_tap)
    life.live(24 + 14, step_s=COARSE_S)
    life.live(8)
    first_day = [at for at in life.heats("hygiene") if at.day == 13]
    assert 2000 * len(first_day) / 60 < 1.55 * 150 * 1.163 * 50
    assert any(text.startswith("hygiene gave up") for text in life.notices())


def test_a_probe_lost_in_the_middle_stops_it_and_says_so() -> None:
    row = {"max_c": None, "hot_water": tank(every_days=1)}
    life = Life(start=MONDAY, load=row, tank=WARM, tariff=NIGHT_AND_NOON)
    life.live(24 + 12, step_s=COARSE_S)
    while not life.heats("hygiene"):
        life.step()
    life.live(0.1)
    life.probe_lost = True
    life.live(2)
    on = [decision.setpoints["heater"].on for _, decision, _ in life.seen[-110:]]
    assert not any(on)
    assert life.notices() == ["hygiene stopped: the temperature of its tank is not known; it goes on when it is"]
    life.probe_lost = False
    life.live(4)
    assert held_s(life) >= 1800


def test_nobody_at_home_waits_until_the_day_before_they_are_back() -> None:
    life = Life(start=MONDAY, load={"hot_water": tank(every_days=1)}, tank=WARM)
    life.live(3 * 24, Vacation(until_at=datetime(2026, 1, 15, tzinfo=VIENNA)), step_s=COARSE_S)
    assert {at.day for at in life.heats()} == {at.day for at in life.heats("hygiene")} == {14}


def test_a_restart_in_the_middle_goes_on_and_the_half_hour_begins_anew() -> None:
    life = Life(start=MONDAY, load={"hot_water": tank(every_days=1)}, tank=WARM, tariff=NIGHT_AND_NOON)
    life.live(24 + 12, step_s=COARSE_S)
    while life.seen[-1][2] < 60.5:
        life.step()
    life.live(0.2)
    before = life.seen[-1][0]
    life.restart(away_s=60)
    life.live(2)
    done = next(at for at, decision, _ in life.seen if decision.loads["heater"].notice is not None)
    assert done - before >= timedelta(minutes=30)
    assert held_s(life) >= 1800
    life.live(6, step_s=COARSE_S)
    cycles = ledger(life)["cycles"]
    assert [cycle["day"] for cycle in cycles] == ["2026-01-13"]


def test_the_ledger_survives_a_restart() -> None:
    life = Life(start=MONDAY, load={"hot_water": tank(every_days=2)}, tank=WARM)
    life.live(3 * 24, step_s=COARSE_S)
    kept = ledger(life)
    life.restart()
    life.step()
    assert [cycle["day"] for cycle in kept["cycles"]] == ["2026-01-14"]
    assert ledger(life) == kept
    life.live(30, step_s=COARSE_S)
    assert {at.day for at in life.heats("hygiene")} == {14}


def test_while_the_time_of_day_is_unknown_nothing_is_heated_through() -> None:
    life = Life(start=MONDAY, load={"hot_water": tank(every_days=1)}, tank=WARM)
    life.live(24, step_s=COARSE_S)
    life.clock_trusted = False
    life.live(24, step_s=COARSE_S)
    assert not life.heats()


@pytest.mark.parametrize(
    "day", [datetime(2026, 3, 28, tzinfo=VIENNA), datetime(2026, 10, 24, tzinfo=VIENNA)], ids=["spring", "autumn"]
)
def test_days_on_which_the_clocks_change_keep_the_window(day: datetime) -> None:
    life = Life(start=day, load={"hot_water": tank(every_days=1)}, tank=WARM)
    life.live(48, step_s=COARSE_S)
    moments = life.heats("hygiene")
    assert moments
    assert all(at.day == day.day + 1 and 9 <= at.hour < 20 for at in moments)


def test_a_window_may_pass_midnight() -> None:
    night = {"from": "22:00", "to": "06:00"}
    cheap = [
        {"from": "02:00", "to": "05:00", "import_per_kwh": 0.1},
        {"from": "05:00", "to": "02:00", "import_per_kwh": 0.3},
    ]
    row = {"hot_water": tank(every_days=1, window=night)}
    life = Life(start=MONDAY.replace(hour=12), load=row, tank=replace(WARM, draws=()), tariff=cheap)
    life.live(48, step_s=COARSE_S)
    assert {at.day for at in life.heats("hygiene")} == {13, 14}
    assert {at.hour for at in life.heats("hygiene")} <= {2, 3, 4}


def test_the_tank_never_passes_its_maximum_in_a_cycle() -> None:
    life = Life(start=MONDAY, load={"max_c": 64, "hot_water": tank(every_days=1)}, tank=WARM)
    life.live(24 + 15, step_s=COARSE_S)
    life.live(5)
    assert held_s(life) >= 1800
    assert max(true_c for _, _, true_c in life.seen) < 63


def test_the_grid_lost_in_the_middle_ends_it_at_once() -> None:
    life = Life(start=MONDAY, load={"hot_water": tank(every_days=1)}, tank=WARM)
    life.live(24 + 15, step_s=COARSE_S)
    while not life.heats("hygiene"):
        life.step()
    now = life.now
    reading = replace(life.home.reading(now), grid_connected=False)
    decision = life.controller.step(now, reading, None)
    assert not decision.setpoints["heater"].on
    assert decision.loads["heater"].rule == "grid_lost"


def test_a_boost_heats_now_and_ends_at_its_temperature() -> None:
    life = Life(start=MONDAY, load={"target_c": 55}, tank=WARM)
    life.live(0.1, Boost(load="heater", for_s=7200, to_c=52))
    state = life.seen[-1][1].loads["heater"]
    assert (state.rule, state.power_w) == ("boost", 2000)
    assert state.until_at == MONDAY.replace(hour=2)
    life.live(2)
    assert life.seen[-1][2] == pytest.approx(52, abs=0.7)
    assert life.notices()[-1].startswith("boost over: it has 52")
    assert len(life.heats()) < 25


def test_a_boost_without_a_probe_ends_with_its_time_also_over_a_restart() -> None:
    life = Life(start=MONDAY, load={"max_c": None}, tank=WARM)
    life.probe_lost = True
    life.live(0.5, Boost(load="heater", for_s=3600))
    life.restart(away_s=600)
    life.live(2)
    assert life.heats()[-1] < MONDAY.replace(hour=1, minute=1)
    assert life.heats()[-1] > MONDAY.replace(minute=58)


def test_a_cycle_that_a_wrong_clock_noted_for_next_year_does_not_count() -> None:
    life = Life(start=MONDAY, load={"hot_water": tank(every_days=1)}, tank=WARM)
    for minute in range(60):
        wrong = life.now + timedelta(days=365, minutes=minute)
        reading = replace(life.home.reading(wrong), load_c={"heater": 61.0})
        life.controller.step(wrong, reading, None, Inputs(tick_s=60.0 * minute))
    assert ledger(life)["cycles"]
    life.tick_s = 3600.0
    life.live(48, step_s=COARSE_S)
    assert {cycle["day"][:4] for cycle in ledger(life)["cycles"]} == {"2026"}
    assert held_s(life) >= 1800
