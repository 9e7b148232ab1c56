"""A boost for a later moment: it begins then, survives a restart, and what was missed is not made up for."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import typer

from pv_heater.cli.text import next_moment
from pv_heater.core.expected_effect import expected
from pv_heater.core.model.requests import Boost, Command, Force, Mode
from tests.builders import NOON, House

VIENNA = ZoneInfo("Europe/Vienna")


def is_on(home: House, second: float, *commands: Command, **fields: Any) -> bool:
    """Whether it is on after a step without sun."""
    drawn_w = home.decisions[-1][1].setpoints["heater"].power_w if home.decisions else 0.0
    seen = {"pv_w": 0.0, "consumption_w": 500.0 + drawn_w} | fields
    return home.at(second, inputs={"commands": commands}, **seen).setpoints["heater"].on


def later(second: float = 3600.0, **fields: Any) -> Boost:
    return Boost(load="heater", for_s=600.0, at=NOON + timedelta(seconds=second), **fields)


def test_it_begins_at_its_moment_and_ends_after_its_time() -> None:
    home = House()
    assert not is_on(home, 0, later())
    assert home.decisions[-1][1].loads["heater"].notice == "a boost is planned from 2026-06-21 12:00"
    assert [is_on(home, second) for second in (3599, 3601, 4199, 4201)] == [False, True, True, False]


def test_a_restart_keeps_it_and_what_was_missed_meanwhile_is_given_up() -> None:
    home = House()
    is_on(home, 0, later())
    state = home.controller.state()
    kept = House(state=state)
    assert is_on(kept, 3700)
    assert not is_on(kept, 4201), "it ends when it would have ended"
    missed = House(state=state)
    assert not is_on(missed, 9000)
    notice = missed.decisions[-1][1].loads["heater"].notice
    assert notice is not None
    assert notice.startswith("the planned boost was missed")


def test_another_takes_its_place_and_mode_auto_cancels_it() -> None:
    home = House()
    is_on(home, 0, later(3600), later(7200))
    assert [is_on(home, second) for second in (3700, 7300)] == [False, True]
    home = House()
    is_on(home, 0, later())
    is_on(home, 10, Force(load="heater", mode=Mode.OFF, for_s=60.0))
    is_on(home, 80)
    assert is_on(home, 3700), "another forced mode in between changes nothing"
    home = House()
    is_on(home, 0, later())
    is_on(home, 10, Force(load="heater", mode=Mode.AUTO))
    assert not is_on(home, 3700)


def test_it_waits_for_the_time_of_day() -> None:
    home = House()
    unset = {"clock_trusted": False}
    assert not is_on(home, 0, later())
    seen = {"pv_w": 0.0, "consumption_w": 500.0}
    assert not home.at(3700, inputs=unset, **seen).setpoints["heater"].on
    assert is_on(home, 3710)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (later(-10.0), "must lie ahead"),
        (later(8 * 86_400.0), "at most 7 days ahead"),
        (later(to_c=60.0), "no temperature probe"),
    ],
)
def test_what_cannot_be_is_refused(command: Boost, says: str) -> None:
    home = House()
    decision = home.at(0)
    with pytest.raises(ValueError, match=says):
        expected(command, home.controller.policies, decision, NOON)


def test_what_it_will_come_to_is_said_before() -> None:
    home = House()
    sentence = expected(later(), home.controller.policies, home.at(0), NOON)
    assert sentence == "heater: from 14:00 on with up to 2.0 kW until 14:10; mode auto cancels it"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("16:00", datetime(2026, 6, 21, 16, 0, tzinfo=VIENNA)),
        ("12:00", datetime(2026, 6, 22, 12, 0, tzinfo=VIENNA)),
        ("Sat 16:00", datetime(2026, 6, 27, 16, 0, tzinfo=VIENNA)),
        ("sun 8:05", datetime(2026, 6, 28, 8, 5, tzinfo=VIENNA)),
        ("2026-06-24T18:00", datetime(2026, 6, 24, 18, 0, tzinfo=VIENNA)),
    ],
)
def test_moments_as_people_write_them(text: str, at: datetime) -> None:
    now = NOON.astimezone(VIENNA)
    assert next_moment(text, now) == at


@pytest.mark.parametrize("text", ["24:00", "12:60", "som 16:00", "16", "noon", ""])
def test_wrong_moments_say_how_they_are_written(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="a time"):
        next_moment(text, datetime(2026, 6, 21, 13, tzinfo=UTC))
