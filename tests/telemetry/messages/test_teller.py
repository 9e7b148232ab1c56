"""What is told and when, by scripted time: once, again after a day, over once, quiet hours, ten an hour."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest

from pv_heater.status.alarms import HELP
from pv_heater.telemetry.messages.kinds import KINDS
from pv_heater.telemetry.messages.message import Urgency
from pv_heater.telemetry.messages.settings import KINDS as NAMED
from pv_heater.telemetry.messages.words import SENTENCES
from tests.telemetry.messages.documents import NOON, Told, alarm, load

FAULT = alarm("hardware", "water_heater", "it draws 1980 W though it is off: a welded relay or a shorted contact")


def test_a_fault_is_told_at_once_with_what_why_and_what_to_do() -> None:
    told = Told()
    (message,) = told.see(FAULT)
    assert message.title == "Barn: Water heater: a fault of the device"
    assert message.text.splitlines() == [
        "It draws 1980 W though it is off: a welded relay or a shorted contact.",
        "Find the cause and end it, then clear the fault. Until then the load stays off.",
    ]
    assert (message.urgency, message.kind, message.at) == (Urgency.DANGER, "hardware", NOON)


def test_once_then_after_a_day_and_once_when_it_is_over() -> None:
    told = Told(quiet_to=time(22))
    told.see(FAULT, minutes=30 * 60, step_s=300)
    told.see(minutes=60)
    assert told.lines == [
        "12:00 Barn: Water heater: a fault of the device",
        "12:00 Barn: Water heater: a fault of the device",
        "18:00 Barn: Over: water heater: a fault of the device",
    ]
    assert "Still so after 24 h." in told.messages[1][1].text
    assert told.messages[2][1].text == "It lasted 30 h."


@pytest.mark.parametrize(
    ("code", "minutes"), [("probe_lost", 10), ("no_reading", 15), ("unreachable", 15), ("history_not_written", 10)]
)
def test_what_may_pass_by_itself_is_told_when_it_has_not(code: str, minutes: int) -> None:
    told = Told()
    assert told.see(alarm(code), minutes=minutes - 1) == []
    told.see(minutes=1)
    assert told.see(alarm(code), minutes=3) != []
    assert told.lines[0].startswith(f"12:{minutes:02d} ")
    short = Told()
    short.see(alarm(code), minutes=minutes - 2)
    short.see(minutes=60)
    assert short.lines == []


@pytest.mark.parametrize(
    "code", ["hygiene_overdue", "guarantee_missed", "forced_long", "state_not_saved", "low_voltage"]
)
def test_what_is_certain_is_told_at_once(code: str) -> None:
    assert len(Told().see(alarm(code))) == 1


@pytest.mark.parametrize("code", ["grid_lost", "soft_fuse", "inverter", "clock", "slow_source"])
def test_what_ends_by_itself_or_was_always_so_is_told_to_who_wants_it(code: str) -> None:
    usual, asked = Told(), Told(also=(code,))
    assert usual.see(alarm(code), minutes=20) == []
    assert len(asked.see(alarm(code), minutes=20)) == 1
    assert Told(also=(code,), without=(code,)).see(alarm(code), minutes=20) == []


def test_no_data_is_told_by_day_only_also_where_another_guard_hides_it_or_the_loop_hangs() -> None:
    lost: dict[str, Any] = {"state": {"word": "lost", "age_s": 9e3, "source": None, "limit_s": 30, "since_at": None}}
    told = Told()
    assert told.see(minutes=120, daylight=False, **lost) == []
    (message,) = told.see(minutes=5, **lost)
    assert message.title == "Barn: There is no fresh reading of the house"
    assert "Check the meter" in message.text
    told.see(minutes=120, daylight=False, **lost)
    assert len(told.messages) == 1  # nothing is over because the sun has set
    told.see(minutes=20)
    assert told.lines[-1].endswith("Over: there is no fresh reading of the house")


def test_a_tank_at_its_maximum_is_told_where_that_is_not_how_it_is_regulated() -> None:
    hot = alarm("too_hot", "water_heater", "water_heater is at 75.2 degC, the limit is 75.0 degC")
    usual = load(temperature_c=75.2, target_c=None)
    assert Told().see(hot, minutes=30, loads=[usual]) == []
    assert Told().see(hot, minutes=0.9, loads=[usual | {"temperature_c": 85.0}]) == []
    (message,) = Told().see(hot, minutes=1, loads=[usual | {"temperature_c": 78.5}])
    assert message.urgency is Urgency.DANGER
    (message,) = Told().see(hot, minutes=1, loads=[load(temperature_c=75.2)])
    assert "75.2 °C" in message.text


def test_several_of_a_kind_at_once_are_one_message() -> None:
    told = Told()
    (message,) = told.see(*(alarm("hardware", f"load_{number}", f"fault {number}") for number in range(3)))
    assert message.title == "Barn: 3 loads: a fault of the device"
    assert message.text.splitlines()[:3] == ["load 0: fault 0.", "load 1: fault 1.", "load 2: fault 2."]


def test_what_comes_and_goes_is_told_less_and_less() -> None:
    told = Told(quiet_to=time(22))
    for _ in range(70):  # a day of a disk that fails for three minutes of twenty
        told.see(alarm("state_not_saved"), minutes=2)
        told.see(minutes=16)
        told.pass_s(120)
    assert [message.kind for _, message in told.messages][:3] == ["state_not_saved", "over", "state_not_saved"]
    assert len(told.messages) <= 4


def test_a_second_fault_after_the_first_was_cleared_is_told_at_once() -> None:
    told = Told()
    told.see(FAULT, minutes=10)
    told.see(minutes=10)
    told.see(FAULT)
    assert [message.kind for _, message in told.messages] == ["hardware", "over", "hardware"]


def test_quiet_hours_wait_for_the_morning_but_danger_does_not() -> None:
    told = Told(NOON.replace(hour=23))
    told.see(alarm("state_not_saved"), FAULT, minutes=told.until(7, 5), step_s=300)
    assert [line[:5] for line in told.lines] == ["23:00", "07:00"]
    assert [message.kind for _, message in told.messages] == ["hardware", "state_not_saved"]


def test_what_came_and_went_in_the_quiet_hours_is_told_in_one_message_afterwards() -> None:
    told = Told(NOON.replace(hour=23))
    told.see(alarm("state_not_saved"), alarm("unreachable", "pump"), minutes=40)
    told.see(alarm("unreachable", "boiler"), minutes=5)  # too short to be told at all
    told.see(minutes=told.until(7, 5), step_s=300)
    ((at, message),) = told.messages
    assert f"{at:%H:%M}" == "07:00"
    assert message.title == "Barn: Over by itself in the quiet hours"
    assert message.text.splitlines() == [
        "23:00-23:40 what has happened cannot be saved", "23:00-23:40 pump: the device does not answer",
    ]  # fmt: skip


def test_the_end_of_a_danger_is_told_at_night_too_and_any_other_in_the_morning() -> None:
    told = Told(NOON.replace(hour=21, minute=50))
    told.see(alarm("state_not_saved"), alarm("too_hot", "water_heater"), minutes=30)
    told.see(minutes=told.until(7, 1), step_s=60)
    assert [(line[:5], message.kind) for line, (_, message) in zip(told.lines, told.messages, strict=True)] == [
        ("21:50", "state_not_saved"), ("21:51", "too_hot"), ("22:35", "over"), ("07:00", "over"),
    ]  # fmt: skip


def test_ten_an_hour_then_one_that_says_how_many_more() -> None:
    told = Told(transitions=True)
    phases = ["off", "heating"]
    told.see(loads=[load(phase="off")])
    for number in range(33):
        told.see(loads=[load(phase=phases[(number + 1) % 2], power_w=1000.0)])
        told.pass_s(60)
    assert len(told.messages) == 10
    told.see(minutes=40, loads=[load(phase="heating")])
    assert len(told.messages) == 11
    at, message = told.messages[-1]
    assert (f"{at:%H:%M}", message.title, message.kind) == ("13:00", "and 23 more", "more")
    assert message.text.count("\n") == 22


def test_danger_is_told_beyond_the_ten() -> None:
    told = Told(transitions=True)
    for number in range(12):
        told.see(loads=[load(phase="off" if number % 2 else "heating")])
    assert len(told.messages) == 10
    told.see(FAULT, loads=[load(phase="heating")])
    assert told.messages[-1][1].kind == "hardware"


def test_transitions_are_told_to_who_wants_them_and_never_at_night() -> None:
    heats = load(phase="heating", power_w=1230.0, why={"because": "2.1 kW more sun than is used"})
    told = Told(transitions=True)
    told.see(loads=[load()])
    (message,) = told.see(loads=[heats])
    assert (message.title, message.text) == ("Barn: Water heater: on with 1.23 kW", "2.1 kW more sun than is used.")
    (message,) = told.see(loads=[load()])
    assert message.title == "Barn: Water heater: off"
    night = Told(NOON.replace(hour=23), transitions=True)
    night.see(loads=[load()])
    assert night.see(loads=[heats], minutes=told.until(8), step_s=600) == []
    usual = Told()
    usual.see(loads=[load()])
    assert usual.see(loads=[heats]) == []


def test_a_restart_tells_nothing_twice_and_forgets_no_end() -> None:
    told = Told(quiet_to=time(22))
    told.see(FAULT, alarm("state_not_saved"), minutes=60)
    told.restart()
    early = {"loads": []}
    assert told.see(minutes=1, step_s=5, **early) == []  # before the first tick nothing is over
    assert told.see(FAULT, alarm("state_not_saved"), minutes=10 * 60, step_s=300) == []
    told.restart(away_s=3600)
    told.see(FAULT, minutes=14 * 60, step_s=300)
    assert [line[6:] for line in told.lines[2:]] == [
        "Barn: Over: what has happened cannot be saved", "Barn: Water heater: a fault of the device",
    ]  # fmt: skip
    assert told.lines[3].startswith("12:0")


DAMAGED: list[dict[str, Any]] = [
    {},
    {"incidents": 7},
    {"incidents": [None, {"code": "x"}, {"code": 5, "load": []}]},
    {"incidents": [{"code": "hardware", "since_at": "9999-12-31T23:59:59Z"}]},
]


@pytest.mark.parametrize("saved", DAMAGED)
def test_what_cannot_be_read_of_the_past_is_told_anew(saved: dict[str, Any]) -> None:
    told = Told()
    told.teller.restore(saved, told.at, told.now_s)
    assert len(told.see(FAULT)) == 1


def test_a_clock_that_jumps_neither_repeats_nor_silences() -> None:
    told = Told(quiet_to=time(22))
    told.see(FAULT, minutes=5)
    told.at += timedelta(days=200)
    assert told.see(FAULT, minutes=5) == []
    told.at -= timedelta(days=400)
    told.see(FAULT, minutes=24 * 60, step_s=600)
    assert [message.kind for _, message in told.messages] == ["hardware", "hardware"]


def test_every_kind_is_an_alarm_of_the_page_and_every_alarm_has_a_kind() -> None:
    assert set(KINDS) == {str(code) for code in HELP}
    assert set(NAMED) == set(KINDS)


@pytest.mark.parametrize("language", ["de", "fr"])
def test_every_language_says_the_same(language: str) -> None:
    assert SENTENCES[language].keys() == SENTENCES["en"].keys()
    told = Told(language=language)
    (message,) = told.see(FAULT)
    english = Told().see(FAULT)[0]
    assert message.title != english.title
    assert message.text.splitlines()[1] != english.text.splitlines()[1]
