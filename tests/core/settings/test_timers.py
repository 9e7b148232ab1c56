"""`timers:` - hours of the week, in the home's own time."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pv_heater.config.load import load_config
from pv_heater.core.model.requests import Force, Mode, Vacation
from pv_heater.core.model.setting import SettingProblem
from pv_heater.core.model.values import Phase
from pv_heater.core.settings.timers import Timer, parse_days, timer_now
from pv_heater.errors import ConfigError
from tests.builders import NOON, House, config, heater

VIENNA = ZoneInfo("Europe/Vienna")


def timer(start: str, end: str, mode: str = "on", days: str = "daily") -> Timer:
    return Timer(days=days, start=time.fromisoformat(start), end=time.fromisoformat(end), mode=mode)


def says(local: str, *timers: Timer) -> str | None:
    now = timer_now(timers, datetime.fromisoformat(local).replace(tzinfo=VIENNA).astimezone(UTC), VIENNA)
    return None if now is None else now.because


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon-fri", {0, 1, 2, 3, 4}), ("sat, sun", {5, 6}), ("daily", set(range(7))), ("fri-mon", {4, 5, 6, 0}),
        ("Wed", {2}), ("mon,wed-thu", {0, 2, 3}), ("sun-sun", {6}),
    ],
)  # fmt: skip
def test_days_are_read_as_people_write_them(text: str, days: set[int]) -> None:
    assert parse_days(text) == days


@pytest.mark.parametrize("text", ["", "monday", "mon-", "-fri", "1-5", "mon;fri", "mon-daily"])
def test_what_are_no_days_is_refused(text: str) -> None:
    with pytest.raises(SettingProblem, match="must be days such as mon-fri"):
        parse_days(text)


def test_a_timer_holds_from_its_first_minute_to_just_before_its_last() -> None:
    morning = timer("06:00", "07:30", days="mon-fri")
    assert says("2026-06-22T05:59:59", morning) is None
    assert says("2026-06-22T06:00:00", morning) == "its timer says on until 07:30"
    assert says("2026-06-22T07:29:59", morning) == "its timer says on until 07:30"
    assert says("2026-06-22T07:30:00", morning) is None
    assert says("2026-06-21T06:30:00", morning) is None  # a Sunday


def test_hours_past_midnight_belong_to_the_day_on_which_they_begin() -> None:
    night = timer("22:00", "06:00", days="fri")
    assert says("2026-06-26T23:00:00", night) == "its timer says on until sat 06:00"
    assert says("2026-06-27T05:00:00", night) == "its timer says on until 06:00"
    assert says("2026-06-26T05:00:00", night) is None


def test_off_comes_before_on_and_the_same_time_twice_is_a_whole_day() -> None:
    whole, peak = timer("00:00", "00:00"), timer("17:00", "20:00", "off")
    assert says("2026-06-22T16:00:00", whole, peak) == "its timer says on until tue 00:00"
    assert says("2026-06-22T17:00:00", whole, peak) == "its timer says off until 20:00"


def test_outside_its_hours_a_load_that_may_run_only_then_is_told_when() -> None:
    lunch = timer("11:00", "15:00", "auto_only", days="sat")
    assert says("2026-06-27T12:00:00", lunch) is None
    assert says("2026-06-27T15:00:00", lunch) == "its timer lets it run by itself from sat 11:00 on"
    assert says("2026-06-27T08:00:00", lunch) == "its timer lets it run by itself from 11:00 on"
    until_at = timer_now([lunch], datetime(2026, 6, 27, 13, tzinfo=UTC), VIENNA)
    assert until_at is not None
    assert until_at.until_at == datetime(2026, 7, 4, 9, tzinfo=UTC)


def hours_on(day: datetime, *timers: Timer) -> float:
    """How long a timer is on in the two days from `day` on, by every minute."""
    minutes = (timer_now(timers, day + timedelta(minutes=minute), VIENNA) for minute in range(2 * 1440))
    return sum(1 for now in minutes if now is not None and now.on) / 60


SPRING, AUTUMN = datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)
"""Local midnights of the days on which the clocks change at two and three."""


@pytest.mark.parametrize(
    ("begins", "start", "end", "hours"),
    [
        (SPRING, "01:00", "05:00", 3.0), (AUTUMN, "01:00", "05:00", 5.0),
        (SPRING, "02:15", "03:15", 1.0), (SPRING, "02:15", "02:45", 0.5),
        (AUTUMN, "02:15", "02:45", 0.5), (AUTUMN, "06:00", "07:00", 1.0),
    ],
)  # fmt: skip
def test_on_the_days_of_the_clock_change_the_hours_are_those_of_the_clock(
    begins: datetime, start: str, end: str, hours: float
) -> None:
    assert hours_on(begins, timer(start, end, days="sun")) == hours


@given(
    st.integers(0, 365 * 1440).map(lambda minute: NOON + timedelta(minutes=minute)),
    st.times(), st.times(), st.sampled_from(["daily", "mon", "sat-sun", "fri-mon"]),
    st.sampled_from(["on", "off", "auto_only"]),
)  # fmt: skip
def test_whatever_a_timer_asks_has_an_end_within_eight_days(
    now: datetime, start: time, end: time, days: str, mode: str
) -> None:
    asked = timer_now([Timer(days=days, start=start, end=end, mode=mode)], now, VIENNA)
    if asked is not None:
        assert timedelta(0) < asked.until_at - now <= timedelta(days=8)
        assert asked.on is (mode == "on")


def house(*timers: dict[str, Any], **row: Any) -> House:
    """NOON is 13:00 in Vienna, on a Sunday."""
    return House(config(loads=[heater(timers=list(timers), **row)]))


ON_NOW = {"days": "sun", "from": "12:00", "to": "14:00", "mode": "on"}
OFF_NOW = {**ON_NOW, "mode": "off"}
DARK = {"pv_w": 0.0, "consumption_w": 500.0, "grid_w": 500.0, "battery_soc_percent": 10.0}


def test_on_passes_the_energy_guards_and_tells_its_end() -> None:
    home = house(ON_NOW)
    decision = home.at(0, **DARK)
    state = decision.loads["heater"]
    assert (decision.blocked_by, state.power_w, state.rule, state.mode) == ("battery_low", 2000, "timer", Mode.AUTO)
    assert state.because == "its timer says on until 14:00"
    assert state.until_at == state.next_change_at == NOON + timedelta(hours=1)
    assert home.at(3599, **DARK).setpoints["heater"].on
    assert not home.at(3600, **DARK).setpoints["heater"].on


def test_on_passes_no_safety_guard_and_no_fault() -> None:
    home = House(config(limits={"max_house_w": 3000}, loads=[heater(timers=[ON_NOW], max_c=70)]))
    warm = {"load_c": {"heater": 40.0}}
    assert home.at(0, load_c={"heater": 71.0}).loads["heater"].rule == "too_hot"
    assert home.at(10).loads["heater"].rule == "probe_lost"
    assert home.at(20, consumption_w=3500.0, inputs=warm).loads["heater"].rule == "soft_fuse"
    assert home.at(40, grid_connected=False, inputs=warm).loads["heater"].rule == "grid_lost"
    assert home.at(50, inputs={**warm, "health": {"heater": "relay: stuck"}}).loads["heater"].phase is Phase.FAULT


def test_on_ends_when_the_load_has_had_enough() -> None:
    home = house(ON_NOW, target_c=60, hysteresis_c=5)
    assert home.at(0, load_c={"heater": 59.0}, **DARK).setpoints["heater"].on
    state = home.at(10, load_c={"heater": 60.0}, **DARK).loads["heater"]
    assert (state.phase, state.power_w) == (Phase.FULL, 0.0)
    assert home.at(20, load_c={"heater": 56.0}, **DARK).loads["heater"].phase is Phase.FULL


def test_off_keeps_it_from_running_by_itself_and_gives_its_share_away() -> None:
    home = House(config(loads=[heater(timers=[OFF_NOW]), heater("pool")]))
    decision = home.at(0)
    assert (decision.setpoints["heater"].on, decision.setpoints["pool"].power_w) == (False, 2000)
    state = decision.loads["heater"]
    assert (state.rule, state.because) == ("timer", "its timer says off until 14:00")
    assert state.margins == {"wait_s": 3600}
    assert home.at(3600, pv_w=6000.0, consumption_w=2500.0).setpoints["heater"].on


def test_a_forced_mode_comes_before_any_timer() -> None:
    on, off = ({"commands": (Force(load="heater", mode=mode),)} for mode in (Mode.ON, Mode.OFF))
    assert house(OFF_NOW).at(0, inputs=on).setpoints["heater"].on
    assert not house(ON_NOW).at(0, inputs=off).setpoints["heater"].on


def test_a_vacation_suspends_what_is_on_and_not_what_is_off() -> None:
    leaves = {"commands": (Vacation(until_at=NOON + timedelta(days=3)),)}
    state = house(ON_NOW).at(0, inputs=leaves).loads["heater"]
    assert (state.power_w, state.rule) == (0.0, "vacation")


def test_a_restart_in_the_middle_of_its_hours_changes_nothing_but_its_rest() -> None:
    home = house(ON_NOW, min_off_s=60)
    home.at(0, **DARK)
    again = House(config(loads=[heater(timers=[ON_NOW], min_off_s=60)]), home.controller.state())
    assert again.at(10, **DARK).loads["heater"].phase is Phase.COOLDOWN
    assert again.at(70, **DARK).setpoints["heater"].on
    assert not again.at(3600, **DARK).setpoints["heater"].on


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({**ON_NOW, "days": "monday"}, "loads[0].timers[0].days: must be days such as mon-fri"),
        ({**ON_NOW, "from": "25:00"}, "loads[0].timers[0].from: must be a time of day"),
        ({**ON_NOW, "mode": "auto"}, "loads[0].timers[0].mode: must be one of on, off, auto_only"),
        ({"days": "mon", "to": "07:00", "mode": "on"}, "loads[0].timers[0].from: is missing"),
        ({**ON_NOW, "until": "14:00"}, "loads[0].timers[0].until: is not a setting"),
    ],
)
def test_a_mistake_in_a_timer_is_told_with_its_place(row: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(config(loads=[heater(timers=[row])]))
    assert caught.value.problems[0].startswith(problem)


def test_hours_and_modes_in_a_file_need_no_quotes(tmp_path: Any) -> None:
    """YAML 1.1 would read 06:00 as 360 minutes, and on as true."""
    path = tmp_path / "config.yaml"
    path.write_text(
        "meter: {type: recording, path: day.csv}\nloads:\n  - name: boiler\n    type: dry_run\n    max_power_w: 1000\n"
        "    timers:\n      - {days: mon-fri, from: 06:00, to: 07:30, mode: on}\n",
        encoding="utf-8",
    )
    assert load_config(path, environ={}).policies[0].timers == (timer("06:00", "07:30", days="mon-fri"),)
